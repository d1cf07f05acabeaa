//! A row of the audit.

use scim_service::change::{ChangeRecord, ChangeRecordError};
use serde::Serialize;
use serde_json::Value;

use crate::driver::{DatabaseError, Row};
use crate::store::session::{AuditKey, Sealed, code};

/// How many values a row has, but for its position and its code.
const VALUES: usize = 12;

/// Where the version is among them.
const VERSION: usize = 7;

/// What is read of a row: its position, its values, its code.
pub(super) const COLUMNS: &str = "a.position, a.happened_at, a.tenant, a.principal, a.request_id, a.action, a.resource_type, \
     a.resource_id, a.version, a.detail, a.address, a.rule, a.changes, a.mac";

/// The values of a row as texts, in the order in which its code is of them: time, tenant, principal, request, action, type, id, version,
/// detail, address, rule, changes.
#[derive(Clone, Debug)]
pub(super) struct Values(pub(super) [Option<String>; VALUES]);

/// A row as it is stored.
#[derive(Clone, Debug)]
pub(super) struct StoredRow {
    pub(super) position: i64,
    pub(super) values: Values,
    /// `None`: the row is older than codes.
    pub(super) mac: Option<String>,
}

impl Values {
    /// The code of the row: the algorithm, a number used once, by which a copy shows, and what the key makes of it all.
    pub(super) fn code(&self, key: Option<&AuditKey>, once: &str) -> String {
        let values: Vec<Option<&str>> = [Some(once)].into_iter().chain(self.0.iter().map(Option::as_deref)).collect();
        let code = code(key, Sealed::Row, &values);
        let (algorithm, code) = code.split_once(':').unwrap_or_default();
        format!("{algorithm}:{once}:{code}")
    }

    /// How long the texts are, in bytes.
    pub(super) fn len(&self) -> usize {
        self.0.iter().flatten().map(String::len).sum()
    }

    /// The version as a number, and the texts, each with whether it is the version.
    pub(super) fn into_columns(self) -> impl Iterator<Item = (bool, Option<String>)> {
        self.0.into_iter().enumerate().map(|(index, value)| (index == VERSION, value))
    }
}

impl StoredRow {
    /// Reads [`COLUMNS`].
    pub(super) fn read(row: &Row) -> Result<Self, DatabaseError> {
        let mut values = [const { None }; VALUES];
        for (index, value) in values.iter_mut().enumerate() {
            *value = match index {
                VERSION => row.optional_integer(index + 1)?.map(|version| version.to_string()),
                _ => row.optional_text(index + 1)?,
            };
        }
        Ok(Self { position: row.integer(0)?, values: Values(values), mac: row.optional_text(VALUES + 1)? })
    }

    /// What the link of the row is made with: its code, or a hash where it has none.
    pub(super) fn seal(&self) -> String {
        self.mac.clone().unwrap_or_else(|| self.values.code(None, ""))
    }

    /// Whether the code is of the values, by this key.
    pub(super) fn is_coded_by(&self, key: Option<&AuditKey>) -> bool {
        let once = self.mac.as_deref().and_then(|mac| mac.split(':').nth(1));
        once.is_some_and(|once| self.mac.as_deref() == Some(&*self.values.code(key, once)))
    }
}

/// One thing that happened, as the audit has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Where it is in the audit: later is more.
    pub position: i64,
    /// When the request came, in the form of RFC 3339.
    pub time: String,
    /// The tenant; `None` where there is only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The name of the client, the identity provider or the program of the host.
    pub principal: String,
    /// Where the request came from, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Which request it was.
    pub request_id: String,
    /// What happened, such as `create`, `update`, `delete`, `members`, `grant` or `revoke`.
    pub action: String,
    /// The type of the resource.
    pub resource_type: String,
    /// The `id` of the resource.
    pub resource_id: String,
    /// What it is called now, or was when it was deleted, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its version after, as the store counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Names of attributes, roles and rows.
    pub detail: Value,
    /// In words which rule gave the role. Of a role that was taken back: which rule had given it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Of members that came into a group or left it: the roles that the group had then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<HeldRole>,
    /// What a write did to the resource, as JSON: see [`change`](Self::change).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Value>,
}

/// A role that a group had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HeldRole {
    /// The name of the role.
    pub role: String,
    /// In words which rule gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

impl HeldRole {
    pub(super) fn new(role: &str, rule: Option<String>) -> Self {
        Self { role: role.to_owned(), rule }
    }
}

impl AuditEntry {
    pub(super) fn of(row: StoredRow) -> Self {
        let json = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
        let Values(
            [
                time,
                tenant,
                principal,
                request_id,
                action,
                resource_type,
                resource_id,
                version,
                detail,
                address,
                rule,
                changes,
            ],
        ) = row.values;
        Self {
            position: row.position,
            time: time.unwrap_or_default(),
            tenant: tenant.filter(|tenant| !tenant.is_empty()),
            principal: principal.unwrap_or_default(),
            address,
            request_id: request_id.unwrap_or_default(),
            action: action.unwrap_or_default(),
            resource_type: resource_type.unwrap_or_default(),
            resource_id: resource_id.unwrap_or_default(),
            name: None,
            version: version.and_then(|version| version.parse().ok()),
            detail: detail.map_or(Value::Null, json),
            rule,
            roles: Vec::new(),
            changes: changes.map(json),
        }
    }

    /// What the write did to the resource; `None` where the entry is about no write, or is from before values were kept.
    ///
    /// # Errors
    ///
    /// [`ChangeRecordError`] where the column holds something else.
    pub fn change(&self) -> Result<Option<ChangeRecord>, ChangeRecordError> {
        self.changes.as_ref().map(|changes| changes.to_string().parse()).transpose()
    }
}

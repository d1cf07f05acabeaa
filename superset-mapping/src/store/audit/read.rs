//! Asking the audit.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use scim_core::json::format_date_time;
use scim_filter::fold;
use scim_service::StoreError;

use crate::driver::Transaction;
use crate::sql::{Fragment, index_key};
use crate::store::audit::entry::{AuditEntry, COLUMNS, HeldRole, StoredRow};
use crate::store::session::SupersetStore;

/// How many entries a page has at most: each can have some megabytes.
pub const MAX_AUDIT_PAGE: usize = 50;

/// How many resources one name stands for at most: people who had it one after another.
const MAX_NAMED: i64 = 100;

/// What is asked of the audit: entries that fulfil all conditions, in their order.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// # #[cfg(feature = "sqlite")] {
/// use superset_mapping::store::audit::AuditQuery;
/// use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
///
/// # let folder = tempfile::tempdir()?;
/// let url = format!("sqlite://{}/superset.db", folder.path().display());
/// create_demo_schema(&url).await?;
/// let store = SupersetStore::connect(&url, RuleSet::default()).await?;
/// let revoked = AuditQuery::new().with_resource("ada@example.com").with_action("revoke");
/// assert!(store.audit(&revoked, None).await?.is_empty());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    principal: Option<String>,
    resource: Option<String>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    actions: Vec<String>,
    why: Option<String>,
    newest_first: bool,
}

impl AuditQuery {
    /// All entries, oldest first.
    pub fn new() -> Self {
        Self::default()
    }

    /// What this client, identity provider or program did.
    #[must_use]
    pub fn with_principal(self, name: impl Into<String>) -> Self {
        Self { principal: Some(name.into()), ..self }
    }

    /// What happened to a resource, by its `id`, its `userName` or its `displayName`; also when it came into a group or left it. A name
    /// stands for all who have it or had it when they were deleted.
    #[must_use]
    pub fn with_resource(self, id_or_name: impl Into<String>) -> Self {
        Self { resource: Some(id_or_name.into()), ..self }
    }

    /// What happened at this time or later.
    #[must_use]
    pub fn with_from(self, from: DateTime<Utc>) -> Self {
        Self { from: Some(from), ..self }
    }

    /// What happened before this time.
    #[must_use]
    pub fn with_to(self, to: DateTime<Utc>) -> Self {
        Self { to: Some(to), ..self }
    }

    /// What was done in this way, such as `create` or `revoke`; protected roles included. Called again, in either way.
    #[must_use]
    pub fn with_action(mut self, action: impl Into<String>) -> Self {
        self.actions.push(action.into());
        self
    }

    /// What was done by the request with this id, or by a rule whose words have this text.
    #[must_use]
    pub fn with_why(self, request_id_or_rule: impl Into<String>) -> Self {
        Self { why: Some(request_id_or_rule.into()), ..self }
    }

    /// The newest entry comes first.
    #[must_use]
    pub fn newest_first(self) -> Self {
        Self { newest_first: true, ..self }
    }

    fn statement(&self, resources: &[String], after: Option<i64>) -> Fragment {
        let mut conditions = vec![Fragment::new("1 = 1")];
        if let Some(name) = &self.principal {
            conditions.push(Fragment::new("a.principal = ?").bind(name.as_str()));
        }
        if self.resource.is_some() {
            let about = Fragment::new("a.resource_id IN ").then(Fragment::list(resources.iter().map(String::as_str)));
            let moved = resources.iter().map(|id| {
                let quoted = format!("%\"{}\"%", id.replace(['%', '_', '\\'], "_"));
                Fragment::new("(a.action = 'members' AND a.detail LIKE ?)").bind(quoted)
            });
            conditions.push(Fragment::bracketed([about].into_iter().chain(moved).collect(), " OR "));
        }
        for (bound, condition) in [(self.from, "a.happened_at >= ?"), (self.to, "a.happened_at < ?")] {
            conditions.extend(bound.map(|time| Fragment::new(condition).bind(format_date_time(time))));
        }
        if !self.actions.is_empty() {
            let with_protected = self.actions.iter().flat_map(|action| [action.clone(), format!("{action} protected")]);
            conditions.push(Fragment::new("a.action IN ").then(Fragment::list(with_protected)));
        }
        if let Some(why) = &self.why {
            let contained = format!("%{}%", why.replace(['%', '_', '\\'], "_"));
            let either = Fragment::new("(a.request_id = ? OR a.rule LIKE ?)");
            conditions.push(either.bind(why.as_str()).bind(contained));
        }
        let (beyond, order) = if self.newest_first {
            ("a.position < ?", " ORDER BY a.position DESC LIMIT ?")
        } else {
            ("a.position > ?", " ORDER BY a.position LIMIT ?")
        };
        conditions.extend(after.map(|position| Fragment::new(beyond).bind(position)));
        Fragment::new("SELECT ")
            .then(Fragment::new(COLUMNS))
            .then(Fragment::new(" FROM scim_audit a WHERE "))
            .then(Fragment::joined(conditions, " AND "))
            .then(Fragment::new(order))
            .bind(i64::try_from(MAX_AUDIT_PAGE).unwrap_or(i64::MAX))
    }
}

impl SupersetStore {
    /// A page of the audit: at most [`MAX_AUDIT_PAGE`] entries beyond the one at the position `after`. An empty page is the end.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn audit(&self, query: &AuditQuery, after: Option<i64>) -> Result<Vec<AuditEntry>, StoreError> {
        let mut transaction = self.database.read().await?;
        let resources = match &query.resource {
            Some(name) => named(&mut transaction, name).await?,
            None => Vec::new(),
        };
        let rows = transaction.rows(query.statement(&resources, after)).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            entries.push(AuditEntry::of(StoredRow::read(row)?));
        }
        let mut names = BTreeMap::new();
        for entry in &mut entries {
            entry.name = name_of(&mut transaction, &mut names, &entry.resource_id).await?;
            match &*entry.action {
                "members" if query.resource.is_some() => {
                    let held = roles_before(&mut transaction, &entry.resource_id, entry.position, None).await?;
                    entry.roles = held.into_iter().map(|(role, rule)| HeldRole::new(&role, rule)).collect();
                }
                "revoke" | "revoke protected" if entry.rule.is_none() => {
                    let Some(role) = entry.detail.get("role").and_then(|role| role.as_str()) else { continue };
                    let held = roles_before(&mut transaction, &entry.resource_id, entry.position, Some(role)).await?;
                    entry.rule = held.into_values().next().flatten();
                }
                _ => {}
            }
        }
        Ok(entries)
    }
}

/// The ids that a text stands for, itself included.
async fn named(transaction: &mut Transaction, name: &str) -> Result<Vec<String>, StoreError> {
    let folded = fold(name);
    let select = Fragment::new(
        "SELECT n.resource_id FROM scim_unique n WHERE n.resource_type = 'User' AND n.attribute = 'userName' AND n.value = ? \
         UNION SELECT n.resource_id FROM scim_unique n WHERE n.resource_type = 'Group' AND n.value = ? \
         UNION SELECT t.id FROM scim_tombstone t WHERE t.user_name = ? LIMIT ?",
    );
    let key = index_key(&folded);
    let rows = transaction.rows(select.bind(&*key).bind(&*key).bind(name).bind(MAX_NAMED)).await?;
    let mut ids = vec![name.to_owned()];
    for row in rows {
        ids.push(row.text(0)?);
    }
    Ok(ids)
}

/// What a resource is called, or was when it was deleted.
async fn name_of(
    transaction: &mut Transaction,
    known: &mut BTreeMap<String, Option<String>>,
    id: &str,
) -> Result<Option<String>, StoreError> {
    if let Some(name) = known.get(id) {
        return Ok(name.clone());
    }
    let select = Fragment::new(
        "SELECT r.display FROM scim_resource r WHERE r.id = ? UNION ALL SELECT t.user_name FROM scim_tombstone t WHERE t.id = ?",
    );
    let row = transaction.row(select.bind(id).bind(id)).await?;
    let name = row.map(|row| row.optional_text(0)).transpose()?.flatten();
    known.insert(id.to_owned(), name.clone());
    Ok(name)
}

/// The roles that somebody had been given by an earlier entry, or one of them, with the rules that gave them.
async fn roles_before(
    transaction: &mut Transaction,
    id: &str,
    position: i64,
    role: Option<&str>,
) -> Result<BTreeMap<String, Option<String>>, StoreError> {
    let mut held = BTreeMap::new();
    let select = "SELECT a.action, a.detail, a.rule FROM scim_audit a WHERE a.resource_id = ? AND a.position < ? AND \
                  a.action IN ('grant', 'grant protected', 'revoke', 'revoke protected') ORDER BY a.position";
    for row in transaction.rows(Fragment::new(select).bind(id).bind(position)).await? {
        let detail: serde_json::Value = serde_json::from_str(&row.text(1)?).unwrap_or_default();
        let Some(name) = detail.get("role").and_then(|role| role.as_str()) else { continue };
        if role.is_some_and(|role| role != name) {
            continue;
        }
        if row.text(0)?.starts_with("grant") {
            held.insert(name.to_owned(), row.optional_text(2)?);
        } else {
            held.remove(name);
        }
    }
    Ok(held)
}

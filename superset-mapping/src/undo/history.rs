//! What the audit says of one resource.

use scim_core::json::format_date_time;
use scim_service::StoreError;
use scim_service::change::ChangeRecord;

use crate::driver::{DatabaseError, Row};
use crate::sql::Fragment;
use crate::store::Session;
use crate::undo::options::UndoOptions;

/// The principal of the host in the audit. Its records tell the next run what was taken back.
pub(super) const PRINCIPAL: &str = "undo";

/// How the requests of a run begin: no other program of the host has both.
pub(super) const REQUEST: &str = "undo-";

/// How many records are read at once: each may have some megabytes.
const PAGE: i64 = 20;

/// How many resources are looked for at once.
const RESOURCES: i64 = 100;

/// Who wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The client whose changes are taken back, in the time in question.
    Client,
    /// An earlier run.
    Undo,
    /// Anybody else, by the name of the principal.
    Other(String),
}

/// What a record is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Create,
    Update,
    Delete,
    Members,
    /// A local account or group became this resource.
    Adopt,
}

/// One record.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) position: i64,
    pub(super) by: By,
    pub(super) act: Act,
    /// The version after the write; before, of a deletion.
    pub(super) version: Option<i64>,
    /// The values; `None` where they were not written down.
    pub(super) record: Option<ChangeRecord>,
}

/// A resource that the client wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Touched {
    pub(super) resource_type: String,
    pub(super) id: String,
}

/// What is asked of the audit.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    pub(super) options: &'a UndoOptions,
    /// The first record of the client in the time in question.
    pub(super) from: i64,
}

impl Scope<'_> {
    pub(super) fn by(&self, principal: String, request_id: &str, happened_at: &str) -> By {
        if principal == self.options.client() {
            // Writes that overlap are not in the order of their times.
            let is_earlier = *happened_at < *format_date_time(self.options.since());
            let is_later = self.options.until().is_some_and(|until| *happened_at >= *format_date_time(until));
            return if is_earlier || is_later { By::Other(principal) } else { By::Client };
        }
        if principal == PRINCIPAL && request_id.starts_with(REQUEST) { By::Undo } else { By::Other(principal) }
    }

    fn read(&self, row: &Row) -> Result<Entry, DatabaseError> {
        let act = match row.text(3)?.as_str() {
            "create" => Act::Create,
            "delete" => Act::Delete,
            "members" => Act::Members,
            "adopt" => Act::Adopt,
            _ => Act::Update,
        };
        // One that is cut, or of a newer format, says no more than none.
        let record = row.optional_text(5)?.and_then(|text| text.parse::<ChangeRecord>().ok());
        Ok(Entry {
            position: row.integer(0)?,
            by: self.by(row.text(2)?, &row.text(6)?, &row.text(1)?),
            act,
            version: row.optional_integer(4)?,
            record: record.filter(|record| !record.truncated),
        })
    }
}

/// The records that a write leaves of the resource itself.
const WRITES: &str = "action IN ('create', 'update', 'delete', 'members', 'adopt')";

impl Session<'_> {
    /// The first record of what is to be taken back.
    pub(super) async fn first_of(&mut self, options: &UndoOptions) -> Result<Option<i64>, StoreError> {
        let first = Fragment::new(
            "SELECT min(position) FROM scim_audit WHERE tenant = ? AND principal = ? AND happened_at >= ?",
        )
        .bind(self.tenant)
        .bind(options.client())
        .bind(format_date_time(options.since()));
        Ok(self.transaction.row(first).await?.map(|row| row.optional_integer(0)).transpose()?.flatten())
    }

    /// The next resources that the client wrote, by their ids.
    pub(super) async fn touched(&mut self, scope: &Scope<'_>, after: &str) -> Result<Vec<Touched>, StoreError> {
        let mut select = Fragment::new(
            "SELECT DISTINCT resource_id, resource_type FROM scim_audit WHERE tenant = ? AND principal = ? AND position >= ? \
             AND happened_at >= ? AND ",
        )
        .bind(self.tenant)
        .bind(scope.options.client())
        .bind(scope.from)
        .bind(format_date_time(scope.options.since()))
        .then(Fragment::new(WRITES));
        if let Some(until) = scope.options.until() {
            select = select.then(Fragment::new(" AND happened_at < ?").bind(format_date_time(until)));
        }
        let next = Fragment::new(" AND resource_id > ? ORDER BY resource_id LIMIT ?").bind(after).bind(RESOURCES);
        let rows = self.transaction.rows(select.then(next)).await?;
        let touched = |row: &Row| Ok(Touched { id: row.text(0)?, resource_type: row.text(1)? });
        rows.iter().map(touched).collect::<Result<_, StoreError>>()
    }

    /// The records of a resource from the first of the client on, the newest first: those before this position.
    pub(super) async fn history(&mut self, scope: &Scope<'_>, id: &str, before: i64) -> Result<Vec<Entry>, StoreError> {
        let select = Fragment::new(
            "SELECT position, happened_at, principal, action, version, changes, request_id FROM scim_audit WHERE resource_id = ? AND tenant = ? \
             AND position >= ? AND position < ? AND ",
        )
        .bind(id)
        .bind(self.tenant)
        .bind(scope.from)
        .bind(before)
        .then(Fragment::new(WRITES))
        .then(Fragment::new(" ORDER BY position DESC LIMIT ?"))
        .bind(PAGE);
        let rows = self.transaction.rows(select).await?;
        Ok(rows.iter().map(|row| scope.read(row)).collect::<Result<_, _>>()?)
    }
}

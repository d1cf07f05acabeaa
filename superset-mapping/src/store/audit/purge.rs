//! Removing what need not be kept any longer.

use chrono::{DateTime, Utc};
use scim_core::ResourceId;
use scim_core::json::format_date_time;
use scim_service::{Context, StoreError};
use serde_json::json;

use crate::driver::Row;
use crate::sql::Fragment;
use crate::store::audit::chain::{LINK_COLUMNS, Link};
use crate::store::session::SupersetStore;
use crate::store::session::{Action, Company, Sealed, Session, Sessions};

/// How many rows go in one transaction.
const PURGED: i64 = 2_000;

/// What a purge removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PurgedAudit {
    /// How many rows.
    pub rows: u64,
    /// The position of the last of them; 0 where none was removed.
    pub last: i64,
}

impl SupersetStore {
    /// Removes the rows of the audit up to the first that is not older than `before`; the newest row stays in any case. A signed link
    /// stands for them, from which the chain goes on, and a row of the audit says who removed them. Rows that are not sealed yet are sealed
    /// first.
    ///
    /// What is removed should be verified before: nobody can do so later.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails: what was removed until then stays so.
    pub async fn purge_audit(&self, cx: &Context, before: DateTime<Utc>) -> Result<PurgedAudit, StoreError> {
        self.seal_audit().await?;
        let before = format_date_time(before);
        let select = Fragment::new("SELECT max(position) FROM scim_audit");
        let newest = self.database.read().await?.number(select).await?;
        let mut purged = PurgedAudit::default();
        loop {
            let mut session = self.writing(cx, Company::Alone).await?;
            let (rows, last) = session.purge_some(&before, newest).await?;
            if rows == 0 {
                break;
            }
            purged = PurgedAudit { rows: purged.rows + rows, last };
            let detail = json!({"before": before, "rows": rows, "last": last});
            let id: ResourceId = "audit".parse().map_err(StoreError::internal)?;
            session.record_audit(Action::PurgeAudit, "Audit", &id, None, detail);
            session.commit().await?;
        }
        Ok(purged)
    }
}

impl Session<'_> {
    /// Removes some rows before the newest that there was at first, and says how many and which was the last.
    async fn purge_some(&mut self, before: &str, newest: i64) -> Result<(u64, i64), StoreError> {
        let kept = Fragment::new("SELECT min(position) FROM scim_audit WHERE happened_at >= ?").bind(before);
        let kept = match self.transaction.number(kept).await? {
            0 => newest,
            kept => kept.min(newest),
        };
        let first = Fragment::new(LINK_COLUMNS).then(Fragment::new("ORDER BY c.number LIMIT 1"));
        let read = |row: Option<Row>| row.map(|row| Link::read(&row)).transpose();
        let Some(first) = read(self.transaction.row(first).await?)? else { return Ok((0, 0)) };
        let last = Fragment::new(LINK_COLUMNS)
            .then(Fragment::new("WHERE c.position < ? AND c.number <= ? ORDER BY c.number DESC LIMIT 1"))
            .bind(kept)
            .bind(first.number.saturating_add(PURGED));
        let Some(last) = read(self.transaction.row(last).await?)? else { return Ok((0, 0)) };
        let rows = Fragment::new("DELETE FROM scim_audit WHERE position <= ?").bind(last.position);
        let rows = self.transaction.execute(rows).await?;
        if rows > 0 {
            let signature = last.signed(self.options.audit_key(), Sealed::Purge);
            let links = Fragment::new("DELETE FROM scim_audit_chain WHERE number < ?").bind(last.number);
            self.transaction.execute(links).await?;
            let sign = Fragment::new("UPDATE scim_audit_chain SET signature = ? WHERE number = ?");
            self.transaction.execute(sign.bind(signature).bind(last.number)).await?;
        }
        Ok((rows, last.position))
    }
}

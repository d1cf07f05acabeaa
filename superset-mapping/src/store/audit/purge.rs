//! Removing what need not be kept any longer.

use chrono::{DateTime, Utc};
use scim_core::ResourceId;
use scim_core::json::format_date_time;
use scim_service::{Context, StoreError};
use serde_json::json;

use crate::driver::Row;
use crate::sql::Fragment;
use crate::store::audit::chain::{Checkpoint, LINK_COLUMNS, Link};
use crate::store::session::SupersetStore;
use crate::store::session::{Action, Company, Sealed, Session, Sessions};

/// How many rows go in one transaction.
const PURGED: i64 = 2_000;

/// What a purge removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PurgedAudit {
    /// How many rows.
    pub rows: u64,
    /// The position of the last of them; 0 where none was removed.
    pub last: i64,
    /// The link that stands for the rows, to be kept with the other checkpoints: without a key a verification that is given checkpoints
    /// takes the purge for one that somebody else did, unless this one is among them. `None` where none was removed.
    pub checkpoint: Option<Checkpoint>,
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
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails: what was removed until then stays so, and the
    /// next purge that removes something returns the checkpoint for all of it. [`StoreError::Internal`] where the audit has a key and
    /// the store has not.
    pub async fn purge_audit(&self, cx: &Context, before: DateTime<Utc>) -> Result<PurgedAudit, StoreError> {
        self.ensure_audit_key().await?;
        self.seal_audit().await?;
        let before = format_date_time(before);
        let select = Fragment::new("SELECT max(position) FROM scim_audit");
        let newest = self.database.read().await?.number(select).await?;
        let mut purged = PurgedAudit::default();
        loop {
            let mut session = self.writing(cx, Company::Alone).await?;
            let Some((rows, link)) = session.purge_some(&before, newest).await? else { break };
            let last = link.position;
            let checkpoint = Checkpoint::of_purge(link, self.options.audit_key());
            purged = PurgedAudit { rows: purged.rows + rows, last, checkpoint: Some(checkpoint) };
            let detail = json!({"before": before, "rows": rows, "last": last});
            let id: ResourceId = "audit".parse().map_err(StoreError::internal)?;
            session.record_audit(Action::PurgeAudit, "Audit", &id, None, detail);
            session.commit().await?;
        }
        Ok(purged)
    }
}

impl Session<'_> {
    /// Removes some rows before the newest that there was at first, and says how many and which link stands for them.
    async fn purge_some(&mut self, before: &str, newest: i64) -> Result<Option<(u64, Link)>, StoreError> {
        let kept = Fragment::new("SELECT min(position) FROM scim_audit WHERE happened_at >= ?").bind(before);
        let kept = match self.transaction.number(kept).await? {
            0 => newest,
            kept => kept.min(newest),
        };
        let first = Fragment::new(LINK_COLUMNS).then(Fragment::new("ORDER BY c.number LIMIT 1"));
        let read = |row: Option<Row>| row.map(|row| Link::read(&row)).transpose();
        let Some(first) = read(self.transaction.row(first).await?)? else { return Ok(None) };
        let last = Fragment::new(LINK_COLUMNS)
            .then(Fragment::new("WHERE c.position < ? AND c.number <= ? ORDER BY c.number DESC LIMIT 1"))
            .bind(kept)
            .bind(first.number.saturating_add(PURGED));
        let Some(last) = read(self.transaction.row(last).await?)? else { return Ok(None) };
        let rows = Fragment::new("DELETE FROM scim_audit WHERE position <= ?").bind(last.position);
        let rows = self.transaction.execute(rows).await?;
        if rows == 0 {
            return Ok(None);
        }
        let signature = last.signed(self.options.audit_key(), Sealed::Purge);
        let links = Fragment::new("DELETE FROM scim_audit_chain WHERE number < ?").bind(last.number);
        self.transaction.execute(links).await?;
        let sign = Fragment::new("UPDATE scim_audit_chain SET signature = ? WHERE number = ?");
        self.transaction.execute(sign.bind(signature).bind(last.number)).await?;
        Ok(Some((rows, last)))
    }
}

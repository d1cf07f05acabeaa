//! The rows of `ab_user` that somebody else made since, told by their ids.

use crate::driver::{DatabaseError, Transaction};
use crate::sql::Fragment;
use crate::store::names::account_name::{AccountName, COLUMNS, Known, learn};

/// How many rows are looked at by one statement.
pub(super) const PAGE: i64 = 500;

/// Selects rows of `ab_user u` beside their record, for the other selections to go on with.
pub(super) fn selected(transaction: &Transaction, from: &'static str) -> Fragment {
    let [before, after] = COLUMNS;
    let mark = Fragment::new(transaction.dialect().user_mark());
    Fragment::new("SELECT ").then(Fragment::new(before)).then(mark).then(Fragment::new(after)).then(Fragment::new(from))
}

/// The first rows beyond all that are known, and awaited rows that are there by now, each as a selection.
pub(super) fn unseen(transaction: &Transaction) -> [Fragment; 2] {
    let beyond = selected(transaction, "FROM ab_user u LEFT JOIN scim_account a ON a.local_id = u.id WHERE u.id > ")
        .then(Fragment::new(transaction.dialect().newest_known_account()))
        .then(Fragment::new(" ORDER BY u.id LIMIT ?").bind(PAGE));
    let beyond = Fragment::new("SELECT * FROM (").then(beyond).then(Fragment::new(") AS beyond"));
    let awaited =
        selected(transaction, "FROM scim_account a JOIN ab_user u ON u.id = a.local_id WHERE a.name_key IS NULL");
    [beyond, awaited]
}

/// Selects the newest id that is known, in the columns of the other selections.
pub(super) fn newest(transaction: &Transaction) -> Fragment {
    Fragment::new("SELECT ")
        .then(Fragment::new(transaction.dialect().newest_known_account()))
        .then(Fragment::new(" AS id, NULL, NULL, NULL, NULL, NULL, NULL"))
}

/// What a look at the tables found.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The newest id that was known before.
    pub(super) newest: i64,
    pub(super) rows: Vec<Known>,
}

impl Seen {
    /// Records what was not recorded. Whether there is more to look at, too, and the newest id that is known now.
    pub(super) async fn record(&self, transaction: &mut Transaction) -> Result<(bool, i64), DatabaseError> {
        let stale = self.rows.iter().filter(|known| !known.is_current()).map(|known| known.account.clone());
        let mut stale: Vec<AccountName> = stale.collect();
        // One row may be found by several ways.
        stale.sort_by_key(|account| account.id);
        stale.dedup_by_key(|account| account.id);
        if stale.is_empty() {
            return Ok((false, self.newest));
        }
        let newest = stale.last().map_or(self.newest, |last| last.id.max(self.newest));
        for statement in learn(transaction.dialect(), Some(self.newest), &stale) {
            transaction.execute(statement).await?;
        }
        let full = usize::try_from(PAGE).is_ok_and(|page| stale.len() >= page);
        Ok((full, newest))
    }
}

/// Records all rows of `ab_user` that are not known yet.
pub(in crate::store) async fn catch_up(transaction: &mut Transaction) -> Result<(), DatabaseError> {
    loop {
        let [beyond, awaited] = unseen(transaction);
        let statement = Fragment::joined(vec![beyond, awaited, newest(transaction)], " UNION ALL ");
        let mut seen = Seen::default();
        for row in transaction.rows(statement).await? {
            match Known::read(&row)? {
                Some(known) => seen.rows.push(known),
                None => seen.newest = row.integer(0)?,
            }
        }
        if !seen.record(transaction).await?.0 {
            return Ok(());
        }
    }
}

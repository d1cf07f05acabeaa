//! The rows of `ab_user` that somebody else made since, told by their ids.

use crate::driver::{DatabaseError, Transaction};
use crate::sql::Fragment;
use crate::store::names::account_name::{AccountName, COLUMNS, Known, learn};

/// How many rows are looked at by one statement, and how it says so: planners look at the number.
const PAGE: usize = 500;
pub(super) const PAGED: &str = " ORDER BY u.id LIMIT 500";

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
        .then(Fragment::new(PAGED));
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
    /// Records what was not recorded.
    pub(super) async fn record(&self, transaction: &mut Transaction) -> Result<Recorded, DatabaseError> {
        let stale = self.rows.iter().filter(|known| !known.is_current()).map(|known| known.account.clone());
        let mut stale: Vec<AccountName> = stale.collect();
        // One row may be found by several ways.
        stale.sort_by_key(|account| account.id);
        stale.dedup_by_key(|account| account.id);
        // A row far beyond a full page was found by its spelling. What lies between is not known yet, and the newest known id must not
        // pass over it.
        let mut beyond: Vec<i64> =
            self.rows.iter().map(|known| known.account.id).filter(|id| *id > self.newest).collect();
        beyond.sort_unstable();
        beyond.dedup();
        if let Some(last) = beyond.get(PAGE - 1) {
            stale.retain(|account| account.id <= *last);
        }
        let newest = stale.last().map_or(self.newest, |last| last.id.max(self.newest));
        if !stale.is_empty() {
            for statement in learn(transaction.dialect(), Some(self.newest), &stale) {
                transaction.execute(statement).await?;
            }
        }
        let ids = stale.iter().map(|account| account.id);
        let renamed = ids.filter(|id| *id <= self.newest).collect();
        Ok(Recorded { newest, is_more: stale.len() >= PAGE, is_news: newest > self.newest, renamed })
    }
}

/// What was recorded.
#[derive(Debug)]
pub(super) struct Recorded {
    /// The newest id that is known now.
    pub(super) newest: i64,
    /// Whether there is more to look at.
    pub(super) is_more: bool,
    /// Whether there were new rows.
    pub(super) is_news: bool,
    /// Older rows whose record was missing or out of date.
    pub(super) renamed: Vec<i64>,
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
        if !seen.record(transaction).await?.is_more {
            return Ok(());
        }
    }
}

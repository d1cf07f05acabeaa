//! Who has a name or an address, in whatever case.

use std::collections::BTreeMap;

use scim_filter::fold;

use crate::driver::{DatabaseError, Transaction};
use crate::sql::Fragment;
use crate::store::names::account_name::{Known, key};
use crate::store::names::catch_up::{Recorded, Seen, catch_up, newest, selected, unseen};
use crate::store::names::difference::relearn;

/// A row of `ab_user` with the name or the address that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Namesake {
    pub(in crate::store) id: i64,
    pub(in crate::store) same_name: bool,
    pub(in crate::store) same_email: bool,
}

/// What a look for a name and an address found.
#[derive(Debug, Default)]
pub(in crate::store) struct Namesakes {
    /// The rows that have one of them, in the order of their ids.
    pub(in crate::store) rows: Vec<Namesake>,
    /// The newest id that is known.
    pub(in crate::store) newest: i64,
    /// What was recorded on the way.
    pub(in crate::store) learned: Learned,
}

/// What a call has recorded of names that Superset gave. It stays true when the call is refused.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Learned {
    is_news: bool,
    renamed: Vec<i64>,
}

impl Learned {
    /// Whether there is nothing.
    pub(in crate::store) fn is_nothing(&self) -> bool {
        !self.is_news && self.renamed.is_empty()
    }

    fn add(&mut self, recorded: Recorded) {
        self.is_news |= recorded.is_news;
        self.renamed.extend(recorded.renamed);
    }

    /// Records it again, in another transaction.
    pub(in crate::store) async fn again(&self, transaction: &mut Transaction) -> Result<(), DatabaseError> {
        catch_up(transaction).await?;
        for id in &self.renamed {
            relearn(transaction, *id).await?;
        }
        Ok(())
    }
}

/// Looks for the rows that have the name or the address.
///
/// Superset's own unique indexes are asked for the spellings that people use, our table for all others. What Superset did since is
/// recorded on the way: its new rows, and new names of the rows that are found. Two cases stay unnoticed: until
/// [`SupersetStore::drift`](crate::SupersetStore::drift) looks, an older row that somebody renamed in Superset to a spelling that is
/// neither the one looked for nor all lower case; and a row in another case that Superset inserts before we commit.
pub(in crate::store) async fn namesakes(
    transaction: &mut Transaction,
    username: &str,
    email: &str,
) -> Result<Namesakes, DatabaseError> {
    let (name_key, email_key) = (key(username), key(email));
    let mut learned = Learned::default();
    loop {
        let mut seen = Seen::default();
        let mut found = BTreeMap::new();
        for row in transaction.rows(statement(transaction, username, email)).await? {
            let Some(known) = Known::read(&row)? else {
                seen.newest = row.integer(0)?;
                continue;
            };
            // MySQL may hold more names to be equal than the fold does, and then refuses them.
            let same_name = row.boolean(7)? || key(&known.account.username) == name_key;
            let same_email = row.boolean(8)? || key(&known.account.email) == email_key;
            if same_name || same_email {
                let id = known.account.id;
                found.insert(id, Namesake { id, same_name, same_email });
            }
            seen.rows.push(known);
        }
        let recorded = seen.record(transaction).await?;
        let (newest, is_more) = (recorded.newest, recorded.is_more);
        learned.add(recorded);
        if !is_more {
            return Ok(Namesakes { rows: found.into_values().collect(), newest, learned });
        }
    }
}

/// Each selection is answered by an index.
fn statement(transaction: &Transaction, username: &str, email: &str) -> Fragment {
    let spellings = |text: &str| Fragment::list([text, &text.to_lowercase(), &fold(text)]);
    let recorded = "FROM scim_account a JOIN ab_user u ON u.id = a.local_id WHERE ";
    let there = "FROM ab_user u LEFT JOIN scim_account a ON a.local_id = u.id WHERE ";
    let [beyond, awaited] = unseen(transaction);
    let selections = vec![
        selected(transaction, recorded).then(Fragment::new("a.name_key = ?").bind(key(username))),
        selected(transaction, recorded).then(Fragment::new("a.email_key = ?").bind(key(email))),
        selected(transaction, there).then(Fragment::new("u.username IN ").then(spellings(username))),
        selected(transaction, there).then(Fragment::new("u.email IN ").then(spellings(email))),
        beyond,
        awaited,
        newest(transaction),
    ];
    Fragment::new("SELECT n.*, n.username = ?, n.email = ? FROM (")
        .bind(username)
        .bind(email)
        .then(Fragment::joined(selections, " UNION ALL "))
        .then(Fragment::new(") AS n"))
}

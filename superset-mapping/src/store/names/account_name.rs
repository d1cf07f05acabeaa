//! The rows of `scim_account`.

use scim_filter::fold;

use crate::driver::{DatabaseError, Row, Transaction};
use crate::sql::{Dialect, Fragment, Param, index_key};

/// How many ids are awaited at most. Ids are skipped by inserts that failed and by those that are not committed yet.
const MOST_AWAITED: i64 = 64;

/// How many rows one statement writes.
const ROWS: usize = 500;

/// The name and the address of a row of `ab_user`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountName {
    pub(crate) id: i64,
    /// What recognises the row beside its id.
    pub(crate) mark: String,
    pub(crate) username: String,
    pub(crate) email: String,
}

/// The columns that [`Known::read`] reads, of `ab_user u` and `scim_account a`, with the mark between them.
pub(super) const COLUMNS: [&str; 2] =
    ["u.id, u.username, u.email, ", " AS mark, a.local_mark, a.name_key, a.email_key "];

/// A row of `ab_user` beside what is recorded of it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) account: AccountName,
    recorded: Option<[String; 3]>,
    /// Whether the id was known, and that it had no row yet.
    pub(super) is_awaited: bool,
}

impl Known {
    /// `None` for a row without an account.
    pub(super) fn read(row: &Row) -> Result<Option<Self>, DatabaseError> {
        let Some(username) = row.optional_text(1)? else { return Ok(None) };
        let account = AccountName { id: row.integer(0)?, mark: row.text(3)?, username, email: row.text(2)? };
        let [recorded_mark, name_key, email_key] =
            [row.optional_text(4)?, row.optional_text(5)?, row.optional_text(6)?];
        let is_awaited = recorded_mark.is_some() && name_key.is_none();
        let recorded = recorded_mark.zip(name_key).zip(email_key).map(|((mark, name), email)| [mark, name, email]);
        Ok(Some(Self { account, recorded, is_awaited }))
    }

    /// Whether the record says what the row says.
    pub(super) fn is_current(&self) -> bool {
        let AccountName { mark, username, email, .. } = &self.account;
        self.recorded.as_ref().is_some_and(|[recorded, name_key, email_key]| {
            recorded == mark && *name_key == key(username) && *email_key == key(email)
        })
    }
}

/// A name or an address as it is compared: folded, with `\u{130}` as the `i` that databases make of it, by which Superset finds people.
pub(in crate::store) fn key(text: &str) -> String {
    index_key(&fold(text).replace("i\u{307}", "i")).into_owned()
}

/// The statements that record these names, and await those of the last ids between `from` and them that have no row.
pub(in crate::store) fn learn(dialect: Dialect, from: Option<i64>, accounts: &[AccountName]) -> Vec<Fragment> {
    let awaited = from.map(|from| skipped(dialect, from, accounts)).unwrap_or_default();
    let known = accounts.iter().map(|account| {
        Fragment::list([
            Param::from(account.id),
            account.mark.as_str().into(),
            key(&account.username).into(),
            key(&account.email).into(),
        ])
    });
    let unknown =
        awaited.iter().map(|id| Fragment::list([Param::from(*id), "".into(), Param::Text(None), Param::Text(None)]));
    let rows: Vec<Fragment> = known.chain(unknown).collect();
    let insert = "INSERT INTO scim_account (local_id, local_mark, name_key, email_key) VALUES ";
    let mut statements: Vec<Fragment> = rows
        .chunks(ROWS)
        .map(|rows| {
            let rows = Fragment::joined(rows.to_vec(), ", ");
            Fragment::new(insert).then(rows).then(Fragment::new(dialect.account_known_already()))
        })
        .collect();
    if !awaited.is_empty() {
        // Through derived tables, because MySQL does not read from the table that it deletes from.
        let delete = "DELETE FROM scim_account WHERE name_key IS NULL AND local_id < (SELECT o.oldest FROM (SELECT \
                      min(l.local_id) AS oldest FROM (SELECT a.local_id FROM scim_account a WHERE a.name_key IS NULL \
                      ORDER BY a.local_id DESC LIMIT ?) AS l) AS o)";
        statements.push(Fragment::new(delete).bind(MOST_AWAITED));
    }
    statements
}

/// The last ids after `from` and before one of these rows that have no row. `SQLite` skips none: it has one writer at a time.
fn skipped(dialect: Dialect, from: i64, accounts: &[AccountName]) -> Vec<i64> {
    let mut ids: Vec<i64> = accounts.iter().map(|account| account.id).filter(|id| *id > from).collect();
    ids.sort_unstable();
    let (Some(last), false) = (ids.last(), dialect == Dialect::Sqlite) else { return Vec::new() };
    let first = from.max(last.saturating_sub(MOST_AWAITED)).saturating_add(1);
    (first..*last).filter(|id| ids.binary_search(id).is_err()).collect()
}

/// Forgets a row that is gone.
pub(in crate::store) async fn forget(transaction: &mut Transaction, id: i64) -> Result<(), DatabaseError> {
    transaction.execute(Fragment::new("DELETE FROM scim_account WHERE local_id = ?").bind(id)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(ids: &[i64]) -> Vec<AccountName> {
        let account = |id: &i64| AccountName { id: *id, mark: String::new(), username: "A".into(), email: "B".into() };
        ids.iter().map(account).collect()
    }

    #[test]
    fn the_last_ids_without_a_row_are_awaited() {
        let skipped = |from, ids: &[i64]| skipped(Dialect::Postgres, from, &accounts(ids));
        assert_eq!(skipped(7, &[8, 9]), [0_i64; 0]);
        assert_eq!(skipped(7, &[12, 9]), [8, 10, 11]);
        assert_eq!(skipped(7, &[3]), [0_i64; 0], "an older row skips nothing");
        assert_eq!(skipped(0, &[1000]), (937..1000).collect::<Vec<_>>());
        assert_eq!(skipped(i64::MAX - 1, &[i64::MAX]), [0_i64; 0]);
        assert!(super::skipped(Dialect::Sqlite, 7, &accounts(&[12])).is_empty());
    }

    #[test]
    fn a_dotted_capital_i_is_an_i_to_databases() {
        assert_eq!(key("\u{130}brahim"), "ibrahim");
    }

    #[test]
    fn names_are_recorded_folded() {
        let statements = learn(Dialect::Postgres, Some(0), &accounts(&[1]));
        let (text, params) = statements.into_iter().next().unwrap().into_parts(Dialect::Postgres);
        assert!(text.contains("VALUES ($1, $2, $3, $4)") && text.contains("ON CONFLICT"), "{text}");
        assert_eq!(params, [Param::from(1), "".into(), "a".into(), "b".into()]);
    }
}

//! Where the record says something else than `ab_user`, because somebody renamed an account in Superset.

use crate::driver::{DatabaseError, Transaction};
use crate::sql::Fragment;
use crate::store::names::account_name::{AccountName, Known, learn};
use crate::store::names::catch_up::{PAGED, selected};

/// The rows among the next after this id whose record is out of date, and the last id of those; `None` at the end. Rows that are not
/// recorded yet are no difference: they are before a name is looked for.
pub(crate) async fn outdated(
    transaction: &mut Transaction,
    after: i64,
) -> Result<Option<(i64, Vec<AccountName>)>, DatabaseError> {
    let condition = Fragment::new("u.id > ? AND u.id <= ")
        .bind(after)
        .then(Fragment::new(transaction.dialect().newest_known_account()))
        .then(Fragment::new(PAGED));
    let rows = compared(transaction, condition).await?;
    let last = rows.last().map(|last| last.account.id);
    Ok(last.map(|last| (last, differing(rows))))
}

/// Records the name and the address of a row again, and says what they are if that was due.
pub(crate) async fn relearn(transaction: &mut Transaction, id: i64) -> Result<Option<AccountName>, DatabaseError> {
    let differing = differing(compared(transaction, Fragment::new("u.id = ?").bind(id)).await?);
    if !differing.is_empty() {
        for statement in learn(transaction.dialect(), None, &differing) {
            transaction.execute(statement).await?;
        }
    }
    Ok(differing.into_iter().next())
}

async fn compared(transaction: &mut Transaction, condition: Fragment) -> Result<Vec<Known>, DatabaseError> {
    let from = "FROM ab_user u LEFT JOIN scim_account a ON a.local_id = u.id WHERE ";
    let rows = transaction.rows(selected(transaction, from).then(condition)).await?;
    let rows = rows.iter().map(Known::read).collect::<Result<Vec<_>, _>>()?;
    Ok(rows.into_iter().flatten().collect())
}

fn differing(rows: Vec<Known>) -> Vec<AccountName> {
    rows.into_iter().filter(|row| !row.is_current() && !row.is_awaited).map(|row| row.account).collect()
}

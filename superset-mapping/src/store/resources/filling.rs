//! Columns that follow from the documents, filled where an older version of the tables did not have them.

use crate::driver::{DatabaseError, Transaction};
use crate::sql::{Active, Fragment, display_name_key};
use crate::store::resources::counts::count_again;
use crate::store::resources::record::body_of;

/// How many rows are read at once.
const READ: i64 = 2000;
/// How many rows one statement writes. Each of its rows is looked for among them.
const WRITTEN: usize = 50;

/// Fills the columns of all resources, then counts them. Whoever was interrupted begins again.
pub(in crate::store) async fn fill(transaction: &mut Transaction) -> Result<(), DatabaseError> {
    let mut last = String::new();
    loop {
        let select = Fragment::new("SELECT r.id, r.body FROM scim_resource r WHERE r.id > ? ORDER BY r.id LIMIT ?");
        let mut keys = Vec::new();
        for row in transaction.rows(select.bind(last.as_str()).bind(READ)).await? {
            let (id, body) = (row.text(0)?, body_of(row.text(1)?)?);
            keys.push((id, Active::of(&body).number(), display_name_key(&body)));
        }
        let Some((id, ..)) = keys.last() else { break };
        last.clone_from(id);
        for keys in keys.chunks(WRITTEN) {
            transaction.execute(written(keys)).await?;
        }
    }
    count_again(transaction, Fragment::new("1 = 1")).await
}

/// One statement for several rows, on every engine.
fn written(keys: &[(String, i64, String)]) -> Fragment {
    let cases = |value: fn(&(String, i64, String)) -> Fragment| {
        let when = |row: &(String, i64, String)| Fragment::new(" WHEN ? THEN ").bind(row.0.as_str()).then(value(row));
        Fragment::new("CASE id").then(Fragment::joined(keys.iter().map(when).collect(), "")).then(Fragment::new(" END"))
    };
    Fragment::new("UPDATE scim_resource SET active = ")
        .then(cases(|row| Fragment::new("?").bind(row.1)))
        .then(Fragment::new(", display_name_key = "))
        .then(cases(|row| Fragment::new("?").bind(row.2.as_str())))
        .then(Fragment::new(" WHERE id IN "))
        .then(Fragment::list(keys.iter().map(|row| row.0.as_str())))
}

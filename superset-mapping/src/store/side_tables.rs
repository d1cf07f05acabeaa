//! Our own tables, beside Superset's.

use chrono::Utc;

use crate::driver::Transaction;
use crate::sql::{Fragment, SIDE_TABLES};
use crate::store::connect::ConnectError;

/// Brings the side tables to the version of this library. The transaction holds the write lock, so that of several
/// instances that start at once one does the work and the others find it done.
pub(super) async fn upgrade(transaction: &mut Transaction) -> Result<(), ConnectError> {
    let version_table = "CREATE TABLE IF NOT EXISTS scim_schema_version (version INTEGER NOT NULL PRIMARY KEY, applied_at TEXT NOT NULL)";
    transaction.execute(Fragment::new(version_table)).await?;
    let found = transaction.number(Fragment::new("SELECT max(version) FROM scim_schema_version")).await?;
    let known = i64::try_from(SIDE_TABLES.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(ConnectError::Newer { found, known });
    }
    for (version, step) in (1_i64..).zip(SIDE_TABLES).filter(|(version, _)| *version > found) {
        transaction.script(step).await?;
        let done = Fragment::new("INSERT INTO scim_schema_version (version, applied_at) VALUES (?, ?)");
        transaction.execute(done.bind(version).bind(scim_core::format_date_time(Utc::now()))).await?;
    }
    Ok(())
}

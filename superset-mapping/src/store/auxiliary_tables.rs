//! Our own tables, beside Superset's.

use chrono::Utc;

use crate::driver::Transaction;
use crate::sql::{Dialect, FILLED, Fragment, auxiliary_tables};
use crate::store::resources::fill;
use crate::store::session::ConnectError;

/// Brings the auxiliary tables to the version of this library. Only one instance at a time is in here, so of several that start
/// at once one does the work and the others find it done.
pub(super) async fn upgrade(transaction: &mut Transaction) -> Result<(), ConnectError> {
    let version_table = "CREATE TABLE IF NOT EXISTS scim_schema_version \
                         (version BIGINT NOT NULL PRIMARY KEY, applied_at VARCHAR(40) NOT NULL)";
    transaction.script(version_table).await?;
    let found = transaction.number(Fragment::new("SELECT max(version) FROM scim_schema_version")).await?;
    let steps = auxiliary_tables(transaction.dialect());
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(ConnectError::Newer { found, known });
    }
    for (version, step) in (1_i64..).zip(steps).filter(|(version, _)| *version > found) {
        transaction.script(step).await?;
        if version == FILLED {
            if transaction.dialect() == Dialect::MySql {
                // Definitions of tables have ended the transaction. Nobody may write a document while its keys are made.
                transaction.script("START TRANSACTION").await?;
                transaction.row(Fragment::new("SELECT id FROM scim_lock WHERE id = 1 FOR UPDATE")).await?;
            }
            fill(transaction).await?;
        }
        let done = Fragment::new("INSERT INTO scim_schema_version (version, applied_at) VALUES (?, ?)");
        transaction.execute(done.bind(version).bind(scim_core::json::format_date_time(Utc::now()))).await?;
    }
    Ok(())
}

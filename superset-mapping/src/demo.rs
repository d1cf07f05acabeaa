//! Superset's security tables without a Superset, for demonstrations and tests.

use crate::driver::Database;
use crate::sql::Dialect;
use crate::store::ConnectError;

fn security_tables(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => include_str!("../sql/superset_sqlite.sql"),
        Dialect::Postgres => include_str!("../sql/superset_postgres.sql"),
        Dialect::MySql => include_str!("../sql/superset_mysql.sql"),
    }
}

/// Why the demonstration tables were not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// There are tables, which may be somebody's.
    #[error("the database is not empty: demonstration tables are made in an empty one only")]
    NotEmpty,
    /// The database can't be opened or written.
    #[error("the demonstration tables could not be made")]
    Connect(#[source] ConnectError),
}

/// Makes the security tables of Superset 6.1 in a database that is empty, or in a file of `SQLite` that does not exist yet,
/// with the roles `Admin`, `Alpha`, `Gamma`, `Public` and `sql_lab`, and no users.
///
/// # Errors
///
/// [`DemoError`]; nothing was made then, but for `MySQL`, which commits each table by itself.
pub async fn create_demo_schema(url: &str) -> Result<(), DemoError> {
    let opened = Database::open(url, true).await.map_err(|error| DemoError::Connect(error.into()))?;
    let database = opened.ok_or(DemoError::Connect(ConnectError::Url))?;
    let made = make(&database).await;
    database.close().await;
    made
}

async fn make(database: &Database) -> Result<(), DemoError> {
    let failed = |error| DemoError::Connect(ConnectError::from(error));
    let mut transaction = database.migrate().await.map_err(failed)?;
    if !transaction.catalogue().await.map_err(failed)?.tables.is_empty() {
        return Err(DemoError::NotEmpty);
    }
    transaction.script(security_tables(database.dialect())).await.map_err(failed)?;
    transaction.migrated().await.map_err(failed)
}

//! Superset's security tables without a Superset, for demonstrations and tests.

use crate::driver::Database;
use crate::store::ConnectError;

const SECURITY_TABLES: &str = include_str!("../sql/superset_sqlite.sql");

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

/// Makes the security tables of Superset 6.1 in a SQLite database that is empty or does not exist yet, with the roles
/// `Admin`, `Alpha`, `Gamma`, `Public` and `sql_lab`, and no users.
///
/// # Errors
///
/// [`DemoError`]; nothing was made then.
pub async fn create_demo_schema(url: &str) -> Result<(), DemoError> {
    if !url.starts_with("sqlite:") {
        return Err(DemoError::Connect(ConnectError::Url));
    }
    let database = Database::open(url, true).await.map_err(|error| DemoError::Connect(error.into()))?;
    let made = make(&database).await;
    database.close().await;
    made
}

async fn make(database: &Database) -> Result<(), DemoError> {
    let failed = |error| DemoError::Connect(ConnectError::from(error));
    let mut transaction = database.write().await.map_err(failed)?;
    if !transaction.tables().await.map_err(failed)?.is_empty() {
        return Err(DemoError::NotEmpty);
    }
    transaction.script(SECURITY_TABLES).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

//! What a database says, kept out of the public API.

use std::time::Duration;

use scim_service::StoreError;
use thiserror::Error;

/// How long a statement waits for another process's lock on the database.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(10);
/// How long a request waits for a connection.
pub(crate) const CONNECTION_WAIT: Duration = Duration::from_secs(30);

/// The database did not do it.
#[derive(Debug, Error)]
#[error("the database failed")]
pub(crate) struct DatabaseError(#[from] sqlx::Error);

impl DatabaseError {
    /// A value in the database is not what we wrote there.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self(sqlx::Error::Decode(what.into().into()))
    }

    /// Whether trying again later may help.
    pub(crate) fn is_temporary(&self) -> bool {
        match &self.0 {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
            // SQLITE_BUSY and SQLITE_LOCKED in the low byte of an extended code.
            sqlx::Error::Database(error) => {
                let code = error.code().and_then(|code| code.parse::<u32>().ok());
                code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
            }
            _ => false,
        }
    }

    /// Whether the database file could not be opened: `SQLITE_CANTOPEN`.
    pub(crate) fn is_missing_file(&self) -> bool {
        matches!(&self.0, sqlx::Error::Database(error) if error.code().is_some_and(|code| code == "14"))
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        if error.is_temporary() { Self::Unavailable(Box::new(error)) } else { Self::Internal(Box::new(error)) }
    }
}

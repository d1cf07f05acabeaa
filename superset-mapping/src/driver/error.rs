//! What a database says, kept out of the public API.

use std::borrow::Cow;
use std::time::Duration;

use scim_service::StoreError;
use thiserror::Error;

/// How long a statement waits for another process's lock.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(10);
/// How long a request waits for a connection.
pub(crate) const CONNECTION_WAIT: Duration = Duration::from_secs(30);
/// How long the database may take for its first answer.
pub(crate) const FIRST_ANSWER: Duration = Duration::from_secs(5);
/// How long the question whether the database can be reached waits for its connection.
pub(crate) const HEALTH_WAIT: Duration = Duration::from_secs(5);
/// Most connections that read at the same time.
pub(crate) const READERS: u32 = 8;

/// The database did not do it. `Display` is the cause, in the words of the database where it has any.
#[derive(Debug, Error)]
#[error("{}", cause(.0))]
pub(crate) struct DatabaseError(sqlx::Error);

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        Self(error)
    }
}

/// What went wrong, without the lines of the engine's own source text.
fn cause(error: &sqlx::Error) -> Cow<'static, str> {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned().into(),
        sqlx::Error::Io(error) => error.to_string().into(),
        sqlx::Error::Tls(error) => format!("no encrypted connection: {error}").into(),
        sqlx::Error::PoolTimedOut => {
            let seconds = CONNECTION_WAIT.as_secs();
            format!("no connection to the database became free within {seconds} seconds").into()
        }
        sqlx::Error::PoolClosed => "the connections to the database are closed".into(),
        other => other.to_string().into(),
    }
}

impl DatabaseError {
    /// It was not our turn, for as long as a request waits for a connection.
    pub(crate) fn no_connection() -> Self {
        Self(sqlx::Error::PoolTimedOut)
    }

    /// Whether the database answered: then it has done nothing of what it was asked. Otherwise nobody knows.
    pub(crate) fn is_answer(&self) -> bool {
        matches!(&self.0, sqlx::Error::Database(_))
    }

    /// Calls left the transaction where no call can go on.
    pub(crate) fn gone(what: &'static str) -> Self {
        Self(sqlx::Error::Protocol(what.to_owned()))
    }

    /// A value in the database is not what we wrote there.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self(sqlx::Error::Decode(what.into().into()))
    }

    /// The code of the engine: `SQLSTATE` of `PostgreSQL` and `MySQL`, the number of `SQLite`.
    fn code(&self) -> Option<String> {
        match &self.0 {
            sqlx::Error::Database(error) => error.code().map(std::borrow::Cow::into_owned),
            _ => None,
        }
    }

    /// Whether the transaction lost against another one, and may win when it is done again: a serialization failure, a
    /// deadlock, or a row that somebody inserted between our look and our insert.
    pub(crate) fn is_lost_race(&self) -> bool {
        let unique = matches!(&self.0, sqlx::Error::Database(error) if error.is_unique_violation());
        // `40001` is both engines' serialization failure and MySQL's deadlock, `40P01` the deadlock of PostgreSQL.
        unique || matches!(self.code().as_deref(), Some("40001" | "40P01"))
    }

    /// Whether trying again later may help.
    pub(crate) fn is_temporary(&self) -> bool {
        match &self.0 {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(error) => match (self.code().as_deref(), mysql_number(&**error)) {
                // A wait for a lock that took too long, and a server that is going down or has no connection left.
                (_, Some(1205 | 1040 | 1053))
                | (Some("40001" | "40P01" | "55P03" | "57P01" | "57P02" | "57P03" | "53300"), _) => true,
                // SQLITE_BUSY and SQLITE_LOCKED in the low byte of an extended code.
                (Some(code), None) => {
                    code.len() < 5 && code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether nobody answers where the database should be.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(&self.0, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut)
    }

    /// Whether the URL can't be read.
    pub(crate) fn is_misconfigured(&self) -> bool {
        matches!(&self.0, sqlx::Error::Configuration(_))
    }

    /// Whether the server knows no such user, or another password.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(self.code().as_deref(), Some("28P01" | "28000"))
            || matches!(&self.0, sqlx::Error::Database(error) if matches!(mysql_number(&**error), Some(1045 | 1698)))
    }

    /// Whether there is no such database: a file that could not be opened (`SQLITE_CANTOPEN`), or a name that the server
    /// does not know.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self.code().as_deref(), Some("14" | "3D000"))
            || matches!(&self.0, sqlx::Error::Database(error) if mysql_number(&**error) == Some(1049))
    }
}

#[cfg(feature = "mysql")]
fn mysql_number(error: &dyn sqlx::error::DatabaseError) -> Option<u16> {
    error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>().map(sqlx::mysql::MySqlDatabaseError::number)
}

#[cfg(not(feature = "mysql"))]
fn mysql_number(_: &dyn sqlx::error::DatabaseError) -> Option<u16> {
    None
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        if error.is_lost_race() {
            Self::conflict(error)
        } else if error.is_temporary() {
            Self::Unavailable(Box::new(error))
        } else {
            Self::Internal(Box::new(error))
        }
    }
}

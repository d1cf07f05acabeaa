//! Why the store can't be opened.

use std::error::Error;

use scim_service::StoreError;
use thiserror::Error;

use crate::driver::{DatabaseError, OpenError};
use crate::rules::WriterError;

/// The store can't be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is none, or names an engine that this build does not have.
    #[error(
        "expected a database URL such as `postgres://user:password@host/superset`, `mysql://user:password@host/superset` or \
         `sqlite:///var/lib/superset/superset.db`, of an engine that this build has"
    )]
    Url,
    /// Nobody answers where the database should be.
    #[error("no database answers at `{place}`: check host, port and network, and whether the server runs")]
    Unreachable {
        /// Host and port, or the socket.
        place: String,
        /// What the network says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server is there and does not let us in.
    #[error("the database server at `{place}` refuses the login: check user name and password in the URL")]
    Denied {
        /// Host and port, or the socket.
        place: String,
        /// What the server says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no database at the URL.
    #[error("there is no database {at}: check its name, or run `superset db upgrade` and `superset init` first")]
    NoDatabase {
        /// Where it was looked for: its name and its server, or its file.
        at: String,
        /// What the server says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database is there, but Superset's tables are not.
    #[error(
        "the database holds no Superset security tables ({missing} not found): run `superset db upgrade` and `superset init` \
         first"
    )]
    NoSecurityTables {
        /// What was looked for, such as `ab_user.email`.
        missing: String,
    },
    /// Users can't be removed from this database.
    #[error("a hard delete is not possible here: {reason}")]
    HardDelete {
        /// Why not.
        reason: &'static str,
    },
    /// Nobody in Superset has the name of the successor.
    #[error("`{username}`, who is to take over what others leave, is not a user of Superset")]
    NoSuccessor {
        /// The name.
        username: String,
    },
    /// Roles are to be made after one that is not there.
    #[error("the rules make roles after `{role}`, which is not a role of Superset")]
    NoTemplateRole {
        /// The name.
        role: String,
    },
    /// A newer version of this library has been at work here.
    #[error("the `scim_` tables have version {found}, this library knows {known}: use the version that made them")]
    Newer {
        /// The version of the tables.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// Not everybody who could write is somebody whom the rules know.
    #[error(transparent)]
    Writers(#[from] WriterError),
    /// The database failed.
    #[error("the database failed while it was being opened")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

impl From<OpenError> for ConnectError {
    fn from(OpenError { at, cause }: OpenError) -> Self {
        let place = at.place().to_owned();
        if cause.is_misconfigured() {
            Self::Url
        } else if cause.is_missing() {
            Self::NoDatabase { at: at.to_string(), source: Box::new(cause) }
        } else if cause.is_denied() {
            Self::Denied { place, source: Box::new(cause) }
        } else if cause.is_unreachable() {
            Self::Unreachable { place, source: Box::new(cause) }
        } else {
            Self::Database(Box::new(cause))
        }
    }
}

impl From<DatabaseError> for ConnectError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(Box::new(error))
    }
}

pub(in crate::store) fn failed(error: StoreError) -> ConnectError {
    ConnectError::Database(Box::new(error))
}

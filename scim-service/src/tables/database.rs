//! What a host implements: how its database begins a transaction and runs a statement.

use std::error::Error;

use async_trait::async_trait;
use scim_filter::BudgetExceeded;
use scim_patch::PatchError;
use thiserror::Error;
use uuid::Uuid;

use super::statement::{Cell, Statement};
use crate::change::Change;
use crate::store::StoreError;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessMode {
    /// It only reads, and sees one state of the database.
    Read,
    /// It reads and writes. In SQLite such a transaction begins with `BEGIN IMMEDIATE`.
    Write,
}

/// A host's database, for a [`TableStore`](super::TableStore). [The module](super) shows one.
#[async_trait]
pub trait Database: Send + Sync + 'static {
    /// A transaction of the database.
    type Connection: Connection;

    /// Begins a transaction.
    ///
    /// Of two that write, both may run at once: the store compares the version of each row that it writes, and repeats what
    /// [conflicts](DatabaseError::Conflict). Where a group can be a member of a group, writers should take turns (or run with
    /// isolation `SERIALIZABLE`), so that each sees the memberships that the others have written.
    async fn begin(&self, access: AccessMode) -> Result<Self::Connection, DatabaseError>;

    /// What to store in the place of a write-only value such as `password`: its hash. Called outside of any transaction unless the caller
    /// holds one.
    ///
    /// By default a random mark, which says that the value is set and nothing else: then SCIM clients may set passwords, and nobody
    /// can log in with them.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidValue`] where the host does not accept the value.
    async fn hash(&self, secret: &str) -> Result<String, StoreError> {
        let _ = secret;
        Ok(Uuid::new_v4().to_string())
    }
}

/// An open transaction of a [`Database`]. One that is dropped is rolled back.
#[async_trait]
pub trait Connection: Send + 'static {
    /// Runs a query. Each row has one cell for each of [`Statement::columns`], of that type.
    async fn query(&mut self, statement: Statement) -> Result<Vec<Vec<Cell>>, DatabaseError>;

    /// Runs a statement that writes, and returns how many rows it matched.
    async fn execute(&mut self, statement: Statement) -> Result<u64, DatabaseError>;

    /// Called after each write that changed something, before the commit: what the host writes here becomes visible with the change
    /// or not at all. An outbox, an audit table or roles that follow from groups belong here.
    ///
    /// # Errors
    ///
    /// Whatever is to be the outcome of the write, which then has no effect: [`StoreError::Refused`] for a rule of the host.
    async fn written(&mut self, change: &Change) -> Result<(), StoreError> {
        let _ = change;
        Ok(())
    }

    /// Commits.
    async fn commit(self) -> Result<(), DatabaseError>;
}

/// Why the database did not do it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// Another transaction was in the way: a deadlock, a serialization failure, a lock that was not free in time. The store rolls back
    /// and repeats the call, up to [`ATTEMPTS`](super::ATTEMPTS) times.
    #[error("another transaction is in the way")]
    Conflict(#[source] Box<dyn Error + Send + Sync>),
    /// A unique index refuses a value.
    #[error("a unique index refuses a value: {what}")]
    Unique {
        /// What the driver says of it. The store looks for the name of a column in it, to tell which attribute is meant; an index
        /// that is named after its column will do.
        what: String,
    },
    /// The database cannot be reached.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Anything else.
    #[error("the database failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(source) => Self::Unavailable(source),
            DatabaseError::Conflict(source) => Self::conflict(source),
            DatabaseError::Failed(source) => Self::Internal(source),
            error @ DatabaseError::Unique { .. } => Self::internal(error),
        }
    }
}

/// Why a call did not go through: what the caller is told, or what makes the store repeat the call.
#[derive(Debug)]
pub(super) enum Fault {
    Store(StoreError),
    Database(DatabaseError),
}

impl Fault {
    /// A row that was read is not there any more as it was.
    pub(super) fn overtaken() -> Self {
        Self::Database(DatabaseError::Conflict("another writer has changed the row".into()))
    }

    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Database(DatabaseError::Conflict(_)))
    }

    pub(super) fn into_store_error(self) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Database(error) => error.into(),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<DatabaseError> for Fault {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl From<PatchError> for Fault {
    fn from(error: PatchError) -> Self {
        Self::Store(error.into())
    }
}

impl From<BudgetExceeded> for Fault {
    fn from(error: BudgetExceeded) -> Self {
        Self::Store(error.into())
    }
}

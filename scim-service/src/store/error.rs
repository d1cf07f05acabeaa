//! Why a store did not do it.

use std::error::Error;
use std::time::Duration;

use scim_filter::BudgetExceeded;
use scim_patch::PatchError;
use thiserror::Error;

/// Why a store call failed. Nothing was written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No such resource in the caller's tenant.
    #[error("no resource has this id")]
    NotFound,
    /// The stored version is not one that the caller asked for.
    #[error("the resource has changed: its version is not the one asked for")]
    PreconditionFailed,
    /// The value of an attribute that must be unique is taken.
    #[error("the value of `{attribute}` is taken by another resource")]
    Uniqueness {
        /// The path of the attribute.
        attribute: String,
    },
    /// The value of an attribute that must be unique is taken by something that is no resource: an account or a group that
    /// somebody made in the service behind the store.
    #[error("the value of `{attribute}` is taken by {holder}")]
    HeldElsewhere {
        /// The path of the attribute.
        attribute: String,
        /// What has it, for the client to read, and what can be done.
        holder: String,
    },
    /// A value that the schema allows does not fit the storage behind it.
    #[error("`{attribute}`: expected {expected}")]
    InvalidValue {
        /// The path of the attribute.
        attribute: String,
        /// What the storage takes, such as `at most 64 characters`.
        expected: String,
    },
    /// The call needs more work than the request may cause.
    #[error(transparent)]
    Budget(#[from] BudgetExceeded),
    /// A PATCH could not be applied to the resource.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// The store cannot do this at all, as its [`capabilities`](crate::Store::capabilities) say.
    #[error("the store {what}")]
    Unsupported {
        /// What it lacks, such as `has no transactions`.
        what: &'static str,
    },
    /// A rule of the host forbids the change, such as "the last administrator stays".
    #[error("{reason}")]
    Refused {
        /// The rule, for the client to read.
        reason: String,
    },
    /// The host holds writes back for now: the client is to try again later.
    #[error("{reason}")]
    Held {
        /// Why, for the client to read.
        reason: String,
        /// When to try again: the client is told whole seconds.
        retry_after: Duration,
    },
    /// The storage cannot be reached now; the caller may try again.
    #[error("the store is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The storage failed. The source goes to the log, never to the client.
    #[error("the store failed")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

/// Another transaction was in the way: the source of a [`StoreError::Unavailable`] for which [`StoreError::is_conflict`] holds.
#[derive(Debug, Error)]
#[error("another transaction was in the way")]
struct Conflict(#[source] Box<dyn Error + Send + Sync>);

impl StoreError {
    /// The call can be repeated at once, in a new transaction: another one was in the way, and nothing was changed.
    pub fn conflict(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(Box::new(Conflict(source.into())))
    }

    /// Whether the call failed because another transaction was in the way ([`conflict`](Self::conflict)).
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Unavailable(source) if source.is::<Conflict>())
    }

    /// The storage failed because of `source`.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }
}

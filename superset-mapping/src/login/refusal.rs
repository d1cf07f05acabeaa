//! Why somebody is not logged in.

use scim_service::StoreError;
use thiserror::Error;

use crate::login::assertion::AssertionError;
use crate::login::assertion::MappingError;
use crate::login::audit::AuditError;

/// Why a person is not logged in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The assertion is not believed.
    #[error(transparent)]
    Assertion(#[from] AssertionError),
    /// The assertion does not fit the mapping.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// Nobody of this name was provisioned.
    #[error("the person was not provisioned")]
    NotProvisioned,
    /// The person was deactivated by SCIM.
    #[error("the person is inactive")]
    Inactive,
    /// The account was deactivated in the service itself.
    #[error("the account was deactivated manually")]
    Closed,
    /// The person is outside of the domains in which the identity provider creates users.
    #[error("`{attribute}` is outside of the domains in which this identity provider may create users")]
    Domain {
        /// What is outside: the path of an attribute of the user, or `subject`.
        attribute: String,
    },
    /// The user is known by another spelling of the name.
    #[error(
        "a user is known by another spelling of this name, which this identity provider does not hold to be the same"
    )]
    Spelling,
    /// The name or address belongs to a user whom this identity provider does not speak for.
    #[error("`{attribute}` belongs to somebody whom this identity provider does not speak for")]
    Taken {
        /// The path of the attribute.
        attribute: String,
    },
    /// A value does not fit the storage.
    #[error("`{attribute}`: expected {expected}")]
    Value {
        /// The path of the attribute.
        attribute: String,
        /// What the storage takes.
        expected: String,
    },
    /// The person is in a group that is unknown, and the rules refuse such people.
    #[error("the group `{group}` is unknown")]
    UnknownGroup {
        /// The first such group.
        group: String,
    },
    /// A rule of the host or the store forbids the change that the login would make.
    #[error("{0}")]
    Forbidden(String),
}

impl Refusal {
    /// A word for the reason, for audit records and metrics: stable, lower case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Assertion(error) => error.code(),
            Self::Mapping(_) => "mapping",
            Self::NotProvisioned => "not_provisioned",
            Self::Inactive | Self::Closed => "inactive",
            Self::Domain { .. } => "domain",
            Self::Spelling => "spelling",
            Self::Taken { .. } => "taken",
            Self::Value { .. } => "value",
            Self::UnknownGroup { .. } => "unknown_group",
            Self::Forbidden(_) => "forbidden",
        }
    }
}

/// A login that did not happen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The person is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed. What was done before is completed by the next login.
    #[error("the login could not be completed")]
    Store(#[source] StoreError),
    /// The record could not be written; without one nobody is logged in.
    #[error("the login could not be recorded")]
    Audit(#[source] AuditError),
}

impl From<StoreError> for LoginError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Uniqueness { attribute } | StoreError::HeldElsewhere { attribute, .. } => {
                Self::Refused(Refusal::Taken { attribute })
            }
            StoreError::InvalidValue { attribute, expected } => Self::Refused(Refusal::Value { attribute, expected }),
            StoreError::Refused { reason } => Self::Refused(Refusal::Forbidden(reason)),
            other => Self::Store(other),
        }
    }
}

//! Why an assertion makes no user.

use thiserror::Error;

/// A mapping that can't be, or an assertion that does not fit it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MappingError {
    /// The path is no attribute of users.
    #[error("`{path}`: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The values do not fit the schema.
    #[error("the attributes do not make a user: {0}")]
    User(String),
    /// The assertion is larger than the limits.
    #[error("the assertion has too many or too long attributes")]
    TooLarge,
    /// There are more groups than the limit.
    #[error("the assertion names more than {limit} groups")]
    TooManyGroups {
        /// The limit.
        limit: usize,
    },
}

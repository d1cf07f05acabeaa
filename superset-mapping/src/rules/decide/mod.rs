//! From rules and a user with groups to roles, and why.

mod by_rules;
mod decision;
mod explain;
mod role_mapper;
#[cfg(any(feature = "_store", feature = "roles"))]
mod settlement;
mod writers;

pub use decision::{Decision, IgnoredGroup, Reason, WhyIgnored};
pub use explain::Explanation;
pub use role_mapper::{Bound, RoleMapper};
#[cfg(any(feature = "_store", feature = "roles"))]
pub(crate) use settlement::Settlement;
pub use writers::WriterError;

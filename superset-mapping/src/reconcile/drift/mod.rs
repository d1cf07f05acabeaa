//! The comparison of all that rules and SCIM say with all that Superset holds.

mod account_row;
mod accounts;
mod compare;
mod counts;
mod finding;
mod grants;
mod groups;
mod names;
mod options;
mod reasons;
mod snapshot;
mod users;

pub(super) use accounts::Unclaimed;
pub use compare::{Checked, Drift};
pub(super) use compare::{in_tenant, size};
pub(super) use finding::Subject;
pub use finding::{Finding, FindingKind, Who};
pub(super) use grants::{relation, tell_stale};
pub(super) use groups::{GroupPair, Orphan, after, among};
pub(super) use names::tell_outdated;
pub use options::DriftOptions;
pub(super) use snapshot::{Found, Snapshot};
pub(super) use users::UserPair;

//! Keeping rules, SCIM and Superset equal: what differs, its repair, and who has left.

mod drift;
mod leavers;
mod progress;
mod repair;
mod report;

pub use drift::{Checked, Drift, DriftOptions, Finding, FindingKind, Who};
pub use leavers::{
    DeprovisionedUser, DeprovisionedUsers, DeprovisionedUsersError, Directory, DirectoryError, DirectoryPage,
    DirectoryPerson, Export, MAX_DIRECTORY_PAGE, MAX_DIRECTORY_PEOPLE, MAX_EXPORT_LINE, SafetyThreshold,
    SafetyThresholdError, ScimDirectory, Transport,
};
pub use progress::{Progress, Stage};
pub use repair::{Outcome, Repair, RepairOptions, RepairReport};

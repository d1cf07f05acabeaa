//! Keeping rules, SCIM and Superset equal: what differs, its repair, and who has left.

mod drift;
mod leavers;
mod progress;
mod repair;
mod report;

pub use drift::{Checked, Drift, DriftOptions, Finding, FindingKind, Who};
pub use leavers::{
    Breaker, BreakerError, Directory, DirectoryError, DirectoryPage, DirectoryPerson, Export, Leaver, Leavers,
    LeaversError, MAX_DIRECTORY_PAGE, MAX_DIRECTORY_PEOPLE, MAX_EXPORT_LINE, ScimDirectory, Transport,
};
pub use progress::{Progress, Stage};
pub use repair::{Outcome, Repair, RepairOptions, RepairReport};

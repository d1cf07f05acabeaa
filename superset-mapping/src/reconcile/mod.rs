//! Keeping rules, SCIM and Superset equal: what differs, its repair, and who has left.

mod account_drift;
mod account_row;
mod breaker;
mod directory;
mod drift;
mod drift_options;
mod export;
mod finding;
mod grant_drift;
mod group_drift;
mod leavers;
mod mend;
mod page;
mod progress;
mod remedy;
mod repair;
mod scim_directory;
mod sheet;
mod user_drift;
mod why;
mod world;

pub use breaker::{Breaker, BreakerError};
pub use directory::{Directory, DirectoryError, DirectoryPage, DirectoryPerson, MAX_DIRECTORY_PEOPLE};
pub use drift::{Checked, Drift};
pub use drift_options::DriftOptions;
pub use export::{Export, MAX_EXPORT_LINE};
pub use finding::{Finding, FindingKind, Who};
pub use leavers::{Leaver, Leavers, LeaversError};
pub use progress::{Progress, Stage};
pub use remedy::RepairOptions;
pub use repair::{Outcome, Repair, RepairReport};
pub use scim_directory::{MAX_DIRECTORY_PAGE, ScimDirectory, Transport};

//! Users of SCIM whom the source of truth no longer has.

mod compare;
mod directory;
mod export;
mod safety_threshold;
mod scim_directory;

pub use compare::{DeprovisionedUser, DeprovisionedUsers, DeprovisionedUsersError};
pub use directory::{Directory, DirectoryError, DirectoryPage, DirectoryPerson, MAX_DIRECTORY_PEOPLE};
pub use export::{Export, MAX_EXPORT_LINE};
pub use safety_threshold::{SafetyThreshold, SafetyThresholdError};
pub use scim_directory::{MAX_DIRECTORY_PAGE, ScimDirectory, Transport};

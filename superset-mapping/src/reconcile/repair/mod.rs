//! Making Superset's tables what rules and SCIM say.

mod policy;
mod run;
mod step;

pub use policy::RepairOptions;
pub use run::{Outcome, Repair, RepairReport};

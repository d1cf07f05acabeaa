//! Keeping rules, SCIM and Superset equal: what differs, and its repair.

mod account_drift;
mod drift;
mod finding;
mod grant_drift;
mod group_drift;
mod progress;
mod user_drift;
mod why;
mod world;

pub use drift::{Checked, Drift, DriftOptions};
pub use finding::{Finding, FindingKind, Who};
pub use progress::{Progress, Stage};

//! Superset's metadata database as a SCIM store.

mod access;
mod accounts;
pub mod audit;
mod auxiliary_tables;
mod connect;
mod contract;
mod groups;
mod holds;
mod inspector;
#[cfg(feature = "jit")]
mod login;
mod names;
mod password;
#[cfg(feature = "metrics")]
mod pool_metrics;
mod query;
#[cfg(feature = "jit")]
mod replays;
mod resources;
mod session;
mod transaction;
mod write;

pub(crate) use access::{GROUP_ROLES, Pairs, Relation, USER_GROUPS, USER_ROLES};
pub use accounts::{Account, AccountSession};
pub(crate) use accounts::{Email, Profile};
pub use groups::Pin;
pub(crate) use groups::row_name;
pub use holds::SqlHolds;
pub use inspector::{AccountCounts, Engine, Inspector};
pub(crate) use names::{AccountName, outdated, relearn};
pub(crate) use password::Password;
#[cfg(feature = "jit")]
pub use replays::SqlReplays;
pub(crate) use resources::{Counts, LocalRow, RECORD_WIDTH, Record};
pub(crate) use session::{Action, CHUNK, Company, Held, InGroup, Session, Sessions, retry};
pub use session::{Adoption, ConnectError, StoreOptions, SupersetStore};
pub(crate) use write::Write;

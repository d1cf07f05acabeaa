//! Superset's metadata database as a SCIM store.

mod access;
mod accounts;
mod audit;
mod candidates;
mod connect;
mod content;
mod contract;
mod grants;
mod groups;
mod held;
mod last_admin;
mod list;
mod membership;
mod options;
mod order;
mod password;
mod profile;
mod purge;
mod record;
mod schema_probe;
mod searched;
mod session;
mod side_tables;
mod subjects;
mod transaction;
mod unique;
mod users;
mod write;

pub use accounts::Account;
pub use connect::{ConnectError, SupersetStore};
pub use options::{Adoption, StoreOptions};

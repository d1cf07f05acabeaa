//! Superset's metadata database as a SCIM store.

mod accounts;
mod connect;
mod content;
mod contract;
mod groups;
mod last_admin;
mod list;
mod membership;
mod password;
mod profile;
mod record;
mod roles;
mod schema_probe;
mod session;
mod side_tables;
mod transaction;
mod unique;
mod users;
mod write;

pub use accounts::Account;
pub use connect::{ConnectError, SupersetStore};

/// How a point in time stands in Superset's tables: without zone, as `SQLAlchemy` writes it. Any other form breaks Superset's
/// list of users.
const LOCAL_TIME: &str = "%Y-%m-%d %H:%M:%S%.6f";

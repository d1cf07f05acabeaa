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
mod hashing;
mod held;
mod last_admin;
mod list;
#[cfg(feature = "jit")]
mod login;
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
pub(crate) use audit::Action;
pub use connect::{ConnectError, SupersetStore};
pub(crate) use contract::{Sessions, again};
pub(crate) use grants::{GROUP_ROLES, Pairs, Relation, USER_GROUPS, USER_ROLES};
pub(crate) use groups::group_ref;
pub(crate) use held::Held;
pub(crate) use membership::InGroup;
pub use options::{Adoption, StoreOptions};
pub(crate) use password::Password;
pub(crate) use profile::{Email, Profile};
pub(crate) use record::{CHUNK, LocalRow, Record};
pub(crate) use session::Session;
pub(crate) use write::{Change, MemberChange};

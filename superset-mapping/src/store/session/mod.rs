//! One call of the store: a transaction, and what every step of the call needs to know.

mod audit_event;
mod audit_key;
mod batch;
mod column;
mod connect_error;
mod held;
mod in_group;
mod known_writers;
mod options;
mod schema_probe;
mod sessions;
mod shared;
mod source;
mod state;
mod superset_store;

pub(crate) use audit_event::{Action, AuditEvent};
pub use audit_key::{AuditKey, AuditKeyError};
pub(in crate::store) use audit_key::{KEYED, PLAIN, Sealed, code, link};
pub(crate) use batch::{Company, is_lost_together};
pub(super) use column::{fits, fits_narrow};
pub use connect_error::ConnectError;
pub(super) use connect_error::failed;
pub(crate) use held::{CHUNK, Held};
pub(crate) use in_group::InGroup;
pub(super) use in_group::OwnGroups;
pub(crate) use known_writers::Writers;
pub use options::{Adoption, StoreOptions};
pub(super) use schema_probe::{SecurityTables, probe};
pub(crate) use sessions::{Sessions, retry};
pub(super) use shared::Shared;
pub(super) use source::{provenance, read_source, source_text};
pub(crate) use state::{Session, tenant_of};
pub use superset_store::SupersetStore;

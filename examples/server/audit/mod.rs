//! What the servers do for the audit.

mod key;
mod log;

pub use key::{AuditFlags, Sealer, audit_key};
pub use log::AuditLogFlags;

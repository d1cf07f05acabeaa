//! What the servers do for the audit.

mod key;
mod log;

pub use key::{AuditFlags, AuditKeyFlags, Sealer, append_checkpoint, audit_key};
pub use log::AuditLogFlags;

//! What a call did, for the audit and for the [`Change`](scim_service::Change) that it returns.

mod changed_access;
mod taken;
mod write;

pub(super) use taken::Taken;
pub(super) use write::written;

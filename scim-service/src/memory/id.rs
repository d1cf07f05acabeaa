//! Which resource, and whose.

use std::sync::Arc;

use crate::context::Context;

/// The text that identifies a resource, shared by all tables that mention it.
pub(super) type Id = Arc<str>;

/// The tenant of a call; `None` where the service has only one.
pub(super) type TenantName = Option<Arc<str>>;

pub(super) fn tenant_of(cx: &Context) -> TenantName {
    cx.tenant().map(Arc::from)
}

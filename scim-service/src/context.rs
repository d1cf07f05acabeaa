//! Who asks, for whom, and when: what every store call knows of its request.

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// The authenticated client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    name: Arc<str>,
    tenant: Option<Arc<str>>,
}

impl Principal {
    /// A client with a name for the log.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), tenant: None }
    }

    /// The same client, confined to a tenant: it sees and changes only that tenant's resources (RFC 7644 section 6).
    #[must_use]
    pub fn in_tenant(self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.into()), ..self }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tenant; `None` where the service has only one.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }
}

/// What a store call knows of the request it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Who asks.
    pub principal: Principal,
    /// Identifies the request in logs.
    pub request_id: Arc<str>,
    /// When the request came. Stores take this time, so that a request has one time.
    pub now: DateTime<Utc>,
}

impl Context {
    /// A context for work that no client asked for, such as a reconciliation, and for tests.
    pub fn internal(name: &str, now: DateTime<Utc>) -> Self {
        Self { principal: Principal::new(name), request_id: name.into(), now }
    }

    /// The tenant whose resources the call may touch.
    pub fn tenant(&self) -> Option<&str> {
        self.principal.tenant()
    }
}

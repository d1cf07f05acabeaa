//! Who asks, for whom, and when: what every store call knows of its request.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_core::{Provenance, Source};
use scim_filter::Budget;

use crate::scope::Scopes;

/// Who makes a request: an authenticated SCIM client, an identity provider with a login, or the host itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    name: Arc<str>,
    source: Source,
    tenant: Option<Arc<str>>,
    scopes: Option<Scopes>,
}

impl Principal {
    /// The SCIM client with this name. What it writes is recorded under the name: two clients that share one are one.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), source: Source::client(name), tenant: None, scopes: None }
    }

    /// The identity provider with this name, by one of its logins.
    pub fn provider(name: &str) -> Self {
        Self { name: name.into(), source: Source::provider(name), tenant: None, scopes: None }
    }

    /// The host itself, doing what no client asked for; `name` is for the log.
    pub fn host(name: &str) -> Self {
        Self { name: name.into(), source: Source::Host, tenant: None, scopes: None }
    }

    /// The same principal, confined to a tenant: it sees and changes only that tenant's resources (RFC 7644 section 6).
    #[must_use]
    pub fn in_tenant(self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.into()), ..self }
    }

    /// The same principal, confined to what these scopes allow: the service refuses everything else with 403 and
    /// `insufficient_scope` (RFC 6750 section 3.1), except discovery. Without scopes a principal is not confined.
    ///
    /// ```
    /// use scim_service::{Principal, Scope, Scopes};
    ///
    /// let auditor = Principal::new("auditor").with_scopes(Scopes::from_iter([Scope::Read]));
    /// assert_eq!(auditor.scopes().map(|scopes| scopes.to_string()).as_deref(), Some("scim.read"));
    /// ```
    #[must_use]
    pub fn with_scopes(self, scopes: Scopes) -> Self {
        Self { scopes: Some(scopes), ..self }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is a client, an identity provider or the host.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The tenant; `None` where the service has only one.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The scopes; `None` where the principal is not confined to any.
    pub fn scopes(&self) -> Option<Scopes> {
        self.scopes
    }
}

/// What a store call knows of the request it serves.
///
/// ```
/// use chrono::Utc;
/// use scim_service::{Context, Principal};
///
/// let cx = Context::new(Principal::new("okta").in_tenant("acme"), "7f3a", Utc::now());
/// assert_eq!((cx.tenant(), &*cx.request_id, cx.says_active), (Some("acme"), "7f3a", false));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Context {
    /// Who asks.
    pub principal: Principal,
    /// Identifies the request in the response, the log and the audit. [`request_id`](crate::observe::request_id()) says where it
    /// comes from.
    pub request_id: Arc<str>,
    /// When the request came. Stores take this time, so that a request has one time.
    pub now: DateTime<Utc>,
    /// Whether the request itself says what `active` is to be. What a store is handed has all attributes, those included that only
    /// stay as they are. A store whose accounts people close by other ways opens one again only for a request that says so.
    pub says_active: bool,
    /// Where the request came from, if the host [said so](crate::observe::ClientAddress).
    pub address: Option<IpAddr>,
    /// How much work the request may still cause; clones share it.
    pub budget: Arc<Budget>,
}

impl Context {
    /// The context of a request by this principal, at this time. Its budget is unlimited.
    pub fn new(principal: Principal, request_id: impl Into<Arc<str>>, now: DateTime<Utc>) -> Self {
        let budget = Arc::new(Budget::unlimited());
        Self { principal, request_id: request_id.into(), now, says_active: false, address: None, budget }
    }

    /// A context for work that no client asked for, such as a reconciliation, and for tests. Its budget is unlimited.
    pub fn internal(name: &str, now: DateTime<Utc>) -> Self {
        Self::new(Principal::host(name), name, now)
    }

    /// The same request, by another principal.
    #[must_use]
    pub fn with_principal(self, principal: Principal) -> Self {
        Self { principal, ..self }
    }

    /// Bounds the work that the request may cause.
    #[must_use]
    pub fn with_budget(self, budget: Arc<Budget>) -> Self {
        Self { budget, ..self }
    }

    /// Says where the request came from.
    #[must_use]
    pub fn with_address(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// Says whether the request itself says what `active` is to be.
    #[must_use]
    pub fn with_says_active(self, says_active: bool) -> Self {
        Self { says_active, ..self }
    }

    /// The tenant whose resources the call may touch.
    pub fn tenant(&self) -> Option<&str> {
        self.principal.tenant()
    }

    /// Who asserts what the call writes.
    pub fn provenance(&self) -> Provenance {
        Provenance::new(self.principal.source.clone()).in_tenant(self.principal.tenant())
    }
}

//! Where a request says which tenant it is about (RFC 7644 section 6).

use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use http::request::Parts;

use crate::config::url::segment;

/// Where a request says which tenant it is about.
///
/// A principal confined to a tenant ([`Principal::in_tenant`](crate::Principal::in_tenant)) never leaves it, whatever the request says: another tenant's
/// endpoints answer 404 to it, as those of no tenant would. A principal that is not confined may name any tenant; which
/// ones there are, and which it may enter, an [`Authorizer`](crate::Authorizer) can decide by
/// [`Access::tenant`](crate::Access). A request that names no tenant is about the principal's own; where it has none, only
/// discovery and health answer.
///
/// A tenant's name has 1 to 64 characters, the first no `.`, and no control characters. Any other name is no tenant's. In a
/// path it is percent-encoded where it has to be; a name that cannot be part of a host name, or has capitals, is not found
/// there, and its principals use the base URL.
///
/// ```
/// use bytes::Bytes;
/// use http::Request;
/// use scim_core::SchemaSet;
/// use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig, TenancyMode};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let service = ScimService::new(
///     MemoryStore::new(),
///     SchemaSet::builtin(),
///     ServiceConfig::new("https://example.com/scim/v2")?.with_tenancy(TenancyMode::Path),
///     BearerTokens::new()
///         .with_token("yXh2Qm7vT0w8LbN4", Principal::new("okta of acme").in_tenant("acme"))?,
/// );
/// let status = async |path: &str| {
///     let request = Request::get(format!("https://example.com/scim/v2{path}"))
///         .header("authorization", "Bearer yXh2Qm7vT0w8LbN4")
///         .body(Bytes::new())
///         .unwrap();
///     service.handle(request).await.status().as_u16()
/// };
/// assert_eq!(status("/t/acme/Users").await, 200);
/// assert_eq!(status("/t/other/Users").await, 404);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum TenancyMode {
    /// Nowhere: the tenant is the principal's own, and a service whose principals have none has one tenant.
    #[default]
    Principal,
    /// In the path: `/t/{tenant}/Users` below the base URL. Locations have the prefix too. A resource type at `/t` cannot be
    /// reached then.
    Path,
    /// In the host name: `{tenant}.example.com` where the base URL has `example.com`. Locations have that name; no other
    /// part of a `Host` header goes into one (R243).
    Host,
    /// In a header.
    Header(HeaderName),
    /// Where the host's functions say; see [`TenancyMode::custom`].
    Custom(TenantOf),
}

/// A function from the head of a request to the tenant that it names, and one from the tenant to its URL.
#[derive(Clone)]
pub struct TenantOf {
    pub(super) find: Arc<Find>,
    base_url: Arc<Locate>,
}

type Find = dyn Fn(&Parts) -> Option<String> + Send + Sync;
type Locate = dyn Fn(&str) -> String + Send + Sync;

impl TenancyMode {
    /// The tenant is what the first function finds in a request's head; the second makes of it the base URL that the tenant's
    /// clients know, without a slash at the end.
    ///
    /// The second function gets the name as a path segment has it, percent-encoded. Locations are made of what it returns, and
    /// a request's path may begin with the path of that URL.
    ///
    /// ```
    /// use scim_service::TenancyMode;
    ///
    /// let mode = TenancyMode::custom(
    ///     |request| {
    ///         let (tenant, _) = request.uri.path().strip_prefix("/orgs/")?.split_once('/')?;
    ///         Some(tenant.to_owned())
    ///     },
    ///     |tenant| format!("https://example.com/orgs/{tenant}/scim/v2"),
    /// );
    /// # let _ = mode;
    /// ```
    pub fn custom(
        tenant_of: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static,
        base_url_of: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Self {
        Self::Custom(TenantOf { find: Arc::new(tenant_of), base_url: Arc::new(base_url_of) })
    }
}

impl TenantOf {
    pub(super) fn base_url_of(&self, tenant: &str) -> String {
        let base_url = (self.base_url)(&segment(tenant).to_string());
        base_url.trim_end_matches('/').to_owned()
    }
}

impl fmt::Debug for TenancyMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal => f.write_str("Principal"),
            Self::Path => f.write_str("Path"),
            Self::Host => f.write_str("Host"),
            Self::Header(name) => f.debug_tuple("Header").field(name).finish(),
            Self::Custom(tenant_of) => f.debug_tuple("Custom").field(tenant_of).finish(),
        }
    }
}

impl fmt::Debug for TenantOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TenantOf(..)")
    }
}

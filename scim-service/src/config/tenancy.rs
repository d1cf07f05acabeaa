//! Where a request says which tenant it is about (RFC 7644 section 6).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use http::header::HOST;
use http::request::Parts;

use crate::config::ServiceConfig;
use crate::context::Principal;
use crate::fail::Failure;

/// Where a request says which tenant it is about.
///
/// A principal confined to a tenant ([`Principal::in_tenant`]) never leaves it, whatever the request says: another tenant's
/// endpoints answer 404 to it, as those of no tenant would. A principal that is not confined may name any tenant; which
/// ones there are, and which it may enter, an [`Authorizer`](crate::Authorizer) can decide by
/// [`Access::tenant`](crate::Access). A request that names no tenant is about the principal's own; where it has none, only
/// discovery and health answer.
///
/// A tenant's name has 1 to 64 letters, digits, `-`, `_`, `~` and `.`, the first no `.`. Any other name is no tenant's.
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
    /// Where the host's function finds it; see [`TenancyMode::custom`].
    Custom(TenantOf),
}

/// A function from the head of a request to the tenant that it names.
#[derive(Clone)]
pub struct TenantOf(Arc<Find>);

type Find = dyn Fn(&Parts) -> Option<String> + Send + Sync;

impl TenancyMode {
    /// The tenant is what the function finds in a request's head.
    ///
    /// ```
    /// use scim_service::TenancyMode;
    ///
    /// let mode = TenancyMode::custom(|request| {
    ///     let (_, tenant) = request.uri.query()?.split_once("tenant=")?;
    ///     Some(tenant.to_owned())
    /// });
    /// # let _ = mode;
    /// ```
    pub fn custom(tenant_of: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static) -> Self {
        Self::Custom(TenantOf(Arc::new(tenant_of)))
    }
}

/// What a request is about.
pub(crate) struct Addressed<'a> {
    /// The tenant that it names.
    tenant: Option<Cow<'a, str>>,
    /// The path behind the base path and the tenant.
    pub(crate) path: &'a str,
}

impl ServiceConfig {
    /// Takes the tenant out of a request. One that cannot be a tenant's name is refused as an unknown path.
    pub(crate) fn address<'a>(&self, parts: &'a Parts) -> Result<Addressed<'a>, Failure> {
        let (in_path, path) = self.split_path(parts.uri.path());
        let tenant = match self.tenancy() {
            TenancyMode::Principal => None,
            TenancyMode::Path => in_path.map(Cow::Borrowed),
            TenancyMode::Host => self.host_label(parts).map(Cow::Owned),
            TenancyMode::Header(name) => {
                let mut values = parts.headers.get_all(name).iter();
                let value = values.next().map(|value| value.to_str().unwrap_or_default());
                // Two names are none.
                value.map(|value| Cow::Borrowed(if values.next().is_some() { "" } else { value }))
            }
            TenancyMode::Custom(TenantOf(tenant_of)) => tenant_of(parts).map(Cow::Owned),
        };
        match tenant {
            Some(tenant) if !is_tenant_name(&tenant) => Err(Failure::UnknownEndpoint),
            tenant => Ok(Addressed { tenant, path }),
        }
    }

    /// The tenant that a path names, where paths do, and the path of the endpoint.
    pub(crate) fn split_path<'a>(&self, path: &'a str) -> (Option<&'a str>, &'a str) {
        let path = match path.strip_prefix(self.base_path()) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
            _ => path,
        };
        match path.strip_prefix("/t/") {
            Some(rest) if matches!(self.tenancy(), TenancyMode::Path) => {
                let (tenant, _) = rest.split_once('/').unwrap_or((rest, ""));
                (Some(tenant), rest.strip_prefix(tenant).unwrap_or_default())
            }
            _ => (None, path),
        }
    }

    /// What stands before the host name of the base URL in the host name of the request.
    fn host_label(&self, parts: &Parts) -> Option<String> {
        let host = match parts.uri.host() {
            Some(host) => host,
            None => parts.headers.get(HOST)?.to_str().ok()?.split(':').next()?,
        };
        let host = host.to_ascii_lowercase();
        let base = self.base_uri().host()?.to_ascii_lowercase();
        let label = host.strip_suffix(&base)?.strip_suffix('.')?;
        Some(label.to_owned())
    }

    /// The set-up as a tenant's clients see it: with the base URL that they know.
    pub(crate) fn of_tenant(&self, tenant: Option<&str>) -> Cow<'_, Self> {
        let base_url = match (self.tenancy(), tenant) {
            (TenancyMode::Path, Some(tenant)) => format!("{}/t/{tenant}", self.base_url()),
            (TenancyMode::Host, Some(tenant)) => match self.base_url().split_once("://") {
                Some((scheme, rest)) => format!("{scheme}://{tenant}.{rest}"),
                None => return Cow::Borrowed(self),
            },
            _ => return Cow::Borrowed(self),
        };
        Cow::Owned(self.clone().at(base_url))
    }
}

impl Addressed<'_> {
    /// The principal within the tenant that the request is about. `None` where the request may not be about it: one tenant
    /// is then as unknown as another.
    pub(crate) fn confine(&self, principal: Principal) -> Option<Principal> {
        match (self.tenant.as_deref(), principal.tenant()) {
            (None, _) => Some(principal),
            (Some(named), None) => Some(principal.in_tenant(named)),
            (Some(named), Some(own)) => (named == own).then_some(principal),
        }
    }
}

fn is_tenant_name(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(unreserved) && !text.starts_with('.')
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

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    /// The tenant that the request names, and the path that is left.
    fn address(mode: TenancyMode, request: http::request::Builder) -> Option<(Option<String>, String)> {
        let config = ServiceConfig::new("https://example.com:8443/scim/v2").unwrap().with_tenancy(mode);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let addressed = config.address(&parts).ok()?;
        Some((addressed.tenant.map(Cow::into_owned), addressed.path.to_owned()))
    }

    fn tenant(name: &str, path: &str) -> (Option<String>, String) {
        (Some(name.to_owned()), path.to_owned())
    }

    #[test]
    fn paths_come_with_or_without_the_base_path() {
        let path = |path: &str| address(TenancyMode::Principal, Request::get(path));
        assert_eq!(path("/scim/v2/Users"), Some((None, "/Users".into())));
        assert_eq!(path("/Users"), Some((None, "/Users".into())));
        assert_eq!(path("/scim/v2"), Some((None, String::new())));
        assert_eq!(path("/scim/v2x/Users"), Some((None, "/scim/v2x/Users".into())));
    }

    #[test]
    fn r242_the_path_names_the_tenant() {
        let path = |path: &str| address(TenancyMode::Path, Request::get(path));
        assert_eq!(path("/scim/v2/t/acme/Users/1"), Some(tenant("acme", "/Users/1")));
        assert_eq!(path("/t/acme/Users"), Some(tenant("acme", "/Users")));
        assert_eq!(path("/t/acme"), Some(tenant("acme", "")));
        assert_eq!(path("/Users"), Some((None, "/Users".into())));
        assert_eq!(path("/t"), Some((None, "/t".into())));
        for bad in
            ["/t/", "/t//Users", "/t/a%2Fb/Users", "/t/../Users", "/t/a%20b", &format!("/t/{}/Users", "a".repeat(65))]
        {
            assert_eq!(path(bad), None, "{bad}");
        }
    }

    #[test]
    fn r242_the_host_names_the_tenant() {
        let host = |host: &str| address(TenancyMode::Host, Request::get("/scim/v2/Users").header(HOST, host));
        assert_eq!(host("acme.example.com:8443"), Some(tenant("acme", "/Users")));
        assert_eq!(host("ACME.Example.com"), Some(tenant("acme", "/Users")));
        for none in ["example.com", "evil.org", "acmeexample.com", "acme.example.com.evil.org"] {
            assert_eq!(host(none), Some((None, "/Users".into())), "{none}");
        }
        let absolute = Request::get("https://b.example.com/scim/v2/Users").header(HOST, "a.example.com");
        assert_eq!(address(TenancyMode::Host, absolute), Some(tenant("b", "/Users")), "the URI goes before the header");
    }

    #[test]
    fn r242_a_header_names_the_tenant_once() {
        let mode = || TenancyMode::Header(HeaderName::from_static("x-tenant"));
        let with = |values: &[&str]| {
            let request = Request::get("/Users");
            address(mode(), values.iter().fold(request, |request, value| request.header("x-tenant", *value)))
        };
        assert_eq!(with(&["acme"]), Some(tenant("acme", "/Users")));
        assert_eq!(with(&[]), Some((None, "/Users".into())));
        assert_eq!(with(&["a", "b"]), None);
        assert_eq!(with(&[""]), None);
    }

    #[test]
    fn r243_locations_are_below_the_tenants_base_url() {
        let config = |mode| ServiceConfig::new("https://example.com:8443/scim").unwrap().with_tenancy(mode);
        let base_url = |mode| config(mode).of_tenant(Some("acme")).base_url().to_owned();
        assert_eq!(base_url(TenancyMode::Path), "https://example.com:8443/scim/t/acme");
        assert_eq!(base_url(TenancyMode::Host), "https://acme.example.com:8443/scim");
        assert_eq!(base_url(TenancyMode::Principal), "https://example.com:8443/scim");
        assert_eq!(config(TenancyMode::Path).of_tenant(None).base_url(), "https://example.com:8443/scim");
    }
}

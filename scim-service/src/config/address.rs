//! Which tenant a request is about, and the path behind it.

use std::borrow::Cow;

use http::header::HOST;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::config::service_config::ServiceConfig;
use crate::config::tenancy::TenancyMode;
use crate::config::url::{path_of, segment};
use crate::context::Principal;

/// The request names what cannot be a tenant.
pub(crate) struct NoTenant;

/// What a request is about.
pub(crate) struct Addressed<'a> {
    /// The tenant that it names.
    tenant: Option<Cow<'a, str>>,
    /// The path behind the base path and the tenant.
    pub(crate) path: &'a str,
}

impl ServiceConfig {
    /// Takes the tenant out of a request. One that cannot be a tenant's name is refused as an unknown path.
    pub(crate) fn address<'a>(&self, parts: &'a Parts) -> Result<Addressed<'a>, NoTenant> {
        let (in_path, path) = self.split_path(parts.uri.path());
        let tenant = match self.tenancy() {
            TenancyMode::Principal => None,
            TenancyMode::Path => match in_path.map(|name| percent_decode_str(name).decode_utf8()) {
                Some(Err(_)) => return Err(NoTenant),
                Some(Ok(name)) => Some(name),
                None => None,
            },
            TenancyMode::Host => self.host_label(parts).map(Cow::Owned),
            TenancyMode::Header(name) => {
                let mut values = parts.headers.get_all(name).iter();
                let value = values.next().map(|value| value.to_str().unwrap_or_default());
                // Two names are none.
                value.map(|value| Cow::Borrowed(if values.next().is_some() { "" } else { value }))
            }
            TenancyMode::Custom(custom) => (custom.find)(parts).map(Cow::Owned),
        };
        match tenant {
            Some(tenant) if !is_tenant_name(&tenant) => Err(NoTenant),
            tenant => {
                let below = tenant.as_deref().and_then(|tenant| self.below_custom(tenant, parts.uri.path()));
                Ok(Addressed { path: below.unwrap_or(path), tenant })
            }
        }
    }

    /// The path below the URL that the host's function makes for a tenant.
    fn below_custom<'a>(&self, tenant: &str, path: &'a str) -> Option<&'a str> {
        let TenancyMode::Custom(custom) = self.tenancy() else { return None };
        let base_url = custom.base_url_of(tenant);
        below(path_of(&base_url), path)
    }

    /// The tenant that a path names, where paths do, and the path of the endpoint.
    pub(crate) fn split_path<'a>(&self, path: &'a str) -> (Option<&'a str>, &'a str) {
        let path = below(self.base_path(), path).unwrap_or(path);
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
            (TenancyMode::Path, Some(tenant)) if is_tenant_name(tenant) => {
                format!("{}/t/{}", self.base_url(), segment(tenant))
            }
            (TenancyMode::Custom(custom), Some(tenant)) => custom.base_url_of(tenant),
            (TenancyMode::Host, Some(tenant)) if is_host_label(tenant) => match self.base_url().split_once("://") {
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

/// The longest name of a tenant, in characters.
const MAX_NAME: usize = 64;

fn is_tenant_name(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.chars().count()) && !text.chars().any(char::is_control) && !text.starts_with('.')
}

/// Whether a request's host name can name the tenant: host names have no capitals once they are compared.
fn is_host_label(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    is_tenant_name(text) && text.bytes().all(fits) && !text.ends_with('.')
}

/// What follows `base` in a path; `None` where the path is not below it.
fn below<'a>(base: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;
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
        for bad in [
            "/t/",
            "/t//Users",
            "/t/../Users",
            "/t/%2E%2e/Users",
            "/t/%00",
            "/t/a%0Ab",
            "/t/%FF",
            &format!("/t/{}/Users", "a".repeat(65)),
        ] {
            assert_eq!(path(bad), None, "{bad}");
        }
    }

    #[test]
    fn a9_a_name_that_needs_encoding_is_decoded_once() {
        let path = |path: &str| address(TenancyMode::Path, Request::get(path));
        assert_eq!(path("/t/a%20b%2Fc/Users/1"), Some(tenant("a b/c", "/Users/1")));
        assert_eq!(path("/t/%C3%A9"), Some(tenant("\u{e9}", "")));
        assert_eq!(path("/t/%2541/Users"), Some(tenant("%41", "/Users")));
        for name in ["a b/c", "\u{e9}", "%41", "a?b#c", "A~b_c.d-e"] {
            let config = ServiceConfig::new("https://example.com/scim/v2").unwrap().with_tenancy(TenancyMode::Path);
            let base_url = config.of_tenant(Some(name)).base_url().to_owned();
            let (parts, ()) = Request::get(format!("{base_url}/Users/1")).body(()).unwrap().into_parts();
            let addressed = config.address(&parts).ok().unwrap();
            assert_eq!((addressed.tenant.as_deref(), addressed.path), (Some(name), "/Users/1"), "{base_url}");
        }
    }

    #[test]
    fn a9_locations_of_a_custom_tenancy_are_where_its_requests_go() {
        let orgs = || {
            TenancyMode::custom(
                |request| {
                    let (org, _) = request.uri.path().strip_prefix("/orgs/")?.split_once('/')?;
                    percent_decode_str(org).decode_utf8().ok().map(Cow::into_owned)
                },
                |org| format!("https://example.com/orgs/{org}/scim/v2/"),
            )
        };
        let path = |path: &str| address(orgs(), Request::get(path));
        assert_eq!(path("/orgs/acme/scim/v2/Users/1"), Some(tenant("acme", "/Users/1")));
        assert_eq!(path("/orgs/acme/scim/v2"), Some(tenant("acme", "")));
        assert_eq!(path("/orgs/a%20b%2Fc/scim/v2/Users"), Some(tenant("a b/c", "/Users")));
        assert_eq!(path("/scim/v2/Users"), Some((None, "/Users".into())));
        let config = ServiceConfig::new("https://example.com/scim/v2").unwrap().with_tenancy(orgs());
        assert_eq!(config.of_tenant(Some("acme")).base_url(), "https://example.com/orgs/acme/scim/v2");
        assert_eq!(config.of_tenant(Some("a b/c")).base_url(), "https://example.com/orgs/a%20b%2Fc/scim/v2");
        assert_eq!(config.of_tenant(None).base_url(), "https://example.com/scim/v2");
    }

    #[test]
    fn a9_what_no_request_can_name_keeps_the_base_url() {
        for (mode, names) in
            [(TenancyMode::Host, &["a b/c", "ACME", "a/b", "\u{e9}", "a."][..]), (TenancyMode::Path, &["", "a\nb"])]
        {
            let config = ServiceConfig::new("https://example.com/scim").unwrap().with_tenancy(mode);
            for name in names {
                assert_eq!(config.of_tenant(Some(name)).base_url(), "https://example.com/scim", "{name:?}");
            }
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

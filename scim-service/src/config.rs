//! What a service is set up to do. The router, the limits and `/ServiceProviderConfig` all read this one value, so that
//! what is advertised is what happens.

use http::Uri;
use scim_core::{AuthenticationScheme, FilterSupport, Profile, ServiceProviderConfig, Supported};
use thiserror::Error;

/// Set-up of a [`ScimService`](crate::ScimService).
///
/// ```
/// use scim_core::Profile;
/// use scim_service::ServiceConfig;
///
/// let config = ServiceConfig::new("https://example.com/scim/v2")?.with_profile(Profile::rfc());
/// assert_eq!(config.base_url(), "https://example.com/scim/v2");
/// # Ok::<(), scim_service::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    base_url: String,
    base_path: String,
    profile: Profile,
    limits: Limits,
    patch_response: PatchResponse,
    anonymous_discovery: bool,
    documentation_uri: Option<String>,
}

/// Bounds of what one request can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest request body, in bytes. 1 MiB.
    pub body: usize,
    /// Most operations in a PATCH message. 1,000.
    pub patch_operations: usize,
    /// Most resources in a response (R120). 1,000.
    pub page: u64,
    /// Resources in a response when the client gives no `count`. 200.
    pub default_page: u64,
    /// Bounds of a filter.
    pub filter: scim_filter::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            patch_operations: 1000,
            page: 1000,
            default_page: 200,
            filter: scim_filter::Limits::default(),
        }
    }
}

/// How a successful PATCH is answered (R176). With `attributes` or `excludedAttributes` it is always the resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PatchResponse {
    /// 200 with the resource. The default.
    #[default]
    Resource,
    /// 204 without a body.
    NoContent,
}

/// The base URL is no absolute `http` or `https` URL.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "base URL `{url}`: expected an absolute http or https URL without query, such as `https://example.com/scim/v2`"
)]
pub struct ConfigError {
    url: String,
}

impl ServiceConfig {
    /// A service that clients reach at `base_url`. Locations in responses are made of it and never of a `Host` header
    /// (R243).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where it is not an absolute `http` or `https` URL, or has a query or fragment.
    pub fn new(base_url: &str) -> Result<Self, ConfigError> {
        let wrong = || ConfigError { url: base_url.to_owned() };
        let base_url = base_url.trim_end_matches('/');
        let uri: Uri = base_url.parse().map_err(|_| wrong())?;
        let absolute = matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some();
        if !absolute || uri.query().is_some() || base_url.contains('#') {
            return Err(wrong());
        }
        Ok(Self {
            base_url: base_url.to_owned(),
            base_path: uri.path().trim_end_matches('/').to_owned(),
            profile: Profile::compatible(),
            limits: Limits::default(),
            patch_response: PatchResponse::default(),
            anonymous_discovery: true,
            documentation_uri: None,
        })
    }

    /// Which departures from the RFCs are taken; [`Profile::compatible`] unless set.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Bounds of requests.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// How a successful PATCH is answered.
    #[must_use]
    pub fn with_patch_response(self, patch_response: PatchResponse) -> Self {
        Self { patch_response, ..self }
    }

    /// Whether `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas` answer without credentials (R222); yes unless set.
    #[must_use]
    pub fn with_anonymous_discovery(self, anonymous_discovery: bool) -> Self {
        Self { anonymous_discovery, ..self }
    }

    /// Where people read about the service.
    #[must_use]
    pub fn with_documentation_uri(self, uri: &str) -> Self {
        Self { documentation_uri: Some(uri.to_owned()), ..self }
    }

    /// The URL that clients know, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The path of the base URL. Requests may come with it or, where the host has stripped it, without.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// Which departures from the RFCs are taken.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Bounds of requests.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How a successful PATCH is answered.
    pub fn patch_response(&self) -> PatchResponse {
        self.patch_response
    }

    /// Whether discovery answers without credentials.
    pub fn anonymous_discovery(&self) -> bool {
        self.anonymous_discovery
    }

    /// The body of `/ServiceProviderConfig` (R221).
    pub(crate) fn service_provider_config(&self, schemes: Vec<AuthenticationScheme>) -> ServiceProviderConfig {
        let yes = Supported { supported: true };
        let mut config = ServiceProviderConfig::minimal(self.limits.page);
        config.documentation_uri.clone_from(&self.documentation_uri);
        config.patch = yes;
        config.filter = FilterSupport { supported: true, max_results: self.limits.page };
        config.change_password = yes;
        config.sort = yes;
        config.etag = yes;
        config.authentication_schemes = schemes;
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r243_a_base_url_is_absolute_and_has_no_query() {
        let config = ServiceConfig::new("http://127.0.0.1:8080/scim/v2/").unwrap();
        assert_eq!((config.base_url(), config.base_path()), ("http://127.0.0.1:8080/scim/v2", "/scim/v2"));
        assert_eq!(ServiceConfig::new("https://example.com").unwrap().base_path(), "");
        for bad in ["", "/scim", "ftp://x/y", "https://x/y?z", "https://x/y#z", "https://", "x y"] {
            assert!(ServiceConfig::new(bad).is_err(), "{bad}");
        }
    }
}

//! The set-up of a service.

use http::Uri;
use scim_core::{AttrPath, Profile};
use thiserror::Error;

use crate::config::bulk::BulkAtomicity;
use crate::config::capabilities::{Capabilities, PatchResponse};
#[cfg(feature = "cursor")]
use crate::config::cursor_settings::Cursors;
use crate::config::limits::ServiceLimits;
use crate::config::tenancy::TenancyMode;

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
    base_uri: Uri,
    base_path: String,
    tenancy: TenancyMode,
    profile: Profile,
    limits: ServiceLimits,
    capabilities: Capabilities,
    patch_response: PatchResponse,
    anonymous_discovery: bool,
    documentation_uri: Option<String>,
    sensitive: Vec<AttrPath>,
    reference_check: bool,
    refuses_unknown_groups: bool,
    #[cfg(feature = "cursor")]
    pub(super) cursors: Cursors,
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
            base_uri: uri,
            tenancy: TenancyMode::default(),
            profile: Profile::compatible(),
            limits: ServiceLimits::default(),
            capabilities: Capabilities::default(),
            patch_response: PatchResponse::default(),
            anonymous_discovery: true,
            documentation_uri: None,
            sensitive: Vec::new(),
            reference_check: false,
            refuses_unknown_groups: false,
            #[cfg(feature = "cursor")]
            cursors: Cursors::default(),
        })
    }

    /// Which departures from the RFCs are taken; [`Profile::compatible`] unless set.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Where a request says which tenant it is about; nowhere unless set.
    #[must_use]
    pub fn with_tenancy(self, tenancy: TenancyMode) -> Self {
        Self { tenancy, ..self }
    }

    /// The same set-up with another base URL in what it writes; what it reads stays.
    pub(super) fn at(self, base_url: String) -> Self {
        Self { base_url, ..self }
    }

    /// Bounds of requests.
    #[must_use]
    pub fn with_limits(self, limits: ServiceLimits) -> Self {
        Self { limits, ..self }
    }

    /// What the service can do; everything unless set.
    #[must_use]
    pub fn with_capabilities(self, capabilities: Capabilities) -> Self {
        Self { capabilities, ..self }
    }

    /// What happens to the operations of a bulk request when one fails: sets [`Capabilities::bulk`].
    ///
    /// ```
    /// use scim_service::{BulkAtomicity, ServiceConfig};
    ///
    /// let config = ServiceConfig::new("https://example.com/scim/v2")?.with_bulk(BulkAtomicity::AllOrNothing);
    /// assert_eq!(config.bulk(), Some(BulkAtomicity::AllOrNothing));
    /// assert_eq!(config.without_bulk().bulk(), None);
    /// # Ok::<(), scim_service::ConfigError>(())
    /// ```
    #[must_use]
    pub fn with_bulk(self, atomicity: BulkAtomicity) -> Self {
        let capabilities = Capabilities { bulk: Some(atomicity), ..*self.capabilities() };
        self.with_capabilities(capabilities)
    }

    /// No bulk requests: `/Bulk` answers 501, and `/ServiceProviderConfig` says so (R219).
    #[must_use]
    pub fn without_bulk(self) -> Self {
        let capabilities = Capabilities { bulk: None, ..*self.capabilities() };
        self.with_capabilities(capabilities)
    }

    /// What happens to the operations of a bulk request when one fails; `None` where there are no bulk requests.
    pub fn bulk(&self) -> Option<BulkAtomicity> {
        self.capabilities().bulk
    }

    /// How a successful PATCH is answered; [`PatchResponse::Auto`] unless set.
    #[must_use]
    pub fn with_patch_response(self, patch_response: PatchResponse) -> Self {
        Self { patch_response, ..self }
    }

    /// Whether `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas` answer without credentials (R222); yes unless set.
    #[must_use]
    pub fn with_anonymous_discovery(self, anonymous_discovery: bool) -> Self {
        Self { anonymous_discovery, ..self }
    }

    /// Whether a write may refer only to resources that are there (R015): members of groups, managers, and every other
    /// attribute with `value` and `$ref`. Off unless set, because identity providers send groups before their members. On,
    /// a reference to what the tenant does not have is refused with 400 `invalidValue`; what was referred to before stays.
    /// A resource that is deleted at the same moment may still be referred to.
    #[must_use]
    pub fn with_reference_check(self, reference_check: bool) -> Self {
        Self { reference_check, ..self }
    }

    /// Whether a user may be put only into groups that are there, where
    /// [`Quirk::GroupsOnUser`](scim_core::Quirk::GroupsOnUser) is allowed: 400 `invalidValue` otherwise. Unless set, unknown
    /// groups are left out, and the answer shows which groups the user is in.
    #[must_use]
    pub fn with_unknown_groups_refused(self, refuses_unknown_groups: bool) -> Self {
        Self { refuses_unknown_groups, ..self }
    }

    /// Attributes whose values should not stand in URLs, where proxies and logs keep them: a GET with a filter on one is
    /// refused with 403 `sensitive`, and the client sends the filter in the body of a POST to `.search` instead (R098,
    /// RFC 7644 section 7.5.2). None unless set. A path that a resource type lacks means nothing for it.
    ///
    /// ```
    /// use scim_service::ServiceConfig;
    ///
    /// let config = ServiceConfig::new("https://example.com/scim/v2")?
    ///     .with_sensitive_attributes(["emails.value".parse()?, "phoneNumbers".parse()?]);
    /// assert_eq!(config.sensitive_attributes().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_sensitive_attributes(self, paths: impl IntoIterator<Item = AttrPath>) -> Self {
        Self { sensitive: paths.into_iter().collect(), ..self }
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

    pub(super) fn base_uri(&self) -> &Uri {
        &self.base_uri
    }

    /// Where a request says which tenant it is about.
    pub fn tenancy(&self) -> &TenancyMode {
        &self.tenancy
    }

    /// Bounds of requests.
    pub fn limits(&self) -> &ServiceLimits {
        &self.limits
    }

    /// What the service can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Whether a write may refer only to resources that are there.
    pub fn reference_check(&self) -> bool {
        self.reference_check
    }

    /// Whether a user may be put only into groups that are there.
    pub fn refuses_unknown_groups(&self) -> bool {
        self.refuses_unknown_groups
    }

    /// Attributes whose values should not stand in URLs.
    pub fn sensitive_attributes(&self) -> &[AttrPath] {
        &self.sensitive
    }

    /// Where people read about the service.
    pub fn documentation_uri(&self) -> Option<&str> {
        self.documentation_uri.as_deref()
    }

    /// How a successful PATCH is answered.
    pub fn patch_response(&self) -> PatchResponse {
        self.patch_response
    }

    /// Whether discovery answers without credentials.
    pub fn anonymous_discovery(&self) -> bool {
        self.anonymous_discovery
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

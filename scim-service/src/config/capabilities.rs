//! What a service can do, and how it says so.

use crate::config::bulk::BulkAtomicity;

/// The optional parts of the protocol, each with its switch. All are on by default.
///
/// The router obeys this value and `/ServiceProviderConfig` prints it, so that what is advertised is what happens.
///
/// ```
/// use scim_service::{Capabilities, ServiceConfig};
///
/// let mut capabilities = Capabilities::default();
/// capabilities.sort = false;
/// let config = ServiceConfig::new("https://example.com/scim/v2")?.with_capabilities(capabilities);
/// assert!(!config.capabilities().sort);
/// # Ok::<(), scim_service::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of `/ServiceProviderConfig`, set by name")]
pub struct Capabilities {
    /// PATCH. Off, it is answered with 501 (R179).
    pub patch: bool,
    /// `filter`. Off, a query with a filter is refused with 400 `invalidFilter`: without it the answer would be wrong.
    pub filter: bool,
    /// `sortBy`. Off, it is ignored: the order is then the service's own (RFC 7644 section 3.4.2.3).
    pub sort: bool,
    /// Versions. Off, there is neither `ETag` nor `meta.version`, and conditional headers are ignored (R202).
    pub etag: bool,
    /// Changing a password. Off, PUT and PATCH of `password` are refused with 400 `mutability`; it can still be set when
    /// a user is created.
    pub change_password: bool,
    /// Bulk requests, and whether each is done as a whole. `None`: `/Bulk` answers 501 (R219).
    pub bulk: Option<BulkAtomicity>,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            patch: true,
            filter: true,
            sort: true,
            etag: true,
            change_password: true,
            bulk: Some(BulkAtomicity::default()),
        }
    }
}

/// How a successful PATCH is answered (R176). With `attributes` or `excludedAttributes` it is always the resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PatchResponse {
    /// 204 with `ETag` and no body where the patch names the members of a group, whose number has no bound; else 200 with the
    /// resource. The default. An answer without a body that this rule caused is logged.
    #[default]
    Auto,
    /// 200 with the resource.
    Resource,
    /// 204 without a body.
    NoContent,
}

//! How much one request can ask for.

use scim_core::ValueLimits;
use scim_core::json::JsonLimits;

/// Bounds of what one request can ask for. What exceeds one is refused with the limit named, and changes nothing.
///
/// ```
/// use scim_service::{ServiceLimits, ServiceConfig};
///
/// let mut limits = ServiceLimits::default();
/// limits.body = 64 * 1024;
/// limits.page = 100;
/// let config = ServiceConfig::new("https://example.com/scim/v2")?.with_limits(limits);
/// assert_eq!(config.limits().body, 65_536);
/// # Ok::<(), scim_service::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceLimits {
    /// Longest path and query of a URL together, in bytes as sent. 32 KiB, which holds the longest filter escaped. Beyond:
    /// 414.
    pub url: usize,
    /// Largest request body, in bytes; that of a bulk request has a limit of its own. 1 MiB. Beyond: 413 (R217).
    pub body: usize,
    /// Largest body of a request that creates, replaces or patches a resource with members, in bytes: a group of a resource
    /// type whose schema has a relation such as `members`. 16 MiB. Beyond: 413. How many members a body holds is bounded by
    /// [`values`](Self::values) and [`JsonLimits::array`] too.
    pub group_body: usize,
    /// Largest body of a bulk request, in bytes: `maxPayloadSize`. 1 MiB. Beyond: 413 (R217).
    pub bulk_payload: usize,
    /// Most operations in a bulk request: `maxOperations`. 1,000. Beyond: 413 (R217). They and what they hold count among
    /// [`values`](Self::values) too: who raises one limit by much raises both.
    pub bulk_operations: usize,
    /// Depth, arrays and texts of a body. Beyond: 400 `invalidSyntax`.
    pub json: JsonLimits,
    /// Most elements that the arrays of a body hold together, such as members of groups. 20,000. Beyond: 413.
    pub values: usize,
    /// Most operations in a PATCH message. 1,000. Beyond: 400 `invalidValue`.
    pub patch_operations: usize,
    /// Most names in `attributes` or `excludedAttributes`. 256. Beyond: 400 `invalidValue`.
    pub attributes: usize,
    /// Most resources in a response (R120). 1,000. A larger `count` counts as this.
    pub page: u64,
    /// Resources in a response when the client gives no `count`. 200.
    pub default_page: u64,
    /// Most resources that a query may select, whatever its page; none by default. Beyond: 400 `tooMany` (R124).
    pub results: Option<u64>,
    /// Largest response, in bytes. 8 MiB. A page of a list ends before the resource that does not fit, and the client goes on
    /// behind it. A single resource that does not fit, such as a group with very many members, is 400 `tooMany`: the client
    /// leaves members out (`excludedAttributes=members`), or asks for them by filters on users. What answers a write leaves
    /// them out by itself.
    pub response: usize,
    /// What a value, an attribute and a resource may hold. Beyond: 400 `invalidValue`.
    pub value: ValueLimits,
    /// Bounds of a filter. Beyond: 400 `invalidFilter`.
    pub filter: scim_filter::FilterLimits,
    /// Most steps of work that a request may cause, in a bulk request all operations together: comparisons times resources for
    /// filters and sorts. 1,048,576. Beyond: 400 `tooMany`. See [`Budget`](scim_filter::Budget): a million comparisons
    /// take well below 0.1 seconds. Whoever has more than 30,000 resources in a database, and clients that filter by what
    /// has no index, raises it.
    pub steps: u64,
    /// Most groups that a message about a User may name, and that the user may join and leave by it
    /// ([`Quirk::GroupsOnUser`](scim_core::Quirk::GroupsOnUser)), because each is looked for and changed by itself. 100.
    /// Beyond: 400 `invalidValue`.
    pub groups_on_user: usize,
}

impl Default for ServiceLimits {
    fn default() -> Self {
        Self {
            url: 32 * 1024,
            body: 1 << 20,
            group_body: 16 << 20,
            bulk_payload: 1 << 20,
            bulk_operations: 1000,
            json: JsonLimits::default(),
            values: 20_000,
            patch_operations: 1000,
            attributes: 256,
            page: 1000,
            default_page: 200,
            results: None,
            response: 8 << 20,
            value: ValueLimits::default(),
            filter: scim_filter::FilterLimits::default(),
            steps: scim_filter::Budget::DEFAULT,
            groups_on_user: 100,
        }
    }
}

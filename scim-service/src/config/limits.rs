//! How much one request can ask for.

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

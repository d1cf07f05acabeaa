//! An operation of a bulk request that was refused.

use crate::observe::shortened::{first_line, shortened};
use crate::wire::Failure;

/// An operation of a bulk request that was refused or failed, with what a request of its own would have told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedOperation {
    /// The method as the client wrote it, cut after 512 characters; empty where it wrote none.
    pub method: String,
    /// The path as the client wrote it, cut after 512 characters; empty where it wrote none.
    pub path: String,
    /// The status.
    pub status: u16,
    /// The `scimType` of the error.
    pub scim_type: Option<&'static str>,
    /// What went wrong in a word, as [`Served::error_type`](crate::observe::Served::error_type) has it.
    pub error_type: &'static str,
    /// The first line of the error's `detail`.
    pub reason: String,
}

impl RefusedOperation {
    pub(crate) fn new(method: Option<&str>, path: Option<&str>, failure: &Failure) -> Self {
        let error = failure.to_error();
        // As with the path of a request, there is no query in it.
        let path = path.unwrap_or_default().split('?').next().unwrap_or_default();
        Self {
            method: shortened(method.unwrap_or_default()).to_owned(),
            path: shortened(path).to_owned(),
            status: error.status(),
            scim_type: error.scim_type().map(scim_core::ScimType::as_str),
            error_type: failure.error_type(),
            reason: first_line(error.detail()),
        }
    }
}

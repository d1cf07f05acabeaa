//! What stands on the wire: paths, queries, headers, media types, and the response of every error.

mod bulk_error;
mod error_type;
mod fail;
mod negotiate;
mod precondition;
mod query;
mod render;
mod respond;
mod route;

pub(crate) use bulk_error::BulkError;
#[cfg(feature = "oauth")]
pub(crate) use fail::whole_seconds;
pub(crate) use fail::{Excess, Failure, list};
pub(crate) use negotiate::{accepted, check_content_encoding, check_content_type};
pub(crate) use precondition::{is_fresh, precondition};
pub(crate) use query::search_request;
pub(crate) use render::{Rendering, Urls, location};
pub(crate) use respond::{
    Format, ResourceHeaders, body_response, empty_response, json_response, with_resource_headers, without_body,
};
pub(crate) use route::Route;

//! The messages of the protocol (RFC 7644 section 3), and what a service says of itself (RFC 7643 section 5).
//!
//! [`ScimError`](crate::ScimError), the message of an error, is at the root of the crate.

mod bulk;
mod error;
mod list_response;
mod patch_op;
mod search_request;
mod service_provider_config;

pub use bulk::{BulkMethod, BulkOperation, BulkRequest, BulkResponse, BulkResult, InvalidOperation};
pub use error::MessageError;
pub use list_response::ListResponse;
pub use patch_op::{PatchOp, PatchOperation};
pub use search_request::{SearchRequest, SortOrder};
pub use service_provider_config::{
    AuthenticationScheme, BulkSupport, FilterSupport, Pagination, PaginationMethod, SchemeKind, ServiceProviderConfig,
    Supported,
};

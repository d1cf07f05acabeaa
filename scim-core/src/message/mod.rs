//! The messages of the protocol (RFC 7644 section 3).

mod bulk;
mod error;
mod list_response;
mod patch_op;
mod search_request;

pub use bulk::{BulkMethod, BulkOperation, BulkRequest, BulkResponse, BulkResult, InvalidOperation};
pub use error::MessageError;
pub use list_response::ListResponse;
pub use patch_op::{PatchOp, PatchOperation};
pub use search_request::{SearchRequest, SortOrder};

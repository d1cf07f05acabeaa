//! The answer to a cursor where the service has none.

use bytes::Bytes;
use http::Response;
use scim_core::message::SearchRequest;
use scim_filter::Sort;

use crate::call::Call;
use crate::cursor::CursorError;
use crate::endpoint::query::part::Part;
use crate::store::Store;
use crate::wire::Failure;

pub(super) async fn by_cursor<S: Store + ?Sized>(
    _: &mut Call<'_, S>,
    _: &str,
    _: &SearchRequest,
    _: &[Part],
    _: Option<&Sort>,
) -> Result<Response<Bytes>, Failure> {
    Err(CursorError::Unsupported.into())
}

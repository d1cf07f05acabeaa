//! `DELETE /Users/{id}` (RFC 7644 section 3.6).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::TypeSchema;

use super::resource_id;
use crate::fail::Failure;
use crate::respond::empty_response;
use crate::service::Call;
use crate::store::Store;

pub(crate) async fn delete<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    id: &str,
) -> Result<Response<Bytes>, Failure> {
    let when = call.if_match()?;
    call.store.delete(&call.cx, of, &resource_id(id)?, &when).await?;
    Ok(empty_response(204))
}

//! `GET /Users/{id}` (RFC 7644 section 3.4.1).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::TypeSchema;

use super::resource_id;
use crate::authorize::Operation;
use crate::fail::Failure;
use crate::precondition::is_fresh;
use crate::query::search_request;
use crate::respond::empty_response;
use crate::service::Call;
use crate::store::Store;

pub(crate) async fn read<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    id: &str,
) -> Result<Response<Bytes>, Failure> {
    let (projection, _) = call.projection(of)?;
    let id = resource_id(id)?;
    let asked = search_request(call.parts.uri.query())?.attributes;
    let permit = call.permit(of, Operation::Read, Some(&id), || call.named(of, &asked)).await?;
    let projection = permit.project(projection);
    let resource = call.visible(of, &id, &projection, &permit).await?;
    if call.config.capabilities().etag && is_fresh(&call.parts.headers, || resource.version())? {
        return Ok(call.headed(empty_response(304), of, &resource));
    }
    call.show(200, of, &resource, &projection)
}

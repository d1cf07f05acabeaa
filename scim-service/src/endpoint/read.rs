//! `GET /Users/{id}` (RFC 7644 section 3.4.1).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::TypeSchema;

use crate::authorize::Operation;
use crate::call::Call;
use crate::call::resource_id;
use crate::store::Store;
use crate::wire::Failure;
use crate::wire::empty_response;
use crate::wire::is_fresh;
use crate::wire::search_request;

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

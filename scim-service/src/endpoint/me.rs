//! `/Me`: the resource that stands for the client (RFC 7644 section 3.11).

use std::sync::Arc;

use bytes::Bytes;
use http::header::{HeaderValue, LOCATION};
use http::{Response, StatusCode};
use scim_core::TypeSchema;

use crate::call::Call;
use crate::me::{Me, MeResolver};
use crate::store::StoreError;
use crate::wire::Failure;
use crate::wire::empty_response;
use crate::wire::location;

/// The resource behind `/Me`, and its permanent URL.
pub(crate) async fn me<S: ?Sized>(
    call: &Call<'_, S>,
    resolver: &dyn MeResolver,
) -> Result<(Arc<TypeSchema>, String, String), Failure> {
    let Some(Me { resource_type, id }) = resolver.resolve(&call.cx).await? else { return Err(Failure::Nobody) };
    let of = call.schemas.of(&resource_type).ok_or_else(|| {
        Failure::Store(StoreError::internal(format!("`/Me` resolves to `{resource_type}`, which is no resource type")))
    })?;
    let location = location(call.config.base_url(), of.resource_type().endpoint(), id.as_str());
    Ok((of.clone(), id.as_str().to_owned(), location))
}

/// Sends the client to the permanent URL, with the query that it has asked.
pub(crate) fn redirect<S: ?Sized>(call: &Call<'_, S>, location: &str) -> Response<Bytes> {
    let target = match call.parts.uri.query() {
        Some(query) => format!("{location}?{query}"),
        None => location.to_owned(),
    };
    with_location(empty_response(StatusCode::PERMANENT_REDIRECT.as_u16()), &target)
}

/// Names the permanent URL in an answer.
pub(crate) fn with_location(mut response: Response<Bytes>, location: &str) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

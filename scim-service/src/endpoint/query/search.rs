//! `POST .search`: queries in a body (RFC 7644 section 3.4.3).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::TypeSchema;
use scim_core::message::SearchRequest;

use crate::call::Call;
use crate::endpoint::query::list::{query, query_all};
use crate::store::Store;
use crate::wire::Failure;

pub(crate) async fn search<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
) -> Result<Response<Bytes>, Failure> {
    let request = message(call)?;
    query(call, of, &request).await
}

pub(crate) async fn search_all<S: Store + ?Sized>(call: &mut Call<'_, S>) -> Result<Response<Bytes>, Failure> {
    let request = message(call)?;
    query_all(call, &request).await
}

fn message<S: ?Sized>(call: &mut Call<'_, S>) -> Result<SearchRequest, Failure> {
    let body = call.json()?;
    Ok(SearchRequest::from_json(body, &mut call.tolerance)?)
}

//! `GET /Users` and `GET /`: queries (RFC 7644 section 3.4.2).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scim_core::message::{ListResponse, SearchRequest};
use scim_core::{AttributeRef, Projection, TypeSchema};
use scim_filter::{Filter, Predicate, Sort, check, parse_with};

use crate::call::{Call, InSpan, Permit};
use crate::endpoint::query::by_cursor::by_cursor;
use crate::endpoint::query::merge::{Found, merged};
use crate::endpoint::query::part::{Part, page};
use crate::endpoint::query::root_filter;
use crate::store::{List, Start, Store};
use crate::wire::Failure;
use crate::wire::search_request;

pub(crate) async fn list<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
) -> Result<Response<Bytes>, Failure> {
    // Boxed, because it is kept while the store works.
    let request = Box::new(search_request(call.parts.uri.query())?);
    query(call, of, &request).await
}

pub(crate) async fn list_all<S: Store + ?Sized>(call: &mut Call<'_, S>) -> Result<Response<Bytes>, Failure> {
    let request = search_request(call.parts.uri.query())?;
    query_all(call, &request).await
}

/// A query of one resource type.
pub(super) async fn query<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    of: &Arc<TypeSchema>,
    request: &SearchRequest,
) -> Result<Response<Bytes>, Failure> {
    call.config.limits().check_names(request)?;
    let mut sort;
    // What is needed up to here has no memory after it.
    let part = {
        let filter = match parse_filter(call, request)? {
            Some(filter) => {
                let checked = check(&filter, of, &mut call.tolerance);
                Some(checked.map_err(|error| error.in_text(request.filter.as_deref().unwrap_or_default()))?)
            }
            None => None,
        };
        sort = self::sort(call, of, request)?;
        let permit = permitted(call, of, request, filter.as_ref(), sort.as_ref()).await?;
        part(call, of, filter, permit)
    };
    if request.cursor.is_some() {
        let endpoint = of.resource_type().endpoint();
        return Box::pin(by_cursor(call, endpoint, request, std::slice::from_ref(&part), sort.as_ref())).await;
    }
    let Part { filter, projection, .. } = &part;
    let (start_index, count) = page(call, request);
    // Whoever asks for the total alone asks for no order.
    sort = sort.filter(|_| count > 0);
    let bytes = call.page_bytes();
    let list = List::new(of, count).with_filter(filter).with_sort(&sort).with_want(projection).with_bytes(bytes);
    let list = list.with_start(Start::Index(start_index));
    let page = call.store.list(&call.cx, list).in_span_about("list", of).await?;
    let total_results = page.total_results.unwrap_or_default();
    call.config.limits().check_results(total_results)?;
    let resources = page.resources.into_iter().map(|resource| (of, projection, resource));
    let written = call.written(resources).await?;
    call.page_response(ListResponse::new(total_results, start_index, Vec::new()), &written)
}

/// A query over all resource types (R094, R130). Without a sort, resources come type by type in the order of their
/// registration, by cursor in the order of their ids; with a sort they are merged.
pub(super) async fn query_all<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    request: &SearchRequest,
) -> Result<Response<Bytes>, Failure> {
    call.config.limits().check_names(request)?;
    let filters = filters_for_all(call, request)?;
    let sort = sort_for_all(call, request)?;
    let parts = permitted_types(call, request, filters, sort.as_ref()).await?;
    if request.cursor.is_some() {
        return Box::pin(by_cursor(call, "/", request, &parts, sort.as_ref())).await;
    }
    let (start_index, count) = page(call, request);
    let (found, total_results) = match sort.filter(|_| count > 0) {
        Some(sort) => merged(call, &parts, &sort, start_index, count).await?,
        None => one_after_the_other(call, &parts, start_index, count).await?,
    };
    call.config.limits().check_results(total_results)?;
    let resources = found.into_iter().filter_map(|(index, resource)| {
        let part = parts.get(index)?;
        Some((&part.of, &part.projection, resource))
    });
    let written = call.written(resources).await?;
    call.page_response(ListResponse::new(total_results, start_index, Vec::new()), &written)
}

/// A page without a sort: a type begins where those before it end.
async fn one_after_the_other<S: Store + ?Sized>(
    call: &Call<'_, S>,
    parts: &[Part],
    start_index: u64,
    count: u64,
) -> Result<(Vec<Found>, u64), Failure> {
    let mut total_results = 0_u64;
    let mut found = Vec::new();
    let mut is_full = false;
    for (index, Part { of, filter, projection }) in parts.iter().enumerate() {
        let start = Start::Index(start_index.saturating_sub(total_results).max(1));
        let count = if is_full { 0 } else { count.saturating_sub(found.len() as u64) };
        let list = List::new(of, count).with_filter(filter).with_start(start).with_want(projection);
        let list = list.with_bytes(call.page_bytes());
        let page = call.store.list(&call.cx, list).in_span_about("list", of).await?;
        total_results += page.total_results.unwrap_or_default();
        is_full |= page.ends_early;
        found.extend(page.resources.into_iter().map(|resource| (index, resource)));
    }
    Ok((found, total_results))
}

/// What the policy allows a query of one type, and what the query asks to see.
async fn permitted<S: ?Sized>(
    call: &Call<'_, S>,
    of: &Arc<TypeSchema>,
    request: &SearchRequest,
    filter: Option<&Predicate>,
    sort: Option<&Sort>,
) -> Result<(Permit, Projection), Failure> {
    let profile = call.config.profile();
    let projection = Projection::new(&request.attributes, &request.excluded_attributes, of, profile)?;
    call.check_sensitive(of, filter)?;
    let compared = compared(filter, sort);
    let permit = call.permit_query(of, &request.attributes, &compared).await?;
    Ok((permit, projection))
}

/// What the policy leaves of a query of one type: narrowed to what the client may see.
fn part<S: ?Sized>(
    call: &Call<'_, S>,
    of: &Arc<TypeSchema>,
    filter: Option<Predicate>,
    (permit, projection): (Permit, Projection),
) -> Part {
    let filter = filter.map(|filter| filter.seen_through(&call.view(of)));
    Part { of: of.clone(), filter: permit.narrow(filter), projection: permit.project(projection) }
}

/// The same for all types. One that the client may not list is not there; where it may list none, the query is denied.
async fn permitted_types<S: ?Sized>(
    call: &Call<'_, S>,
    request: &SearchRequest,
    filters: Vec<Option<Predicate>>,
    sort: Option<&Sort>,
) -> Result<Vec<Part>, Failure> {
    let mut parts = Vec::new();
    let mut denied = None;
    for (of, filter) in call.schemas.types().zip(filters) {
        match permitted(call, of, request, filter.as_ref(), sort).await {
            Ok(permit) => parts.push(part(call, of, filter, permit)),
            Err(failure @ (Failure::Denied { .. } | Failure::InsufficientScope { .. })) => denied = Some(failure),
            Err(failure) => return Err(failure),
        }
    }
    match denied {
        Some(failure) if parts.is_empty() => Err(failure),
        _ => Ok(parts),
    }
}

/// What a query looks at.
fn compared(filter: Option<&Predicate>, sort: Option<&Sort>) -> Vec<AttributeRef> {
    let sorted = sort.map(|sort| sort.path().clone());
    filter.map(Predicate::targets).unwrap_or_default().into_iter().chain(sorted).collect()
}

fn parse_filter<S: ?Sized>(call: &mut Call<'_, S>, request: &SearchRequest) -> Result<Option<Filter>, Failure> {
    let Some(text) = &request.filter else { return Ok(None) };
    let config = call.config;
    if !config.capabilities().filter {
        return Err(Failure::FilterOff);
    }
    Ok(Some(parse_with(text, &config.limits().filter, &mut call.tolerance)?))
}

fn sort<S: ?Sized>(call: &mut Call<'_, S>, of: &TypeSchema, request: &SearchRequest) -> Result<Option<Sort>, Failure> {
    let Some(path) = request.sort_by.as_ref().filter(|_| call.config.capabilities().sort) else { return Ok(None) };
    let path = path.parse().map_err(Failure::SortPath)?;
    let sort = Sort::check(&path, request.sort_order, of, &mut call.tolerance);
    Ok(Some(sort.map_err(Failure::Sort)?.seen_through(&call.view(of))))
}

/// The filter for each type.
fn filters_for_all<S: ?Sized>(
    call: &mut Call<'_, S>,
    request: &SearchRequest,
) -> Result<Vec<Option<Predicate>>, Failure> {
    let Some(filter) = parse_filter(call, request)? else { return Ok(vec![None; call.schemas.types().len()]) };
    let text = request.filter.as_deref().unwrap_or_default();
    let filters = root_filter::filters(&filter, text, call.schemas, &mut call.tolerance)?;
    Ok(filters.into_iter().map(Some).collect())
}

/// The sort for all types: that of the first type that has the attribute.
fn sort_for_all<S: ?Sized>(call: &mut Call<'_, S>, request: &SearchRequest) -> Result<Option<Sort>, Failure> {
    let mut refused = None;
    for of in call.schemas.types() {
        match sort(call, of, request) {
            Ok(sort) => return Ok(sort),
            Err(failure) => refused = refused.or(Some(failure)),
        }
    }
    refused.map_or(Ok(None), Err)
}

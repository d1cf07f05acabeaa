//! Pages by cursor (RFC 9865), of one resource type or of all.

use std::cmp::Ordering;

use bytes::Bytes;
use http::Response;
use scim_core::Resource;
use scim_core::message::{ListResponse, SearchRequest};
use scim_filter::Sort;

use crate::call::Call;
use crate::call::InSpan;
use crate::cursor::{Bookmark, CursorCipher, CursorError};
use crate::endpoint::query::part::{Part, page};
use crate::store::{List, Position, Start, Store};
use crate::wire::Failure;

/// A resource on its way into a page: the number of its part, and itself.
type Row = (Position, (usize, Resource));

/// Answers one page of a walk. The parts are merged in the order of the sort, else in that of the ids.
///
/// One resource more than the page has is asked for, which tells whether there is a page behind it.
pub(super) async fn by_cursor<S: Store + ?Sized>(
    call: &mut Call<'_, S>,
    endpoint: &str,
    request: &SearchRequest,
    parts: &[Part],
    sort: Option<&Sort>,
) -> Result<Response<Bytes>, Failure> {
    if request.start_index.is_some() {
        return Err(CursorError::WithIndex.into());
    }
    let config = call.config;
    let seal = CursorCipher::new(config.cursor_key(), config.cursor_timeout(), &call.cx, endpoint, request);
    let (_, asked) = page(call, request);
    let Bookmark { mut start, count } = match request.cursor.as_deref() {
        None | Some("") => Bookmark { start: Start::Index(1), count: asked },
        Some(cursor) => seal.open(cursor, call.cx.now)?,
    };
    // R252. Whoever leaves the count out goes on with that of the walk.
    if request.count.is_some() && asked != count {
        return Err(CursorError::Count { expected: format!("{count}, with which the walk began") }.into());
    }
    let mut found = rows(call, parts, sort, &start, count).await?;
    if found.rows.is_empty() && matches!(start, Start::Before(_)) {
        // All that was before is gone: back at the beginning.
        start = Start::Index(1);
        found = rows(call, parts, sort, &start, count).await?;
    }
    let Fetched { mut rows, total_results, ends_early } = found;
    // The first page of a walk always tells its total, so that no walk through too much begins.
    if let Some(total) = total_results {
        config.limits().check_results(total)?;
    }
    let size = usize::try_from(count).unwrap_or(usize::MAX);
    let backwards = matches!(start, Start::Before(_));
    let mut more = ends_early || rows.len() > size;
    if backwards {
        rows.reverse();
    }
    rows.truncate(size);
    let mut positions = Vec::with_capacity(rows.len());
    let mut resources = Vec::with_capacity(rows.len());
    for (position, (index, resource)) in rows {
        let Some(part) = parts.get(index) else { continue };
        positions.push(position);
        resources.push((&part.of, &part.projection, resource));
    }
    // A page before a position is written from its end: what does not fit is on the page before it.
    let mut written = call.written(resources.into_iter()).await?;
    more |= written.ends_early;
    positions.truncate(written.count());
    if backwards {
        positions.reverse();
        written = written.reversed();
    }
    let (has_next, has_previous) = match start {
        Start::Index(_) => (more, false),
        Start::After(_) => (more, true),
        Start::Before(_) => (true, more),
    };
    let cursor =
        |start: Option<Start>| start.map(|start| seal.encrypt(Bookmark { start, count }, call.cx.now)).transpose();
    let last = positions.last().filter(|_| has_next).map(|position| Start::After(position.clone()));
    let first = positions.first().filter(|_| has_previous).map(|position| Start::Before(position.clone()));
    let (next, previous) = (cursor(last)?, cursor(first)?);
    call.page_response(ListResponse::by_cursor(total_results, Vec::new(), next, previous), &written)
}

/// What a page of a walk is made of.
struct Fetched {
    rows: Vec<Row>,
    /// The total, where all parts tell it.
    total_results: Option<u64>,
    /// Whether more follow, although there are not as many as were asked for.
    ends_early: bool,
}

/// The resources of a page and one more.
async fn rows<S: Store + ?Sized>(
    call: &Call<'_, S>,
    parts: &[Part],
    sort: Option<&Sort>,
    start: &Start,
    count: u64,
) -> Result<Fetched, Failure> {
    let wanted = if count == 0 { 0 } else { count.saturating_add(1) };
    let mut total_results = Some(0_u64);
    let mut rows = Vec::new();
    let backwards = matches!(start, Start::Before(_));
    // Where a part ended early, nothing is known of what comes behind.
    let mut known: Vec<Position> = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let list = List::new(&part.of, wanted).with_filter(&part.filter).with_sort(sort.filter(|_| wanted > 0));
        let list = list.with_start(start.clone()).with_want(&part.projection).with_bytes(call.page_bytes());
        let page = call.store.list(&call.cx, list).in_span_about("list", &part.of).await?;
        total_results = total_results.zip(page.total_results).map(|(sum, of_part)| sum + of_part);
        if page.ends_early {
            let last = if backwards { page.resources.first() } else { page.resources.last() };
            known.extend(last.map(|resource| Position::of(resource, sort)));
        }
        rows.extend(page.resources.into_iter().map(|resource| (Position::of(&resource, sort), (index, resource))));
    }
    for known in &known {
        let is_known = |order: Ordering| if backwards { order.is_ge() } else { order.is_le() };
        rows.retain(|(position, _): &Row| is_known(position.compare(known, sort)));
    }
    if parts.len() > 1 {
        rows.sort_by(|(a, _), (b, _)| a.compare(b, sort));
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        match start {
            Start::Before(_) => drop(rows.drain(..rows.len().saturating_sub(wanted))),
            _ => rows.truncate(wanted),
        }
    }
    Ok(Fetched { rows, total_results, ends_early: !known.is_empty() })
}

//! A page of several resource types in one order (R130).

use scim_core::{Projection, Resource};
use scim_filter::{Sort, SortKey};

use crate::call::Call;
use crate::call::InSpan;
use crate::call::one_of;
use crate::endpoint::query::part::Part;
use crate::store::{List, Start, Store, StoreError};
use crate::wire::Failure;

/// What it costs to read the key of a resource that comes before a page, in steps.
const KEY: u64 = 512;

/// A resource, and the number of the part that it belongs to.
pub(super) type Found = (usize, Resource);

/// What a page takes of one part: from a 1-based index on so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    start_index: u64,
    count: u64,
}

/// The page of all parts together, and how many resources they have.
///
/// The first page is made of the first resources of each part. For one further down only the keys of what is before it are
/// read: they tell which resources are on it, and those are read by their ids. How far down that goes is bounded by the
/// request's budget; a cursor goes further.
pub(super) async fn merged<S: Store + ?Sized>(
    call: &Call<'_, S>,
    parts: &[Part],
    sort: &Sort,
    start_index: u64,
    count: u64,
) -> Result<(Vec<Found>, u64), Failure> {
    if start_index == 1 {
        let heads = vec![Share { start_index, count }; parts.len()];
        let (mut found, total) = read(call, parts, sort, &heads, None).await?;
        found.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        return Ok((found, total));
    }
    let totals = totals(call, parts).await?;
    let total = totals.iter().sum();
    if start_index > total {
        return Ok((Vec::new(), total));
    }
    if totals.iter().filter(|total| **total > 0).count() == 1 {
        let share = |total: &u64| Share { start_index, count: if *total > 0 { count } else { 0 } };
        let shares: Vec<Share> = totals.iter().map(share).collect();
        return Ok((read(call, parts, sort, &shares, None).await?.0, total));
    }
    let last = start_index.saturating_add(count).saturating_sub(1);
    let heads: Vec<Share> = totals.iter().map(|total| Share { start_index: 1, count: last.min(*total) }).collect();
    let keys = heads.iter().map(|head| head.count).fold(0, u64::saturating_add);
    call.cx.budget.spend(keys.saturating_mul(KEY)).map_err(StoreError::from)?;
    let path = sort.path().to_string();
    let (keys, _) = read(call, parts, sort, &heads, Some(&path)).await?;
    let before = usize::try_from(start_index.saturating_sub(1)).unwrap_or(usize::MAX);
    let on_page = keys.into_iter().skip(before).take(usize::try_from(count).unwrap_or(usize::MAX));
    let mut ids = vec![Vec::new(); parts.len()];
    for (index, resource) in on_page {
        if let (Some(ids), Some(id)) = (ids.get_mut(index), resource.id()) {
            ids.push(id.into_owned());
        }
    }
    let shares: Vec<Share> = ids.iter().map(|ids| Share { start_index: 1, count: ids.len() as u64 }).collect();
    let parts = parts.iter().zip(&ids).map(|(part, ids)| part.with_ids(ids)).collect::<Result<Vec<_>, _>>()?;
    let (found, _) = read(call, &parts, sort, &shares, None).await?;
    Ok((found, total))
}

impl Part {
    /// What the part has of these ids.
    fn with_ids(&self, ids: &[String]) -> Result<Self, Failure> {
        let either = one_of(&self.of, &["id"], ids)?;
        let filter = match &self.filter {
            Some(filter) => filter.clone().and(either),
            None => either,
        };
        Ok(Self { of: self.of.clone(), filter: Some(filter), projection: self.projection.clone() })
    }
}

/// How many resources each part has.
async fn totals<S: Store + ?Sized>(call: &Call<'_, S>, parts: &[Part]) -> Result<Vec<u64>, Failure> {
    let mut totals = Vec::with_capacity(parts.len());
    for Part { of, filter, .. } in parts {
        let list = List::new(of, 0).with_filter(filter);
        let page = call.store.list(&call.cx, list).in_span_about("list", of).await?;
        totals.push(page.total_results.unwrap_or_default());
    }
    Ok(totals)
}

/// Reads a share of each part and puts them in order; with `only`, nothing but that attribute.
async fn read<S: Store + ?Sized>(
    call: &Call<'_, S>,
    parts: &[Part],
    sort: &Sort,
    shares: &[Share],
    only: Option<&str>,
) -> Result<(Vec<Found>, u64), Failure> {
    let mut total = 0;
    let mut found = Vec::new();
    // Where a part ended early, nothing is known of what comes behind.
    let mut known = None;
    for (index, (Part { of, filter, projection }, share)) in parts.iter().zip(shares).enumerate() {
        if share.count == 0 {
            continue;
        }
        let list = List::new(of, share.count).with_filter(filter).with_sort(sort);
        let list = list.with_start(Start::Index(share.start_index));
        let page = if let Some(path) = only {
            let key = Projection::new(&[path], &[] as &[&str], of, call.config.profile())?;
            call.store.list(&call.cx, list.with_want(&key)).in_span_about("list", of).await?
        } else {
            let list = list.with_want(projection).with_bytes(call.page_bytes());
            call.store.list(&call.cx, list).in_span_about("list", of).await?
        };
        total += page.total_results.unwrap_or_default();
        let rows = page.resources.into_iter().map(|resource| {
            let key = sort.sort_key_of(&resource);
            ((key, resource.id().unwrap_or_default().into_owned()), (index, resource))
        });
        let rows: Vec<_> = rows.collect();
        if page.ends_early
            && let Some((last, _)) = rows.last()
        {
            known = Some(known.map_or(last.clone(), |known: (SortKey, String)| known.min(last.clone())));
        }
        found.extend(rows);
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some(known) = known {
        found.retain(|(place, _)| *place <= known);
    }
    Ok((found.into_iter().map(|(_, found)| found).collect(), total))
}

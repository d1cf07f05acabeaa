//! What a store leaves to do in memory: filter, sort, page.

use std::cmp::Ordering;

use scim_core::Resource;

use crate::store::{ListPage, ListQuery};

/// Selects, sorts and pages `candidates`, which hold at least every resource that the query selects.
///
/// For stores that cannot push a predicate down: fetch a superset, whole, and let this function keep the promise of
/// [`Store::list`](crate::Store::list). Resources are not projected.
pub fn finish(candidates: impl IntoIterator<Item = Resource>, query: &ListQuery) -> ListPage {
    let selects = |resource: &Resource| query.filter.as_ref().is_none_or(|filter| filter.matches(resource));
    let mut selected: Vec<Resource> = candidates.into_iter().filter(selects).collect();
    selected.sort_by(|a, b| {
        let sorted = query.sort.as_ref().map_or(Ordering::Equal, |sort| sort.compare(a, b));
        sorted.then_with(|| a.id().cmp(&b.id()))
    });
    let total_results = selected.len() as u64;
    let skipped = usize::try_from(query.start_index.saturating_sub(1)).unwrap_or(usize::MAX);
    let count = usize::try_from(query.count).unwrap_or(usize::MAX);
    let resources = selected.into_iter().skip(skipped).take(count).collect();
    ListPage { resources, total_results }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::Projection;
    use serde_json::json;

    fn page(start_index: u64, count: u64) -> (Vec<String>, u64) {
        let resources = ["c", "a", "b"].map(|id| serde_json::from_value::<Resource>(json!({ "id": id })).unwrap());
        let query = ListQuery { filter: None, sort: None, start_index, count, projection: Projection::default() };
        let page = finish(resources, &query);
        (page.resources.iter().filter_map(|r| r.id().map(Into::into)).collect(), page.total_results)
    }

    #[test]
    fn r123_without_a_sort_the_order_is_that_of_the_id() {
        assert_eq!(page(1, 10), (vec!["a".into(), "b".into(), "c".into()], 3));
    }

    #[test]
    fn r119_r121_pages_have_the_true_total() {
        assert_eq!(page(2, 1), (vec!["b".into()], 3));
        assert_eq!(page(1, 0), (vec![], 3));
        assert_eq!(page(999, 10), (vec![], 3));
    }
}

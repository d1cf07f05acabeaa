//! What a store leaves to do in memory: filter, sort, page.

use scim_core::Resource;
use scim_filter::Sort;

use crate::store::{ListPage, ListQuery, Position, Start};

/// Selects, sorts and pages `candidates`, which hold at least every resource that the query selects.
///
/// For stores that cannot push a predicate down: fetch a superset, whole, and let this function keep the promise of
/// [`Store::list`](crate::Store::list) for every [`Start`]. Resources are not projected. The total is always told.
pub fn finish(candidates: impl IntoIterator<Item = Resource>, query: &ListQuery) -> ListPage {
    let selects = |resource: &Resource| query.filter.as_ref().is_none_or(|filter| filter.matches(resource));
    let sort = query.sort.as_ref();
    let selected: Vec<(Position, Resource)> =
        candidates.into_iter().filter(selects).map(|resource| (Position::of(&resource, sort), resource)).collect();
    let total_results = Some(selected.len() as u64);
    let resources = page(selected, sort, &query.start, query.count).into_iter().map(|(_, resource)| resource).collect();
    ListPage { resources, total_results }
}

/// The page of a selection, in order. Only the page is sorted: the rest is merely set apart from it.
pub(crate) fn page<T>(
    mut rows: Vec<(Position, T)>,
    sort: Option<&Sort>,
    start: &Start,
    count: u64,
) -> Vec<(Position, T)> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let (first, end) = match start {
        Start::Index(index) => {
            let first = usize::try_from(index.saturating_sub(1)).unwrap_or(usize::MAX);
            (first, first.saturating_add(count))
        }
        Start::After(position) => {
            rows.retain(|(row, _)| row.compare(position, sort).is_gt());
            (0, count)
        }
        Start::Before(position) => {
            rows.retain(|(row, _)| row.compare(position, sort).is_lt());
            (rows.len().saturating_sub(count), rows.len())
        }
    };
    if first >= rows.len() || first >= end {
        return Vec::new();
    }
    if end < rows.len() {
        rows.select_nth_unstable_by(end, |(a, _), (b, _)| a.compare(b, sort));
        rows.truncate(end);
    }
    if first > 0 {
        rows.select_nth_unstable_by(first, |(a, _), (b, _)| a.compare(b, sort));
        rows.drain(..first);
    }
    rows.sort_unstable_by(|(a, _), (b, _)| a.compare(b, sort));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::{Leniencies, Profile, ResourceTypeName, SchemaSet, SortOrder};
    use serde_json::json;

    fn resources(titles: &[(&str, Option<&str>)]) -> Vec<Resource> {
        let resource = |(id, title): &(&str, Option<&str>)| {
            serde_json::from_value(title.map_or_else(|| json!({ "id": id }), |title| json!({"id": id, "title": title})))
        };
        titles.iter().map(|row| resource(row).unwrap()).collect()
    }

    fn ids(page: &ListPage) -> String {
        page.resources.iter().filter_map(Resource::id).collect()
    }

    fn at(key: Option<&str>, id: &str) -> Position {
        Position { key: key.map(Into::into), id: id.to_owned() }
    }

    fn by_id(start: Start, count: u64) -> (String, Option<u64>) {
        let query = ListQuery { start, ..ListQuery::first(None, count) };
        let page = finish(resources(&[("c", None), ("a", None), ("b", None)]), &query);
        (ids(&page), page.total_results)
    }

    #[test]
    fn r123_without_a_sort_the_order_is_that_of_the_id() {
        assert_eq!(by_id(Start::Index(1), 10), ("abc".into(), Some(3)));
    }

    #[test]
    fn r119_r121_pages_have_the_true_total() {
        assert_eq!(by_id(Start::Index(2), 1), ("b".into(), Some(3)));
        assert_eq!(by_id(Start::Index(1), 0), (String::new(), Some(3)));
        assert_eq!(by_id(Start::Index(999), 10), (String::new(), Some(3)));
        assert_eq!(by_id(Start::Index(u64::MAX), u64::MAX), (String::new(), Some(3)));
    }

    #[test]
    fn r262_a_position_is_found_whether_its_resource_is_there_or_not() {
        for (start, found) in [
            (Start::After(at(None, "a")), "bc"),
            (Start::After(at(None, "aa")), "bc"),
            (Start::After(at(None, "c")), ""),
            (Start::Before(at(None, "c")), "ab"),
            (Start::Before(at(None, "bb")), "ab"),
            (Start::Before(at(None, "a")), ""),
        ] {
            assert_eq!(by_id(start.clone(), 2).0, found, "{start:?}");
        }
        assert_eq!(by_id(Start::Before(at(None, "c")), 1).0, "b", "the last before it");
    }

    #[test]
    fn r256_positions_follow_the_sort_with_ties_and_missing_values() {
        let schemas = SchemaSet::builtin();
        let user = schemas.of(&ResourceTypeName::user()).unwrap();
        let rows = [("1", Some("b")), ("2", Some("A")), ("3", None), ("4", Some("B")), ("5", None), ("6", Some("a"))];
        for (order, all) in [(SortOrder::Ascending, "261435"), (SortOrder::Descending, "351426")] {
            let path = "title".parse().unwrap();
            let sort = Sort::check(&path, order, user, &Profile::rfc(), &mut Leniencies::default()).unwrap();
            let run = |start| {
                finish(resources(&rows), &ListQuery { sort: Some(sort.clone()), start, ..ListQuery::first(None, 2) })
            };
            let (mut walked, mut start) = (String::new(), Start::Index(1));
            loop {
                let page = run(start.clone());
                let Some(last) = page.resources.last() else { break };
                walked.push_str(&ids(&page));
                start = Start::After(Position::of(last, Some(&sort)));
            }
            assert_eq!(walked, all);
            let last = finish(resources(&rows), &ListQuery { sort: Some(sort.clone()), ..ListQuery::first(None, 6) });
            let before = Start::Before(Position::of(&last.resources[4], Some(&sort)));
            assert_eq!(ids(&run(before)).as_str(), all.get(2..4).unwrap());
        }
    }
}

//! What a store leaves to do in memory: filter, sort, page.

use std::cmp::Ordering;

use scim_core::Resource;
use scim_filter::SortKey;

use crate::context::Context;
use crate::pace::Pace;
use crate::store::{List, ListPage, Start, StoreError};

/// Selects, sorts and pages `candidates`, which hold at least every resource that the query selects.
///
/// For stores that cannot push a predicate down: fetch a superset, whole, and let this function keep the guarantee of
/// [`Store::list`](crate::Store::list) for every [`Start`]. Resources are not projected. The total is always told.
///
/// # Errors
///
/// [`StoreError::Budget`] where that needs more steps than the request has.
pub async fn finish(
    cx: &Context,
    candidates: impl IntoIterator<Item = Resource, IntoIter: Send>,
    query: &List<'_>,
) -> Result<ListPage, StoreError> {
    let mut page = PageBuilder::new(query);
    let mut pace = Pace::new(&cx.budget);
    for resource in candidates {
        let selected = match query.filter {
            Some(filter) => filter.matches_within(&resource, &cx.budget)?,
            None => true,
        };
        if selected {
            let key = query.sort.filter(|_| page.has_room()).map(|sort| sort.sort_key_of(&resource));
            let id = resource.id().unwrap_or_default().into_owned();
            page.push(key, &id, resource);
        }
        pace.rest().await;
    }
    let (resources, total) = page.finish();
    Ok(ListPage::new(resources).with_total(total))
}

/// The page of a query, made of what it selects: told one after the other, in any order, it keeps no more than the page needs.
///
/// ```
/// use scim_core::SchemaSet;
/// use scim_service::List;
/// use scim_service::store::PageBuilder;
///
/// let schemas = SchemaSet::builtin();
/// let query = List::new(schemas.user().ok_or("no users")?, 2);
/// let mut page = PageBuilder::new(&query);
/// for id in ["c", "a", "b"] {
///     page.push(None, id, id);
/// }
/// assert_eq!(page.finish(), (vec!["a", "b"], 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PageBuilder<T> {
    /// Where a page by position begins, and on which side of it the page is.
    bound: Option<(Place, Ordering)>,
    /// The page among the rows in their order, counted from 0; of a page before a position, in the opposite order.
    first: usize,
    end: usize,
    rows: Vec<Row<T>>,
    total: u64,
}

/// A place in the order of a query.
#[derive(Debug)]
struct Place {
    key: Option<SortKey>,
    id: String,
}

#[derive(Debug)]
struct Row<T> {
    place: Place,
    item: T,
}

impl Place {
    fn compare(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key).then_with(|| self.id.cmp(&other.id))
    }
}

/// Fewest rows beyond the page for which those that are not on it are dropped.
const FEW: usize = 64;

impl<T> PageBuilder<T> {
    /// The page of a query.
    pub fn new(query: &List<'_>) -> Self {
        let count = usize::try_from(query.count).unwrap_or(usize::MAX);
        let sort = query.sort;
        let place = |position: &crate::store::Position| Place {
            key: sort.map(|sort| sort.sort_key(position.key.as_ref())),
            id: position.id.clone(),
        };
        let (first, bound) = match &query.start {
            Start::Index(index) => (usize::try_from(index.saturating_sub(1)).unwrap_or(usize::MAX), None),
            Start::After(position) => (0, Some((place(position), Ordering::Greater))),
            Start::Before(position) => (0, Some((place(position), Ordering::Less))),
        };
        Self { bound, first, end: first.saturating_add(count), rows: Vec::new(), total: 0 }
    }

    /// Says that the query selects so many resources at most: a page behind them is empty, and nothing is sorted for it.
    #[must_use]
    pub fn among(self, most: usize) -> Self {
        if self.first < most { self } else { Self { end: self.first, ..self } }
    }

    /// Whether the page can hold anything. If not, keys and items are of no interest, and neither is the order.
    pub fn has_room(&self) -> bool {
        self.first < self.end
    }

    /// Takes a resource in that the query selects: its [key](scim_filter::Sort::sort_key_of) where the query has a sort, its `id`, and whatever
    /// stands for it.
    pub fn push(&mut self, key: Option<SortKey>, id: &str, item: T) {
        self.total += 1;
        if !self.has_room() {
            return;
        }
        let place = Place { key, id: id.to_owned() };
        if self.bound.as_ref().is_some_and(|(bound, side)| place.compare(bound) != *side) {
            return;
        }
        self.rows.push(Row { place, item });
        if self.rows.len() >= self.end.saturating_mul(2).max(FEW) {
            self.prune();
        }
    }

    /// The page in the order of the query, and how many resources were selected.
    pub fn finish(mut self) -> (Vec<T>, u64) {
        self.prune();
        let first = self.first.min(self.rows.len());
        if first > 0 && first < self.rows.len() {
            self.rows.select_nth_unstable_by(first, |a, b| a.place.compare(&b.place));
        }
        self.rows.drain(..first);
        self.rows.sort_unstable_by(|a, b| a.place.compare(&b.place));
        (self.rows.into_iter().map(|row| row.item).collect(), self.total)
    }

    /// Drops what cannot be on the page. What stays is in no order.
    fn prune(&mut self) {
        if self.end >= self.rows.len() {
            return;
        }
        let before = matches!(self.bound, Some((_, Ordering::Less)));
        let order = |a: &Row<T>, b: &Row<T>| {
            let order = a.place.compare(&b.place);
            if before { order.reverse() } else { order }
        };
        self.rows.select_nth_unstable_by(self.end, order);
        self.rows.truncate(self.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Position;
    use scim_core::message::SortOrder;
    use scim_core::{SchemaSet, Tolerance};
    use scim_filter::Sort;
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

    /// Nothing here waits for anything but its turn.
    fn finished(rows: Vec<Resource>, query: &List<'_>) -> ListPage {
        let cx = Context::internal("test", chrono::Utc::now());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(finish(&cx, rows, query)).unwrap()
    }

    fn at(key: Option<&str>, id: &str) -> Position {
        Position::new(key.map(Into::into), id)
    }

    fn by_id(start: Start, count: u64) -> (String, Option<u64>) {
        let schemas = SchemaSet::builtin();
        let query = List::new(schemas.user().unwrap(), count).with_start(start);
        let page = finished(resources(&[("c", None), ("a", None), ("b", None)]), &query);
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
        let user = schemas.user().unwrap();
        let rows = [("1", Some("b")), ("2", Some("A")), ("3", None), ("4", Some("B")), ("5", None), ("6", Some("a"))];
        for (order, all) in [(SortOrder::Ascending, "261435"), (SortOrder::Descending, "351426")] {
            let path = "title".parse().unwrap();
            let sort = Sort::check(&path, order, user, &mut Tolerance::rfc()).unwrap();
            let run = |start| finished(resources(&rows), &List::new(user, 2).with_sort(&sort).with_start(start));
            let (mut walked, mut start) = (String::new(), Start::Index(1));
            loop {
                let page = run(start.clone());
                let Some(last) = page.resources.last() else { break };
                walked.push_str(&ids(&page));
                start = Start::After(Position::of(last, Some(&sort)));
            }
            assert_eq!(walked, all);
            let last = finished(resources(&rows), &List::new(user, 6).with_sort(&sort));
            let before = Start::Before(Position::of(&last.resources[4], Some(&sort)));
            assert_eq!(ids(&run(before)).as_str(), all.get(2..4).unwrap());
        }
    }

    #[test]
    fn x7_a_page_is_the_same_however_many_rows_were_dropped_on_the_way() {
        // As good as random, and without repetition.
        let ids: Vec<String> = (0..1000_u32).map(|number| format!("{:03}", number * 619 % 1000)).collect();
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let page = |start: Start, count| {
            let mut page = PageBuilder::new(&List::new(user, count).with_start(start));
            for id in &ids {
                page.push(None, id, id.as_str());
            }
            assert!(page.rows.len() <= page.end.saturating_mul(2).max(FEW));
            page.finish()
        };
        assert_eq!(page(Start::Index(1), 3), (vec!["000", "001", "002"], 1000));
        assert_eq!(page(Start::Index(997), 10).0, ["996", "997", "998", "999"]);
        assert_eq!(page(Start::After(at(None, "4995")), 2).0, ["500", "501"]);
        assert_eq!(page(Start::Before(at(None, "500")), 2).0, ["498", "499"]);
        assert_eq!(page(Start::Index(u64::MAX), 2), (vec![], 1000));
        let query = List::new(user, 10).with_start(Start::Index(1001));
        assert!(!PageBuilder::<&str>::new(&query).among(1000).has_room());
        assert!(PageBuilder::<&str>::new(&query).among(1001).has_room());
    }
}

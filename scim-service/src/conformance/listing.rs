//! Lists, filters and sorts: guarantee 7.

use scim_core::message::SortOrder;
use scim_core::{Profile, Projection, Resource};
use serde_json::json;

use super::corpus::Corpus;
use super::trial::{Trial, id_of, ids_of};
use crate::store::{List, Position, Start};

/// Guarantee 7: each filter of the corpus selects the ids that the evaluator selects, in their order, and counts them.
pub fn p07_filters_select_what_the_evaluator_selects(trial: &Trial<'_>) {
    let corpus = Corpus::in_store(trial);
    let mut failures = Vec::new();
    for (of, filters) in &corpus.filters {
        let resources = Corpus::resources(trial, of);
        let mut filters = filters.clone();
        for resource in &resources {
            // What only the fixture knows: the ids.
            let id = id_of(resource);
            filters.push(format!("id eq \"{id}\""));
            filters.push(format!("members.value eq \"{id}\""));
            filters.push(format!("groups.value eq \"{id}\""));
            filters.push(format!("not (id eq \"{id}\")"));
        }
        let relation = if of == "User" { "members" } else { "groups" };
        for filter in filters.iter().filter(|filter| !filter.starts_with(&format!("{relation}.value eq"))) {
            let predicate = trial.predicate(of, filter);
            let expected: Vec<String> =
                resources.iter().filter(|resource| predicate.matches(resource)).map(id_of).collect();
            let page = trial.list(List::new(trial.of(of), 1000).with_filter(&predicate));
            let found = ids_of(&page);
            if found != expected || page.total_results != Some(expected.len() as u64) {
                let total = page.total_results;
                failures.push(format!("{of}: {filter}\n    selects {found:?} of {total:?}, expected {expected:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "guarantee 7: {} filters select otherwise:\n{}", failures.len(), failures.join("\n"));
}

/// Guarantee 7: each sort of the corpus, both ways, has the order of the evaluator, ties in the order of ids.
pub fn p07_sorts_order_as_the_evaluator_orders(trial: &Trial<'_>) {
    let corpus = Corpus::in_store(trial);
    for (of, paths) in &corpus.sorts {
        let resources = Corpus::resources(trial, of);
        for path in paths {
            for order in [SortOrder::Ascending, SortOrder::Descending] {
                let sort = trial.sort(of, path, order);
                let mut expected: Vec<&Resource> = resources.iter().collect();
                expected.sort_by(|a, b| sort.compare(a, b).then_with(|| a.id().cmp(&b.id())));
                let expected: Vec<String> = expected.into_iter().map(id_of).collect();
                let found = ids_of(&trial.list(List::new(trial.of(of), 1000).with_sort(&sort)));
                assert_eq!(found, expected, "guarantee 7: {of} sorted by `{path}` {order:?}");
            }
        }
    }
}

/// Guarantee 7: every page by index is a piece of the whole, and every page tells the true total.
pub fn p07_pages_by_index_are_cut_from_the_whole(trial: &Trial<'_>) {
    Corpus::in_store(trial);
    let titled = Some(trial.predicate("User", "title pr"));
    let named = Some(trial.predicate("User", "userName eq \"ada\" or userName eq \"zoe\" or userName eq \"bea\""));
    let by_title = Some(trial.sort("User", "title", SortOrder::Descending));
    for (filter, sort) in [(None, None), (titled, None), (named, None), (None, by_title)] {
        let whole = List::new(trial.of("User"), 1000).with_filter(&filter).with_sort(&sort);
        let all = ids_of(&trial.list(whole.clone()));
        for count in [0, 1, 3, 1000] {
            for start in [1, 2, 3, all.len().max(1), all.len() + 1, 10_000] {
                let page = trial.list(List { start: Start::Index(start as u64), count, ..whole.clone() });
                let expected: Vec<String> =
                    all.iter().skip(start - 1).take(usize::try_from(count).unwrap_or(usize::MAX)).cloned().collect();
                let what = format!("startIndex {start}, count {count} of {}", all.len());
                assert_eq!(ids_of(&page), expected, "guarantee 7: {what}");
                assert_eq!(page.total_results, Some(all.len() as u64), "guarantee 7: the total at {what}");
            }
        }
    }
}

/// Guarantee 7: a resource holds what it was sorted by, wanted or not, because the next page begins there.
pub fn p07_what_is_sorted_by_is_shown(trial: &Trial<'_>) {
    let ada =
        trial.create("User", json!({"userName": "ada", "title": "Dr"})).expect("guarantee 1: a user can be created");
    trial.group("group", &[&id_of(&ada)]);
    for (of, path, key) in [
        ("User", "title", json!("Dr")),
        ("User", "groups.display", json!("group")),
        ("Group", "members", json!(id_of(&ada))),
    ] {
        let sort = trial.sort(of, path, SortOrder::Ascending);
        let none: [&str; 0] = [];
        let projection = Projection::new(&["id"], &none, trial.of(of), &Profile::rfc()).expect("one list is given");
        let page = trial.list(List::new(trial.of(of), 1).with_sort(&sort).with_want(&projection));
        let position = page.resources.first().map(|resource| Position::of(resource, Some(&sort)).key);
        assert_eq!(position, Some(Some(key)), "guarantee 7: a page sorted by `{path}` shows it");
    }
}

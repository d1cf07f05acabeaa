//! Pages by position: guarantee 11.

use std::collections::BTreeSet;

use scim_core::message::SortOrder;
use scim_filter::{Predicate, Sort};

use super::corpus::Corpus;
use super::trial::{Trial, id_of, ids_of};
use crate::store::{List, ListPage, Position, Precondition, Start};

/// A query of users.
#[derive(Default)]
struct Query {
    filter: Option<Predicate>,
    sort: Option<Sort>,
}

impl Query {
    fn list(&self, trial: &Trial<'_>, start: Start, count: u64) -> ListPage {
        let list = List::new(trial.of("User"), count).with_filter(&self.filter).with_sort(&self.sort);
        trial.list(list.with_start(start))
    }

    fn whole(&self, trial: &Trial<'_>) -> ListPage {
        self.list(trial, Start::Index(1), 1000)
    }
}

/// Queries with and without sort and filter: ties, missing values, and what a store may push down.
fn queries(trial: &Trial<'_>) -> Vec<(&'static str, Query)> {
    let sorted = |path: &str, order| Query { sort: Some(trial.sort("User", path, order)), filter: None };
    let filtered = |filter: &str| Query { sort: None, filter: Some(trial.predicate("User", filter)) };
    vec![
        ("all", Query::default()),
        ("by title", sorted("title", SortOrder::Ascending)),
        ("by title, descending", sorted("title", SortOrder::Descending)),
        ("by activity", sorted("active", SortOrder::Ascending)),
        ("by creation, descending", sorted("meta.created", SortOrder::Descending)),
        ("by family name", sorted("name.familyName", SortOrder::Ascending)),
        ("those with a title", filtered("title pr")),
        ("three by name", filtered("userName eq \"ada\" or userName eq \"zoe\" or userName eq \"bea\"")),
        ("those in groups", filtered("groups pr")),
    ]
}

/// The position of a page's last or first resource.
fn at(page: &ListPage, query: &Query, last: bool) -> Option<Position> {
    let resource = if last { page.resources.last() } else { page.resources.first() };
    resource.map(|resource| Position::of(resource, query.sort.as_ref()))
}

/// The page after a position, or the first.
fn after(trial: &Trial<'_>, query: &Query, position: Option<Position>, count: u64) -> ListPage {
    let start = position.map_or(Start::Index(1), Start::After);
    let page = query.list(trial, start, count);
    assert!(page.resources.len() as u64 <= count, "guarantee 11: a page is larger than asked for");
    page
}

/// Guarantee 11: the pages after one another's ends make up the whole, whatever their size.
pub fn p11_pages_after_a_position_meet_everything_once(trial: &Trial<'_>) {
    Corpus::in_store(trial);
    for (name, query) in queries(trial) {
        let whole = ids_of(&query.whole(trial));
        for count in [1, 2, 7] {
            let mut met = Vec::new();
            let mut position = None;
            loop {
                let page = after(trial, &query, position, count);
                if let Some(total) = page.total_results {
                    assert_eq!(total, whole.len() as u64, "guarantee 11: a total that is told is true");
                }
                met.extend(ids_of(&page));
                assert!(met.len() <= whole.len(), "guarantee 11: {name}, {count} a page: the walk does not end");
                position = at(&page, &query, true);
                if position.is_none() {
                    break;
                }
            }
            assert_eq!(met, whole, "guarantee 11: {name}, {count} a page");
        }
    }
}

/// Guarantee 11: the page before a position ends where the position is, and is in the order of the query.
pub fn p11_pages_before_a_position_lead_back(trial: &Trial<'_>) {
    Corpus::in_store(trial);
    for (name, query) in queries(trial) {
        let all = query.whole(trial);
        let whole = ids_of(&all);
        for (index, resource) in all.resources.iter().enumerate() {
            let position = Position::of(resource, query.sort.as_ref());
            for count in [1, 2, 7] {
                let before = query.list(trial, Start::Before(position.clone()), count as u64);
                let found = ids_of(&before);
                let expected = &whole[index.saturating_sub(count)..index];
                assert_eq!(found, expected, "guarantee 11: {name}, {count} before number {}", index + 1);
            }
        }
    }
}

/// Guarantee 11: a position stays where it was when its resource goes.
pub fn p11_a_position_outlives_its_resource(trial: &Trial<'_>) {
    Corpus::in_store(trial);
    for (name, query) in queries(trial).into_iter().filter(|(_, query)| query.filter.is_none()) {
        let all = query.whole(trial);
        let whole = ids_of(&all);
        let gone = &all.resources[whole.len() / 2];
        let position = Position::of(gone, query.sort.as_ref());
        trial.delete("User", &id_of(gone), &Precondition::None).expect("guarantee 10: a resource can be deleted");
        let found = ids_of(&after(trial, &query, Some(position.clone()), 1000));
        assert_eq!(found, whole[whole.len() / 2 + 1..], "guarantee 11: {name}: after a resource that is gone");
        let found = ids_of(&query.list(trial, Start::Before(position), 1000));
        assert_eq!(found, whole[..whole.len() / 2], "guarantee 11: {name}: before a resource that is gone");
    }
}

/// Guarantee 11: between two pages others delete what was met and what was not, and create more. What stays is met once.
pub fn p11_what_stays_is_met_once_while_others_come_and_go(trial: &Trial<'_>) {
    for round in 0..3 {
        let name = |number: usize| format!("user-{round}-{number:03}");
        let mut leaving: Vec<String> = (0..40).map(|number| trial.user(&name(number))).collect();
        let staying: BTreeSet<String> = leaving.split_off(20).into_iter().collect();
        let sort = (round > 0).then(|| {
            let order = if round == 1 { SortOrder::Ascending } else { SortOrder::Descending };
            trial.sort("User", "userName", order)
        });
        let query = Query { sort, filter: None };
        let mut met = Vec::new();
        let (mut position, mut number) = (None, 40);
        loop {
            let page = after(trial, &query, position, 3);
            met.extend(ids_of(&page));
            // At most 60 users a round, each once.
            assert!(met.len() <= 3 * 60, "guarantee 11: the walk does not end");
            position = at(&page, &query, true);
            if position.is_none() {
                break;
            }
            for gone in leaving.drain(..leaving.len().min(2)) {
                trial.delete("User", &gone, &Precondition::None).expect("guarantee 10: a resource can be deleted");
            }
            if number < 60 {
                trial.user(&name(number));
                number += 1;
            }
        }
        let once: BTreeSet<String> = met.iter().cloned().collect();
        assert_eq!(once.len(), met.len(), "guarantee 11: a resource was met twice");
        assert!(staying.is_subset(&once), "guarantee 11: a resource that stayed was missed");
    }
}

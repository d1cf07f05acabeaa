//! Each engine selects what the evaluator selects: random filters over random users and groups.
//!
//! `SCIM_SQL_CASES` sets the number of filters, 1,000 unless given.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use scim_core::message::SortOrder;
use scim_core::{Resource, Tolerance};
use scim_filter::{Filter, Predicate, Sort, check};
use scim_service::store::finish;
use scim_service::{List, Position, Start, Store, StoreError};
use serde_json::{Value, json};

use crate::harness::{Case, cases};
use crate::support::{Superset, id_of};

pub(crate) const CASES: &[Case] = cases![the_database_selects_what_the_evaluator_selects];

/// Names that differ where databases and the fold may differ: case, width, composition, final sigma, accents, trailing
/// blanks, characters that patterns give a meaning to, characters beyond U+FFFF.
const NAMES: [&str; 24] = [
    "ada",
    "ADA king",
    "Ådne",
    "a\u{30a}sa",
    "ＢＯＢ",
    "bob_1",
    "bob%1",
    "bob!1",
    "bob1",
    "ΟΔΟΣ",
    "οδος x",
    "straße",
    "STRASSE",
    "andre",
    "andré",
    "x ",
    "x",
    "李",
    "🔑",
    "🔑b",
    "İx",
    "ix",
    "ﬁ",
    "a'b\"c\\d",
];

/// A small generator of numbers: the same filters in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.roll(all.len())]
    }

    /// A name, a part of one, or one in another case.
    fn text(&mut self) -> String {
        let name = *self.pick(&NAMES);
        match self.roll(6) {
            0 => name.to_uppercase(),
            1 => name.to_lowercase(),
            2 => name.chars().take(1 + self.roll(3)).collect(),
            3 => name.chars().rev().take(1 + self.roll(3)).collect::<Vec<_>>().into_iter().rev().collect(),
            _ => name.to_owned(),
        }
    }
}

async fn the_database_selects_what_the_evaluator_selects() {
    let cases: usize = std::env::var("SCIM_SQL_CASES").map_or(1_000, |cases| cases.parse().unwrap());
    let (mut dice, mut selected, mut compared, mut sets) = (Dice(7), 0, 0, 0);
    for start in (0..cases).step_by(250) {
        let superset = Superset::start().await;
        // In one set of two there are names too long for an index.
        populate(&superset, &mut dice, start % 500 == 250).await;
        let users = all(&superset, "User").await;
        let groups = all(&superset, "Group").await;
        assert!(users.len() > 10 && groups.len() > 3, "{} users, {} groups", users.len(), groups.len());
        sets += 1;
        for _ in start..cases.min(start + 250) {
            let (of, resources) = if dice.roll(3) == 0 { ("Group", &groups) } else { ("User", &users) };
            let text = filter(&mut dice, of, &users, 2);
            let predicate = predicate(&superset, of, &text);
            let (sort, start, count) = query(&superset, &mut dice, of, resources);
            let query = List::new(superset.of(of), count).with_filter(&predicate).with_sort(&sort).with_start(start);
            let page = superset.store.list(&superset.cx(), query.clone()).await.unwrap();
            let expected = finish(&superset.cx(), resources.clone(), &query).await.unwrap();
            let ids = |resources: &[Resource]| resources.iter().map(id_of).collect::<Vec<_>>();
            assert_eq!(ids(&page.resources), ids(&expected.resources), "{text} {:?} {:?}", query.sort, query.start);
            if matches!(query.start, Start::Index(_)) {
                assert_eq!(page.total_results, expected.total_results, "{text}");
            }
            selected += usize::try_from(expected.total_results.unwrap()).unwrap();
            compared += resources.len();
        }
    }
    println!("{}: {cases} filters over {sets} sets, {compared} pairs, {selected} selected", superset_name());
    assert!(selected * 20 > compared && selected * 20 < compared * 19, "the filters tell resources apart");
}

fn superset_name() -> &'static str {
    crate::harness::engine().kind.name()
}

/// Users and groups with what filters look for. Names that this engine holds to be taken are left out.
async fn populate(superset: &Superset, dice: &mut Dice, long_names: bool) {
    let mut ids = vec!["nobody".to_owned(), "NOBODY".to_owned(), "Näbody".to_owned()];
    for number in 0..36 {
        let mut user = json!({"userName": dice.text()});
        if dice.roll(2) == 0 {
            user["externalId"] = json!(dice.text());
        }
        if dice.roll(2) == 0 {
            user["title"] = json!(dice.text());
        }
        if dice.roll(3) == 0 {
            user["displayName"] = json!(dice.text());
        }
        if long_names && dice.roll(9) == 0 {
            user["displayName"] = json!(format!("{}{}", "Ü".repeat(1000), dice.roll(3)));
        }
        if dice.roll(3) != 0 {
            user["active"] = json!(dice.roll(2) == 0);
        }
        let mut emails = vec![json!({"value": format!("{}@{number}", dice.text()), "type": "work", "primary": true})];
        for _ in 0..dice.roll(3) {
            emails.push(json!({"value": dice.text(), "type": *dice.pick(&["home", "work", "other"])}));
        }
        if dice.roll(4) != 0 {
            user["emails"] = json!(emails);
        }
        match superset.create("User", user).await {
            Ok(user) => ids.push(id_of(&user)),
            Err(StoreError::Uniqueness { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    for id in ids.split_off(3) {
        // What is changed later stays where it was in the order of ids.
        if dice.roll(4) == 0 {
            superset.set("User", &id, "title", json!("changed")).await.unwrap();
            superset.set("User", &id, "active", json!(dice.roll(2) == 0)).await.unwrap();
        }
        ids.push(id);
    }
    for _ in 0..10 {
        let members: Vec<Value> = (0..dice.roll(8)).map(|_| json!({ "value": *dice.pick(&ids) })).collect();
        let mut group = json!({"displayName": dice.text(), "members": members});
        if dice.roll(2) == 0 {
            group["externalId"] = json!(dice.text());
        }
        match superset.create("Group", group).await {
            Ok(group) => ids.push(id_of(&group)),
            Err(StoreError::Uniqueness { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

async fn all(superset: &Superset, of: &str) -> Vec<Resource> {
    superset.list(of, "").await.resources
}

fn predicate(superset: &Superset, of: &str, text: &str) -> Predicate {
    let filter: Filter = text.parse().unwrap();
    check(&filter, superset.of(of), &mut Tolerance::rfc()).unwrap()
}

/// A filter as text, with `depth` levels of logic.
fn filter(dice: &mut Dice, of: &str, users: &[Resource], depth: u32) -> String {
    if depth > 0 {
        let mut inner = || filter(dice, of, users, depth - 1);
        let (a, b) = (inner(), inner());
        match dice.roll(6) {
            0 => return format!("{a} and {b}"),
            1 => return format!("({a} or {b})"),
            2 => return format!("not ({a})"),
            _ => {}
        }
    }
    let value = Value::from(dice.text());
    let id = if dice.roll(4) == 0 { "nobody".to_owned() } else { id_of(dice.pick(users)) };
    let operator = *dice.pick(&["eq", "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]);
    let kind = *dice.pick(&["work", "home"]);
    let comparison = *dice.pick(&["eq", "ne", "gt", "ge", "lt", "le"]);
    let time = dice.pick(users).meta().map(|meta| meta.last_modified).unwrap_or_default();
    // The instant itself, one less than a millisecond after it, or the same in another zone.
    let time = match dice.roll(3) {
        0 => scim_core::json::format_date_time(time),
        1 => scim_core::json::format_date_time(time).replace('Z', "4Z"),
        _ => (time + TimeDelta::hours(2)).format("%Y-%m-%dT%H:%M:%S%.3f+02:00").to_string(),
    };
    let choices = if of == "User" {
        let groups = dice.pick(users).get("groups").and_then(|groups| groups.elements().next());
        let group = groups.and_then(|group| group.get("value")?.as_str()).unwrap_or("nobody".into()).into_owned();
        let group = if dice.roll(3) == 0 { group.to_uppercase() } else { group };
        vec![
            format!("groups.value {operator} \"{group}\""),
            format!("groups[value eq \"{group}\"]"),
            format!("userName {operator} {value}"),
            format!("userName {operator} {value}"),
            format!("externalId {operator} {value}"),
            format!("title {operator} {value}"),
            format!("emails {operator} {value}"),
            format!("emails.value eq {value}"),
            format!("emails[value eq {value}]"),
            format!("emails[value eq {value} and type eq \"{kind}\"]"),
            format!("emails[not (value eq {value})]"),
            format!("emails.type eq \"{kind}\""),
            format!("id eq \"{id}\""),
            "groups pr".to_owned(),
            "externalId pr".to_owned(),
            "userName eq null".to_owned(),
            format!("userName {operator} \"\""),
            format!("active eq {}", dice.roll(2) == 0),
            format!("active ne {}", dice.roll(2) == 0),
            "active pr".to_owned(),
            format!("displayName eq {value}"),
            format!("displayName eq \"{}{}\"", "ü".repeat(1000), dice.roll(4)),
            format!("meta.lastModified {comparison} \"{time}\""),
            format!("meta.lastModified {comparison} \"{time}\""),
        ]
    } else {
        let id = if dice.roll(3) == 0 { id.to_uppercase() } else { id };
        vec![
            format!("displayName {operator} {value}"),
            format!("displayName eq {value}"),
            format!("externalId eq {value}"),
            format!("members eq \"{id}\""),
            format!("members[value eq \"{id}\"]"),
            format!("members[value eq \"{id}\" and type eq \"User\"]"),
            format!("members[value eq \"{id}\" or value eq \"nobody\"]"),
            format!("members.value ne \"{id}\""),
            "members pr".to_owned(),
            format!("meta.lastModified {comparison} \"{time}\""),
        ]
    };
    dice.pick(&choices).clone()
}

/// Some order, some place in it, and the size of a page.
fn query(superset: &Superset, dice: &mut Dice, of: &str, all: &[Resource]) -> (Option<Sort>, Start, u64) {
    let order = if dice.roll(2) == 0 { SortOrder::Ascending } else { SortOrder::Descending };
    let path = match (dice.roll(6), of) {
        (0, "User") => Some("userName"),
        (1, "User") => Some("title"),
        (2, "User") | (0, _) => Some("displayName"),
        (3, _) => Some("meta.lastModified"),
        _ => None,
    };
    let sort =
        path.map(|path| Sort::check(&path.parse().unwrap(), order, superset.of(of), &mut Tolerance::rfc()).unwrap());
    let place = || Position::of(&all[0], sort.as_ref());
    let start = match dice.roll(6) {
        0 => Start::Index(1 + dice.roll(5) as u64),
        1 => Start::After(Position::of(dice.pick(all), sort.as_ref())),
        2 => Start::Before(Position::of(dice.pick(all), sort.as_ref())),
        3 => Start::After(Position::new(place().key, "")),
        _ => Start::Index(1),
    };
    let count = *dice.pick(&[1, 3, 100, 100]);
    let distinct: BTreeSet<_> = all.iter().map(id_of).collect();
    assert_eq!(distinct.len(), all.len());
    (sort, start, count)
}

//! What directories ask often is answered by an index: the plans of the statements that are really sent.
//!
//! `SCIM_TEST_USERS` sets the number of users, 4,000 by default.

use scim_core::message::SortOrder;
use scim_core::{SchemaSet, Tolerance};
use scim_filter::{Filter, Sort, check};
use scim_service::{Context, List, Position, Start};
use serde_json::{Value, json};

use crate::engine::Kind;
use crate::harness::{Case, cases, engine};
use crate::queries::population::{Directory, group_id, modified, user_id};

pub(crate) const CASES: &[Case] = cases![no_query_that_clients_ask_often_reads_all_rows];

/// A query: the resource type, its filter, its sort, and the place in the order.
struct Asked {
    of: &'static str,
    filter: String,
    sort: Option<(&'static str, SortOrder)>,
    start: Start,
    count: u64,
}

impl Asked {
    fn of(of: &'static str, filter: impl Into<String>) -> Self {
        Self { of, filter: filter.into(), sort: None, start: Start::Index(1), count: 100 }
    }
}

fn filters() -> Vec<Asked> {
    let (id, time) = (user_id(41), modified(3990));
    let users = [
        format!("id eq \"{id}\""),
        "userName eq \"user41@example.com\"".to_owned(),
        "userName eq \"USER41@EXAMPLE.COM\" and active eq true".to_owned(),
        "userName eq \"nobody\"".to_owned(),
        "userName sw \"user39\"".to_owned(),
        "externalId eq \"e-41\"".to_owned(),
        "displayName eq \"ünal 41\"".to_owned(),
        "emails.value eq \"user41@example.com\"".to_owned(),
        "emails[type eq \"work\" and value eq \"user41@example.com\"]".to_owned(),
        "emails.value eq \"user41@example.com\" and title co \"x\"".to_owned(),
        format!("groups.value eq \"{}\"", group_id(7)),
        "active eq false".to_owned(),
        "active eq true".to_owned(),
        format!("meta.lastModified gt \"{time}\""),
        format!("meta.lastModified ge \"{time}\""),
        format!("meta.lastModified eq \"{time}\""),
        format!("meta.lastModified lt \"{}\"", modified(5)),
        format!("meta.lastModified le \"{}\"", modified(5)),
        format!("active eq false and meta.lastModified gt \"{}\"", modified(3000)),
    ];
    let groups = [
        "displayName eq \"group 7\"".to_owned(),
        format!("members.value eq \"{id}\""),
        format!("id eq \"{}\"", group_id(7)),
    ];
    let mut asked: Vec<Asked> = users.into_iter().map(|filter| Asked::of("User", filter)).collect();
    asked.extend(groups.into_iter().map(|filter| Asked::of("Group", filter)));
    asked.push(Asked { count: 0, ..Asked::of("User", "") });
    asked.push(Asked { count: 0, ..Asked::of("User", "active eq false") });
    asked
}

fn orders(users: usize) -> Vec<Asked> {
    let middle = users / 2;
    let mut asked = Vec::new();
    for sort in [None, Some("userName"), Some("displayName"), Some("meta.lastModified")] {
        let key = match sort {
            None => Value::Null,
            Some("userName") => json!(format!("user{middle}@example.com")),
            Some("displayName") => json!(format!("Ünal {}", middle % 1000)),
            Some(_) => json!(modified(middle)),
        };
        for order in [SortOrder::Ascending, SortOrder::Descending] {
            let position = || Position::new((!key.is_null()).then(|| key.clone()), user_id(middle));
            let starts = [
                Start::Index(1),
                Start::Index(users as u64 - 150),
                Start::After(position()),
                Start::Before(position()),
            ];
            for start in starts {
                asked.push(Asked { sort: sort.map(|path| (path, order)), start, ..Asked::of("User", "") });
            }
        }
    }
    asked
}

async fn no_query_that_clients_ask_often_reads_all_rows() {
    let users = std::env::var("SCIM_TEST_USERS").map_or(4_000, |users| users.parse().unwrap());
    let directory = Directory::of(users).await;
    let schemas = SchemaSet::builtin();
    let cx = Context::internal("test", chrono::Utc::now());
    let mut faults = Vec::new();
    for Asked { of, filter, sort, start, count } in filters().into_iter().chain(orders(directory.users)) {
        let of = schemas.of(&of.into()).unwrap();
        let predicate = (!filter.is_empty()).then(|| {
            let parsed: Filter = filter.parse().unwrap();
            check(&parsed, of, &mut Tolerance::rfc()).unwrap()
        });
        let order =
            sort.map(|(path, order)| Sort::check(&path.parse().unwrap(), order, of, &mut Tolerance::rfc()).unwrap());
        let query = List::new(of, count).with_filter(&predicate).with_sort(&order).with_start(start);
        let plan = directory.store.query_plan(&cx, &query).await.unwrap();
        let scans = scans(&plan);
        if plan.is_empty() || !scans.is_empty() {
            faults.push(format!("{filter} {sort:?} {:?} reads all of {scans:?}:\n{}", query.start, plan.join("\n")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// The tables that a plan reads from one end to the other.
fn scans(plan: &[String]) -> Vec<String> {
    match engine().kind {
        Kind::Postgres => {
            let scans = plan.iter().filter_map(|line| line.split_once("Seq Scan on ")).map(|(_, table)| table);
            let large =
                |table: &&str| ["ab_user", "scim_resource", "scim_value"].iter().any(|name| table.starts_with(name));
            scans.filter(large).map(str::to_owned).collect()
        }
        Kind::Sqlite => {
            let scans = plan.iter().filter_map(|step| step.strip_prefix("SCAN "));
            // What a statement made itself is read through, and the few counts.
            let made = |table: &&str| !["p", "u", "a", "b", "c", "below"].contains(&table.split(' ').next().unwrap());
            scans.filter(made).map(str::to_owned).collect()
        }
        Kind::MySql => {
            let mut found = Vec::new();
            for plan in plan {
                full(&serde_json::from_str(plan).unwrap(), &mut found);
            }
            found
        }
    }
}

/// Adds the tables of a plan of `MySQL` that are read from one end to the other.
fn full(plan: &Value, found: &mut Vec<String>) {
    match plan {
        Value::Object(members) => {
            let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
            let made = text("table_name").starts_with('<') || ["p", "u", "a", "b"].contains(&text("table_name"));
            if !made && ["ALL", "index"].contains(&text("access_type")) {
                found.push(text("table_name").to_owned());
            }
            for value in members.values() {
                full(value, found);
            }
        }
        Value::Array(elements) => {
            for value in elements {
                full(value, found);
            }
        }
        _ => {}
    }
}

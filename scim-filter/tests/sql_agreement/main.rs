//! A database must select what the evaluator selects: random filters over random resources, in SQLite and in memory.
//!
//! `SCIM_FILTER_CASES` sets the number of filters, 2,000 unless given; each runs over six resources.

#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

mod document;
mod generate;

use std::cell::Cell;

use document::{Document, Documents, Sql};
use generate::{filter, resource};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scim_core::schema::{ResourceType, Schema};
use scim_core::{Resource, SchemaSet, Tolerance, TypeSchema};
use scim_filter::{Filter, Predicate, check, lower};
use serde::Deserialize;

const RESOURCES: usize = 6;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thing {
    schemas: Vec<Schema>,
    resource_types: Vec<ResourceType>,
}

fn schemas() -> SchemaSet {
    let thing: Thing = serde_json::from_str(include_str!("../data/thing.json")).expect("the schema of Thing");
    SchemaSet::builtin().with(thing.schemas.into_iter().map(Into::into), thing.resource_types).expect("it registers")
}

fn predicate(filter: &Filter, schema: &TypeSchema) -> Predicate {
    check(filter, schema, &mut Tolerance::rfc()).expect("the filter fits the schema")
}

#[test]
fn r244_a_database_selects_what_the_evaluator_selects() {
    let cases = std::env::var("SCIM_FILTER_CASES").map_or(2_000, |cases| cases.parse().expect("a number of cases"));
    let schemas = schemas();
    let documents = Documents::open();
    let selected = Cell::new(0_u64);
    let pushed_whole = Cell::new(0_u64);
    for name in ["User", "Thing"] {
        let schema = schemas.of(&name.into()).expect("a registered type");
        let input = (filter(schema), prop::collection::vec(resource(schema), RESOURCES), any::<u8>());
        let config = ProptestConfig { cases: cases / 2, failure_persistence: None, ..ProptestConfig::default() };
        let outcome = TestRunner::new(config).run(&input, |(filter, resources, declined)| {
            let predicate = predicate(&filter, schema);
            // Half of the time the database takes all it can, so that no part is left to the evaluator.
            let lowered = lower(&predicate, &Document { declined: if declined < 128 { 0 } else { declined } });
            pushed_whole.set(pushed_whole.get() + u64::from(lowered.residual.is_none()));
            let found = documents.select(&resources, lowered.pushed.as_ref());
            for (resource, found) in resources.iter().zip(found) {
                let left = lowered.residual.as_ref().is_none_or(|residual| residual.matches(resource));
                let matches = predicate.matches(resource);
                selected.set(selected.get() + u64::from(matches));
                prop_assert_eq!(found && left, matches, "{}\n{:?}", filter, lowered.pushed.as_ref().map(Sql::text));
            }
            Ok(())
        });
        if let Err(error) = outcome {
            panic_with(&error);
        }
    }
    let pairs = u64::from(cases) * RESOURCES as u64;
    println!("{cases} filters, {pairs} pairs, {} selected, {} pushed whole", selected.get(), pushed_whole.get());
    assert!(selected.get() * 10 > pairs && selected.get() * 10 < pairs * 9, "the filters tell resources apart");
    assert!(pushed_whole.get() * 3 > u64::from(cases), "many filters are pushed whole");
}

#[expect(clippy::panic, reason = "this is how a test fails")]
fn panic_with(error: &impl std::fmt::Display) {
    panic!("{error}");
}

#[test]
fn r244_text_that_looks_like_sql_stays_a_value() {
    let schemas = schemas();
    let user = schemas.of(&"User".into()).expect("users");
    let documents = Documents::open();
    let names = ["' or 1=1 --", "100%", "100x", "a_b", "axb", "a\\b", "\"; drop table document; --"];
    let resources: Vec<Resource> = names
        .iter()
        .map(|name| serde_json::from_value(serde_json::json!({"userName": name})).expect("a resource"))
        .collect();
    for operator in ["eq", "co", "sw", "ew"] {
        for (index, name) in names.iter().enumerate() {
            let text = format!("userName {operator} {}", serde_json::Value::from(*name));
            let lowered = lower(&predicate(&text.parse().expect("a filter"), user), &Document { declined: 0 });
            assert!(lowered.residual.is_none());
            let found = documents.select(&resources, lowered.pushed.as_ref());
            let expected: Vec<bool> = (0..names.len()).map(|other| other == index).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}

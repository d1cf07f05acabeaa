//! Runs `data/check.json`: what a client sends, and the resource or the error that the check makes of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::sync::Arc;

use scim_core::schema::{ResourceType, Schema};
use scim_core::{Checker, Profile, ResourceTypeName, SchemaSet, Tolerance};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Corpus {
    schemas: Vec<Arc<Schema>>,
    #[serde(rename = "resourceTypes")]
    resource_types: Vec<ResourceType>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    rule: String,
    #[serde(rename = "type")]
    of: ResourceTypeName,
    #[serde(default = "compatible")]
    profile: String,
    /// The body; `schemas` with the base schema is added where the case says nothing of it.
    #[serde(rename = "in")]
    body: Value,
    /// The resource; `schemas` with the base schema is expected where the case says nothing of it.
    out: Option<Value>,
    error: Option<String>,
    path: Option<String>,
    #[serde(default)]
    used: Vec<String>,
}

fn compatible() -> String {
    "compatible".into()
}

#[test]
fn every_case_of_the_corpus_holds() {
    let corpus: Corpus = serde_json::from_str(include_str!("data/check.json")).unwrap();
    let schemas = SchemaSet::builtin().with(corpus.schemas, corpus.resource_types).unwrap();
    let mut failures = Vec::new();
    let count = corpus.cases.len();
    for (index, case) in corpus.cases.into_iter().enumerate() {
        let of = schemas.of(&case.of).unwrap();
        let with_schemas = |mut value: Value| {
            if let Some(members) = value.as_object_mut() {
                members.entry("schemas").or_insert_with(|| json!([of.base().id()]));
            }
            value
        };
        let profile = if case.profile == "rfc" { Profile::rfc() } else { Profile::compatible() };
        let mut tolerance = Tolerance::new(&profile);
        let found = Checker::new(of, &mut tolerance).resource(with_schemas(case.body));
        let used: Vec<String> = tolerance.used().iter().map(|quirk| format!("{quirk:?}")).collect();
        let problem = match (found, case.out, case.error) {
            (Ok(found), Some(expected), None) => {
                let (found, expected) = (Value::Object(found.into_attributes()), with_schemas(expected));
                if found != expected {
                    Some(format!("made {found}, expected {expected}"))
                } else if !case.used.is_empty() && used != case.used {
                    Some(format!("used {used:?}, expected {:?}", case.used))
                } else {
                    None
                }
            }
            (Err(error), None, Some(expected)) => {
                let path = case.path.unwrap();
                let right = error.scim_type().as_str() == expected && error.path() == path;
                (!right).then(|| format!("{error} ({}), expected {expected} at `{path}`", error.scim_type()))
            }
            (found, ..) => Some(format!("unexpected outcome {found:?}")),
        };
        failures.extend(problem.map(|problem| format!("case {index} ({}): {problem}", case.rule)));
    }
    assert!(failures.is_empty(), "{} of {count} cases fail:\n{}", failures.len(), failures.join("\n"));
    println!("{count} cases");
}

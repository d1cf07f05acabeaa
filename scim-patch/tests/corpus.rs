//! Runs `data/patch.json`: a resource, operations, and the resource or the error that comes of them. A case without a
//! profile holds under `compatible` and `rfc` alike.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scim_core::{
    Checker, Leniencies, PatchOp, Profile, Resource, ResourceType, ResourceTypeName, Schema, SchemaSet, urn,
};
use scim_patch::{Patch, PatchError, apply};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Corpus {
    schemas: Vec<Arc<Schema>>,
    resource_types: Vec<ResourceType>,
    fixtures: BTreeMap<String, Resource>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    rule: String,
    #[serde(rename = "type")]
    of: ResourceTypeName,
    profile: Option<String>,
    before: String,
    operations: Value,
    /// The members that differ afterwards; `null` means gone.
    after: Option<Map<String, Value>>,
    #[serde(default)]
    unchanged: bool,
    error: Option<String>,
    /// Leniencies that must have been reported.
    #[serde(default)]
    used: Vec<String>,
    /// The paths that must have been reported as changed.
    paths: Option<Vec<String>>,
}

fn corpus() -> Corpus {
    serde_json::from_str(include_str!("data/patch.json")).unwrap()
}

fn profile(name: &str) -> Profile {
    match name {
        "rfc" => Profile::rfc(),
        "interop" => Profile::interop(),
        _ => Profile::compatible(),
    }
}

fn check(
    operations: &Value,
    schemas: &SchemaSet,
    of: &ResourceTypeName,
    profile: &Profile,
) -> Result<Patch, PatchError> {
    let message = json!({"schemas": [urn::PATCH_OP], "Operations": operations});
    let message = PatchOp::from_json(message, profile, &mut Leniencies::default(), 100).unwrap();
    Patch::check(&message, schemas.of(of).unwrap(), profile)
}

fn problem(case: &Case, before: &Resource, schemas: &SchemaSet, profile: &Profile) -> Option<String> {
    let mut resource = before.clone();
    let outcome = check(&case.operations, schemas, &case.of, profile).and_then(|patch| apply(&patch, &mut resource));
    match (outcome, &case.error) {
        (Err(error), Some(expected)) if error.scim_type().as_str() == expected => {
            (resource != *before).then(|| "R166: the resource has changed although the patch failed".into())
        }
        (Err(error), _) => Some(format!("{error} ({})", error.scim_type())),
        (Ok(_), Some(expected)) => Some(format!("made {resource:?}, expected {expected}")),
        (Ok(changed), None) => {
            let mut expected = before.clone();
            for (name, value) in case.after.clone().unwrap_or_default() {
                put(&mut expected, &name, value);
            }
            let used: BTreeSet<String> = changed.leniencies().iter().map(|leniency| format!("{leniency:?}")).collect();
            if resource != expected {
                return Some(format!("made {resource:?}, expected {expected:?}"));
            }
            if changed.is_unchanged() != case.unchanged {
                return Some(format!("reported as changed: {:?}", changed.paths()));
            }
            if let Some(missing) = case.used.iter().find(|leniency| !used.contains(*leniency)) {
                return Some(format!("did not report {missing}, only {used:?}"));
            }
            let paths = case.paths.as_ref().filter(|paths| *paths != changed.paths());
            paths.map(|expected| format!("reported {:?}, expected {expected:?}", changed.paths()))
        }
    }
}

fn put(resource: &mut Resource, name: &str, value: Value) {
    if value.is_null() {
        resource.attributes_mut().remove(name);
    } else {
        resource.attributes_mut().insert(name.to_owned(), value);
    }
}

#[test]
fn every_case_of_the_corpus_holds() {
    let corpus = corpus();
    let schemas = SchemaSet::builtin().with(corpus.schemas, corpus.resource_types).unwrap();
    let mut failures = Vec::new();
    let mut count = 0;
    for (index, case) in corpus.cases.iter().enumerate() {
        let before = &corpus.fixtures[&case.before];
        let profiles = match &case.profile {
            Some(profile) => vec![profile.as_str()],
            None => vec!["compatible", "rfc"],
        };
        for name in profiles {
            count += 1;
            let problem = problem(case, before, &schemas, &profile(name));
            failures.extend(problem.map(|problem| format!("case {index} ({}, {name}): {problem}", case.rule)));
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases fail:\n{}", failures.len(), failures.join("\n"));
    println!("{count} cases");
}

/// R176-R179 are about HTTP: the stories of `scim-service` cover them.
#[test]
fn every_rule_has_a_case() {
    let rules: BTreeSet<String> = corpus().cases.into_iter().map(|case| case.rule).collect();
    let missing: Vec<String> = (133..=175).map(|id| format!("R{id}")).filter(|id| !rules.contains(id)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[derive(Deserialize)]
struct Sent {
    name: String,
    #[serde(rename = "type")]
    of: ResourceTypeName,
    refused: bool,
    message: Value,
}

/// What identity providers send is taken; what adversaries send is refused; either way the resource stays valid.
#[test]
fn messages_of_identity_providers_are_taken() {
    let schemas = SchemaSet::builtin();
    let profile = Profile::compatible();
    let sent: Vec<Sent> = serde_json::from_str(include_str!("data/identity_providers.json")).unwrap();
    for Sent { name, of, refused, message } in sent {
        let of = schemas.of(&of).unwrap();
        let id =
            message["Operations"].as_array().unwrap().iter().find_map(|operation| operation["value"]["id"].as_str());
        let before = match of.resource_type().name().as_str() {
            "User" => json!({"schemas": [urn::USER], "id": "u-1001", "userName": "u", "active": true}),
            _ => json!({"schemas": [urn::GROUP], "id": id.unwrap_or("g"), "displayName": "g",
                "members": [{"value": "u-1001"}, {"value": "u-9001"}]}),
        };
        let before: Resource = serde_json::from_value(before).unwrap();
        let mut resource = before.clone();
        let message = PatchOp::from_json(message, &profile, &mut Leniencies::default(), 100).unwrap();
        let outcome = Patch::check(&message, of, &profile).and_then(|patch| apply(&patch, &mut resource));
        assert_eq!(outcome.is_err(), refused, "{name}: {outcome:?}");
        if refused {
            assert_eq!(resource, before, "{name}");
        }
        assert_eq!(resource.id(), before.id(), "{name}");
        let rfc = Profile::rfc();
        let valid = Checker::new(of, &rfc).resource(Value::Object(resource.into_attributes()));
        assert!(valid.is_ok(), "{name}: {valid:?}");
    }
}

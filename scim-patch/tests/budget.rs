//! What a patch costs, in steps, and what it may leave behind: X6 of the faults of the first edition.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::sync::Arc;

use scim_core::message::PatchOp;
use scim_core::{Profile, Resource, ResourceTypeName, SchemaSet, ScimType, Tolerance, TypeSchema, ValueLimits, urn};
use scim_filter::Budget;
use scim_patch::{Patch, PatchError, PatchLimits, apply};
use serde_json::{Value, json};

fn schema(of: &ResourceTypeName) -> Arc<TypeSchema> {
    SchemaSet::builtin().of(of).unwrap().clone()
}

fn patch(of: &ResourceTypeName, operations: &[Value], limits: PatchLimits) -> Result<Patch, PatchError> {
    let profile = Profile::compatible();
    let message = json!({"schemas": [urn::PATCH_OP], "Operations": operations});
    let message = PatchOp::from_json(message, &mut Tolerance::new(&profile), 10_000).unwrap();
    Patch::check_within(&message, &schema(of), &profile, limits)
}

fn user(emails: usize) -> Resource {
    let emails: Vec<Value> =
        (0..emails).map(|number| json!({"value": format!("{number}@x"), "type": "work", "display": "d"})).collect();
    serde_json::from_value(json!({"userName": "a", "emails": emails})).unwrap()
}

/// The steps that the operations take on a user with so many addresses, and how many it has then.
fn steps(emails: usize, operations: &[Value]) -> (u64, usize) {
    let budget = Arc::new(Budget::unlimited());
    let value = ValueLimits { elements: 1 << 20, resource: 1 << 30, ..ValueLimits::default() };
    let limits = PatchLimits { value, budget: Some(budget.clone()) };
    let mut user = user(emails);
    apply(&patch(&ResourceTypeName::user(), operations, limits).unwrap(), &mut user).unwrap();
    (budget.limit() - budget.left(), user.get("emails").map_or(0, |emails| emails.elements().count()))
}

fn operations(count: usize, operation: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..count).map(operation).collect()
}

#[test]
fn x6_a_message_looks_for_elements_in_one_index() {
    type Kind = (&'static str, fn(usize) -> Value, usize);
    let kinds: [Kind; 5] = [
        (
            "add",
            |n| json!({"op": "add", "path": "emails", "value": [{"value": format!("new{n}@x"), "type": "work"}]}),
            1300,
        ),
        (
            "add again",
            |n| json!({"op": "add", "path": "emails", "value": [{"value": format!("{n}@x"), "type": "work"}]}),
            1000,
        ),
        (
            "replace",
            |n| json!({"op": "replace", "path": format!("emails[value eq \"{n}@x\"].display"), "value": "e"}),
            1000,
        ),
        (
            "remove",
            |n| json!({"op": "remove", "path": format!("emails[value eq \"{n}@X\" and type eq \"WORK\"]")}),
            700,
        ),
        ("remove by value", |n| json!({"op": "remove", "path": "emails", "value": [{"value": format!("{n}@x")}]}), 700),
    ];
    for (name, operation, left) in kinds {
        let (steps, emails) = steps(1000, &operations(300, operation));
        assert_eq!(emails, left, "{name}");
        assert!(steps < 20_000, "{name}: {steps} steps for 300 operations on 1000 elements");
    }
}

#[test]
fn x6_what_looks_at_each_element_counts_each() {
    for path in ["emails[value co \"zz\"]", "emails[type eq \"home\" or display pr].value", "emails[not (type pr)]"] {
        let (steps, _) = steps(500, &operations(10, |_| json!({"op": "remove", "path": path})));
        assert!(steps >= 5000, "{path}: {steps}");
    }
}

#[test]
fn x6_a_message_that_needs_more_steps_is_refused_and_changes_nothing() {
    let kinds: [fn(usize) -> Value; 4] = [
        |n| json!({"op": "remove", "path": format!("emails[value co \"{n}-\"]")}),
        |n| json!({"op": "replace", "path": format!("emails[value sw \"{n}@\"].display"), "value": "e"}),
        |n| json!({"op": "add", "path": "emails[type pr]", "value": {"display": n.to_string()}}),
        |n| json!({"op": "remove", "path": "emails", "value": [{"type": "work", "value": format!("{n}-")}, {"type": "work"}]}),
    ];
    for kind in kinds {
        let limits = PatchLimits { budget: Some(Arc::new(Budget::new(100_000))), ..PatchLimits::default() };
        let patch = patch(&ResourceTypeName::user(), &operations(1000, kind), limits).unwrap();
        let mut user = user(900);
        let before = user.clone();
        let Err(error) = apply(&patch, &mut user) else { continue };
        assert_eq!(error.scim_type(), ScimType::TooMany);
        assert!(error.to_string().contains("more than the limit of 100000 steps"), "{error}");
        assert_eq!(user, before);
    }
}

#[test]
fn x6_members_that_are_selected_by_more_than_their_id_are_counted_too() {
    let members: Vec<Value> = (0..10_000).map(|number| json!({"value": number.to_string(), "type": "User"})).collect();
    let mut group: Resource = serde_json::from_value(json!({"displayName": "g", "members": members})).unwrap();
    let remove = |n: usize| json!({"op": "remove", "path": format!("members[type eq \"{n}\"]")});
    let patch = patch(&ResourceTypeName::group(), &operations(1000, remove), PatchLimits::default()).unwrap();
    assert_eq!(apply(&patch, &mut group).unwrap_err().scim_type(), ScimType::TooMany);
}

#[test]
fn x6_an_attribute_has_at_most_so_many_values_and_may_lose_some_of_more() {
    let value = ValueLimits { elements: 5, ..ValueLimits::default() };
    let tried = |emails: usize, operation: Value| {
        let limits = PatchLimits { value, budget: None };
        let mut user = user(emails);
        let patch = patch(&ResourceTypeName::user(), &[operation], limits);
        patch.and_then(|patch| apply(&patch, &mut user)).map(|_| ()).map_err(|error| error.to_string())
    };
    let add = |n: usize| json!({"op": "add", "path": "emails", "value": [{"value": format!("new{n}@x")}]});
    assert_eq!(tried(4, add(1)), Ok(()));
    let error = tried(5, add(1)).unwrap_err();
    assert!(error.contains("more than the limit of 5 values"), "{error}");
    assert!(tried(8, add(1)).is_err());
    assert_eq!(tried(8, json!({"op": "remove", "path": "emails[value eq \"1@x\"]"})), Ok(()));
    assert_eq!(tried(8, json!({"op": "replace", "path": "emails[value eq \"1@x\"].display", "value": "e"})), Ok(()));
    let many: Vec<Value> = (0..6).map(|number| json!({"value": number.to_string()})).collect();
    assert!(tried(0, json!({"op": "replace", "path": "emails", "value": many})).unwrap_err().contains("5 values"));
}

#[test]
fn x8_a_patch_keeps_the_limits_of_texts_and_of_the_resource() {
    let value = ValueLimits { text: 100, resource: 400, ..ValueLimits::default() };
    let tried = |before: Value, operation: Value| {
        let mut user: Resource = serde_json::from_value(before).unwrap();
        let patch = patch(&ResourceTypeName::user(), &[operation], PatchLimits { value, budget: None });
        let outcome = patch.and_then(|patch| apply(&patch, &mut user));
        outcome.map(|_| user).map_err(|error| error.to_string())
    };
    let set = |length: usize| json!({"op": "replace", "path": "title", "value": "x".repeat(length)});
    let small = json!({"userName": "a"});
    assert!(tried(small.clone(), set(100)).is_ok());
    assert!(tried(small, set(101)).unwrap_err().contains("longer than the limit of 100 bytes"));
    let large = json!({"userName": "a", "nickName": "y".repeat(340)});
    assert!(tried(large.clone(), set(100)).unwrap_err().contains("larger than the limit of 400 bytes"));
    let larger = json!({"userName": "a", "nickName": "y".repeat(500), "title": "x".repeat(60)});
    let shrunk = tried(larger.clone(), set(50)).unwrap();
    assert_eq!(shrunk.get("title").unwrap(), json!("x".repeat(50)));
    assert!(tried(larger, set(61)).is_err());
}

//! What `Patch::between` says, and when it says that no patch leads there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

#[allow(dead_code, reason = "the corpus is for another test")]
#[path = "corpus/mod.rs"]
mod corpus;
#[allow(dead_code, unreachable_pub, reason = "shared with the fuzz target")]
#[path = "../../fuzz/src/patch.rs"]
mod demands;

use scim_core::Resource;
use scim_patch::{DifferenceError, Patch};
use serde_json::{Map, Value, json};

const ENTERPRISE: &str = scim_core::urn::ENTERPRISE_USER;

/// A fixture, and what it is with other members; `null` takes one away.
fn changed(fixture: &str, members: Value) -> (&'static str, Resource, Resource) {
    let before = corpus::fixtures().resources[fixture].clone();
    let mut after = before.clone();
    let members: Map<String, Value> = serde_json::from_value(members).unwrap();
    for (name, value) in members {
        if value.is_null() {
            after.attributes_mut().remove(&name);
        } else {
            after.attributes_mut().insert(name, value);
        }
    }
    let of = match before.schemas().next().unwrap().rsplit(':').next().unwrap() {
        "User" => "User",
        "Group" => "Group",
        "Thing" => "Thing",
        _ => "Team",
    };
    (of, before, after)
}

fn operations(fixture: &str, members: Value) -> Value {
    let (of, before, after) = changed(fixture, members);
    let fixtures = corpus::fixtures();
    let schema = fixtures.schemas.of(&of.into()).unwrap();
    demands::leads(&before, &after, schema).expect("a patch").to_value()["Operations"].clone()
}

fn refused(fixture: &str, members: Value) -> DifferenceError {
    let (of, before, after) = changed(fixture, members);
    let fixtures = corpus::fixtures();
    Patch::between(&before, &after, fixtures.schemas.of(&of.into()).unwrap()).unwrap_err()
}

#[test]
fn singular_values_are_added_replaced_and_removed() {
    assert_eq!(
        operations("full", json!({"title": "U", "nickName": null, "active": true})),
        json!([
            {"op": "remove", "path": "nickName"},
            {"op": "replace", "path": "title", "value": "U"},
            {"op": "add", "path": "active", "value": true}
        ])
    );
}

#[test]
fn parts_change_on_their_own_or_together_where_that_is_shorter() {
    assert_eq!(
        operations("full", json!({"name": {"givenName": "H", "familyName": "F", "formatted": "G F"}})),
        json!([{"op": "replace", "path": "name.givenName", "value": "H"}])
    );
    assert_eq!(
        operations("full", json!({"name": {"givenName": "H", "familyName": "I"}})),
        json!([
            {"op": "remove", "path": "name.formatted"},
            {"op": "add", "path": "name", "value": {"givenName": "H", "familyName": "I"}}
        ])
    );
}

#[test]
fn one_of_many_values_changes_by_its_value_path() {
    let address = |street: &str, city: &str| json!({"type": "work", "streetAddress": street, "locality": city, "region": "a long enough region to be worth it"});
    let home =
        json!({"type": "home", "streetAddress": "2 Home Street", "locality": "Hometown", "region": "the other region"});
    let (of, before, _) = changed("bare", json!({}));
    let fixtures = corpus::fixtures();
    let schema = fixtures.schemas.of(&of.into()).unwrap();
    let with = |addresses: Value| {
        let mut resource = before.clone();
        resource.attributes_mut().insert("addresses".into(), addresses);
        resource
    };
    let old = with(json!([address("1 Work Street", "Worktown"), home]));
    let between = |after: &Resource| demands::leads(&old, after, schema).unwrap().to_value()["Operations"].clone();
    assert_eq!(
        between(&with(json!([address("3 Work Street", "Worktown"), home]))),
        json!([{"op": "replace", "path": "addresses[type eq \"work\"].streetAddress", "value": "3 Work Street"}])
    );
    assert_eq!(
        between(&with(json!([address("1 Work Street", "Worktown")]))),
        json!([{"op": "remove", "path": "addresses[type eq \"home\"]"}])
    );
    assert_eq!(
        between(&with(json!([address("1 Work Street", "Worktown"), home, {"type": "other"}]))),
        json!([{"op": "add", "path": "addresses", "value": {"type": "other"}}])
    );
    let reordered = with(json!([home, address("1 Work Street", "Worktown")]));
    assert_eq!(between(&reordered)[0]["op"], "replace", "the order counts");
}

#[test]
fn members_come_and_go_by_id_however_many_stay() {
    let members = |ids: std::ops::Range<usize>| ids.map(|n| json!({"value": format!("u{n}")})).collect::<Vec<_>>();
    let fixtures = corpus::fixtures();
    let schema = fixtures.schemas.of(&"Group".into()).unwrap();
    let group = |members: Vec<Value>| -> Resource {
        serde_json::from_value(json!({"schemas": [scim_core::urn::GROUP], "displayName": "g", "members": members}))
            .unwrap()
    };
    let message = demands::leads(&group(members(0..5_000)), &group(members(1..5_001)), schema).unwrap();
    assert_eq!(
        message.to_value()["Operations"],
        json!([
            {"op": "remove", "path": "members[value eq \"u0\"]"},
            {"op": "add", "path": "members", "value": [{"value": "u5000"}]}
        ])
    );
    let message = demands::leads(&group(members(0..100)), &group(members(98..100)), schema).unwrap();
    assert_eq!(message.operations[0].op, "replace", "98 removals are longer than the two that stay");
    assert_eq!(message.operations.len(), 1);
    let mut reversed = members(0..10);
    reversed.reverse();
    assert!(demands::leads(&group(members(0..10)), &group(reversed), schema).unwrap().operations.is_empty());
    let without_id = [json!({"$ref": "https://x/Users/1"}), json!({"value": "b"})];
    let reversed = vec![without_id[1].clone(), without_id[0].clone()];
    assert!(demands::leads(&group(without_id.to_vec()), &group(reversed), schema).unwrap().operations.is_empty());
}

#[test]
fn an_extension_comes_and_goes_whole() {
    let schemas = |uris: &[&str]| json!(uris);
    assert_eq!(
        operations("ent", json!({"schemas": schemas(&[scim_core::urn::USER]), ENTERPRISE: null})),
        json!([{"op": "remove", "path": ENTERPRISE}])
    );
    let both = schemas(&[scim_core::urn::USER, ENTERPRISE]);
    assert_eq!(
        operations("bare", json!({"schemas": both, ENTERPRISE: {"department": "D", "costCenter": "C"}})),
        json!([{"op": "add", "path": ENTERPRISE, "value": {"costCenter": "C", "department": "D"}}])
    );
}

#[test]
fn what_is_read_only_is_not_looked_at() {
    assert_eq!(operations("boss", json!({"groups": [{"value": "other"}], "meta": null, "id": "other"})), json!([]));
    let other = json!({"manager": {"value": "u-1", "displayName": "Other"}});
    assert_eq!(operations("boss", json!({ENTERPRISE: other})), json!([]));
}

#[test]
fn what_no_patch_can_do_is_an_error() {
    let immutable = |path: &str| DifferenceError::Immutable { path: path.into() };
    assert_eq!(refused("thing", json!({"imm": "other"})), immutable("imm"));
    assert_eq!(refused("thing", json!({"imm": null})), immutable("imm"));
    assert_eq!(refused("thing", json!({"one": {"must": "m"}})), immutable("one.fixed"));
    assert_eq!(refused("thing", json!({"one": null})), immutable("one.fixed"));
    assert_eq!(refused("thing", json!({"name": null})), DifferenceError::Required { path: "name".into() });
    assert_eq!(refused("thing", json!({"int": "text"})), DifferenceError::Unfit { path: "int".into() });
    assert_eq!(refused("thing", json!({"imm": "x"})).to_string(), "`imm` is immutable: no patch changes it");
}

//! What holds for every patch.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use proptest::prelude::*;
use scim_core::{Checker, Leniencies, PatchOp, Profile, Resource, ResourceTypeName, SchemaSet, urn};
use scim_patch::{Patch, PatchError, apply};
use serde_json::{Value, json};

const ENTERPRISE: &str = urn::ENTERPRISE_USER;

fn user() -> Resource {
    serde_json::from_value(json!({
        "schemas": [urn::USER, ENTERPRISE], "id": "u1", "userName": "bjensen",
        "meta": {"resourceType": "User", "created": "2020-01-01T00:00:00Z"},
        "name": {"givenName": "Barbara"}, "active": true,
        "groups": [{"value": "g1", "type": "direct"}],
        "emails": [{"type": "work", "value": "a@x", "primary": true}, {"type": "home", "value": "b@x"}],
        ENTERPRISE: {"department": "D", "manager": {"value": "m", "displayName": "Boss"}}
    }))
    .unwrap()
}

fn path() -> impl Strategy<Value = Option<String>> {
    let known = prop::sample::select(vec![
        "userName",
        "name",
        "name.givenName",
        "emails",
        "emails.value",
        "emails[type eq \"work\"]",
        "emails[type eq \"home\"].value",
        "emails[type eq \"new\"].value",
        "emails[primary eq true].primary",
        "active",
        "id",
        "meta",
        "meta.created",
        "groups",
        "schemas",
        "title",
        "manager",
        "nope",
        "emails[",
        "a.b.c",
        "roles",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
        "urn:ietf:params:scim:schemas:core:2.0:User:id",
    ]);
    prop_oneof![1 => Just(None), 8 => known.prop_map(|path| Some(path.to_owned())), 1 => ".{0,20}".prop_map(Some)]
}

fn value() -> impl Strategy<Value = Value> {
    let element = prop::sample::select(vec![
        json!({"value": "c@x"}),
        json!({"value": "a@x", "type": "work"}),
        json!({"value": "d@x", "primary": true}),
        json!({"type": "home"}),
        json!({}),
        json!("c@x"),
    ]);
    let simple = prop::sample::select(vec![
        json!(null),
        json!(""),
        json!("text"),
        json!("True"),
        json!(true),
        json!(1),
        json!([]),
        json!({}),
        json!({"givenName": "X"}),
        json!({"value": "m2"}),
        json!({"id": "u1"}),
        json!({"id": "other"}),
        json!({"userName": "new", "name.familyName": "F", "title": null}),
        json!({"groups": [{"value": "g2"}]}),
        json!({ENTERPRISE: {"department": null, "costCenter": "C"}}),
        json!({format!("{ENTERPRISE}:manager"): "m3"}),
    ]);
    prop_oneof![simple, element.clone(), prop::collection::vec(element, 0..4).prop_map(Value::Array)]
}

fn operations() -> impl Strategy<Value = Vec<Value>> {
    let op = prop::sample::select(vec!["add", "remove", "replace", "Replace"]);
    let operation = (op, path(), prop::option::weighted(0.9, value())).prop_map(|(op, path, value)| {
        let mut operation = json!({ "op": op });
        if let Some(path) = path {
            operation["path"] = path.into();
        }
        if let Some(value) = value {
            operation["value"] = value;
        }
        operation
    });
    prop::collection::vec(operation, 1..5)
}

fn run(operations: &[Value], profile: &Profile, resource: &mut Resource) -> Result<bool, PatchError> {
    let schemas = SchemaSet::builtin();
    let message = json!({"schemas": [urn::PATCH_OP], "Operations": operations});
    let message = PatchOp::from_json(message, profile, &mut Leniencies::default(), 100).unwrap();
    let patch = Patch::check(&message, schemas.of(&ResourceTypeName::user()).unwrap(), profile)?;
    Ok(!apply(&patch, resource)?.is_unchanged())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// R166, R167: all or nothing; what is read-only never changes; what is left is a resource that could be created.
    #[test]
    fn a_patch_is_atomic_and_leaves_a_valid_resource(operations in operations(), strict in any::<bool>()) {
        let profile = if strict { Profile::rfc() } else { Profile::compatible() };
        let before = user();
        let mut resource = before.clone();
        match run(&operations, &profile, &mut resource) {
            Err(_) => prop_assert_eq!(&resource, &before),
            Ok(changed) => prop_assert_eq!(changed, resource != before),
        }
        for name in ["id", "meta", "groups"] {
            prop_assert_eq!(resource.get(name), before.get(name), "{}", name);
        }
        let schemas = SchemaSet::builtin();
        let of = schemas.of(&ResourceTypeName::user()).unwrap();
        let rfc = Profile::rfc();
        let mut checker = Checker::new(of, &rfc);
        let checked = checker.resource(Value::Object(resource.clone().into_attributes()));
        prop_assert!(checked.is_ok(), "{:?} from {:?}", checked, resource);
    }

    /// Replacing twice is replacing once.
    #[test]
    fn replace_is_idempotent(path in path(), value in value()) {
        let mut operation = json!({"op": "replace", "value": value});
        if let Some(path) = path {
            operation["path"] = path.into();
        }
        let mut resource = user();
        if run(std::slice::from_ref(&operation), &Profile::compatible(), &mut resource).is_ok() {
            let once = resource.clone();
            // What a value path selects may have been replaced by something that it does not select.
            if run(std::slice::from_ref(&operation), &Profile::compatible(), &mut resource).is_ok()
                && !operation["path"].as_str().is_some_and(|path| path.contains('['))
            {
                prop_assert_eq!(resource, once);
            }
        }
    }
}

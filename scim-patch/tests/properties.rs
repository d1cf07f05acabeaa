//! What holds for every patch.
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
mod random;

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use scim_core::message::PatchOp;
use scim_core::schema::Mutability;
use scim_core::{Profile, Resource, Tolerance, TypeSchema, ValueRef, urn};
use scim_patch::{DifferenceError, Patch, apply};
use serde_json::{Value, json};

/// The types: User with its extension, Group, one with every data type and mutability, one with a required extension.
static TYPES: LazyLock<Vec<Arc<TypeSchema>>> = LazyLock::new(|| {
    let schemas = corpus::fixtures().schemas;
    ["User", "Group", "Thing", "Team"].map(|name| schemas.of(&name.into()).unwrap().clone()).into()
});

/// The place of a type in `TYPES`: a schema is long to print.
fn types() -> impl Strategy<Value = usize> {
    0..TYPES.len()
}

fn profiles() -> impl Strategy<Value = Profile> {
    prop::sample::select(vec![Profile::rfc(), Profile::compatible(), Profile::interop()])
}

/// Sends operations; whether they were taken.
fn send(operations: &Value, schema: &Arc<TypeSchema>, profile: &Profile, resource: &mut Resource) -> bool {
    let message = json!({"schemas": [urn::PATCH_OP], "Operations": operations});
    let message = PatchOp::from_json(message, &mut Tolerance::new(profile), 100).unwrap();
    Patch::check(&message, schema, profile).and_then(|patch| apply(&patch, resource)).is_ok()
}

/// A longer run is `PROPTEST_CASES=20000 cargo test -p scim-patch --release --test properties`.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(500);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// All or nothing; read-only and immutable values stay; what is left could have been created; `Differences` are exact;
    /// operations one by one come to the same, and so does the difference of members.
    #[test]
    fn r165_r166_r167_r169_any_patch_of_any_resource(
        (of, resource, operations) in types()
            .prop_flat_map(|of| (Just(of), random::resource(&TYPES[of]), random::operations(&TYPES[of]))),
        profile in profiles(),
    ) {
        demands::runs(&operations.into(), &resource, &TYPES[of], &profile);
    }

    /// What was sent once can be sent again: `add` adds what is missing (R133), `replace` and `remove` leave what is asked
    /// for. A value path is another matter: what it selected may be gone, and the message is then refused.
    #[test]
    fn r133_r153_an_operation_without_a_value_path_is_idempotent(
        (of, resource, operation) in types()
            .prop_flat_map(|of| (Just(of), random::resource(&TYPES[of]), random::operation(&TYPES[of]).prop_filter("a value path", has_no_value_path))),
        profile in profiles(),
    ) {
        let operation = json!([operation]);
        let mut once = resource;
        if demands::runs(&operation, &once, &TYPES[of], &profile).is_some() {
            send(&operation, &TYPES[of], &profile, &mut once);
            let mut twice = once.clone();
            prop_assert!(send(&operation, &TYPES[of], &profile, &mut twice), "{}", operation);
            prop_assert_eq!(&twice, &once, "{}", operation);
        }
    }

    /// A message with a value path, sent again, leaves what it left the first time: what it made is found, and what it
    /// selects no more is not made anew.
    #[test]
    fn p1_a_value_path_sent_twice_leaves_what_it_left_once(
        (of, resource, operation) in types()
            .prop_flat_map(|of| (Just(of), random::resource(&TYPES[of]), random::operation(&TYPES[of]).prop_filter("no value path", |operation| !has_no_value_path(operation)))),
        profile in profiles(),
    ) {
        let operation = json!([operation]);
        let mut once = resource;
        if demands::runs(&operation, &once, &TYPES[of], &profile).is_some() {
            send(&operation, &TYPES[of], &profile, &mut once);
            let mut twice = once.clone();
            send(&operation, &TYPES[of], &profile, &mut twice);
            prop_assert_eq!(&twice, &once, "{}", operation);
        }
    }

    /// The patch between two resources leads from one to the other. There is one unless something immutable differs.
    #[test]
    fn between_leads_from_one_resource_to_another(
        (of, before, after) in types()
            .prop_flat_map(|of| (Just(of), random::resource(&TYPES[of]), random::resource(&TYPES[of]))),
    ) {
        let found = demands::leads(&before, &after, &TYPES[of]);
        if found.is_none() {
            let refused = Patch::between(&before, &after, &TYPES[of]).unwrap_err();
            let immutable = matches!(refused, DifferenceError::Immutable { .. });
            prop_assert!(immutable, "{}: {:?} {:?}", refused, before, after);
        }
        prop_assert!(demands::leads(&before, &before, &TYPES[of]).unwrap().operations.is_empty());
    }

    /// What a patch has made of a resource, another patch can make of it too, element by element where that is shorter.
    #[test]
    fn between_follows_a_patch(
        (of, before, operations) in types()
            .prop_flat_map(|of| (Just(of), random::resource(&TYPES[of]), random::operations(&TYPES[of]))),
    ) {
        let operations = operations.into();
        if let Some(after) = demands::runs(&operations, &before, &TYPES[of], &Profile::compatible()) {
            prop_assert!(demands::leads(&before, &after, &TYPES[of]).is_some(), "{:?} {:?}", before, after);
        }
    }

    /// R167, R169: a guard on an attribute holds however the attribute is spelled.
    #[test]
    fn r167_r169_r172_a_guard_holds_in_every_spelling(
        (of, resource) in types().prop_flat_map(|of| (Just(of), random::resource(&TYPES[of]))),
        which in random::chosen(),
        profile in profiles(),
        value in prop::sample::select(vec![json!("other"), json!(null), json!(["other"]), json!({"value": "other"})]),
    ) {
        let guarded = guarded(&TYPES[of], &resource);
        prop_assume!(!guarded.is_empty());
        let (uri, path) = &guarded[which.index(guarded.len())];
        let read = |resource: &Resource| {
            let container = uri.as_ref().map_or(Some(resource.as_value()), |uri| resource.get(uri))?;
            let (name, sub) = path.split_once('.').unwrap_or((path, ""));
            let value = container.get(name)?;
            if sub.is_empty() { Some(value.to_value()) } else { value.get(sub).map(ValueRef::to_value) }
        };
        for operation in random::spellings(uri.as_deref(), TYPES[of].base().id(), path, &value) {
            let mut patched = resource.clone();
            send(&json!([operation]), &TYPES[of], &profile, &mut patched);
            prop_assert_eq!(read(&patched), read(&resource), "{}", operation);
        }
    }
}

fn has_no_value_path(operation: &Value) -> bool {
    let keys = operation["value"].as_object().into_iter().flat_map(|value| value.keys());
    !operation["path"].as_str().into_iter().chain(keys.map(String::as_str)).any(|path| path.contains('['))
}

/// The paths of what no patch may change: read-only attributes and parts, and immutable ones that have a value.
fn guarded(schema: &TypeSchema, resource: &Resource) -> Vec<(Option<String>, String)> {
    let base = schema.common().iter().chain(schema.base().attributes()).map(|attribute| (None, attribute));
    let extensions = schema.extensions().iter().flat_map(|extension| {
        extension.schema.attributes().iter().map(move |attribute| (Some(extension.schema.id()), attribute))
    });
    let mut guarded = Vec::new();
    for (uri, attribute) in base.chain(extensions) {
        let value = match uri {
            None => resource.get(attribute.name()),
            Some(uri) => resource.get(uri).and_then(|container| container.get(attribute.name())),
        };
        let uri = uri.map(str::to_owned);
        let fixed = |mutability: Mutability, value: Option<ValueRef<'_>>| {
            mutability == Mutability::ReadOnly || (mutability == Mutability::Immutable && value.is_some())
        };
        if fixed(attribute.mutability(), value) {
            guarded.push((uri, attribute.name().to_owned()));
            continue;
        }
        if attribute.multi_valued() {
            continue;
        }
        for sub in attribute.sub_attributes() {
            let part = value.and_then(|value| value.get(sub.name()));
            if fixed(sub.mutability(), part) {
                guarded.push((uri.clone(), format!("{}.{}", attribute.name(), sub.name())));
            }
        }
    }
    guarded
}

//! What `scim_core::arbitrary` makes fits, and is of every kind that there is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use arbitrary::{Arbitrary, Unstructured};
use scim_core::arbitrary::{MAX_JSON_DEPTH, MAX_TEXT, MAX_VALUES, body, json, near_miss, path, resource, stored, text};
use scim_core::json::json_size;
use scim_core::message::PatchOp;
use scim_core::schema::{AttributeType, Mutability, Resolved, ResourceType, Schema};
use scim_core::{
    AttrName, AttrPath, Checker, ExternalId, Profile, Quirk, Resource, ResourceId, ResourceTypeName, SchemaSet,
    Tolerance, TypeSchema, Version,
};
use serde::Deserialize;
use serde_json::Value;

/// What is only made is made often; what is checked takes its time.
const MANY: u64 = 1_000;
const SEEDS: u64 = 300;

/// Bytes that follow from a seed; of the first seeds few or none.
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    (0..seed.min(100)).flat_map(|_| next().to_le_bytes()).collect()
}

#[derive(Deserialize)]
struct Corpus {
    schemas: Vec<Arc<Schema>>,
    #[serde(rename = "resourceTypes")]
    resource_types: Vec<ResourceType>,
}

/// User and Group, a type with an attribute of each kind, and one with a required extension.
fn schemas() -> SchemaSet {
    let corpus: Corpus = serde_json::from_str(include_str!("data/check.json")).unwrap();
    SchemaSet::builtin().with(corpus.schemas, corpus.resource_types).unwrap()
}

/// Runs a check for each type and seed.
fn each(check: impl Fn(&TypeSchema, &mut Unstructured<'_>)) {
    let schemas = schemas();
    for of in schemas.types() {
        for seed in 0..SEEDS {
            check(of, &mut Unstructured::new(&bytes(seed)));
        }
    }
}

#[test]
fn every_body_and_resource_is_accepted_under_every_profile() {
    each(|of, u| {
        let body = body(of, u).unwrap();
        for profile in [Profile::rfc(), Profile::compatible(), Profile::interop()] {
            let mut tolerance = Tolerance::new(&profile);
            let checked = Checker::new(of, &mut tolerance).resource(body.clone());
            assert!(checked.is_ok(), "{checked:?}: {body}");
            assert!(tolerance.used().is_empty(), "{:?}: {body}", tolerance.used());
        }
        for made in [resource(of, u).unwrap(), stored(of, u).unwrap()] {
            let again = Checker::new(of, &mut Tolerance::rfc()).resource(made.as_value().to_value());
            let again = again.unwrap_or_else(|error| panic!("{error}: {made:?}"));
            assert_eq!(writable(&made, of), writable(&again, of), "a check leaves it as it is");
            assert!(json_size(&Value::Object(made.into_attributes())) < 32 * 1024);
        }
    });
}

/// What a client may write of a resource, as the check of it as a body would leave it.
fn writable(resource: &Resource, of: &TypeSchema) -> Resource {
    Checker::new(of, &mut Tolerance::rfc()).resource(resource.as_value().to_value()).unwrap()
}

#[test]
fn a_stored_resource_has_what_the_service_writes_and_reads_as_it_prints() {
    each(|of, u| {
        let made = stored(of, u).unwrap();
        made.id().unwrap().parse::<ResourceId>().unwrap();
        assert_eq!(&made.meta().unwrap().resource_type, of.resource_type().name());
        let printed = serde_json::to_string(&made).unwrap();
        assert_eq!(serde_json::from_str::<Resource>(&printed).unwrap(), made, "{printed}");
    });
}

#[test]
fn paths_lead_somewhere_and_near_misses_nowhere() {
    each(|of, u| {
        let hit = path(of, u).unwrap();
        let resolved = of.resolve(&hit, &mut Tolerance::rfc());
        assert!(matches!(resolved, Ok(Resolved::Attribute(_))), "{hit}");
        let miss = near_miss(of, u).unwrap();
        assert!(of.resolve(&miss, &mut Tolerance::compatible()).is_err(), "{miss}");
    });
}

#[test]
fn every_attribute_and_spelling_is_reached() {
    let schemas = schemas();
    for of in schemas.types() {
        let (mut hit, mut misses, mut valued) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut qualified = 0;
        for seed in 0..MANY {
            let bytes = bytes(seed);
            let u = &mut Unstructured::new(&bytes);
            let found = path(of, u).unwrap();
            qualified += usize::from(found.uri().is_some());
            let found = of.resolve(&found, &mut Tolerance::rfc()).unwrap().attribute().unwrap();
            hit.insert(found.to_string());
            misses.insert(near_miss(of, u).unwrap().to_string());
            let made = stored(of, u).unwrap();
            valued.extend(of.attributes().filter(|one| made.at(one).is_some()).map(|one| one.to_string()));
        }
        for attribute in of.attributes() {
            assert!(hit.contains(&attribute.to_string()), "{attribute}");
            assert!(valued.contains(&attribute.to_string()), "{attribute}");
            for sub in attribute.attribute().sub_attributes() {
                let sub = attribute.clone().with_sub(sub).to_string();
                assert!(hit.contains(&sub), "{sub}");
            }
        }
        assert!(qualified > 100 && misses.len() > 50, "{qualified} {}", misses.len());
        assert!(misses.iter().any(|path| path.contains(':')) && misses.iter().any(|path| path.contains('.')));
    }
}

#[test]
fn values_of_every_type_come_in_every_form() {
    let schemas = schemas();
    let things = schemas.of(&"Thing".into()).unwrap();
    let mut kinds = BTreeSet::new();
    let mut most = 0;
    for seed in 0..MANY {
        let bytes = bytes(seed);
        let made = resource(things, &mut Unstructured::new(&bytes)).unwrap();
        for attribute in things.base().attributes() {
            let Some(value) = made.get(attribute.name()) else { continue };
            assert!(attribute.mutability() != Mutability::ReadOnly);
            most = most.max(value.values().count());
            let form = match value.to_value() {
                Value::String(text) => format!("{} {}", text.is_empty(), text.is_ascii()),
                Value::Number(number) => format!("{} {}", number.is_f64(), number.as_f64() < Some(0.0)),
                Value::Bool(value) => value.to_string(),
                _ => String::new(),
            };
            kinds.insert(format!("{} {form}", attribute.kind()));
        }
    }
    assert_eq!(most, MAX_VALUES);
    for kind in [
        AttributeType::String,
        AttributeType::Boolean,
        AttributeType::Decimal,
        AttributeType::Integer,
        AttributeType::DateTime,
        AttributeType::Binary,
        AttributeType::Reference,
        AttributeType::Complex,
    ] {
        assert!(kinds.iter().any(|form| form.starts_with(kind.as_str())), "{kind}");
    }
    for form in ["boolean true", "boolean false", "decimal true true", "integer false true", "string true true"] {
        assert!(kinds.contains(form), "{form}: {kinds:?}");
    }
}

#[test]
fn types_without_a_schema_are_made_within_their_bounds() {
    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
            Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }
    let (mut quirks, mut words) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..MANY {
        let bytes = bytes(seed);
        let u = &mut Unstructured::new(&bytes);
        assert!(AttrName::is_valid(AttrName::arbitrary(u).unwrap().as_str()));
        let path = AttrPath::arbitrary(u).unwrap();
        assert_eq!(path.as_str().parse(), Ok(path.clone()));
        assert!(ExternalId::arbitrary(u).unwrap().as_str().chars().count() <= MAX_TEXT);
        let id = ResourceId::arbitrary(u).unwrap();
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert!(!ResourceTypeName::arbitrary(u).unwrap().as_str().is_empty());
        let version = Version::arbitrary(u).unwrap();
        assert_eq!(version.as_str().parse(), Ok(version.clone()));
        assert!(text(u).unwrap().chars().count() <= MAX_TEXT);
        assert!(depth(&json(u).unwrap()) <= MAX_JSON_DEPTH);
        quirks.insert(format!("{:?}", Quirk::arbitrary(u).unwrap()));
        Profile::arbitrary(u).unwrap();
        let message = PatchOp::arbitrary(u).unwrap();
        words.extend(message.operations.iter().map(|operation| operation.op.clone()));
        let read = PatchOp::from_json(message.to_value(), &mut Tolerance::rfc(), 5).unwrap();
        assert_eq!(read, message);
    }
    assert_eq!(quirks.len(), Quirk::ALL.len());
    assert!(["add", "remove", "replace"].iter().all(|word| words.contains(*word)));
}

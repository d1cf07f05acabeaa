//! What `scim_filter::arbitrary` makes fits, prints as it parses, and is of every form that there is.
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
use scim_core::schema::{AttributeType, ResourceType, Schema};
use scim_core::{AttributeRef, Profile, Quirk, Resource, SchemaSet, Tolerance, TypeSchema};
use scim_filter::arbitrary::{MAX_COMPARISONS, MAX_DEPTH, element_filter, filter, near_miss};
use scim_filter::{
    Comparison, Filter, FilterLimits, Literal, Operator, PatchPath, check, check_element, parse, parse_path,
};
use serde::Deserialize;

const SEEDS: u64 = 1_500;

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
#[serde(rename_all = "camelCase")]
struct Thing {
    schemas: Vec<Arc<Schema>>,
    resource_types: Vec<ResourceType>,
}

/// User and Group, and a type with an attribute of each kind.
fn schemas() -> SchemaSet {
    let thing: Thing = serde_json::from_str(include_str!("data/thing.json")).unwrap();
    SchemaSet::builtin().with(thing.schemas, thing.resource_types).unwrap()
}

/// Runs a check for each type and seed.
fn each(mut check: impl FnMut(&TypeSchema, &mut Unstructured<'_>)) {
    let schemas = schemas();
    for of in schemas.types() {
        for seed in 0..SEEDS {
            check(of, &mut Unstructured::new(&bytes(seed)));
        }
    }
}

fn depth(filter: &Filter) -> usize {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => 1 + terms.iter().map(depth).max().unwrap(),
        Filter::Not(inner) => 1 + depth(inner),
        Filter::ValuePath { filter, .. } => 1 + depth(filter),
        Filter::Compare(_) | Filter::Present(_) => 0,
    }
}

fn comparisons(filter: &Filter) -> usize {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => terms.iter().map(comparisons).sum(),
        Filter::Not(inner) | Filter::ValuePath { filter: inner, .. } => comparisons(inner),
        Filter::Compare(_) | Filter::Present(_) => 1,
    }
}

fn prints_as_it_parses_within_bounds(filter: &Filter) {
    let printed = filter.to_string();
    assert_eq!(parse(&printed, &FilterLimits::default()).as_ref(), Ok(filter), "{printed}");
    assert!(depth(filter) <= MAX_DEPTH && comparisons(filter) <= MAX_COMPARISONS, "{printed}");
}

#[test]
fn every_filter_is_accepted_and_prints_as_it_parses() {
    each(|of, u| {
        let filter = filter(of, u).unwrap();
        prints_as_it_parses_within_bounds(&filter);
        for profile in [Profile::rfc(), Profile::compatible(), Profile::interop()] {
            let mut tolerance = Tolerance::new(&profile);
            let checked = check(&filter, of, &mut tolerance);
            assert!(checked.is_ok() && tolerance.used().is_empty(), "{filter}: {checked:?}");
        }
    });
}

#[test]
fn every_near_miss_parses_and_is_refused() {
    each(|of, u| {
        let filter = near_miss(of, u).unwrap();
        prints_as_it_parses_within_bounds(&filter);
        let all = Quirk::ALL.into_iter().fold(Profile::compatible(), Profile::with);
        for profile in [Profile::rfc(), Profile::compatible(), all] {
            assert!(check(&filter, of, &mut Tolerance::new(&profile)).is_err(), "{filter}");
        }
    });
}

#[test]
fn every_filter_for_brackets_is_accepted_in_them() {
    let mut attributes = BTreeSet::new();
    each(|of, u| {
        let attribute = scim_core::arbitrary::attribute(of, u).unwrap();
        match element_filter(&attribute, u) {
            Ok(filter) => {
                let checked = check_element(&filter, &attribute, &mut Tolerance::rfc());
                assert!(checked.is_ok(), "{attribute}[{filter}]: {checked:?}");
                attributes.insert(attribute.to_string());
            }
            Err(error) => assert_eq!(error, arbitrary::Error::EmptyChoose, "{attribute}"),
        }
    });
    for attribute in ["emails", "name", "members", "tags", "ints", "box", "box.marks", "parts"] {
        assert!(attributes.contains(attribute), "{attribute}");
    }
}

#[test]
fn filters_without_a_schema_print_as_they_parse() {
    for seed in 0..4 * SEEDS {
        let bytes = bytes(seed);
        let u = &mut Unstructured::new(&bytes);
        prints_as_it_parses_within_bounds(&Filter::arbitrary(u).unwrap());
        let path = PatchPath::arbitrary(u).unwrap();
        assert_eq!(parse_path(&path.to_string(), &FilterLimits::default()).as_ref(), Ok(&path), "{path}");
    }
}

/// What is in a filter: forms of terms, and operators by the type that they compare.
fn forms(filter: &Filter, of: &TypeSchema, within: Option<&AttributeRef>, found: &mut BTreeSet<String>) {
    let resolve = |path: &scim_core::AttrPath| match within {
        Some(within) if path.name().is_some_and(|name| within.leaf().is_own_value(name)) => Some(within.clone()),
        Some(within) => within.leaf().sub_attribute(path.name()?).map(|sub| within.clone().with_sub(sub)),
        None => of.resolve(path, &mut Tolerance::rfc()).unwrap().attribute(),
    };
    let place = if within.is_some() { "in brackets" } else { "outside" };
    match filter {
        Filter::And(terms) | Filter::Or(terms) => {
            let word = if matches!(filter, Filter::And(_)) { "and" } else { "or" };
            found.insert(format!("{word} {place}"));
            for term in terms {
                forms(term, of, within, found);
            }
        }
        Filter::Not(inner) => {
            found.insert(format!("not {place}"));
            forms(inner, of, within, found);
        }
        Filter::Present(path) => {
            found.insert(format!("pr {place}"));
            if resolve(path).is_none() {
                found.insert("extension pr".to_owned());
            }
        }
        Filter::ValuePath { path, filter } => {
            let attribute = resolve(path).unwrap();
            found.insert(format!("brackets {} {}", attribute.leaf().kind(), attribute.leaf().multi_valued()));
            forms(filter, of, Some(&attribute), found);
        }
        Filter::Compare(Comparison { path, operator, value }) => match (resolve(path), value) {
            (None, _) => drop(found.insert("extension null".to_owned())),
            (Some(_), Literal::Null) => drop(found.insert(format!("{operator} null {place}"))),
            (Some(attribute), _) => drop(found.insert(format!("{operator} {}", attribute.leaf().kind()))),
        },
    }
}

#[test]
fn every_operator_type_and_form_is_reached() {
    let mut found = BTreeSet::new();
    each(|of, u| forms(&filter(of, u).unwrap(), of, None, &mut found));
    for place in ["in brackets", "outside"] {
        for form in ["and", "or", "not", "pr", "eq null", "ne null"] {
            assert!(found.contains(&format!("{form} {place}")), "{form} {place}");
        }
    }
    for form in ["extension pr", "extension null", "brackets complex true", "brackets complex false"] {
        assert!(found.contains(form), "{form}");
    }
    for form in ["brackets string true", "brackets integer true", "eq complex"] {
        assert!(found.contains(form), "{form}");
    }
    let ordered = |kind| !matches!(kind, AttributeType::Boolean | AttributeType::Binary);
    for kind in [
        AttributeType::String,
        AttributeType::Boolean,
        AttributeType::Decimal,
        AttributeType::Integer,
        AttributeType::DateTime,
        AttributeType::Binary,
        AttributeType::Reference,
    ] {
        for operator in Operator::ALL {
            let fits = match operator {
                Operator::Eq | Operator::Ne => true,
                Operator::Co | Operator::Sw | Operator::Ew => {
                    matches!(kind, AttributeType::String | AttributeType::Reference)
                }
                _ => ordered(kind),
            };
            assert_eq!(found.contains(&format!("{operator} {kind}")), fits, "{operator} {kind}");
        }
    }
}

#[test]
fn filters_tell_resources_apart() {
    let (mut selected, mut total) = (0, 0);
    each(|of, u| {
        let predicate = filter(of, u).unwrap().check(of).unwrap();
        let resource: Resource = scim_core::arbitrary::stored(of, u).unwrap();
        selected += usize::from(predicate.matches(&resource));
        total += 1;
    });
    assert!(selected * 5 > total && selected * 5 < total * 4, "{selected} of {total}");
}

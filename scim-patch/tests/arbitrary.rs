//! What `scim_patch::arbitrary` makes is taken as it says, and is of every form that there is.
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

use std::collections::BTreeSet;
use std::sync::Arc;

use arbitrary::Unstructured;
use scim_core::message::{PatchOp, PatchOperation};
use scim_core::{Profile, Tolerance, TypeSchema};
use scim_filter::{FilterLimits, parse_path};
use scim_patch::arbitrary::{MAX_OPERATIONS, attempt, message};
use scim_patch::{Patch, apply};
use serde_json::Value;

/// What is only made is made often; what is demanded of each message takes its time.
const MANY: u64 = 1_500;
const SEEDS: u64 = 250;

/// Bytes that follow from a seed; of the first seeds few or none.
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    (0..seed.min(120)).flat_map(|_| next().to_le_bytes()).collect()
}

/// Runs a check for each type and seed: User with its extension, Group, one with every data type and mutability, one with a
/// required extension.
fn each(seeds: u64, mut check: impl FnMut(&Arc<TypeSchema>, &mut Unstructured<'_>)) {
    let schemas = corpus::fixtures().schemas;
    for of in ["User", "Group", "Thing", "Team"] {
        let of = schemas.of(&of.into()).unwrap();
        for seed in 0..seeds {
            check(of, &mut Unstructured::new(&bytes(seed)));
        }
    }
}

/// What is sent is what is read.
fn travels(message: &PatchOp) {
    assert!((1..=MAX_OPERATIONS).contains(&message.operations.len()));
    let read = PatchOp::from_json(message.to_value(), &mut Tolerance::rfc(), MAX_OPERATIONS);
    assert_eq!(read.as_ref(), Ok(message));
}

#[test]
fn every_message_is_accepted_and_keeps_what_apply_guarantees() {
    let mut applied = 0;
    each(SEEDS, |of, u| {
        let message = message(of, u).unwrap();
        travels(&message);
        let before = scim_core::arbitrary::stored(of, u).unwrap();
        let operations = &message.to_value()["Operations"];
        for profile in [Profile::rfc(), Profile::compatible()] {
            let patch = Patch::check(&message, of, &profile);
            let patch = patch.unwrap_or_else(|error| panic!("{error}: {operations}"));
            assert!(patch.quirks().is_empty(), "{:?}: {operations}", patch.quirks());
            applied += usize::from(apply(&patch, &mut before.clone()).is_ok());
            demands::runs(operations, &before, of, &profile);
        }
    });
    assert!(applied * 3 > usize::try_from(SEEDS).unwrap() * 8, "{applied} apply");
}

#[test]
fn every_attempt_is_accepted_or_refused_without_harm() {
    let (mut taken, mut refused) = (0, BTreeSet::new());
    each(SEEDS, |of, u| {
        let message = attempt(of, u).unwrap();
        travels(&message);
        let before = scim_core::arbitrary::stored(of, u).unwrap();
        let profile = Profile::compatible();
        match Patch::check(&message, of, &profile) {
            Ok(_) => taken += 1,
            Err(error) => drop(refused.insert(format!("{:?}", std::mem::discriminant(error.kind())))),
        }
        demands::runs(&message.to_value()["Operations"], &before, of, &profile);
    });
    assert!(taken > SEEDS / 4, "{taken}");
    assert!(refused.len() > 10, "{} kinds of refusal", refused.len());
}

#[test]
fn stored_resources_differ_by_a_patch() {
    each(SEEDS, |of, u| {
        let [before, after] = [(); 2].map(|()| scim_core::arbitrary::stored(of, u).unwrap());
        demands::leads(&before, &after, of);
    });
}

/// The form of an operation: its verb, and what its path names.
fn form(operation: &PatchOperation, of: &TypeSchema) -> String {
    let verb = &operation.op;
    let Some(path) = &operation.path else {
        let extension = operation.value.as_ref().and_then(Value::as_object).unwrap();
        let extension = extension.keys().any(|key| of.extension(key).is_some());
        return format!("{verb} members{}", if extension { " with an extension" } else { "" });
    };
    if of.extension(path).is_some() {
        return format!("{verb} extension");
    }
    let path = parse_path(path, &FilterLimits::default()).unwrap();
    let found = of.resolve(&path.attribute, &mut Tolerance::rfc()).unwrap().attribute().unwrap();
    let many = if found.attribute().multi_valued() { "multi-valued" } else { "singular" };
    let sub = if found.sub().is_some() || path.sub.is_some() { " sub-attribute" } else { "" };
    let brackets = if path.filter.is_some() { " selected" } else { "" };
    format!("{verb} {many}{sub}{brackets}")
}

#[test]
fn every_verb_and_form_of_path_is_reached() {
    let mut forms = BTreeSet::new();
    each(MANY, |of, u| forms.extend(message(of, u).unwrap().operations.iter().map(|operation| form(operation, of))));
    for verb in ["add", "remove", "replace"] {
        for place in [
            "extension",
            "singular",
            "singular sub-attribute",
            "singular selected",
            "singular sub-attribute selected",
            "multi-valued",
            "multi-valued sub-attribute",
            "multi-valued selected",
            "multi-valued sub-attribute selected",
        ] {
            assert!(forms.contains(&format!("{verb} {place}")), "{verb} {place}: {forms:?}");
        }
    }
    for form in ["add members", "replace members", "add members with an extension", "replace members with an extension"]
    {
        assert!(forms.contains(form), "{form}");
    }
}

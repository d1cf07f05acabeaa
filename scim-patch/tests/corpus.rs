//! Runs the cases of `data/*.json`, and asks that every rule and every switch has its cases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

#[path = "corpus/mod.rs"]
mod corpus;
#[allow(dead_code, unreachable_pub, reason = "shared with the fuzz target")]
#[path = "../../fuzz/src/patch.rs"]
mod demands;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use corpus::{Case, cases, fixtures, profile};
use scim_core::message::PatchOp;
use scim_core::{Checker, InteropRule, Profile, Quirk, Quirks, Resource, ResourceTypeName, Tolerance, TypeSchema};
use scim_patch::{Differences, MembershipDelta, Patch, apply};
use serde::Deserialize;
use serde_json::{Value, json};

/// The outcome of a message, or keyword and text of the error.
type Outcome<T> = Result<T, (String, String)>;

fn check(message: Value, schema: &Arc<TypeSchema>, profile: &Profile) -> Outcome<(Patch, Quirks)> {
    let mut tolerance = Tolerance::new(profile);
    let message = PatchOp::from_json(message, &mut tolerance, 100)
        .map_err(|error| (error.scim_type().to_string(), error.to_string()))?;
    let patch = Patch::check(&message, schema, profile);
    Ok((patch.map_err(|error| (error.scim_type().to_string(), error.to_string()))?, tolerance.used()))
}

fn run(
    message: Value,
    schema: &Arc<TypeSchema>,
    profile: &Profile,
    resource: &mut Resource,
) -> Outcome<(Patch, Differences, Quirks)> {
    let (patch, mut used) = check(message, schema, profile)?;
    let changed = apply(&patch, resource).map_err(|error| (error.scim_type().to_string(), error.to_string()))?;
    assert!(patch.quirks().iter().all(|quirk| changed.quirks().contains(quirk)));
    used.extend(changed.quirks());
    Ok((patch, changed, used))
}

/// What is wrong with the outcome of a case.
fn problem(case: &Case, before: &Resource, schema: &Arc<TypeSchema>, profile: &Profile) -> Option<String> {
    let mut resource = before.clone();
    let (patch, changed, used) = match (run(case.message(), schema, profile, &mut resource), &case.error) {
        (Err((keyword, text)), Some(expected)) => {
            let told = case.detail.as_ref().is_none_or(|detail| text.contains(detail));
            let right = keyword == *expected && told;
            let untouched = resource == *before;
            return (!right || !untouched).then(|| format!("{keyword}: {text} (untouched: {untouched})"));
        }
        (Err(error), None) => return Some(format!("{error:?}")),
        (Ok(_), Some(expected)) => return Some(format!("made {resource:?}, expected {expected}")),
        (Ok(outcome), None) => outcome,
    };
    let expected = case.expected(before);
    if resource != expected {
        return Some(format!("made {resource:?}, expected {expected:?}"));
    }
    if changed.is_unchanged() != case.unchanged {
        return Some(format!("reported as changed: {changed:?}"));
    }
    demands::tells_the_difference(&changed, before, &resource, schema);
    let used: Vec<String> = used.iter().map(|quirk| format!("{quirk:?}")).collect();
    if let Some(missing) = case.used.iter().find(|quirk| !used.contains(quirk)) {
        return Some(format!("did not report {missing}, only {used:?}"));
    }
    let paths: Vec<String> = changed.targets().map(ToString::to_string).collect();
    if case.paths.as_ref().is_some_and(|expected| *expected != paths) {
        return Some(format!("reported {paths:?}"));
    }
    let delta = patch.membership_delta().map_or(json!(false), |delta| shown(&delta));
    if case.delta.as_ref().is_some_and(|expected| *expected != delta) {
        return Some(format!("changes members by {delta}"));
    }
    let again = run(case.message(), schema, profile, &mut resource);
    let same = again.is_ok_and(|(_, changed, _)| resource == expected && (changed.is_unchanged() || !case.unchanged));
    (!same && !case.once).then(|| format!("sent again, it makes {resource:?}"))
}

fn shown(delta: &MembershipDelta) -> Value {
    let add: Vec<&str> = delta.add.iter().map(|member| member.value.as_str()).collect();
    let mut shown = json!({"add": add, "remove": delta.remove});
    if delta.replace_all {
        shown["replaceAll"] = true.into();
    }
    shown
}

#[test]
fn every_case_of_the_corpus_holds() {
    let fixtures = fixtures();
    let cases = cases();
    let mut failures = Vec::new();
    let mut runs = 0;
    for (file, case) in &cases {
        let before = &fixtures.resources[&case.before];
        let schema = fixtures.schemas.of(&case.of).unwrap();
        for name in case.profiles() {
            runs += 1;
            let problem = problem(case, before, schema, &profile(name));
            failures.extend(
                problem.map(|problem| {
                    format!("{file} {} ({name}) {}: {problem}", case.rule, case.message()["Operations"])
                }),
            );
        }
    }
    println!("{} cases, {runs} runs", cases.len());
    assert!(failures.is_empty(), "{} of {runs} runs fail:\n{}", failures.len(), failures.join("\n"));
    assert!(cases.len() >= 250);
}

/// The demands of the fuzz target, on messages that people have written.
#[test]
fn every_case_meets_the_demands_on_any_message() {
    let fixtures = fixtures();
    for (_, case) in cases() {
        let schema = fixtures.schemas.of(&case.of).unwrap();
        let of_type = |resource: &&Resource| resource.schemas().next().as_deref() == Some(schema.base().id());
        for before in fixtures.resources.values().filter(of_type) {
            for profile in [Profile::rfc(), Profile::compatible(), Profile::interop()] {
                if let Some(after) = demands::runs(&case.message()["Operations"], before, schema, &profile) {
                    demands::leads(before, &after, schema);
                }
            }
        }
    }
}

/// The rules that the names of the service's stories tell, such as `R133 R176-R179 ...`.
fn rules_of_stories() -> BTreeSet<String> {
    let number = |word: &str| word.strip_prefix('R').and_then(|digits| digits.parse::<u16>().ok());
    let within = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scim-service/tests/data/protocol");
    let mut rules = BTreeSet::new();
    for file in within(&folder).flat_map(|folder| within(&folder)) {
        let stories: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        for name in stories.as_array().unwrap().iter().filter_map(|story| story["name"].as_str()) {
            for word in name.split([' ', ',']) {
                let (first, last) = word.split_once('-').unwrap_or((word, word));
                if let (Some(first), Some(last)) = (number(first), number(last)) {
                    rules.extend((first..=last).map(|id| format!("R{id}")));
                }
            }
        }
    }
    rules
}

#[test]
fn every_rule_has_a_case() {
    // R176 to R179 are rules of the protocol.
    let mut rules = rules_of_stories();
    rules.retain(|rule| ["R176", "R177", "R178", "R179"].contains(&rule.as_str()));
    rules.extend(cases().into_iter().map(|(_, case)| case.rule));
    let missing: Vec<String> = (133..=180).map(|id| format!("R{id}")).filter(|id| !rules.contains(id)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn every_switch_has_a_case_on_and_a_case_off() {
    // A filter of a query, what POST does, and what the service makes of a resource that is written.
    let elsewhere = [Quirk::ValuePathSubAttribute, Quirk::RestoreInactive, Quirk::GroupsOnUser, Quirk::EndpointCase];
    let cases: Vec<Case> = cases().into_iter().map(|(_, case)| case).collect();
    for quirk in Quirk::ALL.into_iter().filter(|quirk| !elsewhere.contains(quirk)) {
        let about = |case: &&Case| case.rule == format!("{quirk:?}");
        let allows = |case: &Case| profile(case.profile.as_ref().unwrap()).allows(quirk);
        let on = |case: &Case| allows(case) && case.error.is_none() && case.used.contains(&case.rule);
        assert!(cases.iter().filter(about).any(on), "{quirk:?} on");
        // Without them PATCH does what it says: it removes `active`, and a text stays a text.
        let refuses = !matches!(quirk, Quirk::InactiveUntilTrue | Quirk::JsonInValue);
        let off = |case: &Case| !allows(case) && case.error.is_some() == refuses;
        assert!(cases.iter().filter(about).any(off), "{quirk:?} off");
    }
    for rule in InteropRule::ALL {
        let about = |case: &&Case| case.rule == format!("{rule:?}");
        for on in [true, false] {
            let with = |case: &Case| profile(case.profile.as_ref().unwrap()).requires(rule) == on;
            assert!(cases.iter().filter(about).any(with), "{rule:?} {on}");
        }
    }
}

#[derive(Deserialize)]
struct Sent {
    name: String,
    #[serde(rename = "type")]
    of: ResourceTypeName,
    refused: bool,
    message: Value,
}

fn sent() -> Vec<Sent> {
    serde_json::from_str(include_str!("data/identity_providers.json")).unwrap()
}

/// What identity providers send is taken; what adversaries send is refused; either way the resource stays valid.
#[test]
fn messages_of_identity_providers_are_taken() {
    let fixtures = fixtures();
    let profile = Profile::compatible();
    for Sent { name, of, refused, message } in sent() {
        let schema = fixtures.schemas.of(&of).unwrap();
        let id =
            message["Operations"].as_array().unwrap().iter().find_map(|operation| operation["value"]["id"].as_str());
        let before = match of.as_str() {
            "User" => json!({"schemas": [scim_core::urn::USER], "id": "u-1001", "userName": "u", "active": true}),
            _ => json!({"schemas": [scim_core::urn::GROUP], "id": id.unwrap_or("g"), "displayName": "g",
                "members": [{"value": "u-1001"}, {"value": "u-9001"}]}),
        };
        let before: Resource = serde_json::from_value(before).unwrap();
        let mut resource = before.clone();
        let outcome = run(message.clone(), schema, &profile, &mut resource);
        assert_eq!(outcome.is_err(), refused, "{name}: {outcome:?}");
        if refused {
            assert_eq!(resource, before, "{name}");
        }
        demands::runs(&message["Operations"], &before, schema, &profile);
        assert_eq!(resource.id(), before.id(), "{name}");
        let valid = Checker::new(schema, &mut Tolerance::rfc()).resource(Value::Object(resource.into_attributes()));
        assert!(valid.is_ok(), "{name}: {valid:?}");
    }
}

/// Every list of operations that `examples` replays over HTTP is among those messages.
#[test]
fn no_message_of_an_identity_provider_is_missing() {
    fn collect(value: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Object(members) => {
                let operations = members.iter().find(|(name, _)| name.eq_ignore_ascii_case("operations"));
                match operations {
                    Some((_, Value::Array(operations))) if operations.iter().all(|o| o.get("method").is_none()) => {
                        found.push(operations.clone().into());
                    }
                    _ => members.values().for_each(|value| collect(value, found)),
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
            _ => {}
        }
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/tests/data/identity_providers.jsonl");
    let mut found = Vec::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        collect(&serde_json::from_str(line).unwrap(), &mut found);
    }
    assert!(found.len() >= 36, "{}", found.len());
    let known: Vec<Value> = sent().into_iter().map(|sent| sent.message["Operations"].clone()).collect();
    for operations in found {
        assert!(known.contains(&operations), "{operations}");
    }
}

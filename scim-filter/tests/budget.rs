//! What filters cost, in steps: X7 of the faults of the first edition.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use scim_core::{Resource, SchemaSet, Tolerance};
use scim_filter::{Budget, BudgetExceeded, FilterLimits, Predicate, check, parse};
use serde_json::{Value, json};

fn predicate(filter: &str) -> Predicate {
    let schemas = SchemaSet::builtin();
    let limits = FilterLimits { text: 1 << 20, comparisons: 1000, ..FilterLimits::default() };
    let user = schemas.user().unwrap();
    check(&parse(filter, &limits).unwrap(), user, &mut Tolerance::rfc()).unwrap()
}

/// `term` with each number in place of `#`, joined by a word.
fn chain(term: &str, count: usize, word: &str) -> String {
    (0..count).map(|number| term.replace('#', &number.to_string())).collect::<Vec<_>>().join(word)
}

/// The steps that a look at one resource takes.
fn steps(filter: &str, resource: &Value) -> u64 {
    let budget = Budget::unlimited();
    let resource: Resource = serde_json::from_value(resource.clone()).unwrap();
    predicate(filter).matches_within(&resource, &budget).unwrap();
    budget.limit() - budget.left()
}

#[test]
fn x7_tests_of_one_attribute_by_one_operator_are_taken_together() {
    let user = json!({"userName": "bjensen", "displayName": "Barbara Jensen"});
    for operator in ["co", "eq", "ne", "sw", "ew", "gt", "ge", "lt", "le"] {
        let one = steps(&format!("displayName {operator} \"#\""), &user);
        let many = steps(&chain(&format!("displayName {operator} \"zz#\""), 256, " or "), &user);
        assert!(many <= 40 * one, "{operator}: {many} steps for 256, {one} for one");
    }
    assert!(steps(&chain("displayName ne \"#\"", 256, " and "), &user) <= 2);
    let chained = predicate(&chain("displayName co \"#\"", 256, " or "));
    assert_eq!(chained.steps(10_000), 10_000);
    assert_eq!(predicate(&chain("displayName co \"#\"", 256, " and ")).steps(10_000), 2_560_000);
}

#[test]
fn x7_what_costs_more_counts_for_more() {
    let of = |filter: &str, value: Value| steps(filter, &json!({"displayName": value}));
    let short = of("displayName sw \"q\"", json!("a"));
    assert!(of("displayName co \"q\"", json!("a")) > short, "searching");
    assert!(of("displayName co \"q\"", json!("a".repeat(6400))) >= 100 * short, "long texts");
    assert!(of("displayName co \"q\"", json!("ä".repeat(3200))) >= 1600 * short, "long texts that are folded");
    let emails: Vec<Value> = (0..1000).map(|number| json!({"value": format!("{number}@x"), "type": "work"})).collect();
    let emails = json!({"emails": emails});
    for filter in ["emails.value eq \"q\"", "emails co \"q\"", "emails[type eq \"q\"]", "not (emails.display pr)"] {
        assert!(steps(filter, &emails) >= 1000, "{filter}: elements count");
    }
}

#[test]
fn x7_evaluation_ends_where_the_budget_ends() {
    let emails: Vec<Value> = (0..100_000).map(|number| json!({"value": format!("{number}@x")})).collect();
    let user: Resource = serde_json::from_value(json!({"userName": "a", "emails": emails})).unwrap();
    let filter = predicate(&format!("emails.value co \"q\" or {}", chain("emails[value ew \"#q\"]", 200, " or ")));
    let budget = Budget::new(5000);
    assert_eq!(filter.matches_within(&user, &budget).map_err(BudgetExceeded::limit), Err(5000));
    assert_eq!(budget.left(), 0);
    let rich = Budget::new(200_000);
    let first = predicate("userName eq \"a\" or emails.value co \"q\"");
    assert_eq!(first.matches_within(&user, &rich), Ok(true), "what decides first costs no more");
    assert!(rich.left() > 199_000);
}

#[test]
fn x7_tests_taken_together_hold_where_one_of_them_does() {
    let texts = ["", "a", "A", "ab", "Ba", "b", "é", "E\u{301}", "zebra", "aé"];
    let values = [json!("a"), json!("AB"), json!("é"), json!(""), json!(5), Value::Null];
    let resources: Vec<Resource> = values
        .iter()
        .flat_map(|value| {
            [json!({"title": value}), json!({"emails": [{"value": value, "type": value}, {"value": "zz"}]})]
        })
        .chain([json!({})])
        .map(|resource| serde_json::from_value(resource).unwrap())
        .collect();
    for operator in ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] {
        for path in ["title", "emails.value", "emails", "id", "externalId"] {
            for count in 2..texts.len() {
                let tests: Vec<String> =
                    texts.iter().take(count).map(|text| format!("{path} {operator} \"{text}\"")).collect();
                let alone: Vec<Predicate> = tests.iter().map(|test| predicate(test)).collect();
                let (any, all) = (predicate(&tests.join(" or ")), predicate(&tests.join(" and ")));
                for resource in &resources {
                    let one = alone.iter().any(|test| test.matches(resource));
                    assert_eq!(any.matches(resource), one, "{} on {resource:?}", tests.join(" or "));
                    let each = alone.iter().all(|test| test.matches(resource));
                    assert_eq!(all.matches(resource), each, "{} on {resource:?}", tests.join(" and "));
                }
            }
        }
    }
}

#[test]
fn a_look_through_the_text_of_many_values_counts_its_bytes() {
    let certificate = "A".repeat(4096);
    let certificates: Vec<Value> = (0..100).map(|_| json!({"value": certificate})).collect();
    let mut user: Resource =
        serde_json::from_value(json!({"userName": "a", "x509Certificates": certificates})).unwrap();
    user.compact();
    for filter in ["x509Certificates.display eq \"x\"", "x509Certificates[display pr]", "x509Certificates.display pr"] {
        let budget = Budget::unlimited();
        predicate(filter).matches_within(&user, &budget).unwrap();
        let steps = budget.limit() - budget.left();
        assert!(steps > 100 * 4096 / 64, "{filter}: {steps} steps");
        let budget = Budget::new(1000);
        assert!(predicate(filter).matches_within(&user, &budget).is_err(), "{filter}");
    }
    let budget = Budget::new(10);
    assert!(predicate("userName eq \"b\"").matches_within(&user, &budget).is_ok(), "the rest is not looked through");
}

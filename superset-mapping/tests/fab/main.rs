//! The settings for Superset's own login, read by the real Flask-AppBuilder.
//!
//! Needs a Python with `flask-appbuilder` and `jmespath`, named by `FAB_PYTHON`; `.ci/fab/run.sh` provides it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};
use superset_mapping::fab_config::{FabConfig, FabProvider};
use superset_mapping::login::Assertion;
use superset_mapping::{AttributeMapping, GroupRef, RuleSet, Subject};

const RULES: &str = r#"
    default_roles = ["Gamma"]
    [[rule]]
    group = "analysts"
    roles = ["Alpha", "sql_lab"]
    [[rule]]
    group = "analysts"
    roles = ["Finance"]
    [[rule]]
    group = "Analysts"
    roles = ["Wrong Case"]
    [[rule]]
    group = "it's `quoted` \"\\ é \U0001f600"
    roles = ["Rôle \"x\""]
    [[rule]]
    group = "board"
    roles = ["Alpha"]
"#;

const GROUPS: [&str; 8] =
    ["analysts", "Analysts", "it's `quoted` \"\\ é \u{1f600}", "board", "Gamma", "Admin", "analysts,board", ""];

/// The roles that the rules give for these groups.
fn ours(rules: &RuleSet, mapping: &AttributeMapping, assertion: &Assertion) -> Vec<String> {
    let person = mapping.person(assertion).unwrap();
    let groups = person
        .groups
        .unwrap()
        .into_iter()
        .enumerate()
        .map(|(position, display_name)| GroupRef::new(format!("g-{position}").parse().unwrap(), &display_name));
    let subject = Subject { user: &person.user, groups: groups.collect() };
    rules.decide(&subject).roles().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs Flask-AppBuilder: .ci/fab/run.sh runs it"]
fn flask_appbuilder_gives_the_roles_that_the_rules_give() {
    let python = std::env::var("FAB_PYTHON").expect("FAB_PYTHON names a Python with flask-appbuilder");
    let rules: RuleSet = RULES.parse().unwrap();
    let mapping = AttributeMapping::okta();
    let provider = FabProvider {
        name: "okta",
        entity_id: "https://idp.test",
        single_sign_on: "https://idp.test/sso",
        certificate: "MII",
        superset: "https://superset.test",
    };
    let config = FabConfig::new(&rules, &mapping, &provider);
    assert_eq!(config.warnings(), &[] as &[String]);

    // 100 people who log in twice, the second time with other groups.
    let mut logins = Vec::new();
    for person in 0..100_usize {
        for time in 0..2 {
            let seed = person * 37 + time * 101;
            let chosen =
                GROUPS.iter().enumerate().filter(|(bit, _)| seed >> bit & 1 == 1).map(|(_, name)| (*name).to_owned());
            let mut attributes: BTreeMap<String, Vec<String>> = BTreeMap::new();
            attributes.insert("email".to_owned(), vec![format!("p{person}@example.com")]);
            attributes.insert("firstName".to_owned(), vec!["Ada".to_owned()]);
            let groups: Vec<String> = chosen.collect();
            // Identity providers leave out what is empty.
            if !groups.is_empty() {
                attributes.insert("groups".to_owned(), groups);
            }
            logins.push(Assertion { id: "_1".to_owned(), subject: format!("p{person}@example.com"), attributes });
        }
    }
    let expected: Vec<Vec<String>> = logins.iter().map(|login| ours(&rules, &mapping, login)).collect();

    let folder = tempfile::tempdir().unwrap();
    let (fragment, asked) = (folder.path().join("superset_config.py"), folder.path().join("logins.json"));
    std::fs::write(&fragment, config.to_string()).unwrap();
    let asked_of: Vec<Value> =
        logins.iter().map(|login| json!({"name_id": login.subject, "attributes": login.attributes})).collect();
    let body = json!({"roles": rules.roles(), "logins": asked_of});
    std::fs::write(&asked, body.to_string()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/fab/roles.py");
    let output = Command::new(python).arg(script).arg(&fragment).arg(&asked).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: Vec<Vec<String>> = serde_json::from_slice(&output.stdout).unwrap();
    let distinct: std::collections::BTreeSet<_> = expected.iter().collect();
    assert!(distinct.len() >= 8, "{distinct:?}");
    assert_eq!(theirs.len(), 200);
    for ((login, theirs), ours) in logins.iter().zip(&theirs).zip(&expected) {
        let mut theirs = theirs.clone();
        theirs.sort();
        assert_eq!(&theirs, ours, "{:?}", login.attributes.get("groups"));
    }
}

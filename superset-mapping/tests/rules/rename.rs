//! Renaming any group to any name never adds a protected role, nor takes one away.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use scim_core::{Provenance, Resource, Source};
use scim_filter::fold;
use serde_json::{Value, json};
use superset_mapping::{GroupRef, RuleSet, Subject};

/// Names that rules, roles, identifiers and attackers have in common.
const NAMES: [&str; 14] = [
    "Admin",
    "admin",
    "ＡＤＭＩＮ",
    " Admin",
    "Admin ",
    "Owner",
    "grp-exec",
    "g-1",
    "analysts",
    "Analysts",
    "x-team",
    "admin-team",
    "Admin-team",
    "",
];
const ROLES: [&str; 6] = ["Admin", "Owner", "Alpha", "Gamma", "admin", "sql_lab"];
const TEMPLATES: [&str; 7] = ["Team ${x}", "${x}", "${x}${x}", "A${x}", "${x}in", "Alpha", "Admin${x}"];
const PATTERNS: [&str; 7] = [
    "(?<x>.*)",
    "(?<x>[a-z]+)-team",
    "(?i)(?<x>a|b|adm)",
    "(?<x>(?i)adm)(?:in)?-team",
    "(?<x>Alpha|Gamma)",
    "(?s)(?<x>.)*",
    "(?<x>\\w+)",
];
const CONDITIONS: [&str; 6] = [
    "title eq \"analyst\"",
    "active eq true",
    "groups.display eq \"Admin\"",
    "not (groups.display co \"a\")",
    "groups pr",
    "userName sw \"a\"",
];

pub(crate) fn name() -> impl Strategy<Value = String> {
    prop_oneof![3 => select(NAMES.as_slice()).prop_map(str::to_owned), 1 => "\\PC{0,12}", 1 => "[a-zA-Z]{1,5}-team"]
}

fn rule() -> impl Strategy<Value = Value> {
    let binding = prop_oneof![
        name().prop_map(|name| json!({ "group": name })),
        select(PATTERNS.as_slice()).prop_map(|pattern| json!({ "group_pattern": pattern })),
        select(NAMES.as_slice()).prop_map(|id| json!({ "group_external_id": id })),
        select(NAMES.as_slice()).prop_map(|id| json!({ "group_id": id })),
        Just(json!({})),
    ];
    let roles = prop_oneof![vec(select(ROLES.as_slice()), 1..3), vec(select(TEMPLATES.as_slice()), 1..3)];
    (binding, option::of(select(CONDITIONS.as_slice())), roles, any::<bool>()).prop_map(
        |(mut rule, when, roles, protected)| {
            if let Some(when) = when {
                rule["when"] = json!(when);
            }
            rule["roles"] = json!(roles);
            rule["grants_protected"] = json!(protected);
            rule
        },
    )
}

/// Rules, most of which the reader refuses: those that it takes are kept.
fn rules() -> impl Strategy<Value = RuleSet> {
    let lists = (
        vec(select(ROLES.as_slice()), 0..2),
        select(vec![json!(["Admin"]), json!(["Admin", "Owner"]), json!(["owner", "gamma"])]),
        option::weighted(0.3, vec(name(), 0..4)),
        select(["ignore", "refuse"].as_slice()),
    );
    (lists, vec(rule(), 0..12)).prop_map(|((default_roles, protected_roles, allowed, unknown), candidates)| {
        let mut file = json!({"protected_roles": protected_roles, "unknown_groups": unknown, "rule": []});
        let taken = |file: &Value| serde_json::from_value::<RuleSet>(file.clone()).ok();
        let optional = [("default_roles", json!(default_roles)), ("allowed_groups", json!(allowed))];
        for (key, value) in optional.into_iter().filter(|(_, value)| !value.is_null()) {
            let mut more = file.clone();
            more[key] = value;
            if taken(&more).is_some() {
                file = more;
            }
        }
        for rule in candidates {
            let mut more = file.clone();
            more["rule"].as_array_mut().unwrap().push(rule);
            if taken(&more).is_some() {
                file = more;
            }
        }
        taken(&file).unwrap()
    })
}

fn group() -> impl Strategy<Value = GroupRef> {
    let id = prop_oneof![select(NAMES.as_slice()), select(["g-1", "g-2", "g-3"].as_slice())];
    (id, option::of(select(NAMES.as_slice())), name()).prop_filter_map("an id", |(id, external_id, display_name)| {
        let mut group = GroupRef::new(id.parse().ok()?, &display_name);
        group.external_id = external_id.map(Into::into);
        Some(group)
    })
}

/// The roles given that the rules protect, however they are spelled.
fn protected(rules: &RuleSet, user: &Resource, groups: &[GroupRef]) -> BTreeSet<String> {
    let decision = rules.decide(&Subject { user, groups: groups.to_vec() });
    let is_protected = |role: &str| {
        let role = fold(role.trim()).into_owned();
        rules.protected_roles().iter().any(|protected| fold(protected.trim()) == role)
    };
    decision.roles().filter(|role| is_protected(role)).map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_new_name_of_a_group_moves_a_protected_role(
        rules in rules(),
        title in option::of(select(["analyst", "x"].as_slice())),
        groups in vec(group(), 1..5),
        renames in vec((any::<prop::sample::Index>(), name()), 1..4),
    ) {
        let mut user = json!({"userName": "ada", "active": true});
        if let Some(title) = title {
            user["title"] = json!(title);
        }
        let user: Resource = serde_json::from_value(user).unwrap();
        let before = protected(&rules, &user, &groups);
        let mut renamed = groups;
        for (position, name) in renames {
            let position = position.index(renamed.len());
            renamed[position].display_name = name;
            prop_assert_eq!(&protected(&rules, &user, &renamed), &before);
        }
    }
}

/// Whoever is not the client that the rules believe.
const OTHERS: [&str; 4] = ["client:entra", "client:*", "provider:partners", "host"];

fn by(source: &str) -> Arc<Provenance> {
    Arc::new(Provenance::new(source.parse().unwrap()))
}

/// A group that somebody else claims, by whatever name and identifier. Its id is one that the service issues.
fn claimed() -> impl Strategy<Value = GroupRef> {
    let chain = vec(select(OTHERS.as_slice()), 1..3);
    (0..9_usize, option::of(select(NAMES.as_slice())), name(), select(OTHERS.as_slice()), chain).prop_map(
        |(id, external_id, display_name, source, chain)| {
            let mut group =
                GroupRef::new(format!("issued-{id}").parse().unwrap(), &display_name).asserted_by(by(source));
            group.external_id = external_id.map(Into::into);
            group.asserted_through(vec![chain.iter().map(|source| source.parse().unwrap()).collect()])
        },
    )
}

/// The same rules, all of which believe one client.
fn believing_okta(rules: &RuleSet) -> RuleSet {
    let mut file = serde_json::to_value(rules).unwrap();
    file["sources"] = json!(["client:okta", "provider:partners"]);
    for rule in file["rule"].as_array_mut().unwrap() {
        rule["client"] = json!("okta");
    }
    serde_json::from_value(file).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn x3_no_claim_of_another_source_moves_a_protected_role(
        rules in rules(),
        groups in vec(group(), 1..5),
        claims in vec(claimed(), 1..5),
        member in vec(select(OTHERS.as_slice()), 1..3),
    ) {
        let rules = believing_okta(&rules);
        let user: Resource = serde_json::from_value(json!({"userName": "ada", "title": "analyst"})).unwrap();
        let user = user.asserted_by(by("client:okta"));
        let groups: Vec<GroupRef> = groups.into_iter().map(|group| group.asserted_by(by("client:okta"))).collect();
        let before = protected(&rules, &user, &groups);
        let with_claims = [groups.clone(), claims.clone()].concat();
        prop_assert_eq!(&protected(&rules, &user, &with_claims), &before);
        // Nor does somebody who puts a person into a believed group, or makes the person.
        let chain: BTreeSet<Source> = member.iter().map(|source| source.parse().unwrap()).collect();
        let put: Vec<GroupRef> = groups.iter().map(|group| group.clone().asserted_through(vec![chain.clone()])).collect();
        prop_assert_eq!(&protected(&rules, &user, &put), &BTreeSet::new());
        let made = user.asserted_by(by(member[0]));
        prop_assert_eq!(&protected(&rules, &made, &groups), &BTreeSet::new());
    }
}

/// The property above would hold for rules that never give a protected role: some do.
#[test]
fn identifiers_give_protected_roles_whatever_the_group_is_called() {
    let rules: RuleSet =
        "[[rule]]\ngroup_external_id = 'grp-exec'\nroles = ['Admin']\ngrants_protected = true".parse().unwrap();
    for name in NAMES {
        let group = |external_id: &str| GroupRef::new("g-1".parse().unwrap(), name).with_external_id(external_id);
        let roles = |external_id| protected(&rules, &Resource::default(), &[group(external_id)]);
        assert_eq!(roles("grp-exec"), BTreeSet::from(["Admin".to_owned()]));
        assert_eq!(roles("grp"), BTreeSet::new());
    }
}

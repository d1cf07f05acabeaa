//! Roles are what the rules say, at every moment.

use serde_json::json;
use superset_mapping::reconcile::{DriftOptions, FindingKind, Outcome, RepairOptions};
use superset_mapping::{ConnectError, SupersetStore};

use crate::harness::{Case, cases};
use crate::support::{Superset, id_of};

pub(crate) const CASES: &[Case] = cases![
    joining_moving_and_leaving_groups_moves_roles,
    s20_new_rules_take_effect_with_a_restart_and_a_repair,
    groups_within_groups_count,
    roles_granted_by_hand_stay_and_those_taken_by_hand_come_back,
    no_display_name_makes_an_administrator,
    a_rule_bound_by_external_id_grants_a_protected_role_and_follows_the_external_id,
    a_role_that_superset_does_not_have_is_told_and_granted_once_it_is_there,
    s8_a_missing_role_gives_nothing_and_displaces_nothing,
    s8_a_missing_role_is_made_after_the_template_that_the_rules_name,
    s8_no_role_is_made_that_is_protected_or_spelled_like_another,
];

async fn joining_moving_and_leaving_groups_moves_roles() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    let analysts = superset.group("analysts", &[&ada]).await;
    assert_eq!(superset.roles("ada").await, ["Alpha"]);
    let sql = superset.group("sql", &[]).await;
    superset.add_member(&sql, &ada).await;
    assert_eq!(superset.roles("ada").await, ["Alpha", "sql_lab"]);
    superset.remove_member(&analysts, &ada).await;
    assert_eq!(superset.roles("ada").await, ["Alpha", "sql_lab"]);
    superset.set("Group", &sql, "displayName", json!("other")).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    superset.set("Group", &sql, "displayName", json!("analysts 2")).await.unwrap();
    superset.delete("Group", &analysts).await.unwrap();
    superset.set("Group", &sql, "displayName", json!("analysts")).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Alpha"]);
    superset.delete("Group", &sql).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
}

async fn s20_new_rules_take_effect_with_a_restart_and_a_repair() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    superset.group("analysts", &[&ada]).await;
    let rules = "default_roles = ['Gamma']\n[[rule]]\ngroup = 'analysts'\nroles = ['sql_lab']";
    let restarted = SupersetStore::connect(&superset.url, rules.parse().unwrap()).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Alpha"], "the restart alone changes nobody");
    let options = RepairOptions::new(DriftOptions::new());
    let report = restarted.repair(&superset.cx(), &options, &()).await.unwrap();
    assert!(!report.repairs.is_empty());
    assert_eq!(superset.roles("ada").await, ["sql_lab"]);
}

async fn groups_within_groups_count() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let inner = superset.group("inner", &[]).await;
    let outer = superset.group("analysts", &[&inner]).await;
    superset.add_member(&inner, &ada).await;
    assert_eq!(superset.roles("ada").await, ["Alpha"]);
    superset.remove_member(&outer, &inner).await;
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    superset.add_member(&outer, &inner).await;
    superset.delete("Group", &inner).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
}

async fn roles_granted_by_hand_stay_and_those_taken_by_hand_come_back() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    superset.by_hand("ab_user_role", "user_id, role_id", "2, 3").await;
    superset.by_hand("ab_user_role", "user_id, role_id", "2, 5").await;
    let group = superset.group("analysts", &[&ada]).await;
    assert_eq!(superset.roles("ada").await, ["Alpha", "sql_lab"]);
    // Alpha was granted by hand before the rule said so: it is not ours to take.
    superset.remove_member(&group, &ada).await;
    assert_eq!(superset.roles("ada").await, ["Alpha", "Gamma", "sql_lab"]);
    superset.run("DELETE FROM ab_user_role WHERE user_id = 2").await;
    superset.set("User", &ada, "title", json!("x")).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    assert_eq!(superset.value("SELECT count(*) FROM scim_grant WHERE relation = 'ab_user_role'").await, "1");
}

async fn no_display_name_makes_an_administrator() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let group = superset.group("team", &[&ada]).await;
    for name in ["Admin", "grp-exec", "ADMIN"] {
        superset.set("Group", &group, "displayName", json!(name)).await.unwrap();
        assert_eq!(superset.roles("ada").await, ["Gamma"], "{name}");
    }
    // Nor does what the client says of the person.
    superset.set("User", &ada, "roles", json!([{"value": "Admin", "primary": true}])).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
}

async fn a_rule_bound_by_external_id_grants_a_protected_role_and_follows_the_external_id() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let group = json!({"displayName": "board", "externalId": "grp-exec", "members": [{"value": ada}]});
    let group = id_of(&superset.create("Group", group).await.unwrap());
    assert_eq!(superset.roles("ada").await, ["Admin"]);
    superset.set("Group", &group, "externalId", json!("GRP-EXEC")).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
}

async fn a_role_that_superset_does_not_have_is_told_and_granted_once_it_is_there() {
    let rules = "[[rule]]\ngroup = \"finance\"\nroles = [\"Finance\", \"alpha\", \"Alpha\"]";
    let superset = Superset::with_rules(rules).await;
    assert_eq!(superset.store.missing_roles().await.unwrap(), ["Finance", "alpha"]);
    let ada = superset.named("ada").await;
    superset.group("finance", &[&ada]).await;
    assert_eq!(superset.roles("ada").await, ["Alpha"]);
    superset.by_hand("ab_role", "name", "'Finance'").await;
    superset.set("User", &ada, "title", json!("x")).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Alpha", "Finance"]);
}

const TEAMS: &str = r#"
    default_roles = ["Gamma", "Nowhere"]
    [[rule]]
    group_pattern = "company:(?<team>.+)-team"
    roles = ["Team ${team}"]
    [[rule]]
    group = "lead"
    roles = ["Team lead", "Alpha"]
"#;

async fn s8_a_missing_role_gives_nothing_and_displaces_nothing() {
    let superset = Superset::with_rules(TEAMS).await;
    let ada = superset.named("ada").await;
    assert_eq!(superset.roles("ada").await, ["Gamma"], "of two default roles the one that is there");
    let group = superset.group("company:zzz-team", &[&ada]).await;
    assert_eq!(superset.roles("ada").await, ["Gamma"], "the default role stays");
    let lead = superset.group("lead", &[&ada]).await;
    assert_eq!(superset.roles("ada").await, ["Alpha"], "a role that is there displaces the default role");
    superset.delete("Group", &lead).await.unwrap();
    let drift = superset.store.drift(&DriftOptions::new().with_local("admin"), &()).await.unwrap();
    let found: Vec<_> = drift.findings.iter().map(|finding| (finding.kind, finding.what.as_deref())).collect();
    let unknown = FindingKind::RoleUnknown;
    assert_eq!(found, [(unknown, Some("Nowhere")), (unknown, Some("Team zzz"))], "{drift}");
    // Somebody makes the role: from the next change on it is given, and the default role goes.
    superset.by_hand("ab_role", "name", "'Team zzz'").await;
    superset.set("Group", &group, "externalId", json!("e")).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Team zzz"]);
}

/// What roles permit, as the ids of permissions.
async fn permissions(superset: &Superset, role: &str) -> Vec<String> {
    superset
        .column(&format!(
            "SELECT p.permission_view_id FROM ab_permission_view_role p JOIN ab_role r ON r.id = p.role_id \
             WHERE r.name = '{role}' ORDER BY 1"
        ))
        .await
}

async fn s8_a_missing_role_is_made_after_the_template_that_the_rules_name() {
    let superset = Superset::with_rules(&format!("create_roles_from = \"Gamma\"\n{TEAMS}")).await;
    for (table, columns, values) in [
        ("ab_permission", "name", "'can_read'"),
        ("ab_view_menu", "name", "'Dashboard'"),
        ("ab_view_menu", "name", "'Chart'"),
        ("ab_permission_view", "permission_id, view_menu_id", "1, 1"),
        ("ab_permission_view", "permission_id, view_menu_id", "1, 2"),
        ("ab_permission_view_role", "permission_view_id, role_id", "1, 4"),
        ("ab_permission_view_role", "permission_view_id, role_id", "2, 4"),
    ] {
        superset.by_hand(table, columns, values).await;
    }
    let ada = superset.named("ada").await;
    assert_eq!(superset.roles("ada").await, ["Gamma", "Nowhere"]);
    superset.group("company:data-team", &[&ada]).await;
    assert_eq!(superset.roles("ada").await, ["Team data"]);
    assert_eq!(permissions(&superset, "Team data").await, ["1", "2"]);
    assert_eq!(permissions(&superset, "Gamma").await, ["1", "2"]);
    let made = "SELECT detail FROM scim_audit WHERE action = 'create_role' ORDER BY position";
    assert_eq!(
        superset.column(made).await,
        [r#"{"ab_role":6,"from":"Gamma","role":"Nowhere"}"#, r#"{"ab_role":7,"from":"Gamma","role":"Team data"}"#]
    );
    // Once: what a person changes of it stays, and nobody makes it again.
    superset.run("DELETE FROM ab_permission_view_role WHERE role_id = 7 AND permission_view_id = 2").await;
    let bob = superset.named("bob").await;
    superset.group("company:data-team 2", &[&bob]).await;
    superset.set("User", &ada, "title", json!("Dr")).await.unwrap();
    assert_eq!(permissions(&superset, "Team data").await, ["1"]);
    assert!(superset.store.missing_roles().await.unwrap().is_empty());
    // Superset's own next role has an id of its own.
    superset.by_hand("ab_role", "name", "'By hand'").await;
    // A role that somebody deleted is drift, and a repair makes it again.
    superset.run("DELETE FROM ab_group_role WHERE role_id = 7").await;
    superset.run("DELETE FROM ab_permission_view_role WHERE role_id = 7").await;
    superset.run("DELETE FROM ab_role WHERE id = 7").await;
    let options = DriftOptions::new().with_local("admin");
    let report = superset.store.repair(&superset.cx(), &RepairOptions::new(options.clone()), &()).await.unwrap();
    assert_eq!(report.count(Outcome::Repaired), report.repairs.len(), "{report}");
    assert_eq!(superset.roles("ada").await, ["Team data"]);
    assert!(superset.store.drift(&options, &()).await.unwrap().is_clean());
    // Without the template nothing starts.
    superset.run("UPDATE ab_role SET name = 'Delta' WHERE name = 'Gamma'").await;
    let rules = format!("create_roles_from = \"Gamma\"\n{TEAMS}").parse().unwrap();
    let refusal = SupersetStore::connect(&superset.url, rules).await.unwrap_err();
    assert!(matches!(&refusal, ConnectError::NoTemplateRole { role } if role == "Gamma"), "{refusal}");
}

async fn s8_no_role_is_made_that_is_protected_or_spelled_like_another() {
    let rules = r#"
        create_roles_from = "Gamma"
        protected_roles = ["Admin", "Root"]
        [[rule]]
        group_external_id = "root"
        roles = ["Root"]
        grants_protected = true
        [[rule]]
        group_pattern = "r:(?<role>ALPHA|alpha|Beta)"
        roles = ["${role}"]
    "#;
    let superset = Superset::with_rules(rules).await;
    let ada = superset.named("ada").await;
    superset
        .create("Group", json!({"displayName": "r", "externalId": "root", "members": [{"value": ada}]}))
        .await
        .unwrap();
    superset.group("r:ALPHA", &[&ada]).await;
    superset.group("r:Beta", &[&ada]).await;
    assert_eq!(superset.roles("ada").await, ["Beta"]);
    let made = superset.column("SELECT name FROM ab_role WHERE id > 5").await;
    assert_eq!(made, ["Beta"]);
}

//! Roles are what the rules say, at every moment.

use serde_json::json;

use crate::harness::{Case, cases};
use crate::support::{Superset, id_of};

pub(crate) const CASES: &[Case] = cases![
    joining_moving_and_leaving_groups_moves_roles,
    groups_within_groups_count,
    roles_granted_by_hand_stay_and_those_taken_by_hand_come_back,
    no_display_name_makes_an_administrator,
    a_rule_bound_by_external_id_grants_a_protected_role_and_follows_the_external_id,
    a_role_that_superset_does_not_have_is_told_and_granted_once_it_is_there,
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

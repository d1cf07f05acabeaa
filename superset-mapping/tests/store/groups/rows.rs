//! Groups are rows of `ab_group`, where there is such a table.

use scim_core::ValueRef;
use serde_json::json;

use crate::harness::{Case, cases};
use crate::support::{Superset, each, taken, version};

pub(crate) const CASES: &[Case] = cases![
    a_group_and_its_members_are_rows_of_superset_and_follow_changes,
    members_and_groups_are_rendered_with_type_and_display,
    a_member_is_there_once_however_often_it_is_named,
    cycles_end,
    a_group_that_somebody_deleted_in_superset_comes_back_with_the_next_change,
    memberships_made_by_hand_in_other_groups_stay,
    a_superset_without_group_tables_gets_roles_all_the_same,
    a_group_name_that_does_not_fit_is_refused,
];

const NO_GROUPS: &str = "DROP TABLE ab_group_role; DROP TABLE ab_user_group; DROP TABLE ab_group;";

async fn a_group_and_its_members_are_rows_of_superset_and_follow_changes() {
    let superset = Superset::start().await;
    let (ada, bob) = (superset.named("ada").await, superset.named("bob").await);
    let group = superset.group("analysts", &[&ada]).await;
    assert_eq!(superset.column("SELECT name || '|' || label FROM ab_group").await, ["analysts|analysts"]);
    assert_eq!(superset.groups("ada").await, ["analysts"]);
    superset.add_member(&group, &bob).await;
    superset.remove_member(&group, &ada).await;
    assert!(superset.groups("ada").await.is_empty());
    assert_eq!(superset.groups("bob").await, ["analysts"]);
    superset.set("Group", &group, "displayName", json!("Analysts EU")).await.unwrap();
    assert_eq!(superset.groups("bob").await, ["Analysts EU"]);
    superset.replace("Group", &group, json!({"displayName": "x", "members": [{"value": ada}]})).await.unwrap();
    assert_eq!((superset.groups("ada").await, superset.groups("bob").await), (vec!["x".to_owned()], vec![]));
    superset.delete("Group", &group).await.unwrap();
    assert_eq!(superset.value("SELECT count(*) FROM ab_group").await, "0");
    assert_eq!(superset.value("SELECT count(*) FROM ab_user_group").await, "0");
    assert_eq!(superset.value("SELECT count(*) FROM scim_member").await, "0");
    superset.group("X", &[]).await;
}

async fn members_and_groups_are_rendered_with_type_and_display() {
    let superset = Superset::start().await;
    let ada = superset.user(json!({"userName": "ada", "displayName": "Ada K"})).await;
    let inner = superset.group("inner", &[&ada]).await;
    let outer = superset.group("outer", &[&inner, "nobody", &ada]).await;
    let members = superset.get("Group", &outer).await.unwrap().get("members").map(ValueRef::to_value).unwrap();
    assert_eq!(
        members,
        json!([
            {"value": inner, "type": "Group", "display": "inner"},
            {"value": "nobody"},
            {"value": ada, "type": "User", "display": "Ada K"}
        ])
    );
    superset.remove_member(&outer, &ada).await;
    let groups = superset.get("User", &ada).await.unwrap().get("groups").map(ValueRef::to_value).unwrap();
    assert_eq!(
        groups,
        json!([
            {"value": inner, "type": "direct", "display": "inner"},
            {"value": outer, "type": "indirect", "display": "outer"}
        ])
    );
    assert_eq!(superset.groups("ada").await, ["inner", "outer"]);
}

async fn a_member_is_there_once_however_often_it_is_named() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let group = superset.group("analysts", &[&ada, &ada]).await;
    let before = superset.get("Group", &group).await.unwrap();
    assert_eq!(each(&before, "members", "value"), [ada.as_str()]);
    assert_eq!(superset.add_member(&group, &ada).await, before);
    assert_eq!(superset.remove_member(&group, "stranger").await, before);
    assert_eq!(superset.value("SELECT count(*) FROM ab_user_group").await, "1");
}

async fn cycles_end() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let a = superset.group("analysts", &[&ada]).await;
    let b = superset.group("b", &[&a]).await;
    superset.add_member(&a, &b).await;
    superset.add_member(&a, &a).await;
    let groups = superset.get("User", &ada).await.unwrap();
    assert_eq!(each(&groups, "groups", "type"), ["direct", "indirect"]);
    assert_eq!(superset.groups("ada").await, ["analysts", "b"]);
    let before = version(&superset.get("Group", &a).await.unwrap());
    let renamed = superset.set("Group", &a, "displayName", json!("c")).await.unwrap();
    assert!(version(&renamed) > before);
    assert_eq!(superset.get("Group", &a).await.unwrap(), renamed);
    superset.delete("Group", &b).await.unwrap();
    superset.delete("Group", &a).await.unwrap();
    assert!(superset.groups("ada").await.is_empty());
}

async fn a_group_that_somebody_deleted_in_superset_comes_back_with_the_next_change() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let group = superset.group("analysts", &[&ada]).await;
    superset.run("DELETE FROM ab_user_group; DELETE FROM ab_group;").await;
    superset.by_hand("ab_group", "name", "'by hand'").await;
    superset.set("Group", &group, "externalId", json!("x")).await.unwrap();
    assert_eq!(superset.groups("ada").await, ["analysts"]);
    assert_eq!(superset.column("SELECT name FROM ab_group ORDER BY id").await, ["by hand", "analysts"]);
    superset.delete("Group", &group).await.unwrap();
    assert_eq!(superset.column("SELECT name FROM ab_group").await, ["by hand"]);
}

async fn memberships_made_by_hand_in_other_groups_stay() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    superset.run("INSERT INTO ab_group (id, name) VALUES (7, 'ops')").await;
    superset.by_hand("ab_user_group", "user_id, group_id", "2, 7").await;
    let group = superset.group("analysts", &[&ada]).await;
    superset.remove_member(&group, &ada).await;
    assert_eq!(superset.groups("ada").await, ["ops"]);
}

async fn a_superset_without_group_tables_gets_roles_all_the_same() {
    let superset = Superset::prepared(crate::support::RULES, NO_GROUPS).await;
    let ada = superset.named("ada").await;
    let group = superset.group("analysts", &[&ada]).await;
    assert_eq!(superset.roles("ada").await, ["Alpha"]);
    assert_eq!(taken(superset.create("Group", json!({"displayName": "ANALYSTS"})).await), "displayName");
    // No column, no limit.
    superset.set("Group", &group, "displayName", json!("x".repeat(200))).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    superset.delete("Group", &group).await.unwrap();
    superset.delete("User", &ada).await.unwrap();
}

async fn a_group_name_that_does_not_fit_is_refused() {
    let superset = Superset::start().await;
    let refusal = superset.create("Group", json!({ "displayName": "é".repeat(101) })).await.unwrap_err();
    assert_eq!(refusal.to_string(), "`displayName`: expected at most 100 characters");
    assert_eq!(superset.list("Group", "").await.total_results, Some(0));
}

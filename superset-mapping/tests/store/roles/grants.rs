//! Where roles and memberships stand in Superset, and whose they are.

use serde_json::json;

use crate::harness::{Case, cases};
use crate::support::{RULES, Superset, id_of};

pub(crate) const CASES: &[Case] = cases![
    a_role_for_a_group_alone_is_granted_to_the_group,
    without_group_roles_each_member_gets_the_role,
    what_a_person_gave_a_group_stays,
    a_membership_made_by_hand_stays_and_is_not_ours,
    a_group_that_somebody_renamed_is_called_by_its_name_again,
    an_id_in_another_spelling_is_another_member,
];

/// Pairs of a table, as names.
async fn direct(superset: &Superset) -> Vec<String> {
    let pairs = "SELECT concat(u.username, ':', r.name) FROM ab_user_role ur JOIN ab_user u ON u.id = ur.user_id \
                 JOIN ab_role r ON r.id = ur.role_id WHERE u.username <> 'admin' ORDER BY 1";
    superset.column(pairs).await
}

async fn of_groups(superset: &Superset) -> Vec<String> {
    let pairs = "SELECT concat(g.name, ':', r.name) FROM ab_group_role gr JOIN ab_group g ON g.id = gr.group_id \
                 JOIN ab_role r ON r.id = gr.role_id ORDER BY 1";
    superset.column(pairs).await
}

async fn a_role_for_a_group_alone_is_granted_to_the_group() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let group = superset.group("sql", &[]).await;
    assert_eq!(of_groups(&superset).await, ["sql:Alpha", "sql:sql_lab"], "before anybody is in it");
    assert_eq!(direct(&superset).await, ["ada:Gamma"]);
    superset.add_member(&group, &ada).await;
    assert!(direct(&superset).await.is_empty());
    assert_eq!(superset.value("SELECT count(*) FROM ab_user_group").await, "1");
    assert_eq!(superset.roles("ada").await, ["Alpha", "sql_lab"]);
    superset.set("Group", &group, "displayName", json!("analysts")).await.unwrap();
    assert_eq!(of_groups(&superset).await, ["analysts:Alpha"]);
    superset.set("Group", &group, "displayName", json!("x")).await.unwrap();
    assert!(of_groups(&superset).await.is_empty());
    assert_eq!(direct(&superset).await, ["ada:Gamma"]);
}

async fn without_group_roles_each_member_gets_the_role() {
    let superset = Superset::prepared(RULES, "DROP TABLE ab_group_role").await;
    let ada = superset.named("ada").await;
    let group = superset.group("sql", &[&ada]).await;
    assert_eq!(direct(&superset).await, ["ada:Alpha", "ada:sql_lab"]);
    assert_eq!(superset.groups("ada").await, ["sql"]);
    superset.delete("Group", &group).await.unwrap();
    assert_eq!(direct(&superset).await, ["ada:Gamma"]);
}

async fn what_a_person_gave_a_group_stays() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let group = superset.group("analysts", &[&ada]).await;
    superset.by_hand("ab_group_role", "group_id, role_id", "1, 5").await;
    superset.set("Group", &group, "displayName", json!("other")).await.unwrap();
    assert_eq!(of_groups(&superset).await, ["other:sql_lab"]);
    assert_eq!(superset.roles("ada").await, ["Gamma", "sql_lab"]);
    // What somebody took away is granted again with the next change.
    superset.set("Group", &group, "displayName", json!("analysts")).await.unwrap();
    superset.run("DELETE FROM ab_group_role").await;
    superset.set("User", &ada, "title", json!("Dr")).await.unwrap();
    assert_eq!(of_groups(&superset).await, ["analysts:Alpha"]);
}

async fn a_membership_made_by_hand_stays_and_is_not_ours() {
    let superset = Superset::start().await;
    let (ada, bob) = (superset.named("ada").await, superset.named("bob").await);
    let group = superset.group("analysts", &[&ada]).await;
    let bobs = superset.row_of("bob").await;
    superset.by_hand("ab_user_group", "user_id, group_id", &format!("{bobs}, 1")).await;
    superset.set("User", &bob, "title", json!("Dr")).await.unwrap();
    assert_eq!(superset.groups("bob").await, ["analysts"]);
    superset.add_member(&group, &bob).await;
    superset.remove_member(&group, &bob).await;
    assert_eq!(superset.groups("bob").await, ["analysts"], "it was there before SCIM asked for it");
    superset.remove_member(&group, &ada).await;
    assert!(superset.groups("ada").await.is_empty());
}

async fn a_group_that_somebody_renamed_is_called_by_its_name_again() {
    if superset_reuses_ids() {
        return;
    }
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let group = superset.group("analysts", &[&ada]).await;
    superset.run("UPDATE ab_group SET name = 'mine now' WHERE id = 1").await;
    superset.remove_member(&group, &ada).await;
    assert!(superset.groups("ada").await.is_empty(), "who leaves the group leaves the row, whatever it is called");
    superset.set("Group", &group, "externalId", json!("x")).await.unwrap();
    assert_eq!(superset.column("SELECT name FROM ab_group").await, ["analysts"]);
}

fn superset_reuses_ids() -> bool {
    crate::harness::engine().kind == crate::engine::Kind::Sqlite
}

async fn an_id_in_another_spelling_is_another_member() {
    let superset = Superset::start().await;
    let members = json!([{"value": "nobody"}, {"value": "NOBODY"}, {"value": "nobody "}]);
    let group = superset.create("Group", json!({"displayName": "g", "members": members})).await.unwrap();
    assert_eq!(crate::support::each(&group, "members", "value"), ["NOBODY", "nobody", "nobody "]);
    // But a filter regards no case.
    let found = superset.list("Group", r#"members eq "Nobody""#).await;
    assert_eq!(found.resources.iter().map(id_of).collect::<Vec<_>>(), [id_of(&group)]);
}

//! What was done is written down in the transaction that did it.

use scim_service::{Change, Create, Delete, Grant, GrantKind, Modify, Replace, Store, StoreError};
use serde_json::json;

use crate::harness::{Case, cases};
use crate::support::{Superset, rid};

pub(crate) const CASES: &[Case] = cases![
    every_write_is_written_down_once_and_what_changes_nothing_is_not,
    what_fails_leaves_no_trace,
    no_value_is_written_down,
    s12_the_record_of_a_deactivation_says_what_was_taken,
    a_change_says_what_people_may_do_and_by_which_rule,
    the_audit_names_what_the_change_names,
];

/// Actions and details of a resource, or of all.
async fn events(superset: &Superset, id: &str) -> Vec<String> {
    let of = if id.is_empty() { "1 = 1".to_owned() } else { format!("resource_id = '{id}'") };
    let columns = "action || ' ' || coalesce(version, 0) || ' ' || detail";
    superset.column(&format!("SELECT {columns} FROM scim_audit WHERE {of} ORDER BY position")).await
}

async fn every_write_is_written_down_once_and_what_changes_nothing_is_not() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let group = superset.group("analysts", &[&ada]).await;
    superset.set("User", &ada, "title", json!("Dr")).await.unwrap();
    superset.set("User", &ada, "title", json!("Dr")).await.unwrap();
    superset.set("User", &ada, "active", json!(false)).await.unwrap();
    superset.delete("User", &ada).await.unwrap();
    assert_eq!(
        events(&superset, &ada).await,
        [
            r#"create 1 {"set":["schemas","userName"]}"#,
            r#"grant 0 {"role":"Gamma","source":"client:test"}"#,
            r#"revoke 0 {"role":"Gamma","source":"client:test"}"#,
            r#"update 3 {"set":["title"]}"#,
            r#"update 4 {"set":["active"]}"#,
            r#"deactivate 0 {"groups":["analysts"]}"#,
            "delete 4 {}",
        ]
    );
    let of_group = events(&superset, &group).await;
    let joined = format!(r#"members 0 {{"added":["{ada}"],"removed":[]}}"#);
    assert_eq!(
        of_group,
        [
            r#"create 1 {"set":["displayName","schemas"]}"#,
            r#"grant 0 {"role":"Alpha","source":"client:test"}"#,
            &joined
        ]
    );
    let who = superset.value("SELECT principal || '|' || request_id || '|' || tenant FROM scim_audit").await;
    assert_eq!(who, "test|test|");
    let when = superset.value("SELECT happened_at FROM scim_audit").await;
    assert!(when.starts_with("2026-11-24T10:00:0"), "{when}");
}

async fn what_fails_leaves_no_trace() {
    let superset = Superset::start().await;
    superset.named("ada").await;
    let before = events(&superset, "").await;
    // The address is found to be taken after the resource was claimed.
    let outcome = superset.create("User", json!({"userName": "x", "emails": [{"value": "admin@local"}]})).await;
    assert!(matches!(outcome, Err(StoreError::HeldElsewhere { .. })));
    assert_eq!(events(&superset, "").await, before);
    for table in ["scim_unique", "scim_value", "scim_resource"] {
        let rows = superset.value(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, if table == "scim_value" { "0" } else { "1" }, "{table}");
    }
}

async fn no_value_is_written_down() {
    let superset = Superset::start().await;
    let id = superset.user(json!({"userName": "ada", "password": "s3cret", "title": "Dr-private"})).await;
    superset.set("User", &id, "password", json!("s3cret-2")).await.unwrap();
    let events = events(&superset, "").await.join("\n");
    assert!(events.contains(r#"update 2 {"set":["password"]}"#), "{events}");
    assert!(!events.contains("s3cret") && !events.contains("private"), "{events}");
}

/// Details of an action, in order.
async fn details(superset: &Superset, action: &str) -> Vec<String> {
    superset.column(&format!("SELECT detail FROM scim_audit WHERE action = '{action}' ORDER BY position")).await
}

async fn s12_the_record_of_a_deactivation_says_what_was_taken() {
    let superset = Superset::start().await;
    let everything = r#"{"api_keys":[1],"groups":["analysts","by hand"],"roles":["Gamma","sql_lab"]}"#;
    let give = async |superset: &Superset, uuid: &str| {
        superset.by_hand("ab_user_role", "user_id, role_id", "2, 5").await;
        superset.by_hand("ab_user_role", "user_id, role_id", "2, 4").await;
        superset.by_hand("ab_user_group", "user_id, group_id", "2, 2").await;
        let key = format!("'{uuid}', 'k', 'h', 'p', 2, TRUE");
        superset.by_hand("ab_api_key", "uuid, name, key_hash, key_prefix, user_id, active", &key).await;
    };
    let ada = superset.named("ada").await;
    superset.group("analysts", &[&ada]).await;
    superset.by_hand("ab_group", "name, label", "'by hand', 'x'").await;
    give(&superset, "k-1").await;
    superset.set("User", &ada, "active", json!(false)).await.unwrap();
    assert_eq!(details(&superset, "deactivate").await, [everything]);
    // What somebody who is inactive got by hand since, taken by the next change of a group.
    superset.by_hand("ab_user_role", "user_id, role_id", "2, 3").await;
    superset.set("User", &ada, "title", json!("Dr")).await.unwrap();
    assert_eq!(details(&superset, "revoke").await.last().unwrap(), r#"{"roles":["Alpha"]}"#);
    superset.set("User", &ada, "active", json!(true)).await.unwrap();
    give(&superset, "k-2").await;
    superset.delete("User", &ada).await.unwrap();
    assert_eq!(details(&superset, "delete").await, [everything.replace("[1]", "[2]")]);
}

/// The names of what was given or taken, with the rule.
fn named(grants: &[Grant], kind: GrantKind) -> Vec<(String, Option<String>)> {
    let mut named: Vec<_> = grants
        .iter()
        .filter(|grant| grant.kind == kind && grant.holder_type == "User")
        .map(|grant| (grant.name.clone(), grant.rule.clone()))
        .collect();
    named.sort();
    named
}

async fn a_change_says_what_people_may_do_and_by_which_rule() {
    let superset = Superset::start().await;
    let users = superset.of("User");
    let create = Create::new(users, superset.resource("User", json!({"userName": "ada"})));
    let made = superset.store.create(&superset.cx(), create).await.unwrap();
    let ada = made.resource.id().unwrap().into_owned();
    let gained = named(&made.change.access.gained, GrantKind::Role);
    assert_eq!(gained, [("Gamma".to_owned(), Some("default roles".to_owned()))]);
    assert_eq!(made.change.access.gained[0].source.as_deref(), Some("client:test"));

    let group = superset.resource("Group", json!({"displayName": "analysts", "members": [{"value": ada}]}));
    let joined = superset.store.create(&superset.cx(), Create::new(superset.of("Group"), group)).await.unwrap();
    let access = &joined.change.access;
    assert_eq!(named(&access.gained, GrantKind::Group), [("analysts".to_owned(), None)]);
    assert_eq!(named(&access.lost, GrantKind::Role), [("Gamma".to_owned(), None)], "a rule gives something else");
    assert_eq!(joined.change.members_added, [&*ada]);

    superset.by_hand("ab_user_role", "user_id, role_id", "2, 5").await;
    let out = superset.checked_patch("User", &json!([{"op": "replace", "path": "active", "value": false}]));
    let left = superset.store.patch(&superset.cx(), Modify::new(users, &rid(&ada), &out)).await.unwrap().change;
    assert_eq!(named(&left.access.lost, GrantKind::Group), [("analysts".to_owned(), None)]);
    assert_eq!(named(&left.access.lost, GrantKind::Role).len(), 1, "{left:?}");
    assert_eq!(left.access.sessions_ended, [rid(&ada)]);

    let version = superset.get("User", &ada).await.unwrap().version();
    let gone: Change = superset.store.delete(&superset.cx(), Delete::new(users, &rid(&ada))).await.unwrap();
    assert_eq!((gone.before, gone.after), (version, None));
}

async fn the_audit_names_what_the_change_names() {
    let superset = Superset::start().await;
    let enterprise = scim_core::urn::ENTERPRISE_USER;
    let ada = superset.user(json!({"userName": "ada", "name": {"givenName": "Ada", "familyName": "King"}})).await;
    let content = json!({
        "userName": "ada", "name": {"givenName": "Ada", "familyName": "Byron"}, "password": "s3cret",
        enterprise: {"department": "Engines"}
    });
    let id = rid(&ada);
    let replace = Replace::new(superset.of("User"), &id, superset.resource("User", content));
    let change = superset.store.replace(&superset.cx(), replace).await.unwrap().change;
    let named: Vec<String> = change.differences.targets().map(ToString::to_string).collect();
    let department = format!("{enterprise}:department");
    assert_eq!(named, ["name.familyName", "password", &department]);
    let row = details(&superset, "update").await.pop().unwrap();
    assert_eq!(row, json!({"set": ["name.familyName", "password", "schemas", department]}).to_string());
    assert!(!format!("{change:?}").contains("s3cret"), "{change:?}");
}

//! What was done is written down in the transaction that did it.

use scim_service::StoreError;
use serde_json::json;

use crate::harness::{Case, cases};
use crate::support::Superset;

pub(crate) const CASES: &[Case] = cases![
    every_write_is_written_down_once_and_what_changes_nothing_is_not,
    what_fails_leaves_no_trace,
    no_value_is_written_down,
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
            r#"grant 0 {"role":"Gamma"}"#,
            r#"revoke 0 {"role":"Gamma"}"#,
            r#"update 3 {"set":["title"]}"#,
            r#"update 4 {"set":["active"]}"#,
            "deactivate 0 {}",
            "delete 4 {}",
        ]
    );
    let of_group = events(&superset, &group).await;
    let joined = format!(r#"members 0 {{"added":["{ada}"],"removed":[]}}"#);
    assert_eq!(of_group, [r#"create 1 {"set":["displayName","schemas"]}"#, r#"grant 0 {"role":"Alpha"}"#, &joined]);
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

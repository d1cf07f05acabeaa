//! Passwords are in `ab_user`, hashed, and nowhere else.

use serde_json::json;

use crate::engine::Kind;
use crate::harness::{Case, cases};
use crate::support::{Superset, version};

pub(crate) const CASES: &[Case] = cases![
    a_password_is_hashed_for_superset_and_found_nowhere_else,
    r190_a_replacement_without_a_password_keeps_it_and_a_removal_makes_it_unusable,
    p9_a_password_is_removed_once_by_patch_and_by_null,
];

fn columns_of(kind: Kind, table: &str) -> String {
    match kind {
        Kind::Sqlite => format!("SELECT name FROM pragma_table_info('{table}')"),
        Kind::Postgres | Kind::MySql => {
            format!("SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'")
        }
    }
}

const PASSWORD: &str = "SELECT password FROM ab_user WHERE id = 2";

async fn a_password_is_hashed_for_superset_and_found_nowhere_else() {
    let superset = Superset::start().await;
    let id = superset.user(json!({"userName": "ada", "password": "s3cret-pässword"})).await;
    let first = superset.value(PASSWORD).await;
    assert!(first.starts_with("scrypt:32768:8:1$"), "{first}");
    assert_eq!(first.split('$').map(str::len).collect::<Vec<_>>(), [16, 16, 128]);
    assert_eq!(superset.get("User", &id).await.unwrap().get("password"), None);
    let patched = superset.set("User", &id, "password", json!("s3cret-pässword")).await.unwrap();
    assert_eq!((patched.get("password"), version(&patched)), (None, 2));
    let second = superset.value(PASSWORD).await;
    assert_ne!(first, second, "another salt");
    for table in
        ["scim_resource", "scim_unique", "scim_value", "scim_member", "scim_tombstone", "scim_grant", "scim_audit"]
    {
        let columns = superset.column(&columns_of(superset.kind(), table)).await;
        assert!(columns.len() > 2, "{table}");
        for column in columns {
            let found = format!(
                "SELECT count(*) FROM {table} WHERE concat({column}) LIKE '%s3cret%' OR concat({column}) LIKE '%scrypt%'"
            );
            assert_eq!(superset.value(&found).await, "0", "{table}.{column}");
        }
    }
}

async fn r190_a_replacement_without_a_password_keeps_it_and_a_removal_makes_it_unusable() {
    let superset = Superset::start().await;
    let id = superset.user(json!({"userName": "ada", "password": "x"})).await;
    let hash = superset.value(PASSWORD).await;
    superset.replace("User", &id, json!({"userName": "ada", "title": "Dr"})).await.unwrap();
    superset.set("User", &id, "title", json!("Prof")).await.unwrap();
    assert_eq!(superset.value(PASSWORD).await, hash);
    superset.patch("User", &id, json!([{"op": "remove", "path": "password"}])).await.unwrap();
    assert_eq!(superset.value(PASSWORD).await, "!");
}

async fn p9_a_password_is_removed_once_by_patch_and_by_null() {
    let superset = Superset::start().await;
    let id = superset.user(json!({"userName": "ada", "password": "x"})).await;
    let remove = json!([{"op": "remove", "path": "password"}]);
    let removed = superset.patch("User", &id, remove.clone()).await.unwrap();
    let again = superset.patch("User", &id, remove).await.unwrap();
    assert_eq!((version(&removed), version(&again)), (2, 2), "where there is none, nothing changes");
    superset.set("User", &id, "password", json!("y")).await.unwrap();
    for _ in 0..2 {
        let replaced = superset.replace("User", &id, json!({"userName": "ada", "password": null})).await.unwrap();
        assert_eq!((superset.value(PASSWORD).await.as_str(), version(&replaced)), ("!", 4));
    }
}

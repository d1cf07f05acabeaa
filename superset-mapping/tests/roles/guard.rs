//! The last holder of a role stays.

use scim_core::ResourceId;
use scim_service::{MemoryStore, Store, StoreCapabilities, StoreError};
use serde_json::json;
use superset_mapping::{MemoryRoles, RoleSync};

use crate::stores::Lacking;
use crate::world::{Calls, okta, sync};

fn is_refused<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Refused { reason }) if reason.contains("`Admin`"))
}

async fn with_admin() -> (RoleSync<MemoryStore, MemoryRoles>, ResourceId, ResourceId) {
    let store = sync(MemoryStore::new(), MemoryRoles::new()).with_last_holder_kept("Admin").unwrap();
    let calls = okta(&store);
    let ada = calls.user("ada").await;
    let group = json!({"displayName": "admins", "externalId": "grp-admins", "members": [{ "value": ada }]});
    let group = calls.create("Group", group).await.unwrap();
    (store, ada, group)
}

#[tokio::test]
async fn no_write_takes_the_role_from_the_last_holder() {
    let (store, ada, group) = with_admin().await;
    let calls = okta(&store);
    assert!(is_refused(&calls.remove(&group, &ada).await));
    assert!(is_refused(&calls.set("User", &ada, "active", json!(false)).await));
    assert!(is_refused(&calls.delete("User", &ada).await));
    assert!(is_refused(&calls.delete("Group", &group).await));
    assert!(is_refused(&calls.set("Group", &group, "externalId", json!("other")).await));
    assert_eq!(store.target().roles_of(&ada), ["Admin"]);
    let bea = calls.user("bea").await;
    store.target().grant_manually(&bea, "Admin");
    calls.delete("User", &ada).await.unwrap();
    assert!(is_refused(&calls.delete("User", &bea).await));
}

#[tokio::test]
async fn a_transaction_may_hand_the_role_over() {
    let (store, ada, group) = with_admin().await;
    let bea = okta(&store).user("bea").await;
    let members = json!([{ "value": bea }]);
    let transaction = store.begin(&okta(&store).cx).await.unwrap();
    let within = Calls { store: &*transaction, cx: okta(&store).cx };
    within.remove(&group, &ada).await.unwrap();
    within.patch("Group", &group, json!({"op": "add", "path": "members", "value": members})).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(store.target().roles_of(&bea), ["Admin"]);

    let transaction = store.begin(&okta(&store).cx).await.unwrap();
    let within = Calls { store: &*transaction, cx: okta(&store).cx };
    within.remove(&group, &bea).await.unwrap();
    assert!(is_refused(&transaction.commit().await));
    assert_eq!(store.target().roles_of(&bea), ["Admin"]);
}

#[test]
fn a_store_without_transactions_cannot_keep_anybody() {
    let store = Lacking::only(StoreCapabilities::default().with_patch());
    let refused = sync(store, MemoryRoles::new()).with_last_holder_kept("Admin");
    assert!(matches!(refused, Err(StoreError::Unsupported { .. })));
}

//! Groups that had one `externalId` before the rules knew it.

use scim_core::ResourceId;
use scim_service::MemoryStore;
use serde_json::json;
use superset_mapping::{MemoryRoles, RoleSync};

use crate::world::{by, okta, sync};

/// Two groups that no `RoleSync` saw, the older one with ada, the other one with eve.
async fn two_groups() -> (RoleSync<MemoryStore, MemoryRoles>, [ResourceId; 2], [ResourceId; 2]) {
    let store = sync(MemoryStore::new(), MemoryRoles::new());
    let behind = okta(store.store());
    let (ada, eve) = (behind.user("ada").await, behind.user("eve").await);
    let mut groups = Vec::new();
    for (name, member) in [("old", &ada), ("new", &eve)] {
        let group = json!({"displayName": name, "externalId": "grp-admins", "members": [{ "value": member }]});
        groups.push(behind.create("Group", group).await.unwrap());
    }
    store.reconcile_all(&by("host")).await.unwrap();
    assert_eq!((store.target().roles_of(&ada), store.target().roles_of(&eve)), (admin(), everybody()));
    (store, [ada, eve], groups.try_into().unwrap())
}

fn admin() -> Vec<String> {
    vec!["Admin".to_owned()]
}

fn everybody() -> Vec<String> {
    vec!["Everybody".to_owned()]
}

#[tokio::test]
async fn with_the_older_group_gone_the_other_one_has_the_identifier() {
    let (store, [ada, eve], [old, _]) = two_groups().await;
    okta(&store).delete("Group", &old).await.unwrap();
    assert_eq!((store.target().roles_of(&ada), store.target().roles_of(&eve)), (everybody(), admin()));
    assert!(store.reconcile_all(&by("host")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_group_that_gives_its_identifier_up_leaves_it_to_the_other_one() {
    let (store, [ada, eve], [old, new]) = two_groups().await;
    okta(&store).set("Group", &new, "displayName", json!("renamed")).await.unwrap();
    assert_eq!(store.target().roles_of(&eve), everybody(), "a name makes no group the older one");
    okta(&store).set("Group", &old, "externalId", json!("other")).await.unwrap();
    assert_eq!((store.target().roles_of(&ada), store.target().roles_of(&eve)), (everybody(), admin()));
    assert!(store.reconcile_all(&by("host")).await.unwrap().is_empty());
}

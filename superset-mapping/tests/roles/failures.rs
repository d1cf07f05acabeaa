//! What becomes of roles and writes when either fails.

use std::sync::atomic::Ordering;

use scim_service::{Read, Store, StoreCapabilities, StoreError};
use serde_json::json;
use superset_mapping::{MemoryRoles, RoleSync};

use crate::stores::{Failing, Lacking};
use crate::world::{Calls, by, of, okta, sync};

fn without_transactions() -> RoleSync<Lacking, Failing> {
    sync(Lacking::only(StoreCapabilities::default().with_patch().with_memberships()), Failing::default())
}

#[tokio::test]
async fn a_target_that_fails_to_give_rolls_the_write_back() {
    let store = sync(Lacking::nothing(), Failing::default());
    let okta = okta(&store);
    let (ada, readers) = (okta.user("ada").await, okta.group("readers", &[]).await.unwrap());
    *store.target().give.lock().unwrap() = Some("Reader");
    assert!(matches!(okta.add(&readers, &ada).await, Err(StoreError::Unavailable(_))));
    // The default role had been taken by then, and is given back.
    assert_eq!(store.target().roles.roles_of(&ada), ["Everybody"]);
    let user = store.read(&okta.cx, Read::new(&of("User"), &ada)).await.unwrap();
    assert!(user.get("groups").is_none());
    *store.target().give.lock().unwrap() = None;
    okta.add(&readers, &ada).await.unwrap();
    assert_eq!(store.target().roles.roles_of(&ada), ["Reader"]);
}

#[tokio::test]
async fn a_target_that_fails_to_take_rolls_the_write_back() {
    let store = sync(Lacking::nothing(), Failing::default());
    let okta = okta(&store);
    let ada = okta.user("ada").await;
    store.target().take.store(true, Ordering::Relaxed);
    assert!(okta.set("User", &ada, "active", json!(false)).await.is_err());
    assert!(okta.delete("User", &ada).await.is_err());
    let user = store.read(&okta.cx, Read::new(&of("User"), &ada)).await.unwrap();
    assert!(!user.is_inactive());
    assert_eq!(store.target().roles.roles_of(&ada), ["Everybody"]);
}

#[tokio::test]
async fn a_commit_that_fails_changes_the_target_back_with_its_manual_grants() {
    let store = sync(Lacking::nothing(), Failing::default());
    let okta = okta(&store);
    let ada = okta.user("ada").await;
    let readers = okta.group("readers", &[&ada]).await.unwrap();
    store.target().roles.grant_manually(&ada, "Auditor");
    store.store().fails_to_commit.store(true, Ordering::Relaxed);
    assert!(okta.set("User", &ada, "active", json!(false)).await.is_err());
    assert!(okta.remove(&readers, &ada).await.is_err());
    assert!(okta.delete("User", &ada).await.is_err());
    store.store().fails_to_commit.store(false, Ordering::Relaxed);
    assert_eq!(store.target().roles.roles_of(&ada), ["Auditor", "Reader"]);
    assert!(store.reconcile_all(&by("host")).await.unwrap().is_empty());
    okta.set("User", &ada, "active", json!(false)).await.unwrap();
    assert!(store.target().roles.roles_of(&ada).is_empty());
}

#[tokio::test]
async fn what_a_target_could_not_change_back_is_settled_with_the_next_write() {
    let store = sync(Lacking::nothing(), Failing::default());
    let okta = okta(&store);
    let ada = okta.user("ada").await;
    let readers = okta.group("readers", &[]).await.unwrap();
    store.store().fails_to_commit.store(true, Ordering::Relaxed);
    // The target takes the default role, gives another, and then cannot be reached to change back.
    *store.target().give.lock().unwrap() = Some("Everybody");
    assert!(okta.add(&readers, &ada).await.is_err());
    assert_ne!(store.target().roles.roles_of(&ada), ["Everybody"]);
    store.store().fails_to_commit.store(false, Ordering::Relaxed);
    *store.target().give.lock().unwrap() = None;
    okta.user("bea").await;
    assert_eq!(store.target().roles.roles_of(&ada), ["Everybody"]);
}

#[tokio::test]
async fn a_transaction_in_which_roles_failed_cannot_be_committed() {
    let store = sync(Lacking::nothing(), Failing::default());
    let ada = okta(&store).user("ada").await;
    let cx = by("okta");
    let transaction = store.begin(&cx).await.unwrap();
    let within = Calls { store: &*transaction, cx: cx.clone() };
    within.set("User", &ada, "title", json!("auditor")).await.unwrap();
    store.target().all.store(true, Ordering::Relaxed);
    assert!(within.set("User", &ada, "title", json!("x")).await.is_err());
    store.target().all.store(false, Ordering::Relaxed);
    assert!(within.set("User", &ada, "nickName", json!("x")).await.is_err());
    assert!(transaction.commit().await.is_err());
    assert_eq!(store.target().roles.roles_of(&ada), ["Everybody"]);
}

#[tokio::test]
async fn a_call_that_the_store_refuses_leaves_its_transaction_alone() {
    let store = sync(Lacking::nothing(), Failing::default());
    let ada = okta(&store).user("ada").await;
    let cx = by("okta");
    let transaction = store.begin(&cx).await.unwrap();
    let within = Calls { store: &*transaction, cx: cx.clone() };
    within.set("User", &ada, "title", json!("auditor")).await.unwrap();
    assert!(within.create("User", json!({"userName": "ada"})).await.is_err());
    transaction.commit().await.unwrap();
    assert_eq!(store.target().roles.roles_of(&ada), ["Auditor"]);
}

#[tokio::test]
async fn without_transactions_nothing_is_given_where_something_could_not_be_taken() {
    let store = without_transactions();
    let okta = okta(&store);
    let ada = okta.user("ada").await;
    let readers = okta.group("readers", &[]).await.unwrap();
    store.target().take.store(true, Ordering::Relaxed);
    assert!(matches!(okta.add(&readers, &ada).await, Err(StoreError::Unavailable(_))));
    assert_eq!(store.target().roles.roles_of(&ada), ["Everybody"]);
    // The write has happened: its repetition mends what did not follow.
    store.target().take.store(false, Ordering::Relaxed);
    okta.add(&readers, &ada).await.unwrap();
    assert_eq!(store.target().roles.roles_of(&ada), ["Reader"]);
}

#[tokio::test]
async fn without_transactions_a_group_whose_users_lost_nothing_is_settled_with_the_next_write() {
    let store = without_transactions();
    let okta = okta(&store);
    let ada = okta.user("ada").await;
    let readers = okta.group("readers", &[&ada]).await.unwrap();
    store.target().all.store(true, Ordering::Relaxed);
    assert!(okta.delete("Group", &readers).await.is_err());
    assert_eq!(store.target().roles.roles_of(&ada), ["Reader"]);
    store.target().all.store(false, Ordering::Relaxed);
    okta.user("bea").await;
    assert_eq!(store.target().roles.roles_of(&ada), ["Everybody"]);
}

#[tokio::test]
async fn without_transactions_nobody_is_deleted_who_keeps_roles() {
    let store = without_transactions();
    let okta = okta(&store);
    let ada = okta.user("ada").await;
    store.target().take.store(true, Ordering::Relaxed);
    assert!(okta.delete("User", &ada).await.is_err());
    assert!(store.read(&okta.cx, Read::new(&of("User"), &ada)).await.is_ok());
    store.target().take.store(false, Ordering::Relaxed);
    okta.delete("User", &ada).await.unwrap();
    assert!(store.target().roles.roles_of(&ada).is_empty());
}

#[tokio::test]
async fn a_write_that_another_transaction_is_in_the_way_of_is_tried_again() {
    let store = sync(Lacking::nothing(), Failing::default());
    let okta = okta(&store);
    let (ada, readers) = (okta.user("ada").await, okta.group("readers", &[]).await.unwrap());
    store.store().conflicts.store(3, Ordering::Relaxed);
    okta.add(&readers, &ada).await.unwrap();
    assert_eq!(store.target().roles.roles_of(&ada), ["Reader"]);
    // Not for ever: the client is told to come back, and nothing has changed.
    store.store().conflicts.store(1000, Ordering::Relaxed);
    assert!(okta.remove(&readers, &ada).await.is_err_and(|error| error.is_conflict()));
    assert_eq!(store.store().conflicts.load(Ordering::Relaxed), 1000 - 32);
    assert_eq!(store.target().roles.roles_of(&ada), ["Reader"]);
}

/// To say who is in a group is not to claim the identifier that it has.
#[tokio::test]
async fn members_of_a_group_with_a_claimed_identifier_can_be_changed() {
    let store = sync(Lacking::nothing(), Failing::default());
    let (okta, entra) = (okta(&store), Calls { store: &store, cx: by("entra") });
    let ada = okta.user("ada").await;
    okta.create("Group", json!({"displayName": "admins", "externalId": "grp-admins"})).await.unwrap();
    let members = json!([{"value": ada.as_str()}]);
    let theirs = json!({"displayName": "theirs", "externalId": "grp-admins", "members": members});
    let theirs = entra.create("Group", theirs).await.unwrap();
    okta.remove(&theirs, &ada).await.unwrap();
    let renamed = okta.set("Group", &theirs, "displayName", json!("ours")).await;
    assert!(matches!(renamed, Err(StoreError::Uniqueness { .. })), "to write its content is: {renamed:?}");
}

/// What the store tells after a write may fail too, and the write is not asked for again where it changes nothing any more.
#[tokio::test]
async fn without_transactions_whom_a_group_lost_is_remembered_before_anything_is_read() {
    let store = without_transactions();
    let okta = okta(&store);
    let (ada, bea) = (okta.user("ada").await, okta.user("bea").await);
    let readers = okta.group("readers", &[&ada, &bea]).await.unwrap();
    // The group and its members are read before the write, the group again behind it.
    store.store().reads.store(2, Ordering::Relaxed);
    let renamed = json!({"displayName": "writers", "members": [{"value": bea.as_str()}]});
    assert!(matches!(okta.replace("Group", &readers, renamed).await, Err(StoreError::Unavailable(_))));
    okta.user("cal").await;
    assert_eq!(store.target().roles.roles_of(&ada), ["Everybody"]);
    assert_eq!(store.target().roles.roles_of(&bea), ["Reader", "Writer"]);
}

#[tokio::test]
async fn a_role_that_is_not_there_gives_way_to_the_default_roles() {
    let store = sync(Lacking::nothing(), MemoryRoles::new().with_roles(["Everybody", "Reader"]));
    let okta = okta(&store);
    let (ada, bea) = (okta.user("ada").await, okta.user("bea").await);
    okta.set("User", &ada, "title", json!("auditor")).await.unwrap();
    okta.group("writers", &[&bea]).await.unwrap();
    assert_eq!(store.target().roles_of(&ada), ["Everybody"]);
    assert_eq!(store.target().roles_of(&bea), ["Reader"]);
}

//! Who leaves loses everything, in whatever way they leave, and may come back.

use scim_service::StoreError;
use serde_json::json;

use crate::harness::{Case, cases};
use crate::support::{Superset, id_of};

pub(crate) const CASES: &[Case] = cases![
    deactivation_by_patch_and_by_replacement_takes_everything_and_reactivation_gives_what_is_due,
    deletion_takes_everything_and_leaves_the_row_and_a_tombstone,
    a_name_can_be_provisioned_again_and_gets_its_row_back_with_nothing_of_the_past,
    a_deleted_user_who_was_activated_by_hand_is_a_local_account,
    an_inactive_user_gets_nothing_by_joining_a_group,
    a_repeated_deactivation_undoes_what_was_done_by_hand,
    the_last_active_administrator_stays,
    an_administrator_by_a_group_of_superset_counts,
    a_username_is_known_for_as_long_as_the_user_may_log_in,
];

/// A key that the user of row 2 made.
async fn make_key(superset: &Superset, uuid: &str) {
    let values = format!("'{uuid}', 'k', 'h', 'p', 2, TRUE");
    superset.by_hand("ab_api_key", "uuid, name, key_hash, key_prefix, user_id, active", &values).await;
}

async fn has_nothing(superset: &Superset, username: &str) {
    let account = superset.account(username).await;
    assert!(!account.active, "{account:?}");
    assert!(account.roles.is_empty() && account.groups.is_empty(), "{account:?}");
    assert_eq!(
        superset.value("SELECT count(*) FROM scim_grant WHERE relation <> 'ab_group_role' AND holder_id = 2").await,
        "0"
    );
    let keys = "SELECT count(*) FROM ab_api_key WHERE user_id = 2 AND (active IS TRUE OR revoked_on IS NULL)";
    assert_eq!(superset.value(keys).await, "0");
}

async fn deactivation_by_patch_and_by_replacement_takes_everything_and_reactivation_gives_what_is_due() {
    let superset = Superset::start().await;
    let id = superset.named("ada").await;
    superset.group("analysts", &[&id]).await;
    assert_eq!(superset.roles("ada").await, ["Alpha"]);
    assert_eq!(superset.groups("ada").await, ["analysts"]);
    for by_patch in [true, false] {
        make_key(&superset, if by_patch { "a" } else { "b" }).await;
        superset.by_hand("ab_user_role", "user_id, role_id", "2, 5").await;
        if by_patch {
            superset.set("User", &id, "active", json!(false)).await.unwrap();
        } else {
            superset.replace("User", &id, json!({"userName": "ada", "active": false})).await.unwrap();
        }
        has_nothing(&superset, "ada").await;
        // The person is still there, and still a member.
        let user = superset.get("User", &id).await.unwrap();
        assert_eq!(user.get("active"), Some((&json!(false)).into()));
        assert!(user.get("groups").is_some());
        superset.set("User", &id, "active", json!(true)).await.unwrap();
        assert_eq!(superset.roles("ada").await, ["Alpha"]);
        assert_eq!(superset.groups("ada").await, ["analysts"]);
    }
    assert!(superset.value("SELECT max(revoked_on) FROM ab_api_key").await.starts_with("2026-11-24 10:00:"));
}

async fn deletion_takes_everything_and_leaves_the_row_and_a_tombstone() {
    let superset = Superset::start().await;
    let id = superset.named("ada").await;
    let group = superset.group("analysts", &[&id]).await;
    make_key(&superset, "a").await;
    superset.run("INSERT INTO logs (action, user_id) VALUES ('x', 2)").await;
    superset.delete("User", &id).await.unwrap();
    has_nothing(&superset, "ada").await;
    assert!(matches!(superset.get("User", &id).await, Err(StoreError::NotFound)));
    assert!(matches!(superset.set("User", &id, "active", json!(true)).await, Err(StoreError::NotFound)));
    assert!(matches!(superset.delete("User", &id).await, Err(StoreError::NotFound)));
    assert_eq!(superset.list("User", "").await.total_results, Some(0));
    assert_eq!(superset.get("Group", &group).await.unwrap().get("members"), None);
    let tombstone = superset.value("SELECT id || user_name || local_id FROM scim_tombstone").await;
    assert_eq!(tombstone, format!("{id}ada2"));
}

async fn a_name_can_be_provisioned_again_and_gets_its_row_back_with_nothing_of_the_past() {
    let superset = Superset::start().await;
    let first = superset.user(json!({"userName": "ada", "externalId": "e", "password": "before"})).await;
    superset.group("analysts", &[&first]).await;
    superset.delete("User", &first).await.unwrap();
    let second = superset
        .create("User", json!({"userName": "Ada", "externalId": "e", "displayName": "Ada King"}))
        .await
        .unwrap();
    assert_ne!(id_of(&second), first);
    assert_eq!(second.get("groups"), None);
    assert_eq!(superset.value("SELECT id FROM ab_user WHERE username = 'Ada'").await, "2");
    assert_eq!(superset.value("SELECT password FROM ab_user WHERE id = 2").await, "!");
    let account = superset.account("Ada").await;
    assert!(account.active);
    assert_eq!((account.last_name.as_str(), account.roles.as_slice()), ("King", &["Gamma".to_owned()][..]));
    // And once more.
    superset.delete("User", &id_of(&second)).await.unwrap();
    superset.user(json!({"userName": "ada", "externalId": "e"})).await;
    assert_eq!(superset.value("SELECT count(*) FROM ab_user").await, "2");
}

async fn a_deleted_user_who_was_activated_by_hand_is_a_local_account() {
    let superset = Superset::start().await;
    let id = superset.named("ada").await;
    superset.delete("User", &id).await.unwrap();
    superset.run("UPDATE ab_user SET active = TRUE WHERE id = 2").await;
    let outcome = superset.create("User", json!({"userName": "ada"})).await;
    assert_eq!(crate::support::taken(outcome), "userName");
}

async fn an_inactive_user_gets_nothing_by_joining_a_group() {
    let superset = Superset::start().await;
    let id = superset.user(json!({"userName": "ada", "active": false})).await;
    let group = superset.group("analysts", &[&id]).await;
    assert!(superset.roles("ada").await.is_empty() && superset.groups("ada").await.is_empty());
    superset.set("Group", &group, "displayName", json!("sql")).await.unwrap();
    assert!(superset.roles("ada").await.is_empty() && superset.groups("ada").await.is_empty());
}

async fn a_repeated_deactivation_undoes_what_was_done_by_hand() {
    let superset = Superset::start().await;
    let id = superset.user(json!({"userName": "ada", "active": false})).await;
    superset.run("UPDATE ab_user SET active = TRUE WHERE id = 2").await;
    superset.by_hand("ab_user_role", "user_id, role_id", "2, 3").await;
    let before = superset.get("User", &id).await.unwrap();
    let after = superset.set("User", &id, "active", json!(false)).await.unwrap();
    has_nothing(&superset, "ada").await;
    assert_eq!(after, before);
}

async fn the_last_active_administrator_stays() {
    let superset = Superset::start().await;
    let id = superset.named("ada").await;
    let group =
        id_of(&superset.create("Group", json!({"displayName": "board", "externalId": "grp-exec"})).await.unwrap());
    superset.add_member(&group, &id).await;
    assert_eq!(superset.roles("ada").await, ["Admin"]);
    superset.run("UPDATE ab_user SET active = FALSE WHERE id = 1").await;
    let before = superset.get("User", &id).await.unwrap();
    let remove = json!([{"op": "remove", "path": "members"}]);
    for refused in [
        superset.set("User", &id, "active", json!(false)).await,
        superset.delete("User", &id).await.map(|()| before.clone()),
        superset.patch("Group", &group, remove).await,
        superset.set("Group", &group, "externalId", json!("other")).await,
        superset.delete("Group", &group).await.map(|()| before.clone()),
    ] {
        let refusal = refused.unwrap_err();
        assert!(matches!(&refusal, StoreError::Refused { reason } if reason.contains("`Admin`")), "{refusal}");
    }
    assert_eq!(superset.get("User", &id).await.unwrap(), before);
    assert!(superset.account("ada").await.active);
    // With another administrator all of it is allowed.
    superset.run("UPDATE ab_user SET active = TRUE WHERE id = 1").await;
    superset.delete("User", &id).await.unwrap();
}

async fn an_administrator_by_a_group_of_superset_counts() {
    let superset = Superset::start().await;
    let id = superset.named("ada").await;
    let group = superset.group("ops", &[&id]).await;
    superset.by_hand("ab_group_role", "group_id, role_id", "1, 1").await;
    superset.run("UPDATE ab_user SET active = FALSE WHERE id = 1").await;
    let refusal = superset.delete("Group", &group).await.unwrap_err();
    assert!(matches!(refusal, StoreError::Refused { .. }), "{refusal}");
}

async fn a_username_is_known_for_as_long_as_the_user_may_log_in() {
    let superset = Superset::start().await;
    let id = superset.named("ada").await;
    let resource_id = id.parse().unwrap();
    let cx = superset.cx();
    let known = async || superset.store.username_of(&cx, &resource_id).await.unwrap();
    assert_eq!(known().await.as_deref(), Some("ada"));
    superset.set("User", &id, "active", json!(false)).await.unwrap();
    assert_eq!(known().await, None);
    superset.set("User", &id, "active", json!(true)).await.unwrap();
    assert_eq!(known().await.as_deref(), Some("ada"));
    // By hand: Superset's word counts for who may log in, and who is called what.
    superset.run("UPDATE ab_user SET active = NULL WHERE id = 2").await;
    assert_eq!(known().await, None);
    superset.run("UPDATE ab_user SET active = TRUE WHERE id = 2").await;
    superset.delete("User", &id).await.unwrap();
    assert_eq!(known().await, None);
    assert_eq!(superset.store.username_of(&cx, &"nobody".parse().unwrap()).await.unwrap(), None);
}

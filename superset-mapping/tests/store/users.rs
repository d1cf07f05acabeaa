//! Users are rows of `ab_user`.

use scim_service::StoreError;
use serde_json::json;

use crate::support::{Superset, id_of, version};

#[tokio::test]
async fn a_new_user_has_a_row_with_everything_that_superset_needs() {
    let superset = Superset::start().await;
    let user = json!({
        "userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Byron"},
        "emails": [{"value": "ada.byron@example.com", "primary": true}], "externalId": "x-1"
    });
    superset.user(user).await;
    let row = "SELECT username || '|' || first_name || '|' || last_name || '|' || email || '|' || active || '|' || password \
               || '|' || created_on || '|' || changed_on || '|' || coalesce(created_by_fk, 'null') FROM ab_user WHERE id = 2";
    assert_eq!(
        superset.value(row).await,
        "ada@example.com|Ada|Byron|ada.byron@example.com|1|!|2026-11-24 10:00:00.123456|2026-11-24 10:00:00.123456|null"
    );
    assert_eq!(superset.value("SELECT typeof(active) FROM ab_user WHERE id = 2").await, "integer");
    assert_eq!(superset.roles("ada@example.com").await, ["Gamma"]);
    let side = "SELECT resource_type || '|' || local_id || '|' || external_id FROM scim_resource";
    assert_eq!(superset.value(side).await, "User|2|x-1");
}

#[tokio::test]
async fn profile_changes_and_renames_reach_the_row() {
    let superset = Superset::start().await;
    let id = superset.named("ada").await;
    superset
        .replace("User", &id, json!({"userName": "ADA.king", "displayName": "Ada King", "emails": [{"value": "k@x"}]}))
        .await
        .unwrap();
    let account = superset.account("ADA.king").await;
    assert_eq!(
        (account.first_name.as_str(), account.last_name.as_str(), account.email.as_str()),
        ("Ada", "King", "k@x")
    );
    assert_eq!(superset.value("SELECT count(*) FROM ab_user").await, "2");
    let changed = superset.value("SELECT changed_on FROM ab_user WHERE id = 2").await;
    assert!(changed.as_str() > "2026-11-24 10:00:00.123456" && changed.len() == 26, "{changed}");
    let by_old_name = superset.list("User", r#"userName eq "ada""#).await;
    assert_eq!(by_old_name.total_results, Some(0));
    assert_eq!(superset.list("User", r#"userName eq "Ada.King""#).await.total_results, Some(1));
}

#[tokio::test]
async fn what_does_not_fit_a_column_is_refused_and_nothing_is_written() {
    let superset = Superset::start().await;
    let long = "é".repeat(129);
    let refusal = superset.create("User", json!({ "userName": long })).await.unwrap_err();
    assert!(matches!(&refusal, StoreError::InvalidValue { attribute, .. } if attribute == "userName"), "{refusal}");
    assert_eq!(refusal.to_string(), "`userName`: expected at most 128 characters");
    let id = superset.named("ada").await;
    let refusal = superset.set("User", &id, "name.givenName", json!("x".repeat(65))).await.unwrap_err();
    assert!(
        matches!(&refusal, StoreError::InvalidValue { attribute, .. } if attribute == "name.givenName"),
        "{refusal}"
    );
    assert_eq!(version(&superset.get("User", &id).await.unwrap()), 1);
    assert_eq!(superset.value("SELECT count(*) FROM ab_user").await, "2");
    assert_eq!(superset.value("SELECT count(*) FROM scim_resource").await, "1");
    superset.create("User", json!({ "userName": "é".repeat(128) })).await.unwrap();
}

#[tokio::test]
async fn unicode_survives() {
    let superset = Superset::start().await;
    let user = json!({"userName": "Åsa🔑", "name": {"givenName": "Åsa", "familyName": "李"}});
    let created = superset.create("User", user).await.unwrap();
    let read = superset.get("User", &id_of(&created)).await.unwrap();
    assert_eq!(read, created);
    assert_eq!(superset.account("Åsa🔑").await.last_name, "李");
    assert_eq!(superset.list("User", "userName eq \"A\u{30a}SA🔑\"").await.total_results, Some(1));
}

#[tokio::test]
async fn a_row_that_somebody_deleted_in_superset_is_made_again_and_another_one_never_taken_for_it() {
    let superset = Superset::start().await;
    let id = superset.named("ada").await;
    superset.run("DELETE FROM ab_user_role WHERE user_id = 2; DELETE FROM ab_user WHERE id = 2;").await;
    // SQLite gives the id out again.
    superset
        .run(
            "INSERT INTO ab_user (first_name, last_name, username, active, email, created_on) \
             VALUES ('L', 'L', 'local', 1, 'l@l', '2026-11-25 00:00:00.000000')",
        )
        .await;
    superset.run("INSERT INTO ab_user_role (user_id, role_id) VALUES (2, 3)").await;
    superset.set("User", &id, "title", json!("Dr")).await.unwrap();
    assert_eq!(superset.value("SELECT id FROM ab_user WHERE username = 'ada'").await, "3");
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    superset.delete("User", &id).await.unwrap();
    let local = superset.account("local").await;
    assert!(local.active);
    assert_eq!(local.roles, ["Alpha"]);
}

#[tokio::test]
async fn ids_of_deleted_rows_are_not_given_to_new_users() {
    let superset = Superset::start().await;
    superset.named("ada").await;
    superset.run("DELETE FROM ab_user_role WHERE user_id = 2; DELETE FROM ab_user WHERE id = 2;").await;
    superset.named("bob").await;
    assert_eq!(superset.value("SELECT id FROM ab_user WHERE username = 'bob'").await, "3");
}

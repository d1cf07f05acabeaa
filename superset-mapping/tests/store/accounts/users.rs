//! Users are rows of `ab_user`.

use scim_service::StoreError;
use serde_json::json;

use crate::engine::Kind;
use crate::harness::{Case, cases, engine};
use crate::support::{Superset, id_of, version};

pub(crate) const CASES: &[Case] = cases![
    a_new_user_has_a_row_with_everything_that_superset_needs,
    profile_changes_and_renames_reach_the_row,
    what_does_not_fit_a_column_is_refused_and_nothing_is_written,
    unicode_survives,
    a_character_that_a_narrow_database_can_t_hold_is_refused,
    a_row_that_somebody_deleted_in_superset_is_made_again_and_another_one_never_taken_for_it,
    ids_of_deleted_rows_are_not_given_to_new_users,
];

async fn a_new_user_has_a_row_with_everything_that_superset_needs() {
    let superset = Superset::start().await;
    let user = json!({
        "userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Byron"},
        "emails": [{"value": "ada.byron@example.com", "primary": true}], "externalId": "x-1"
    });
    superset.user(user).await;
    let row = "SELECT username || '|' || first_name || '|' || last_name || '|' || email || '|' || password FROM ab_user \
               WHERE id = 2 AND active IS TRUE AND created_on = changed_on AND created_by_fk IS NULL";
    assert_eq!(superset.value(row).await, "ada@example.com|Ada|Byron|ada.byron@example.com|!");
    // `DATETIME` of MySQL, as Superset declares it, has no fractions.
    let time = superset.value("SELECT created_on FROM ab_user WHERE id = 2").await;
    let exact = if superset.kind() == Kind::MySql { "2026-11-24 10:00:00" } else { "2026-11-24 10:00:00.123456" };
    assert_eq!(time, exact);
    if superset.kind() == Kind::Sqlite {
        assert_eq!(superset.value("SELECT typeof(active) FROM ab_user WHERE id = 2").await, "integer");
    }
    assert_eq!(superset.roles("ada@example.com").await, ["Gamma"]);
    let side = "SELECT resource_type || '|' || local_id || '|' || external_id FROM scim_resource";
    assert_eq!(superset.value(side).await, "User|2|x-1");
}

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
    assert!(changed.as_str() > "2026-11-24 10:00:00.123456", "{changed}");
    assert!(superset.kind() != Kind::Sqlite || changed.len() == 26, "{changed}");
    let by_old_name = superset.list("User", r#"userName eq "ada""#).await;
    assert_eq!(by_old_name.total_results, Some(0));
    assert_eq!(superset.list("User", r#"userName eq "Ada.King""#).await.total_results, Some(1));
}

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

async fn unicode_survives() {
    let superset = Superset::start().await;
    let user = json!({"userName": "Åsa🔑", "name": {"givenName": "Åsa", "familyName": "李"}});
    let created = superset.create("User", user).await.unwrap();
    let read = superset.get("User", &id_of(&created)).await.unwrap();
    assert_eq!(read, created);
    assert_eq!(superset.account("Åsa🔑").await.last_name, "李");
    assert_eq!(superset.list("User", "userName eq \"A\u{30a}SA🔑\"").await.total_results, Some(1));
}

async fn a_character_that_a_narrow_database_can_t_hold_is_refused() {
    if engine().kind != Kind::MySql {
        return;
    }
    let narrow =
        "ALTER TABLE ab_user CONVERT TO CHARACTER SET utf8mb3; ALTER TABLE ab_group CONVERT TO CHARACTER SET utf8mb3";
    let superset = Superset::prepared(crate::support::RULES, narrow).await;
    let refusal = superset.create("User", json!({"userName": "ada", "displayName": "Ada 🔑"})).await.unwrap_err();
    assert!(refusal.to_string().starts_with("`name.familyName`: expected characters up to U+FFFF"), "{refusal}");
    let refusal = superset.create("Group", json!({"displayName": "🔑"})).await.unwrap_err();
    assert!(refusal.to_string().starts_with("`displayName`: expected characters up to U+FFFF"), "{refusal}");
    superset.named("Åsa 李").await;
    assert_eq!(superset.account("Åsa 李").await.username, "Åsa 李");
}

async fn a_row_that_somebody_deleted_in_superset_is_made_again_and_another_one_never_taken_for_it() {
    let superset = Superset::start().await;
    let id = superset.named("ada").await;
    superset.run("DELETE FROM ab_user_role WHERE user_id = 2; DELETE FROM ab_user WHERE id = 2;").await;
    // SQLite gives the id out again.
    superset.local_account("local", "l@l").await;
    let theirs = superset.row_of("local").await;
    assert_eq!(theirs == "2", superset.kind() == Kind::Sqlite);
    superset.by_hand("ab_user_role", "user_id, role_id", &format!("{theirs}, 3")).await;
    superset.set("User", &id, "title", json!("Dr")).await.unwrap();
    assert!(!["2", theirs.as_str()].contains(&superset.row_of("ada").await.as_str()));
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    superset.delete("User", &id).await.unwrap();
    let local = superset.account("local").await;
    assert!(local.active);
    assert_eq!(local.roles, ["Alpha"]);
}

async fn ids_of_deleted_rows_are_not_given_to_new_users() {
    let superset = Superset::start().await;
    superset.named("ada").await;
    superset.run("DELETE FROM ab_user_role WHERE user_id = 2; DELETE FROM ab_user WHERE id = 2;").await;
    superset.named("bob").await;
    assert_eq!(superset.row_of("bob").await, "3");
}

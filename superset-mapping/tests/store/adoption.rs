//! Accounts that existed before: whose they are is the host's to say.

use scim_core::Resource;
use scim_service::{Store, StoreError};
use serde_json::{Value, json};
use superset_mapping::{Adoption, StoreOptions};

use crate::harness::{Case, cases};
use crate::support::{RULES, Superset, id_of, taken};

pub(crate) const CASES: &[Case] = cases![
    an_account_with_the_name_is_adopted_and_keeps_what_is_its_own,
    an_account_with_the_address_is_adopted_only_where_the_host_says_so,
    an_address_that_was_made_up_adopts_nobody,
    nobody_is_adopted_twice_or_by_a_rename,
    a_password_and_a_status_that_the_client_sends_count,
];

async fn adopting(adoption: Adoption) -> Superset {
    let superset = Superset::with_options(RULES, "", StoreOptions::new().with_adoption(adoption)).await;
    superset.local_account("Ada", "ada@local").await;
    superset.run("UPDATE ab_user SET password = 'hash' WHERE username = 'Ada'").await;
    superset.by_hand("ab_user_role", "user_id, role_id", "2, 3").await;
    superset
}

async fn adoptions(superset: &Superset) -> Vec<String> {
    superset.column("SELECT detail FROM scim_audit WHERE action = 'adopt' ORDER BY position").await
}

async fn password(superset: &Superset) -> String {
    superset.value("SELECT password FROM ab_user WHERE id = 2").await
}

async fn an_account_with_the_name_is_adopted_and_keeps_what_is_its_own() {
    let superset = adopting(Adoption::ByUsername).await;
    let user = json!({
        "userName": "ada@example.com", "name": {"givenName": "Augusta", "familyName": "King"},
        "emails": [{"value": "ADA@LOCAL"}]
    });
    assert_eq!(taken(superset.create("User", user.clone()).await), "emails", "not by the address");
    let user = json!({
        "userName": "ada", "name": {"givenName": "Augusta", "familyName": "King"}, "emails": [{"value": "a@example.com"}]
    });
    let id = id_of(&superset.create("User", user).await.unwrap());
    let account = superset.account("Ada").await;
    assert_eq!((account.first_name.as_str(), account.last_name.as_str()), ("Augusta", "King"));
    assert_eq!((account.email.as_str(), account.active), ("ada@local", true));
    assert_eq!(account.roles, ["Alpha", "Gamma"], "by hand, and by the rules");
    assert_eq!(password(&superset).await, "hash");
    assert_eq!(adoptions(&superset).await, [r#"{"ab_user":2,"by":"userName"}"#]);
    // On the second contact the client's word counts.
    superset.set("User", &id, "title", json!("Countess")).await.unwrap();
    assert_eq!(superset.account("ada").await.email, "a@example.com");
    superset.delete("User", &id).await.unwrap();
    let account = superset.account("ada").await;
    assert!(!account.active && account.roles.is_empty());
}

async fn an_account_with_the_address_is_adopted_only_where_the_host_says_so() {
    let superset = adopting(Adoption::ByEmail).await;
    superset.create("User", json!({"userName": "king", "emails": [{"value": "ADA@local"}]})).await.unwrap();
    let account = superset.account("Ada").await;
    assert_eq!(
        (account.email.as_str(), account.roles.as_slice()),
        ("ada@local", &["Alpha".into(), "Gamma".into()][..])
    );
    assert_eq!(adoptions(&superset).await, [r#"{"ab_user":2,"by":"emails"}"#]);
    assert_eq!(superset.value("SELECT count(*) FROM ab_user").await, "2");
}

async fn an_address_that_was_made_up_adopts_nobody() {
    let superset = adopting(Adoption::ByEmail).await;
    superset.named("ada@local").await;
    assert_eq!(superset.value("SELECT count(*) FROM ab_user").await, "3");
    assert!(adoptions(&superset).await.is_empty());
}

async fn nobody_is_adopted_twice_or_by_a_rename() {
    let superset = adopting(Adoption::ByEmail).await;
    let bob = superset.named("bob").await;
    assert_eq!(taken(superset.set("User", &bob, "userName", json!("ADA")).await), "userName");
    assert_eq!(taken(superset.set("User", &bob, "emails", json!([{"value": "ada@local"}])).await), "emails");
    superset.named("ada").await;
    assert_eq!(taken(superset.create("User", json!({"userName": "ADA"})).await), "userName");
    let other = superset.cx_of("other");
    let user = |user: Value| -> Resource { superset.resource("User", user) };
    let outcome = superset.store.create(&other, superset.of("User"), user(json!({"userName": "ada"}))).await;
    assert!(matches!(outcome, Err(StoreError::Uniqueness { .. })), "a provisioned user of another tenant");
}

async fn a_password_and_a_status_that_the_client_sends_count() {
    let superset = adopting(Adoption::ByUsername).await;
    superset.create("User", json!({"userName": "ada", "active": false, "password": "x"})).await.unwrap();
    let account = superset.account("Ada").await;
    assert!(!account.active && account.roles.is_empty(), "{account:?}");
    assert!(password(&superset).await.starts_with("scrypt:"));
    // The last administrator is not deactivated by being adopted either.
    let outcome = superset.create("User", json!({"userName": "admin", "active": false})).await;
    assert!(matches!(outcome, Err(StoreError::Refused { .. })));
    assert!(superset.account("admin").await.active);
}

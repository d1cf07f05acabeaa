//! Accounts that existed before: whose they are is the host's to say.

use scim_core::Resource;
use scim_service::{Create, Store, StoreError};
use serde_json::{Value, json};
use superset_mapping::{Adoption, StoreOptions};

use crate::harness::{Case, cases};
use crate::support::{RULES, Superset, id_of, taken};

pub(crate) const CASES: &[Case] = cases![
    an_account_with_the_name_is_adopted_and_keeps_what_is_its_own,
    an_account_with_the_address_is_adopted_only_where_the_host_says_so,
    an_address_that_was_made_up_adopts_nobody,
    nobody_is_adopted_twice_or_by_a_rename,
    a_status_that_the_client_sends_counts,
    x10_s13_a_holder_of_a_protected_role_is_adopted_only_where_the_host_names_the_account,
    x10_s13_a_password_in_an_adopting_request_is_ignored,
    s13_a_dry_run_tells_who_would_be_adopted,
    s5_an_inactive_account_is_adopted_as_it_is_unless_the_request_says_active,
    s22_a_refusal_says_that_a_local_account_has_the_name,
    s22_a_group_made_in_superset_is_adopted_where_the_host_says_so,
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
    let outcome = superset
        .store
        .create(&other, Create::new(superset.of("User"), user(json!({"userName": "ada"}))))
        .await
        .map(|written| written.resource);
    assert!(matches!(outcome, Err(StoreError::Uniqueness { .. })), "a provisioned user of another tenant");
}

async fn a_status_that_the_client_sends_counts() {
    let superset = adopting(Adoption::ByUsername).await;
    superset.create("User", json!({"userName": "ada", "active": false})).await.unwrap();
    let account = superset.account("Ada").await;
    assert!(!account.active && account.roles.is_empty(), "{account:?}");
}

/// Why a name is taken that is no resource's.
fn holder(outcome: Result<Resource, StoreError>) -> String {
    match outcome.unwrap_err() {
        StoreError::HeldElsewhere { holder, .. } => holder,
        other => panic!("{other}"),
    }
}

async fn x10_s13_a_holder_of_a_protected_role_is_adopted_only_where_the_host_names_the_account() {
    let options = StoreOptions::new().with_adoption(Adoption::ByEmail);
    let superset = Superset::with_options(RULES, "", options.clone()).await;
    let before = superset.column("SELECT concat(username, password, active) FROM ab_user").await;
    for user in [
        json!({"userName": "Admin", "password": "mine-now", "active": false}),
        json!({"userName": "other", "emails": [{"value": "admin@local"}]}),
    ] {
        let why = holder(superset.create("User", user).await);
        assert!(why.contains("protected role `Admin`"), "{why}");
    }
    // By a group of Superset, in whatever spelling of the role.
    superset.local_account("gina", "gina@local").await;
    superset.by_hand("ab_group", "name, label", "'ops', 'ops'").await;
    superset.by_hand("ab_group_role", "group_id, role_id", "1, 1").await;
    superset.by_hand("ab_user_group", "user_id, group_id", "2, 1").await;
    holder(superset.create("User", json!({"userName": "gina"})).await);
    assert_eq!(superset.column("SELECT concat(username, password, active) FROM ab_user WHERE id = 1").await, before);
    assert!(adoptions(&superset).await.is_empty());

    let options = options.with_protected_adoption("ADMIN");
    let superset = Superset::with_options(RULES, "", options).await;
    superset.create("User", json!({"userName": "admin", "password": "mine-now"})).await.unwrap();
    assert_eq!(superset.value("SELECT password FROM ab_user WHERE id = 1").await, "x");
    // The last administrator is not deactivated by having been adopted.
    let id = id_of(&superset.list("User", "").await.resources[0]);
    let outcome = superset.set("User", &id, "active", json!(false)).await;
    assert!(matches!(outcome, Err(StoreError::Refused { .. })));
    assert!(superset.account("admin").await.active);
}

async fn x10_s13_a_password_in_an_adopting_request_is_ignored() {
    let superset = adopting(Adoption::ByUsername).await;
    let id = id_of(&superset.create("User", json!({"userName": "ada", "password": "x"})).await.unwrap());
    assert_eq!(password(&superset).await, "hash");
    assert_eq!(adoptions(&superset).await, [r#"{"ab_user":2,"by":"userName","ignored":["password"]}"#]);
    superset.set("User", &id, "password", json!("y")).await.unwrap();
    assert!(password(&superset).await.starts_with("scrypt:"), "it is managed from then on");
}

async fn s13_a_dry_run_tells_who_would_be_adopted() {
    let options = StoreOptions::new().with_adoption(Adoption::ByUsername).with_adoption_dry_run();
    let superset = Superset::with_options(RULES, "", options).await;
    superset.local_account("ada", "ada@local").await;
    let why = holder(superset.create("User", json!({"userName": "ADA"})).await);
    assert!(why.contains("would be taken over"), "{why}");
    assert!(adoptions(&superset).await.is_empty());
    assert!(superset.list("User", "").await.resources.is_empty());
    superset.named("bob").await;
}

async fn s5_an_inactive_account_is_adopted_as_it_is_unless_the_request_says_active() {
    for says_active in [false, true] {
        let superset = adopting(Adoption::ByUsername).await;
        superset.run("UPDATE ab_user SET active = FALSE WHERE id = 2").await;
        let user = superset.resource("User", json!({"userName": "ada", "active": true}));
        let cx = superset.cx().with_says_active(says_active);
        superset.store.create(&cx, Create::new(superset.of("User"), user)).await.unwrap();
        assert_eq!(superset.account("Ada").await.active, says_active);
    }
}

async fn s22_a_refusal_says_that_a_local_account_has_the_name() {
    let superset = Superset::start().await;
    let why = holder(superset.create("User", json!({"userName": "ADMIN"})).await);
    assert!(why.contains("a local account of Superset") && why.contains("`--adopt`"), "{why}");
    let emails = json!([{"value": "admin@local"}]);
    let why = holder(superset.create("User", json!({"userName": "x", "emails": emails})).await);
    assert!(why.contains("a local account of Superset"), "{why}");
    superset.by_hand("ab_group", "name, label", "'ops', 'ops'").await;
    let why = holder(superset.create("Group", json!({"displayName": "OPS"})).await);
    assert!(why.contains("a group that somebody made in Superset") && why.contains("`--adopt-groups`"), "{why}");
    // What a resource has is no secret of Superset's.
    superset.named("ada").await;
    assert!(matches!(
        superset.create("User", json!({"userName": "Ada"})).await,
        Err(StoreError::Uniqueness { attribute }) if attribute == "userName"
    ));
}

async fn s22_a_group_made_in_superset_is_adopted_where_the_host_says_so() {
    let superset = Superset::with_options(RULES, "", StoreOptions::new().with_group_adoption()).await;
    superset.by_hand("ab_group", "name, label", "'Ops', 'Ops'").await;
    superset.by_hand("ab_group_role", "group_id, role_id", "1, 3").await;
    superset.by_hand("ab_group", "name, label", "'Roots', 'Roots'").await;
    superset.by_hand("ab_group_role", "group_id, role_id", "2, 1").await;
    let ada = superset.named("ada").await;
    let group = superset.group("ops", &[&ada]).await;
    assert_eq!(superset.groups("ada").await, ["ops"]);
    assert_eq!(superset.roles("ada").await, ["Alpha", "Gamma"], "what the group holds by hand, and the default role");
    assert_eq!(superset.value("SELECT count(*) FROM ab_group").await, "2");
    assert_eq!(adoptions(&superset).await, [r#"{"ab_group":1,"by":"displayName"}"#]);
    let why = holder(superset.create("Group", json!({"displayName": "roots"})).await);
    assert!(why.contains("protected role"), "{why}");
    assert_eq!(taken(superset.create("Group", json!({"displayName": "OPS"})).await), "displayName");
    superset.delete("Group", &group).await.unwrap();
    assert_eq!(superset.column("SELECT name FROM ab_group").await, ["Roots"]);
}

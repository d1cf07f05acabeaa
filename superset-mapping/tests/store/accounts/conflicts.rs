//! Names and addresses that are taken.

use scim_service::{Create, Delete, Read, Store, StoreError};
use serde_json::json;

use crate::harness::{Case, cases};
use crate::support::{Superset, id_of, rid, taken};

pub(crate) const CASES: &[Case] = cases![
    names_that_differ_only_in_case_or_composition_are_one_name,
    a_local_account_is_never_adopted,
    a_local_account_with_a_name_beyond_ascii_is_found,
    an_address_is_taken_by_whom_it_was_given_to_and_not_by_a_user_name,
    s24_a_made_up_address_never_keeps_anybody_from_their_own,
    what_only_deleted_users_hold_is_free,
    tenants_see_nothing_of_each_other_but_share_the_names_of_superset,
    a_group_of_superset_is_never_taken_over,
];

async fn names_that_differ_only_in_case_or_composition_are_one_name() {
    let superset = Superset::start().await;
    superset.named("Åsa").await;
    superset.named("bob").await;
    for name in ["åSA", "A\u{30a}sa", "BOB", "\u{ff42}ob"] {
        assert_eq!(taken(superset.create("User", json!({ "userName": name })).await), "userName", "{name}");
    }
    let eve = superset.named("eve").await;
    assert_eq!(taken(superset.set("User", &eve, "userName", json!("Bob")).await), "userName");
    superset.set("User", &eve, "userName", json!("EVE")).await.unwrap();
}

async fn a_local_account_is_never_adopted() {
    let superset = Superset::start().await;
    for (user, attribute) in [
        (json!({"userName": "Admin"}), "userName"),
        (json!({"userName": "\u{ff41}dmin"}), "userName"),
        (json!({"userName": "ada", "emails": [{"value": "ADMIN@local"}]}), "emails"),
    ] {
        assert_eq!(taken(superset.create("User", user).await), attribute);
    }
    let ada = superset.named("ada").await;
    assert_eq!(taken(superset.set("User", &ada, "userName", json!("ADMIN")).await), "userName");
    assert_eq!(taken(superset.set("User", &ada, "emails", json!([{"value": "admin@local"}])).await), "emails");
    let admin = superset.account("admin").await;
    assert_eq!((admin.active, admin.first_name.as_str(), admin.roles.len()), (true, "Local", 1));
    assert_eq!(superset.account("ada").await.email, "ada@scim.invalid");
}

async fn a_local_account_with_a_name_beyond_ascii_is_found() {
    let superset = Superset::start().await;
    superset.local_account("JÖRG", "jörg@x").await;
    assert_eq!(taken(superset.create("User", json!({"userName": "jörg"})).await), "userName");
    assert_eq!(
        taken(superset.create("User", json!({"userName": "j", "emails": [{"value": "JÖRG@x"}]})).await),
        "emails"
    );
}

async fn an_address_is_taken_by_whom_it_was_given_to_and_not_by_a_user_name() {
    let superset = Superset::start().await;
    superset.user(json!({"userName": "ada", "emails": [{"value": "a@x"}]})).await;
    assert_eq!(taken(superset.create("User", json!({"userName": "b", "emails": [{"value": "A@x"}]})).await), "emails");
    // Nobody said that `a@x` is the address of this one.
    let id = superset.named("a@x").await;
    assert_eq!(superset.account("a@x").await.email, format!("{id}@scim.invalid"));
}

async fn s24_a_made_up_address_never_keeps_anybody_from_their_own() {
    let owners = async |superset: &Superset, address: &str| -> Vec<String> {
        let page = superset.list("User", &format!("emails.value eq \"{address}\"")).await;
        page.resources.iter().map(|user| user.text("userName").unwrap().into_owned()).collect()
    };
    let given = |user_name: &str, address: &str| json!({"userName": user_name, "emails": [{"value": address}]});
    for (made_up, address, as_written) in
        [("pat@x", "pat@x", "PAT@x"), ("pat", "pat@scim.invalid", "pat@scim.invalid"), ("Åsa@x", "åsa@x", "ÅSA@X")]
    {
        for given_first in [true, false] {
            let superset = Superset::start().await;
            if given_first {
                superset.user(given("patricia", as_written)).await;
            }
            let pat = superset.named(made_up).await;
            if !given_first {
                superset.user(given("patricia", as_written)).await;
            }
            assert_eq!(owners(&superset, address).await, ["patricia"]);
            assert_eq!(superset.account("patricia").await.email, as_written);
            assert_eq!(superset.account(made_up).await.email, format!("{pat}@scim.invalid"));
            // It stays so, and what the other one does has nothing to do with it.
            superset.set("User", &pat, "title", json!("Dr")).await.unwrap();
            assert_eq!(superset.account("patricia").await.email, as_written);
            let drift = superset
                .store
                .drift(&superset_mapping::reconcile::DriftOptions::new().with_local("admin"), &())
                .await
                .unwrap();
            assert!(drift.is_clean(), "{drift}");
        }
    }
    // By a patch, and from several people in turn.
    let superset = Superset::start().await;
    for name in ["pat@x", "kim@x", "kim"] {
        superset.named(name).await;
    }
    let eve = superset.named("eve").await;
    for address in ["pat@x", "kim@x", "kim@scim.invalid"] {
        superset.set("User", &eve, "emails", json!([{ "value": address }])).await.unwrap();
        assert_eq!(owners(&superset, address).await, ["eve"]);
    }
    // What was given is the person's own.
    superset.user(given("bob", "bob@x")).await;
    assert_eq!(taken(superset.set("User", &eve, "emails", json!([{"value": "BOB@x"}])).await), "emails");
}

async fn what_only_deleted_users_hold_is_free() {
    let superset = Superset::start().await;
    let ada = superset.user(json!({"userName": "ada", "emails": [{"value": "shared@x"}]})).await;
    superset.delete("User", &ada).await.unwrap();
    let bob = superset.user(json!({"userName": "bob", "emails": [{"value": "shared@x"}]})).await;
    assert_eq!(superset.account("bob").await.email, "shared@x");
    let row = superset.row_of("ada").await;
    let email = superset.account("ada").await.email;
    assert!(email.starts_with("released-") && email.ends_with("@scim.invalid"), "{email}");
    let bobs = superset.row_of("bob").await;
    // A rename does not take over the row of the deleted user, only the name.
    superset.set("User", &bob, "userName", json!("ADA")).await.unwrap();
    assert_eq!(superset.row_of("ADA").await, bobs);
    let name = superset.value(&format!("SELECT username FROM ab_user WHERE id = {row}")).await;
    assert!(name.starts_with("released-"), "{name}");
}

async fn tenants_see_nothing_of_each_other_but_share_the_names_of_superset() {
    let superset = Superset::start().await;
    let (a, b) = (superset.cx_of("a"), superset.cx_of("b"));
    let user = |name: &str| superset.resource("User", json!({ "userName": name }));
    let ada = superset.store.create(&a, Create::new(superset.of("User"), user("ada"))).await.unwrap().resource;
    let ada = id_of(&ada);
    let read = superset.store.read(&b, Read::new(superset.of("User"), &rid(&ada))).await;
    assert!(matches!(read, Err(StoreError::NotFound)));
    assert_eq!(superset.list_as(&b, "User", "").await.total_results, Some(0));
    assert_eq!(superset.list_as(&a, "User", r#"userName eq "ADA""#).await.total_results, Some(1));
    assert_eq!(
        taken(
            superset
                .store
                .create(&b, Create::new(superset.of("User"), user("ada")))
                .await
                .map(|written| written.resource)
        ),
        "userName"
    );
    // A member of another tenant is an id that nobody has.
    let members = json!({"displayName": "analysts", "members": [{ "value": ada }]});
    superset.store.create(&b, Create::new(superset.of("Group"), superset.resource("Group", members))).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    assert!(superset.groups("ada").await.is_empty());
    let read = superset.store.read(&a, Read::new(superset.of("User"), &rid(&ada))).await.unwrap();
    assert_eq!(read.get("groups"), None);
    // What a tenant's deleted user had is not given to another tenant's.
    superset.store.delete(&a, Delete::new(superset.of("User"), &rid(&ada))).await.unwrap();
    superset.store.create(&b, Create::new(superset.of("User"), user("ada"))).await.unwrap();
    assert_eq!(superset.value("SELECT count(*) FROM ab_user").await, "3");
}

async fn a_group_of_superset_is_never_taken_over() {
    let superset = Superset::start().await;
    superset.by_hand("ab_group", "name", "'Böard'").await;
    superset.by_hand("ab_group", "name", "'ops'").await;
    for name in ["OPS", "BÖARD", "\u{ff4f}ps"] {
        assert_eq!(taken(superset.create("Group", json!({ "displayName": name })).await), "displayName");
    }
    let group = superset.group("mine", &[]).await;
    assert_eq!(taken(superset.create("Group", json!({"displayName": "MINE"})).await), "displayName");
    assert_eq!(taken(superset.set("Group", &group, "displayName", json!("Ops")).await), "displayName");
    assert_eq!(superset.column("SELECT name FROM ab_group ORDER BY id").await, ["Böard", "ops", "mine"]);
}

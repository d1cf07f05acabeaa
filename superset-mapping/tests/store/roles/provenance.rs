//! Who is authoritative for a row: rows of freed names, takeovers, identifiers of logins.

use scim_core::Source;
use scim_service::StoreError;
use serde_json::json;
use superset_mapping::{Adoption, StoreOptions};

use crate::acting::{SOURCES, client, generation, in_tenant, noted, provider, refused};
use crate::harness::{Case, cases};
use crate::support::{RULES, Superset, each, rid, taken, version};

pub(crate) const CASES: &[Case] = cases![
    x2_a_freed_name_gets_a_new_row,
    x2_the_same_person_of_the_same_source_gets_the_row_back,
    x2_a_rename_onto_a_freed_name_takes_no_row,
    x2_an_account_that_somebody_opened_again_is_nobody_elses_to_adopt,
    x1_a_client_does_not_take_over_what_a_login_made,
    x1_a_takeover_that_is_allowed_ends_the_logins_hold,
    x1_roles_of_scim_are_not_for_people_whom_logins_made,
    x1_the_generation_moves_with_status,
    x14_the_form_of_logins_is_reserved,
    x14_a_phantom_of_another_tenant_stays,
    x12_resources_and_grants_tell_who_stands_behind_them,
];

async fn x2_a_freed_name_gets_a_new_row() {
    let superset = Superset::start().await;
    let okta = client(&superset, "okta");
    let first = json!({"userName": "john.smith", "externalId": "e-1", "password": "secret"});
    for (second, as_whom) in [
        (json!({"userName": "john.smith", "externalId": "e-2"}), client(&superset, "okta")),
        (json!({"userName": "JOHN.smith"}), client(&superset, "okta")),
        (json!({"userName": "john.smith", "externalId": "e-1"}), client(&superset, "entra")),
        (json!({"userName": "john.smith", "externalId": "jit:partners:john"}), provider(&superset, "partners")),
        (json!({"userName": "john.smith", "externalId": "e-1"}), in_tenant(&superset, "okta", "beta")),
    ] {
        let id = okta.user(first.clone()).await;
        let row = superset.row_of("john.smith").await;
        okta.delete("User", &id).await;
        let newcomer = as_whom.user(second.clone()).await;
        let name = second["userName"].as_str().unwrap();
        let new_row = superset.row_of(name).await;
        assert_ne!(new_row, row, "{second}");
        let old = superset.value(&format!("SELECT concat(username, ' ', email) FROM ab_user WHERE id = {row}")).await;
        assert!(old.starts_with("released-") && !old.contains("john"), "{old}");
        assert!(!superset.account(old.split(' ').next().unwrap()).await.active);
        assert!(noted(&superset, "reuse").await.is_empty());
        as_whom.delete("User", &newcomer).await;
    }
    // Nobody is known by the lack of an identifier.
    let id = okta.user(json!({"userName": "ann"})).await;
    let row = superset.row_of("ann").await;
    okta.delete("User", &id).await;
    okta.user(json!({"userName": "ann"})).await;
    assert_ne!(superset.row_of("ann").await, row);
}

async fn x2_the_same_person_of_the_same_source_gets_the_row_back() {
    let superset = Superset::start().await;
    let okta = client(&superset, "okta");
    let user = json!({"userName": "ada", "externalId": "e-1", "emails": [{"value": "ada@x"}]});
    let id = okta.user(user.clone()).await;
    let row = superset.row_of("ada").await;
    okta.delete("User", &id).await;
    let again = okta.user(user.clone()).await;
    assert_ne!(again, id);
    assert_eq!(superset.row_of("ada").await, row);
    assert_eq!(noted(&superset, "reuse").await, [format!("okta {{\"ab_user\":{row}}}")]);
    // Not for whoever asserts the person by then.
    client(&superset, "entra").set("User", &again, "title", json!("x")).await.unwrap();
    okta.delete("User", &again).await;
    okta.user(user).await;
    assert_ne!(superset.row_of("ada").await, row);
}

async fn x2_a_rename_onto_a_freed_name_takes_no_row() {
    let superset = Superset::start().await;
    let okta = client(&superset, "okta");
    let ada = okta.user(json!({"userName": "ada", "externalId": "e-1"})).await;
    let row = superset.row_of("ada").await;
    okta.delete("User", &ada).await;
    let bob = okta.user(json!({"userName": "bob", "externalId": "e-1"})).await;
    let bobs = superset.row_of("bob").await;
    okta.set("User", &bob, "userName", json!("ada")).await.unwrap();
    assert_eq!(superset.row_of("ada").await, bobs);
    assert_ne!(bobs, row);
    // Nobody can have taken the name that the old row gets.
    okta.user(json!({"userName": format!("released-{row}")})).await;
}

async fn x2_an_account_that_somebody_opened_again_is_nobody_elses_to_adopt() {
    let superset = Superset::with_options(RULES, "", StoreOptions::new().with_adoption(Adoption::ByUsername)).await;
    let okta = client(&superset, "okta");
    let ada = okta.user(json!({"userName": "ada", "externalId": "e-1"})).await;
    okta.delete("User", &ada).await;
    superset.run("UPDATE ab_user SET active = TRUE WHERE username = 'ada'").await;
    assert_eq!(taken(okta.create("User", json!({"userName": "ada", "externalId": "e-2"})).await), "userName");
    let row = superset.row_of("ada").await;
    okta.user(json!({"userName": "ada", "externalId": "e-1"})).await;
    assert_eq!(superset.row_of("ada").await, row, "the same person adopts it");
}

/// Somebody whom a login made.
async fn made_by_login(superset: &Superset) -> String {
    let partners = provider(superset, "partners");
    partners.user(json!({"userName": "cfo", "externalId": "jit:partners:cfo2@corp", "title": "guest"})).await
}

async fn x1_a_client_does_not_take_over_what_a_login_made() {
    let superset = Superset::with_rules(SOURCES).await;
    let (okta, cfo) = (client(&superset, "okta"), made_by_login(&superset).await);
    let user = json!({"userName": "cfo", "externalId": "00u1"});
    for outcome in [
        okta.replace("User", &cfo, user.clone()).await,
        okta.set("User", &cfo, "externalId", json!("00u1")).await,
        okta.set("User", &cfo, "title", json!("CFO")).await,
        okta.set("User", &cfo, "password", json!("x")).await,
        okta.patch("User", &cfo, json!([{"op": "remove", "path": "title"}])).await,
    ] {
        let reason = refused(outcome);
        assert!(reason.contains("`partners`") && reason.contains("--takeover"), "{reason}");
    }
    assert_eq!(taken(okta.create("User", user).await), "userName");
    let refusals = noted(&superset, "takeover refused").await;
    assert_eq!(refusals.len(), 5, "{refusals:?}");
    assert_eq!(refusals[0], r#"okta {"from":"provider:partners","to":"client:okta"}"#);
    let kept = okta.get("User", &cfo).await.unwrap();
    assert_eq!(kept.external_id().unwrap().as_str(), "jit:partners:cfo2@corp");
    assert_eq!(kept.provenance().unwrap().source(), &Source::provider("partners"));
    // Whoever leaves is locked out all the same.
    okta.set("User", &cfo, "active", json!(false)).await.unwrap();
    assert!(!superset.account("cfo").await.active);
    okta.set("User", &cfo, "active", json!(true)).await.unwrap();
    assert_eq!(okta.get("User", &cfo).await.unwrap().provenance().unwrap().source(), &Source::provider("partners"));
    okta.delete("User", &cfo).await;
}

async fn x1_a_takeover_that_is_allowed_ends_the_logins_hold() {
    let superset = Superset::with_options(SOURCES, "", StoreOptions::new().with_takeover()).await;
    let (okta, cfo) = (client(&superset, "okta"), made_by_login(&superset).await);
    let partners = provider(&superset, "partners");
    let group = partners.group("analysts", "jit:partners:analysts", &[&cfo]).await.unwrap();
    assert_eq!(superset.roles("cfo").await, ["sql_lab"]);
    let row = superset.row_of("cfo").await;
    let key = format!("'u-1', 'k', 'h', 'p', {row}, TRUE");
    superset.by_hand("ab_api_key", "uuid, name, key_hash, key_prefix, user_id, active", &key).await;
    let before = generation(&superset, &cfo).await;
    let members = version(&okta.get("Group", &group).await.unwrap());
    // Also where the client says nothing of an externalId.
    let patched = okta.set("User", &cfo, "title", json!("CFO")).await.unwrap();
    assert!(patched.external_id().is_none());
    assert_eq!(patched.provenance().unwrap().source(), &Source::client("okta"));
    assert!(generation(&superset, &cfo).await > before);
    assert_eq!(superset.value("SELECT count(*) FROM ab_api_key WHERE revoked_on IS NULL").await, "0");
    assert_eq!(superset.list("User", r#"externalId eq "jit:partners:cfo2@corp""#).await.total_results, Some(0));
    assert_eq!(noted(&superset, "takeover").await, [r#"okta {"from":"provider:partners","to":"client:okta"}"#]);
    assert_eq!(superset.roles("cfo").await, ["Gamma"], "what the identity provider said of the person is over");
    assert!(each(&okta.get("User", &cfo).await.unwrap(), "groups", "value").is_empty());
    assert!(version(&okta.get("Group", &group).await.unwrap()) > members);
    okta.group("bosses", "grp-exec", &[&cfo]).await.unwrap();
    assert_eq!(superset.roles("cfo").await, ["Admin"]);
}

async fn x1_roles_of_scim_are_not_for_people_whom_logins_made() {
    let superset = Superset::with_rules(SOURCES).await;
    let (okta, cfo) = (client(&superset, "okta"), made_by_login(&superset).await);
    let ada = okta.user(json!({"userName": "ada", "externalId": "e-1"})).await;
    okta.group("bosses", "grp-exec", &[&cfo, &ada]).await.unwrap();
    okta.group("analysts", "g", &[&cfo]).await.unwrap();
    assert_eq!(superset.roles("cfo").await, ["Gamma"]);
    assert_eq!(superset.roles("ada").await, ["Admin"]);
    assert!(superset.groups("cfo").await.is_empty(), "who is in the row has the roles of the row");
    let inner = okta.group("inner", "i", &[&cfo]).await.unwrap();
    okta.group("outer", "o", &[&inner]).await.unwrap();
    assert_eq!(superset.roles("cfo").await, ["Gamma"]);
    let drift =
        superset.store.drift(&superset_mapping::reconcile::DriftOptions::new().with_local("admin"), &()).await.unwrap();
    assert!(drift.is_clean(), "{:?}", drift.findings);
}

async fn x1_the_generation_moves_with_status() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let first = generation(&superset, &ada).await;
    superset.set("User", &ada, "title", json!("x")).await.unwrap();
    assert_eq!(generation(&superset, &ada).await, first, "nothing that ends sessions");
    superset.set("User", &ada, "active", json!(false)).await.unwrap();
    assert_eq!(superset.store.session_of(&superset.cx(), &rid(&ada)).await.unwrap(), None);
    superset.set("User", &ada, "active", json!(true)).await.unwrap();
    assert_eq!(generation(&superset, &ada).await, first + 2);
    superset.delete("User", &ada).await.unwrap();
    assert_eq!(superset.store.session_of(&superset.cx(), &rid(&ada)).await.unwrap(), None);
}

async fn x14_the_form_of_logins_is_reserved() {
    let superset = Superset::with_rules(SOURCES).await;
    let okta = client(&superset, "okta");
    let ada = okta.user(json!({"userName": "ada"})).await;
    let group = okta.group("g", "g", &[]).await.unwrap();
    for outcome in [
        okta.create("User", json!({"userName": "eve", "externalId": "jit:partners:eve"})).await,
        okta.create("Group", json!({"displayName": "x", "externalId": "jit:partners:x"})).await,
        okta.set("User", &ada, "externalId", json!("jit:x:ada")).await,
        okta.replace("Group", &group, json!({"displayName": "g", "externalId": "JIT:x"})).await,
        provider(&superset, "other").create("User", json!({"userName": "z", "externalId": "jit:partners:z"})).await,
    ] {
        assert!(matches!(outcome, Err(StoreError::InvalidValue { attribute, .. }) if attribute == "externalId"));
    }
}

async fn x14_a_phantom_of_another_tenant_stays() {
    let superset = Superset::start().await;
    let (a, b) = (in_tenant(&superset, "c", "a"), in_tenant(&superset, "c", "b"));
    let ada = a.user(json!({"userName": "ada"})).await;
    let group = b.group("g", "g", &[&ada]).await.unwrap();
    let before = b.get("Group", &group).await.unwrap();
    a.delete("User", &ada).await;
    assert_eq!(b.get("Group", &group).await.unwrap(), before);
    assert_eq!(each(&before, "members", "value"), [ada]);
}

async fn x12_resources_and_grants_tell_who_stands_behind_them() {
    let superset = Superset::with_rules(SOURCES).await;
    let okta = client(&superset, "okta");
    let ada = okta.user(json!({"userName": "ada", "externalId": "e-1"})).await;
    let group = okta.group("analysts", "g", &[&ada]).await.unwrap();
    let listed = superset.list("User", "").await;
    assert_eq!(listed.resources[0].provenance().unwrap().to_string(), "client:okta");
    assert_eq!(superset.column("SELECT source FROM scim_member").await, ["client:okta"]);
    let grants = "SELECT concat(relation, ' ', source) FROM scim_grant ORDER BY relation";
    assert_eq!(superset.column(grants).await, ["ab_group_role client:okta", "ab_user_group client:okta"]);
    okta.delete("Group", &group).await;
    okta.delete("User", &ada).await;
    let tombstones = "SELECT concat(source, ' ', coalesce(external_id, '')) FROM scim_tombstone ORDER BY 1";
    assert_eq!(superset.column(tombstones).await, ["client:okta e-1", "client:okta g"]);
}

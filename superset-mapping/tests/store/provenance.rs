//! Who stands behind what: rows of freed names, takeovers, identifiers that rules are bound to, sources that rules believe.

use scim_core::{Projection, Resource, Source};
use scim_service::{Context, Precondition, Principal, Store, StoreError};
use serde_json::{Value, json};
use superset_mapping::{Adoption, StoreOptions};

use crate::harness::{Case, cases};
use crate::support::{RULES, Superset, each, id_of, rid, taken, version};

pub(crate) const CASES: &[Case] = cases![
    x2_a_freed_name_gets_a_new_row,
    x2_the_same_person_of_the_same_source_gets_the_row_back,
    x2_a_rename_onto_a_freed_name_takes_no_row,
    x2_an_account_that_somebody_opened_again_is_nobody_elses_to_adopt,
    x1_a_client_does_not_take_over_what_a_login_made,
    x1_a_takeover_that_is_allowed_ends_the_logins_hold,
    x1_roles_of_scim_are_not_for_people_whom_logins_made,
    x1_the_generation_moves_with_status,
    x3_an_identifier_is_its_first_groups,
    x3_a_pin_outlives_its_group_until_it_is_released,
    x3_a_group_that_only_takes_the_identifier_later_gets_nothing,
    x3_protected_roles_are_events_of_their_own,
    x9_groups_of_an_identity_provider_have_names_of_their_own,
    x9_a_second_source_is_not_believed_unless_a_rule_names_it,
    x9_a_member_of_another_source_is_not_in_the_row_of_the_group,
    x9_a_chain_counts_where_each_membership_is_believed,
    x9_a_membership_is_whose_added_it,
    s18_an_identity_providers_own_identifier_gives_a_protected_role,
    x14_the_form_of_logins_is_reserved,
    x14_a_phantom_of_another_tenant_stays,
    x12_resources_and_grants_tell_who_stands_behind_them,
];

/// Rules that name their sources.
const SOURCES: &str = r#"
    sources = ["scim", "provider:partners"]
    default_roles = ["Gamma"]
    [[rule]]
    group = "analysts"
    from = "scim"
    roles = ["Alpha"]
    [[rule]]
    group = "analysts"
    provider = "partners"
    roles = ["sql_lab"]
    [[rule]]
    group_external_id = "grp-exec"
    client = "okta"
    roles = ["Admin"]
    grants_protected = true
    [[rule]]
    group_external_id = "grp-boss"
    provider = "partners"
    roles = ["Admin"]
    grants_protected = true
"#;

/// Calls as somebody.
struct As<'s> {
    superset: &'s Superset,
    principal: Principal,
}

impl As<'_> {
    fn cx(&self) -> Context {
        Context { principal: self.principal.clone(), ..self.superset.cx() }
    }

    async fn create(&self, of: &str, resource: Value) -> Result<Resource, StoreError> {
        let resource = self.superset.resource(of, resource);
        self.superset.store.create(&self.cx(), self.superset.of(of), resource).await
    }

    async fn user(&self, user: Value) -> String {
        id_of(&self.create("User", user).await.unwrap())
    }

    async fn group(&self, name: &str, external_id: &str, members: &[&str]) -> Result<String, StoreError> {
        let members: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
        let group = json!({"displayName": name, "externalId": external_id, "members": members});
        self.create("Group", group).await.map(|group| id_of(&group))
    }

    async fn replace(&self, of: &str, id: &str, resource: Value) -> Result<Resource, StoreError> {
        let resource = self.superset.resource(of, resource);
        self.superset.store.replace(&self.cx(), self.superset.of(of), &rid(id), resource, &Precondition::None).await
    }

    async fn patch(&self, of: &str, id: &str, operations: Value) -> Result<Resource, StoreError> {
        let patch = self.superset.checked_patch(of, &operations);
        let (cx, of, want) = (self.cx(), self.superset.of(of), Projection::default());
        let patched = self.superset.store.patch(&cx, of, &rid(id), &patch, &Precondition::None, &want).await?;
        Ok(patched.unwrap())
    }

    async fn set(&self, of: &str, id: &str, path: &str, value: Value) -> Result<Resource, StoreError> {
        self.patch(of, id, json!([{"op": "replace", "path": path, "value": value}])).await
    }

    async fn add(&self, group: &str, member: &str) -> Resource {
        let add = json!([{"op": "add", "path": "members", "value": [{ "value": member }]}]);
        self.patch("Group", group, add).await.unwrap()
    }

    async fn get(&self, of: &str, id: &str) -> Result<Resource, StoreError> {
        self.superset.store.get(&self.cx(), self.superset.of(of), &rid(id), &Projection::default()).await
    }

    async fn delete(&self, of: &str, id: &str) {
        let of = self.superset.of(of);
        self.superset.store.delete(&self.cx(), of, &rid(id), &Precondition::None).await.unwrap();
    }
}

fn client<'s>(superset: &'s Superset, name: &str) -> As<'s> {
    As { superset, principal: Principal::new(name) }
}

fn provider<'s>(superset: &'s Superset, name: &str) -> As<'s> {
    As { superset, principal: Principal::provider(name) }
}

fn in_tenant<'s>(superset: &'s Superset, name: &str, tenant: &str) -> As<'s> {
    As { superset, principal: Principal::new(name).in_tenant(tenant) }
}

async fn generation(superset: &Superset, id: &str) -> i64 {
    superset.store.session_of(&superset.cx(), &rid(id)).await.unwrap().unwrap().generation
}

/// The details of audit records of an action, with who caused them.
async fn noted(superset: &Superset, action: &str) -> Vec<String> {
    let select = "SELECT concat(principal, ' ', detail) FROM scim_audit WHERE action = ";
    superset.column(&format!("{select}'{action}' ORDER BY position")).await
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> String {
    match outcome.unwrap_err() {
        StoreError::Refused { reason } => reason,
        other => panic!("{other}"),
    }
}

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
    let drift = superset.store.drift(&superset_mapping::DriftOptions::new().with_local("admin"), &()).await.unwrap();
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

async fn x3_an_identifier_is_its_first_groups() {
    let superset = Superset::with_rules(SOURCES).await;
    let (okta, entra) = (client(&superset, "okta"), client(&superset, "entra"));
    let ada = okta.user(json!({"userName": "ada", "externalId": "e-1"})).await;
    let mallory = entra.user(json!({"userName": "mallory", "externalId": "e-1"})).await;
    let bosses = okta.group("bosses", "grp-exec", &[&ada]).await.unwrap();
    let beta = in_tenant(&superset, "okta", "beta");
    let other = entra.group("other", "harmless", &[&mallory]).await.unwrap();
    for outcome in [
        okta.group("second", "grp-exec", &[]).await.map(drop),
        entra.group("third", "grp-exec", &[&mallory]).await.map(drop),
        beta.group("fourth", "grp-exec", &[]).await.map(drop),
        entra.set("Group", &other, "externalId", json!("grp-exec")).await.map(drop),
        entra.replace("Group", &other, json!({"displayName": "other", "externalId": "grp-exec"})).await.map(drop),
    ] {
        assert!(matches!(outcome, Err(StoreError::Uniqueness { attribute }) if attribute == "externalId"));
    }
    let claims = noted(&superset, "claim").await;
    assert_eq!(claims.len(), 5, "{claims:?}");
    assert!(claims[1].starts_with("entra ") && claims[1].contains(r#""by":"client:entra""#), "{}", claims[1]);
    assert_eq!(superset.roles("mallory").await, ["Gamma"]);
    assert_eq!(superset.roles("ada").await, ["Admin"]);
    let pins = superset.store.pins().await.unwrap();
    assert_eq!(pins.len(), 1);
    assert_eq!((pins[0].external_id.as_str(), pins[0].group.as_str()), ("grp-exec", bosses.as_str()));
    assert_eq!(pins[0].display_name.as_deref(), Some("bosses"));
    // An identifier that no rule is bound to is nobody's affair.
    okta.group("x", "same", &[]).await.unwrap();
    okta.group("y", "same", &[]).await.unwrap();
}

async fn x3_a_pin_outlives_its_group_until_it_is_released() {
    let superset = Superset::with_rules(SOURCES).await;
    let (okta, entra) = (client(&superset, "okta"), client(&superset, "entra"));
    let bosses = okta.group("bosses", "grp-exec", &[]).await.unwrap();
    okta.delete("Group", &bosses).await;
    assert_eq!(taken(entra.create("Group", json!({"displayName": "x", "externalId": "grp-exec"})).await), "externalId");
    let again = okta.group("bosses", "grp-exec", &[]).await.unwrap();
    assert_eq!(superset.store.pins().await.unwrap()[0].group, again, "whoever had it makes it again");
    // A group that lets go of the identifier keeps the pin, too.
    okta.set("Group", &again, "externalId", json!("other")).await.unwrap();
    assert!(superset.store.pins().await.unwrap()[0].display_name.is_none());
    assert_eq!(taken(entra.create("Group", json!({"displayName": "x", "externalId": "grp-exec"})).await), "externalId");
    assert!(superset.store.release_pin(&superset.cx(), "grp-exec").await.unwrap());
    assert!(!superset.store.release_pin(&superset.cx(), "grp-exec").await.unwrap());
    assert!(superset.store.pins().await.unwrap().is_empty());
    // Nobody believes this one: it may have the identifier, gets nothing by it, and does not keep it from anybody.
    let mallory = entra.user(json!({"userName": "mallory"})).await;
    entra.group("x", "grp-exec", &[&mallory]).await.unwrap();
    assert!(superset.store.pins().await.unwrap().is_empty());
    assert_eq!(superset.roles("mallory").await, ["Gamma"]);
    assert!(noted(&superset, "claim").await.last().unwrap().contains("do not believe"));
    let third = okta.group("bosses again", "grp-exec", &[]).await.unwrap();
    assert_eq!(superset.store.pins().await.unwrap()[0].group, third);
}

async fn x3_a_group_that_only_takes_the_identifier_later_gets_nothing() {
    // Two groups had it before the rules knew it.
    let superset = Superset::with_rules("default_roles = ['Gamma']").await;
    let okta = client(&superset, "okta");
    let (ada, bob) = (okta.user(json!({"userName": "ada"})).await, okta.user(json!({"userName": "bob"})).await);
    okta.group("first", "grp-exec", &[&ada]).await.unwrap();
    let second = okta.group("second", "grp-exec", &[&bob]).await.unwrap();
    let rules = SOURCES.parse().unwrap();
    let store = superset_mapping::SupersetStore::connect(&superset.url, rules).await.unwrap();
    assert_eq!(store.pins().await.unwrap()[0].display_name.as_deref(), Some("first"));
    store
        .repair(&superset.cx(), &superset_mapping::RepairOptions::new(superset_mapping::DriftOptions::new()), &())
        .await
        .unwrap();
    assert_eq!(
        (superset.roles("ada").await, superset.roles("bob").await),
        (vec!["Admin".into()], vec!["Gamma".into()])
    );
    assert!(store.release_pin(&superset.cx(), "grp-exec").await.unwrap());
    assert_eq!(store.pins().await.unwrap()[0].group, second, "the other group claims it");
}

async fn x3_protected_roles_are_events_of_their_own() {
    let superset = Superset::with_rules(SOURCES).await;
    let okta = client(&superset, "okta");
    let ada = okta.user(json!({"userName": "ada"})).await;
    let bosses = okta.group("bosses", "grp-exec", &[]).await.unwrap();
    okta.add(&bosses, &ada).await;
    let granted = noted(&superset, "grant protected").await;
    assert!(granted.iter().all(|grant| grant == r#"okta {"role":"Admin","source":"client:okta"}"#), "{granted:?}");
    let of = "SELECT resource_type FROM scim_audit WHERE action = 'grant protected' ORDER BY position";
    assert_eq!(superset.column(of).await, ["Group", "User"]);
    let remove = json!([{"op": "remove", "path": format!("members[value eq \"{ada}\"]")}]);
    okta.patch("Group", &bosses, remove).await.unwrap();
    assert_eq!(noted(&superset, "revoke protected").await.len(), 1);
}

async fn x9_groups_of_an_identity_provider_have_names_of_their_own() {
    let superset = Superset::with_rules(SOURCES).await;
    let (okta, partners) = (client(&superset, "okta"), provider(&superset, "partners"));
    let guest = partners.user(json!({"userName": "guest", "externalId": "jit:partners:guest"})).await;
    let theirs = partners.group("analysts", "jit:partners:analysts", &[&guest]).await.unwrap();
    let ada = okta.user(json!({"userName": "ada"})).await;
    let ours = okta.group("analysts", "g-7", &[&ada]).await.unwrap();
    assert_eq!(superset.column("SELECT name FROM ab_group ORDER BY name").await, ["analysts", "partners:analysts"]);
    assert_eq!(
        (superset.roles("guest").await, superset.roles("ada").await),
        (vec!["sql_lab".into()], vec!["Alpha".into()])
    );
    let mut found: Vec<String> =
        superset.list("Group", r#"displayName eq "ANALYSTS""#).await.resources.iter().map(id_of).collect();
    found.sort();
    let mut both = [theirs.clone(), ours];
    both.sort();
    assert_eq!(found, both);
    assert_eq!(taken(okta.create("Group", json!({"displayName": "Analysts"})).await), "displayName");
    assert_eq!(taken(partners.create("Group", json!({"displayName": "Analysts"})).await), "displayName");
    partners.set("Group", &theirs, "displayName", json!("analysts 2")).await.unwrap();
    assert_eq!(superset.column("SELECT name FROM ab_group ORDER BY name").await, ["analysts", "partners:analysts 2"]);
    let drift = superset.store.drift(&superset_mapping::DriftOptions::new().with_local("admin"), &()).await.unwrap();
    assert!(drift.is_clean(), "{:?}", drift.findings);
}

async fn x9_a_second_source_is_not_believed_unless_a_rule_names_it() {
    let superset = Superset::start().await;
    let (okta, entra) = (client(&superset, "okta"), client(&superset, "entra"));
    let ada = okta.user(json!({"userName": "ada"})).await;
    let analysts = okta.group("analysts", "g-1", &[&ada]).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Alpha"]);
    let eve = entra.user(json!({"userName": "eve"})).await;
    entra.group("sql", "g-2", &[&eve, &ada]).await.unwrap();
    entra.group("bosses", "grp-exec", &[&eve]).await.unwrap();
    entra.add(&analysts, &eve).await;
    assert!(superset.roles("eve").await.is_empty());
    assert_eq!(superset.roles("ada").await, ["Alpha"]);
    assert_eq!(superset.store.writers().await.unwrap(), [Source::client("okta"), Source::client("entra")]);
    let own = [okta.cx().provenance()];
    let refusal = superset.store.check_writers(&own).await.unwrap_err().to_string();
    assert!(refusal.contains(r#"add `sources = ["client:entra", "client:okta"]`"#), "{refusal}");
    // Whoever writes the content asserts it, and another start knows who was first.
    entra.set("User", &ada, "title", json!("x")).await.unwrap();
    assert!(superset.roles("ada").await.is_empty());
    let store = superset_mapping::SupersetStore::connect(&superset.url, RULES.parse().unwrap()).await.unwrap();
    let options = superset_mapping::DriftOptions::new().with_local("admin");
    assert!(store.drift(&options, &()).await.unwrap().is_clean());
}

async fn x9_a_member_of_another_source_is_not_in_the_row_of_the_group() {
    let rules = format!("{SOURCES}\n[[rule]]\ngroup = 'team'\nfrom = 'scim'\nroles = ['Alpha']");
    let superset = Superset::with_rules(&rules).await;
    let (okta, entra) = (client(&superset, "okta"), client(&superset, "entra"));
    let (ada, eve) = (okta.user(json!({"userName": "ada"})).await, entra.user(json!({"userName": "eve"})).await);
    let team = okta.group("team", "t", &[&ada, &eve]).await.unwrap();
    assert_eq!(
        (superset.roles("ada").await, superset.roles("eve").await),
        (vec!["Alpha".into()], vec!["Alpha".into()])
    );
    assert_eq!((superset.groups("ada").await, superset.groups("eve").await), (vec!["team".into()], vec![]));
    // What somebody gives the row by hand is not for whom another source puts into the group.
    let guest = provider(&superset, "partners").user(json!({"userName": "guest"})).await;
    okta.add(&team, &guest).await;
    assert!(superset.groups("guest").await.is_empty());
    let drift = superset.store.drift(&superset_mapping::DriftOptions::new().with_local("admin"), &()).await.unwrap();
    assert!(drift.is_clean(), "{:?}", drift.findings);
}

async fn x9_a_chain_counts_where_each_membership_is_believed() {
    let rules = "sources = ['client:okta', 'client:entra']\n[[rule]]\ngroup = 'outer'\nclient = 'okta'\nroles = ['Alpha']\n\
                 [[rule]]\ngroup = 'both'\nclient = 'okta'\nroles = ['sql_lab']";
    let superset = Superset::with_rules(rules).await;
    let (okta, entra) = (client(&superset, "okta"), client(&superset, "entra"));
    let ada = okta.user(json!({"userName": "ada"})).await;
    let inner = entra.group("inner", "i", &[]).await.unwrap();
    okta.add(&inner, &ada).await;
    let outer = okta.group("outer", "o", &[]).await.unwrap();
    entra.add(&outer, &inner).await;
    assert!(superset.roles("ada").await.is_empty(), "entra put the one group into the other");
    okta.add(&outer, &inner).await;
    assert_eq!(superset.roles("ada").await, ["Alpha"], "okta says so too now");
    let both = okta.group("both", "b", &[&inner]).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Alpha", "sql_lab"]);
    entra.add(&both, &inner).await;
    assert_eq!(superset.roles("ada").await, ["Alpha"]);
}

async fn x9_a_membership_is_whose_added_it() {
    let superset = Superset::with_rules(SOURCES).await;
    let (okta, partners) = (client(&superset, "okta"), provider(&superset, "partners"));
    let ada = okta.user(json!({"userName": "ada"})).await;
    let group = okta.group("analysts", "g", &[]).await.unwrap();
    let before = partners.add(&group, &ada).await;
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    // A list that is read, changed and sent back does not vouch for what others put there.
    let list = json!({"displayName": "analysts", "externalId": "g", "members": [{"value": ada}]});
    okta.replace("Group", &group, list).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    let after = okta.add(&group, &ada).await;
    assert_eq!(superset.roles("ada").await, ["Alpha"]);
    assert_eq!(version(&after), version(&before), "the representation is the same");
}

async fn s18_an_identity_providers_own_identifier_gives_a_protected_role() {
    let superset = Superset::with_rules(SOURCES).await;
    let (okta, partners) = (client(&superset, "okta"), provider(&superset, "partners"));
    let boss = partners.user(json!({"userName": "boss", "externalId": "jit:partners:boss"})).await;
    partners.group("grp-boss", "jit:partners:grp-boss", &[&boss]).await.unwrap();
    assert_eq!(superset.roles("boss").await, ["Admin"]);
    let ada = okta.user(json!({"userName": "ada"})).await;
    okta.group("fake", "grp-boss", &[&ada, &boss]).await.unwrap();
    assert_eq!(superset.roles("ada").await, ["Gamma"]);
    assert_eq!(superset.store.pins().await.unwrap()[0].external_id, "jit:partners:grp-boss");
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

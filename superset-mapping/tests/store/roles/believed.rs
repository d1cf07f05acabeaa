//! Which sources the rules believe: pinned identifiers, memberships, groups of identity providers.

use scim_core::Source;
use scim_service::StoreError;
use serde_json::json;

use crate::acting::{SOURCES, client, in_tenant, noted, provider};
use crate::harness::{Case, cases};
use crate::support::{RULES, Superset, id_of, taken, version};

pub(crate) const CASES: &[Case] = cases![
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
];

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
    // An identifier that no rule is bound to may be used by several groups.
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
        .repair(
            &superset.cx(),
            &superset_mapping::reconcile::RepairOptions::new(superset_mapping::reconcile::DriftOptions::new()),
            &(),
        )
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
    let drift =
        superset.store.drift(&superset_mapping::reconcile::DriftOptions::new().with_local("admin"), &()).await.unwrap();
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
    let options = superset_mapping::reconcile::DriftOptions::new().with_local("admin");
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
    // Roles that are given to the row manually do not reach members that another source added.
    let guest = provider(&superset, "partners").user(json!({"userName": "guest"})).await;
    okta.add(&team, &guest).await;
    assert!(superset.groups("guest").await.is_empty());
    let drift =
        superset.store.drift(&superset_mapping::reconcile::DriftOptions::new().with_local("admin"), &()).await.unwrap();
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
    // A list that is read, changed and sent back does not assert what others put there.
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

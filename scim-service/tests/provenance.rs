//! Who asserts what the reference store keeps.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use std::sync::Arc;

use chrono::Utc;
use scim_core::{Resource, ResourceId, ResourceTypeName, SchemaSet, Source, TypeSchema};
use scim_service::{Context, Create, Delete, List, MemoryStore, Principal, Read, Replace, Store, StoreError};
use serde_json::{Value, json};

fn of(name: &str) -> Arc<TypeSchema> {
    SchemaSet::builtin().of(&ResourceTypeName::from(name)).unwrap().clone()
}

fn by(principal: Principal) -> Context {
    Context::internal("test", Utc::now()).with_principal(principal)
}

fn resource(value: Value) -> Resource {
    serde_json::from_value(value).unwrap()
}

async fn create(store: &MemoryStore, cx: &Context, name: &str, value: Value) -> Result<ResourceId, StoreError> {
    let created = store.create(cx, Create::new(&of(name), resource(value))).await?.resource;
    Ok(created.id().unwrap().parse().unwrap())
}

async fn replace(store: &MemoryStore, cx: &Context, id: &ResourceId, value: Value) -> Result<Resource, StoreError> {
    store.replace(cx, Replace::new(&of("User"), id, resource(value))).await.map(|written| written.resource)
}

async fn source(store: &MemoryStore, id: &ResourceId) -> String {
    let user = store.read(&by(Principal::host("test")), Read::new(&of("User"), id)).await.unwrap();
    user.provenance().unwrap().to_string()
}

#[tokio::test]
async fn x12_whoever_wrote_the_content_last_asserts_it() {
    let store = MemoryStore::new();
    let (okta, entra) = (by(Principal::new("okta")), by(Principal::new("entra")));
    let id = create(&store, &okta, "User", json!({"userName": "ada"})).await.unwrap();
    assert_eq!(source(&store, &id).await, "client:okta");
    replace(&store, &entra, &id, json!({"userName": "ada", "active": false})).await.unwrap();
    assert_eq!(source(&store, &id).await, "client:okta", "`active` says nothing of who it is");
    replace(&store, &entra, &id, json!({"userName": "ada", "title": "x"})).await.unwrap();
    assert_eq!(source(&store, &id).await, "client:entra");
    let page = store.list(&okta, List::new(&of("User"), 10)).await.unwrap();
    assert_eq!(page.resources.first().unwrap().provenance().unwrap().source(), &Source::client("entra"));
    let in_tenant = by(Principal::new("okta").in_tenant("acme"));
    let user = store
        .create(&in_tenant, Create::new(&of("User"), resource(json!({"userName": "bob"}))))
        .await
        .unwrap()
        .resource;
    assert_eq!(user.provenance().unwrap().tenant(), Some("acme"));
}

#[tokio::test]
async fn x1_a_client_takes_over_what_a_login_made_only_where_the_host_says_so() {
    for allowed in [false, true] {
        let store = if allowed { MemoryStore::new().with_takeover() } else { MemoryStore::new() };
        let (okta, partners) = (by(Principal::new("okta")), by(Principal::provider("partners")));
        let made = json!({"userName": "cfo", "externalId": "jit:partners:cfo"});
        let id = create(&store, &partners, "User", made.clone()).await.unwrap();
        let outcome = replace(&store, &okta, &id, json!({"userName": "cfo", "title": "CFO"})).await;
        if allowed {
            outcome.unwrap();
            assert_eq!(source(&store, &id).await, "client:okta");
            continue;
        }
        let Err(StoreError::Refused { reason }) = outcome else { panic!("{outcome:?}") };
        assert!(reason.contains("`partners`"), "{reason}");
        let mut left = made;
        left["active"] = json!(false);
        replace(&store, &okta, &id, left).await.unwrap();
        assert_eq!(source(&store, &id).await, "provider:partners");
        store.delete(&okta, Delete::new(&of("User"), &id)).await.unwrap();
    }
}

#[tokio::test]
async fn x1_a_takeover_lets_go_of_the_logins_identifier() {
    let store = MemoryStore::new().with_takeover();
    let (okta, partners) = (by(Principal::new("okta")), by(Principal::provider("partners")));
    let made = json!({"userName": "cfo", "externalId": "jit:partners:cfo"});
    let id = create(&store, &partners, "User", made).await.unwrap();
    let sent_back = json!({"userName": "cfo", "externalId": "jit:partners:cfo", "title": "CFO"});
    let user = replace(&store, &okta, &id, sent_back).await.unwrap();
    assert!(user.external_id().is_none());
}

#[tokio::test]
async fn x14_the_form_of_logins_is_reserved() {
    let store = MemoryStore::new();
    let okta = by(Principal::new("okta"));
    let ada = create(&store, &okta, "User", json!({"userName": "ada"})).await.unwrap();
    for outcome in [
        create(&store, &okta, "User", json!({"userName": "eve", "externalId": "jit:partners:eve"})).await.map(drop),
        create(&store, &okta, "Group", json!({"displayName": "x", "externalId": "JIT:partners:x"})).await.map(drop),
        replace(&store, &okta, &ada, json!({"userName": "ada", "externalId": "jit:x:ada"})).await.map(drop),
    ] {
        assert!(matches!(outcome, Err(StoreError::InvalidValue { attribute, .. }) if attribute == "externalId"));
    }
}

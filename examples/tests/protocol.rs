//! The protocol stories of `scim-service` over Superset's tables.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Request;
use scim_core::{SchemaSet, urn};
use scim_service::{BearerTokens, Principal, ScimService, ServiceConfig, Store};
use serde_json::{Value, json};
use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
use tempfile::TempDir;

#[path = "../../scim-service/tests/story/mod.rs"]
mod story;

#[tokio::test]
async fn every_story_goes_as_told_over_superset_tables() {
    let folders: Mutex<Vec<TempDir>> = Mutex::default();
    let store = async || {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("superset.db").display());
        folders.lock().unwrap().push(folder);
        create_demo_schema(&url).await.unwrap();
        Arc::new(SupersetStore::connect(&url, RuleSet::default()).await.unwrap()) as Arc<dyn Store>
    };
    story::tell_all(store).await;
}

#[tokio::test]
async fn p6_schemas_tell_what_superset_keeps_unique() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("superset.db").display());
    create_demo_schema(&url).await.unwrap();
    let store = SupersetStore::connect(&url, RuleSet::default()).await.unwrap();
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    let config = ServiceConfig::new("https://example.com").unwrap();
    let service = ScimService::new(store, SchemaSet::builtin(), config, tokens);
    let send = async |method: &str, path: &str, body: Value| {
        let request = Request::builder().method(method).uri(format!("https://example.com{path}"));
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let response = service.handle(request.header("authorization", "Bearer test-token").body(body).unwrap()).await;
        (response.status().as_u16(), serde_json::from_slice::<Value>(response.body()).unwrap())
    };
    let named = |attributes: &Value, name: &str| {
        let attributes = attributes.as_array().unwrap();
        attributes.iter().find(|attribute| attribute["name"] == name).unwrap().clone()
    };
    let (_, user) = send("GET", &format!("/Schemas/{}", urn::USER), Value::Null).await;
    let emails = named(&user["attributes"], "emails");
    assert_eq!(named(&emails["subAttributes"], "value")["uniqueness"], "server");
    assert_eq!(named(&emails["subAttributes"], "type")["uniqueness"], "none");
    let (_, group) = send("GET", &format!("/Schemas/{}", urn::GROUP), Value::Null).await;
    assert_eq!(named(&group["attributes"], "displayName")["uniqueness"], "server");

    let person =
        |name: &str, email: &str| json!({"schemas": [urn::USER], "userName": name, "emails": [{"value": email}]});
    assert_eq!(send("POST", "/Users", person("ada", "a@example.com")).await.0, 201);
    let (status, error) = send("POST", "/Users", person("bea", "A@example.com")).await;
    assert_eq!((status, error["scimType"].as_str()), (409, Some("uniqueness")), "{error}");
    let named = |name: &str| json!({"schemas": [urn::GROUP], "displayName": name});
    assert_eq!(send("POST", "/Groups", named("Analysts")).await.0, 201);
    let (status, error) = send("POST", "/Groups", named("ANALYSTS")).await;
    assert_eq!((status, error["scimType"].as_str()), (409, Some("uniqueness")), "{error}");
}

//! A service that was built without cursors says so and refuses them.
#![cfg(all(feature = "memory", not(feature = "cursor")))]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use bytes::Bytes;
use http::Request;
use scim_core::SchemaSet;
use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig};
use serde_json::Value;

async fn get(path: &str) -> (u16, Value) {
    let config = ServiceConfig::new("https://example.com/scim").unwrap();
    let tokens = BearerTokens::new().with_token("yXh2Qm7vT0w8LbN4", Principal::new("okta")).unwrap();
    let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens);
    let request = Request::get(format!("https://example.com/scim{path}"));
    let request = request.header("authorization", "Bearer yXh2Qm7vT0w8LbN4").body(Bytes::new()).unwrap();
    let response = service.handle(request).await;
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

#[tokio::test]
async fn a_service_without_cursors_says_so() {
    let (status, body) = get("/ServiceProviderConfig").await;
    assert_eq!((status, &body["pagination"]["cursor"]), (200, &false.into()));
    assert_eq!(body["pagination"].get("cursorTimeout"), None);
}

#[tokio::test]
async fn a_cursor_is_refused_where_there_are_none() {
    for path in ["/Users?cursor", "/Users?cursor=abc&count=2", "/?cursor"] {
        let (status, body) = get(path).await;
        assert_eq!((status, body["scimType"].as_str()), (400, Some("invalidCursor")), "{path}");
        assert!(body["detail"].as_str().unwrap().contains("expected `startIndex` and `count`"), "{path}");
    }
    assert_eq!(get("/Users?startIndex=1&count=2").await.0, 200);
}

//! What a client is told when the store is at fault.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use scim_core::{Resource, SchemaSet, urn};
use scim_service::{
    BearerTokens, BulkAtomicity, Change, Context, Create, Delete, List, ListPage, MemoryStore, Principal, Read,
    Replace, ScimService, ServiceConfig, ServiceLimits, Store, StoreError, Written,
};
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

mod log;

use log::Log;

/// Fails at everything, with what must not reach a client in the cause.
struct Broken {
    reachable: bool,
    /// The id of whatever is created, where that works.
    issues: Option<&'static str>,
}

impl Broken {
    fn error<T>(&self) -> Result<T, StoreError> {
        let cause = "relation ab_user of db.internal:5432 is gone";
        Err(if self.reachable { StoreError::internal(cause) } else { StoreError::Unavailable(cause.into()) })
    }
}

#[async_trait]
impl Store for Broken {
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        let Some(id) = self.issues else { return self.error() };
        let change = Change::new(cx, request.of, "made".parse().unwrap());
        let mut made = request.resource;
        made.attributes_mut().insert("id".into(), id.into());
        Ok(Written::new(made, change))
    }

    async fn read(&self, _: &Context, _: Read<'_>) -> Result<Resource, StoreError> {
        self.error()
    }

    async fn list(&self, _: &Context, _: List<'_>) -> Result<ListPage, StoreError> {
        self.error()
    }

    async fn replace(&self, _: &Context, _: Replace<'_>) -> Result<Written, StoreError> {
        self.error()
    }

    async fn delete(&self, _: &Context, _: Delete<'_>) -> Result<Change, StoreError> {
        self.error()
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.error()
    }
}

async fn send<S: Store>(service: &ScimService<S>, method: &str, path: &str, body: &str) -> Response<Bytes> {
    let request = Request::builder()
        .method(method)
        .uri(format!("https://example.com{path}"))
        .header("authorization", "Bearer test-token")
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    service.handle(request).await
}

fn service<S: Store>(store: S, limits: ServiceLimits) -> ScimService<S> {
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    let config = ServiceConfig::new("https://example.com").unwrap().with_limits(limits);
    ScimService::new(store, SchemaSet::builtin(), config, tokens)
}

#[tokio::test]
async fn r234_no_answer_tells_of_the_inside() {
    let user = json!({"schemas": [urn::USER], "userName": "a"}).to_string();
    let patch = json!({"schemas": [urn::PATCH_OP], "Operations": [{"op": "remove", "path": "title"}]}).to_string();
    for (reachable, expected) in [(true, 500), (false, 503)] {
        let service = service(Broken { reachable, issues: None }, ServiceLimits::default());
        for (method, path, body) in [
            ("GET", "/Users", ""),
            ("GET", "/Users/1", ""),
            ("POST", "/Users", user.as_str()),
            ("PUT", "/Users/1", user.as_str()),
            ("PATCH", "/Users/1", patch.as_str()),
            ("DELETE", "/Users/1", ""),
        ] {
            let response = send(&service, method, path, body).await;
            assert_eq!(response.status(), expected, "{method} {path}");
            let text = String::from_utf8(response.body().to_vec()).unwrap();
            assert!(!text.contains("ab_user") && !text.contains("internal:"), "{text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["status"], expected.to_string());
        }
    }
}

#[tokio::test]
async fn r039_a_store_that_issues_a_reserved_id_is_refused() {
    let service = service(Broken { reachable: true, issues: Some("bulkId:1") }, ServiceLimits::default());
    let user = json!({"schemas": [urn::USER], "userName": "a"}).to_string();
    let response = send(&service, "POST", "/Users", &user).await;
    assert_eq!(response.status(), 500);
    assert!(!String::from_utf8(response.body().to_vec()).unwrap().contains("bulkId"));
}

#[tokio::test]
async fn a15_a_store_that_leaves_out_meta_is_told_by_its_first_resource() {
    let service = service(Broken { reachable: true, issues: Some("1") }, ServiceLimits::default());
    let user = json!({"schemas": [urn::USER], "userName": "a"}).to_string();
    let (log, _guard) = Log::start(LevelFilter::ERROR);
    assert_eq!(send(&service, "POST", "/Users", &user).await.status(), 500);
    assert!(log.text().contains("guarantee 1 of `Store`"), "{}", log.text());
}

#[tokio::test]
async fn a11_bulk_requests_that_the_store_cannot_do_are_not_advertised() {
    let operation = json!({"method": "DELETE", "path": "/Users/1"});
    let job = json!({"schemas": [urn::BULK_REQUEST], "Operations": [operation]}).to_string();
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    let config = ServiceConfig::new("https://example.com").unwrap().with_bulk(BulkAtomicity::AllOrNothing);
    let service = ScimService::new(Broken { reachable: true, issues: None }, SchemaSet::builtin(), config, tokens);
    let response = send(&service, "POST", "/Bulk", &job).await;
    assert_eq!(response.status(), 501);
    let told = send(&service, "GET", "/ServiceProviderConfig", "").await;
    let told: Value = serde_json::from_slice(told.body()).unwrap();
    assert_eq!(told["bulk"]["supported"], false, "{told}");
    assert_eq!(service.config().bulk(), None);

    let each = ServiceConfig::new("https://example.com").unwrap().with_bulk(BulkAtomicity::PerOperation);
    let store = Arc::new(Broken { reachable: true, issues: None });
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    let service = ScimService::new(store, SchemaSet::builtin(), each, tokens);
    assert_eq!(service.config().bulk(), Some(BulkAtomicity::PerOperation), "each for itself needs no transaction");
    let both = ServiceConfig::new("https://example.com").unwrap().with_bulk(BulkAtomicity::AllOrNothing);
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), both, tokens);
    assert_eq!(service.config().bulk(), Some(BulkAtomicity::AllOrNothing));
}

#[tokio::test]
async fn r234_no_result_of_a_bulk_request_tells_of_the_inside() {
    let operations = [
        json!({"method": "POST", "path": "/Users", "bulkId": "a", "data": {"schemas": [urn::USER], "userName": "a"}}),
        json!({"method": "DELETE", "path": "/Users/1"}),
    ];
    let job = json!({"schemas": [urn::BULK_REQUEST], "Operations": operations}).to_string();
    for (reachable, expected) in [(true, "500"), (false, "503")] {
        let service = service(Broken { reachable, issues: None }, ServiceLimits::default());
        let response = send(&service, "POST", "/Bulk", &job).await;
        assert_eq!(response.status(), 200);
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(!text.contains("ab_user") && !text.contains("internal:"), "{text}");
        let body: Value = serde_json::from_str(&text).unwrap();
        assert!(body["Operations"].as_array().unwrap().iter().all(|result| result["status"] == expected), "{body}");
    }
}

#[tokio::test]
async fn x13_a_failure_of_the_store_is_logged_with_its_cause_and_the_id_of_the_request() {
    let (log, _guard) = Log::start(LevelFilter::WARN);
    let user = json!({"schemas": [urn::USER], "userName": "a"}).to_string();
    let job = json!({"schemas": [urn::BULK_REQUEST], "Operations": [
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"schemas": [urn::USER], "userName": "a"}},
        {"method": "DELETE", "path": "/Users/1"}
    ]});
    // Whether a place logs is found out by whoever comes by first, which may be another test at the moment when this log starts.
    // So this test comes by, and has all places look again.
    let warm = service(Broken { reachable: true, issues: None }, ServiceLimits::default());
    send(&warm, "GET", "/Users", "").await;
    drop(tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new()));
    let before = log.events("the store failed").len();
    let mut expected = Vec::new();
    for reachable in [true, false] {
        let service = service(Broken { reachable, issues: None }, ServiceLimits::default());
        for (method, path, body, lines) in
            [("GET", "/Users", "", 1), ("POST", "/Users", user.as_str(), 1), ("POST", "/Bulk", &job.to_string(), 2)]
        {
            let answer = send(&service, method, path, body).await;
            let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
            expected.extend(std::iter::repeat_n((id, path), lines));
        }
    }
    let errors = log.events("the store failed").split_off(before);
    assert_eq!(errors.len(), expected.len(), "{}", log.text());
    for (error, (id, path)) in errors.iter().zip(expected) {
        assert_eq!((&error["level"], &error["request_id"]), (&json!("ERROR"), &json!(id)));
        assert_eq!(error["error"], "relation ab_user of db.internal:5432 is gone");
        let request = json!({"name": "request", "id": id, "path": path, "principal": "test"});
        for (name, value) in request.as_object().unwrap() {
            assert_eq!(&error["span"][name], value, "{error}");
        }
    }
}

#[tokio::test]
async fn x13_a_health_check_that_fails_does_not_fill_the_log() {
    let (log, _guard) = Log::start(LevelFilter::WARN);
    let service = service(Broken { reachable: false, issues: None }, ServiceLimits::default());
    for _ in 0..100 {
        assert_eq!(send(&service, "GET", "/health", "").await.status(), 503);
    }
    assert_eq!(log.events("the store failed").len(), 1, "{}", log.text());
}

#[tokio::test]
async fn health_says_whether_the_store_can_be_reached() {
    let up = service(MemoryStore::new(), ServiceLimits::default());
    let all = ["/health", "/health/live", "/health/ready"];
    for path in all {
        assert_eq!(send(&up, "GET", path, "").await.status(), 200);
    }
    for reachable in [true, false] {
        let down = service(Broken { reachable, issues: None }, ServiceLimits::default());
        for (path, expected) in all.into_iter().zip([503, 200, 503]) {
            for method in ["GET", "HEAD"] {
                let response = send(&down, method, path, "").await;
                assert_eq!(response.status(), expected, "{method} {path}");
                let text = String::from_utf8(response.body().to_vec()).unwrap();
                assert!(!text.contains("ab_user") && !text.contains("internal:") && text.len() < 200, "{text}");
            }
        }
    }
}

#[tokio::test]
async fn a_service_that_is_about_to_stop_is_alive_and_not_ready() {
    let service = service(MemoryStore::new(), ServiceLimits::default());
    let clone = service.clone();
    service.begin_shutdown();
    for (path, expected) in [("/health/ready", 503), ("/health/live", 200), ("/health", 200), ("/Users", 200)] {
        assert_eq!(send(&clone, "GET", path, "").await.status(), expected, "{path}");
    }
    let response = send(&clone, "GET", "/health/ready", "").await;
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(serde_json::from_slice::<Value>(response.body()).unwrap()["detail"], "the service is about to stop");
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_changes_nothing() {
    let mut limits = ServiceLimits::default();
    limits.body = 200;
    let service = service(MemoryStore::new(), limits);
    let user = json!({"schemas": [urn::USER], "userName": "a", "title": "x".repeat(200)}).to_string();
    assert_eq!(send(&service, "POST", "/Users", &user).await.status(), 413);
    let list = send(&service, "GET", "/Users", "").await;
    assert_eq!(serde_json::from_slice::<Value>(list.body()).unwrap()["totalResults"], 0);
}

#[tokio::test]
async fn r120_a_page_is_never_larger_than_the_limit() {
    let mut limits = ServiceLimits::default();
    (limits.page, limits.default_page) = (3, 2);
    let service = service(MemoryStore::new(), limits);
    for number in 0..5 {
        let user = json!({"schemas": [urn::USER], "userName": format!("u{number}")}).to_string();
        assert_eq!(send(&service, "POST", "/Users", &user).await.status(), 201);
    }
    for (query, expected) in [("", 2), ("?count=100", 3), ("?count=1", 1)] {
        let list = send(&service, "GET", &format!("/Users{query}"), "").await;
        let list: Value = serde_json::from_slice(list.body()).unwrap();
        assert_eq!((list["itemsPerPage"].clone(), list["totalResults"].clone()), (json!(expected), json!(5)));
    }
}

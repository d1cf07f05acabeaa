//! The rules of HTTP over the service, and over mounts that get in the way.
#![cfg(feature = "conformance")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod own_schemas;
mod without_patch;

use std::panic::AssertUnwindSafe;

use bytes::Bytes;
use http::{HeaderName, Request, Response, StatusCode};
use scim_core::SchemaSet;
use scim_service::conformance::http_conformance;
use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig, Store};
use without_patch::WithoutPatch;

const BASE_URL: &str = "https://example.com/scim/v2";

fn service() -> ScimService<MemoryStore> {
    over(MemoryStore::new())
}

fn over<S: Store>(store: S) -> ScimService<S> {
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    ScimService::new(store, SchemaSet::builtin(), ServiceConfig::new(BASE_URL).unwrap(), tokens)
}

async fn check(mount: impl AsyncFn(&ScimService<MemoryStore>, Request<Bytes>) -> Response<Bytes>) {
    let service = service();
    http_conformance(BASE_URL, "Bearer test-token", async |request| mount(&service, request).await).await;
}

#[tokio::test]
async fn the_service_by_itself_keeps_every_rule() {
    check(async |service, request| service.handle(request).await).await;
}

#[tokio::test]
async fn a_service_that_patches_by_itself_keeps_every_rule() {
    let service = over(WithoutPatch(MemoryStore::new()));
    http_conformance(BASE_URL, "Bearer test-token", async |request| service.handle(request).await).await;
}

#[tokio::test]
async fn a2_a_service_with_schemas_of_its_own_keeps_every_rule() {
    for schemas in [own_schemas::own(), own_schemas::least()] {
        let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
        let service = ScimService::new(MemoryStore::new(), schemas, ServiceConfig::new(BASE_URL).unwrap(), tokens);
        http_conformance(BASE_URL, "Bearer test-token", async |request| service.handle(request).await).await;
    }
}

#[tokio::test]
#[should_panic(expected = "R198")]
async fn a_mount_that_drops_headers_is_found() {
    check(async |service, request| {
        let mut response = service.handle(request).await;
        response.headers_mut().remove(HeaderName::from_static("etag"));
        response
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "R232")]
async fn a_mount_with_error_pages_of_its_own_is_found() {
    check(async |service, request| {
        let mut response = service.handle(request).await;
        if response.status() == StatusCode::NOT_FOUND {
            *response.body_mut() = Bytes::from("<h1>Not Found</h1>");
        }
        response
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "R100")]
async fn a_mount_that_decodes_the_query_is_found() {
    check(async |service, mut request| {
        let decoded = request.uri().to_string().replace("%2B", "+");
        *request.uri_mut() = decoded.parse().unwrap();
        service.handle(request).await
    })
    .await;
}

#[tokio::test]
#[should_panic(expected = "R247")]
async fn a_mount_that_decodes_the_path_is_found() {
    check(async |service, mut request| {
        let decoded = request.uri().to_string().replace("%2F", "/");
        if decoded != request.uri().to_string() {
            *request.uri_mut() = decoded.parse().unwrap();
            // What a router of its own would say.
            return Response::builder().status(405).body(Bytes::new()).unwrap();
        }
        service.handle(request).await
    })
    .await;
}

/// What is said of a mount at `base_url`, asked with `authorization`.
fn said(base_url: &str, authorization: &str, mount: impl AsyncFn(Request<Bytes>) -> Response<Bytes>) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let run = || runtime.block_on(http_conformance(base_url, authorization, mount));
    let said = std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    said.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a3_a_wrong_path_or_token_is_one_cause() {
    let service = service();
    let serve = async |request| service.handle(request).await;
    let token = "Bearer test-token";
    for (base_url, authorization, cause) in [
        ("https://example.com/scim/v3", token, "is not mounted at this base URL"),
        ("https://example.com/wrong", token, "is not mounted at this base URL"),
        ("https://other.example/scim/v2", token, "is configured with another base URL"),
        (BASE_URL, "Bearer wrong", "the authorization is refused"),
        (BASE_URL, "test-token", "the authorization is refused"),
    ] {
        let said = said(base_url, authorization, serve);
        assert!(said.starts_with("nothing can be tried: ") && said.contains(cause), "{base_url}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let html = async |_| Response::builder().status(200).body(Bytes::from("<h1>Hello</h1>")).unwrap();
    assert!(said(BASE_URL, token, html).contains("is not mounted at this base URL"));
    let no_body = async |request: Request<Bytes>| {
        let (parts, _) = request.into_parts();
        service.handle(Request::from_parts(parts, Bytes::new())).await
    };
    assert!(said(BASE_URL, token, no_body).starts_with("nothing can be tried: POST /Users answers 400"));
}

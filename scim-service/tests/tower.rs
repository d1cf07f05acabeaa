//! The service behind `tower_service::Service`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]
#![cfg(feature = "tower")]

use std::convert::Infallible;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use scim_core::SchemaSet;
use scim_core::message::AuthenticationScheme;
use scim_service::{
    AuthError, Authenticator, BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig, ServiceLimits,
};
use tower_service::Service;

fn service() -> ScimService<MemoryStore> {
    let mut limits = ServiceLimits::default();
    limits.body = 1000;
    limits.bulk_payload = 6000;
    let config = ServiceConfig::new("https://example.com").unwrap().with_limits(limits);
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens)
}

/// Gives frames without end, or fails at once.
struct Stream {
    frames: usize,
    fails: Option<ErrorKind>,
}

impl Body for Stream {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(kind) = self.fails {
            return Poll::Ready(Some(Err(kind.into())));
        }
        self.frames += 1;
        assert!(self.frames < 100, "the service reads on beyond its limit");
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 100])))))
    }
}

/// Says how large it is, and must not be read.
struct Announced(u64);

impl Body for Announced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("read although its head was enough")
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

async fn status<B>(body: B) -> u16
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    status_at("/Users", body).await
}

async fn status_at<B>(path: &str, body: B) -> u16
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let request = Request::post(path).header("authorization", "Bearer test-token").body(body).unwrap();
    let response = service().call(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    if status >= 400 {
        let error: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(error["status"], status.to_string());
    }
    status
}

#[tokio::test]
async fn a_request_with_any_body_is_served() {
    let user = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a"}"#;
    assert_eq!(status(Full::new(Bytes::from(user))).await, 201);
}

#[tokio::test]
async fn r217_too_large_a_body_is_refused_and_not_read_to_the_end() {
    assert_eq!(status(Stream { frames: 0, fails: None }).await, 413);
    assert_eq!(status(Announced(5000)).await, 413);
}

#[tokio::test]
async fn r217_a_bulk_request_has_a_limit_of_its_own() {
    let bulk = |padding: usize| {
        let urn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
        Full::new(Bytes::from(format!(r#"{{"schemas": ["{urn}"], "Operations": [], "x": "{}"}}"#, "x".repeat(padding))))
    };
    assert_eq!(status_at("/Bulk", Announced(6001)).await, 413);
    assert_eq!(status_at("/Bulk", Stream { frames: 0, fails: None }).await, 413);
    assert_eq!(status_at("/Bulk", bulk(5000)).await, 200);
    assert_eq!(status_at("/Bulk", bulk(6000)).await, 413);
    assert_eq!(status_at("/Users", bulk(5000)).await, 413);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_client_error() {
    let failing = |kind| Stream { frames: 0, fails: Some(kind) };
    assert_eq!(status(failing(ErrorKind::ConnectionReset)).await, 400);
    assert_eq!(status(failing(ErrorKind::TimedOut)).await, 408, "x5: the host ended it");
}

/// The answer to a request whose body must not be read.
async fn unread(method: &str, path: &str, headers: &[(&str, &str)], version: Version) -> Response<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path).version(version);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    service().call(request.body(Announced(900)).unwrap()).await.unwrap()
}

#[tokio::test]
async fn x5_the_body_of_a_refused_request_is_not_read() {
    let token = ("authorization", "Bearer test-token");
    for (method, path, headers, status) in [
        ("POST", "/Users", &[][..], 401),
        ("POST", "/Users", &[("authorization", "Bearer wrong")], 401),
        ("PUT", "/Users/1", &[], 401),
        ("PATCH", "/Groups/1", &[], 401),
        ("POST", "/Bulk", &[], 401),
        ("POST", "/.search", &[], 401),
        ("POST", "/nowhere", &[], 401),
        ("POST", "/nowhere", &[token], 404),
        ("POST", "/Users/1", &[token], 405),
        ("POST", "/health", &[], 405),
        ("PUT", "/Schemas", &[], 405),
        ("POST", "/Users", &[token, ("accept", "text/html")], 406),
        ("OPTIONS", "/Users", &[], 204),
    ] {
        let response = unread(method, path, headers, Version::HTTP_11).await;
        assert_eq!(response.status(), status, "{method} {path} {headers:?}");
        assert_eq!(response.headers()["connection"], "close", "{method} {path}: the body is still to come");
    }
    let response = unread("POST", "/Users", &[], Version::HTTP_2).await;
    assert!(!response.headers().contains_key("connection"), "HTTP/2 has no such header");
    let nothing_to_come = service().call(Request::post("/Users").body(Full::new(Bytes::new())).unwrap()).await.unwrap();
    assert!(!nothing_to_come.headers().contains_key("connection"));
}

#[tokio::test]
async fn x5_the_body_of_a_method_without_one_is_not_read() {
    let token = ("authorization", "Bearer test-token");
    for (method, path, headers, status) in [
        ("GET", "/health", &[][..], 200),
        ("GET", "/.well-known/scim-configuration", &[], 200),
        ("GET", "/ServiceProviderConfig", &[], 200),
        ("HEAD", "/Users", &[token], 200),
        ("GET", "/Users", &[token], 200),
        ("DELETE", "/Users/1", &[token], 404),
    ] {
        assert_eq!(unread(method, path, headers, Version::HTTP_11).await.status(), status, "{method} {path}");
    }
}

/// Counts how often it is asked.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

#[async_trait]
impl Authenticator for Counting {
    async fn authenticate(&self, _: &Parts) -> Result<Principal, AuthError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Principal::new("client"))
    }

    fn schemes(&self) -> Vec<AuthenticationScheme> {
        vec![AuthenticationScheme::bearer_token()]
    }
}

#[tokio::test]
async fn x5_a_request_in_two_steps_is_authenticated_once() {
    let counting = Counting::default();
    let config = ServiceConfig::new("https://example.com").unwrap();
    let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, counting.clone());
    let user = Bytes::from(r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a"}"#);

    let (head, ()) = Request::post("/Users").body(()).unwrap().into_parts();
    let admitted = service.admit(head).await.unwrap();
    assert_eq!(admitted.principal().name(), "client");
    assert_eq!(admitted.body_limit(), Some(service.config().limits().body));
    assert_eq!(admitted.handle(user.clone()).await.status(), 201);
    assert_eq!(counting.0.load(Ordering::Relaxed), 1);

    assert_eq!(service.handle(Request::post("/Users").body(user.clone()).unwrap()).await.status(), 409);
    assert_eq!(counting.0.load(Ordering::Relaxed), 2);
    let response = service.clone().call(Request::post("/Users").body(Full::new(user)).unwrap()).await.unwrap();
    assert_eq!(response.status(), 409);
    assert_eq!(counting.0.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn x5_a_body_that_a_host_read_too_far_is_refused_all_the_same() {
    let (head, ()) =
        Request::post("/Users").header("authorization", "Bearer test-token").body(()).unwrap().into_parts();
    let response = service().admit(head.clone()).await.unwrap().handle(Bytes::from(vec![b' '; 1001])).await;
    assert_eq!(response.status(), 413);
    assert_eq!(service().admit(head).await.unwrap().body_too_large().status(), 413);
}

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
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use scim_core::SchemaSet;
use scim_service::{BearerTokens, Limits, MemoryStore, Principal, ScimService, ServiceConfig};
use tower_service::Service;

fn service() -> ScimService<MemoryStore> {
    let mut limits = Limits::default();
    limits.body = 1000;
    limits.bulk_payload = 6000;
    let config = ServiceConfig::new("https://example.com").unwrap().with_limits(limits);
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens)
}

/// Gives frames without end, or fails at once.
struct Stream {
    frames: usize,
    fails: bool,
}

impl Body for Stream {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.fails {
            return Poll::Ready(Some(Err(std::io::Error::other("gone"))));
        }
        self.frames += 1;
        assert!(self.frames < 100, "the service reads on beyond its limit");
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 100])))))
    }
}

/// Says that it is large, and must not be read.
struct Announced(u64);

impl Body for Announced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("read although its length was known")
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
    assert_eq!(status(Stream { frames: 0, fails: false }).await, 413);
    assert_eq!(status(Announced(5000)).await, 413);
}

#[tokio::test]
async fn r217_a_bulk_request_has_a_limit_of_its_own() {
    let bulk = |padding: usize| {
        let urn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
        Full::new(Bytes::from(format!(r#"{{"schemas": ["{urn}"], "Operations": [], "x": "{}"}}"#, "x".repeat(padding))))
    };
    assert_eq!(status_at("/Bulk", Announced(6001)).await, 413);
    assert_eq!(status_at("/Bulk", Stream { frames: 0, fails: false }).await, 413);
    assert_eq!(status_at("/Bulk", bulk(5000)).await, 200);
    assert_eq!(status_at("/Bulk", bulk(6000)).await, 413);
    assert_eq!(status_at("/Users", bulk(5000)).await, 413);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_client_error() {
    assert_eq!(status(Stream { frames: 0, fails: true }).await, 400);
}

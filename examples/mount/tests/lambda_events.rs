//! The Lambda function over events as API Gateway and a load balancer send them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what is tested may fail loudly")]

use bytes::Bytes;
use lambda_http::{Body, Request, Response};
use scim_mounts::service;
use scim_service::conformance::http_conformance;
use serde_json::Value;

#[expect(dead_code, reason = "the program around the function under test")]
#[path = "../lambda.rs"]
mod lambda;

const BASE_URL: &str = "https://scim.example.com/scim/v2";

fn event(text: &str) -> Request {
    lambda_http::request::from_str(text).unwrap()
}

fn json(response: &Response<Body>) -> Value {
    match response.body() {
        Body::Text(text) => serde_json::from_str(text).unwrap(),
        other => panic_with(other),
    }
}

#[expect(clippy::panic, reason = "this is how a test fails")]
fn panic_with(body: &Body) -> Value {
    panic!("expected text, found {body:?}")
}

#[tokio::test]
async fn r243_events_of_every_kind_reach_the_service() {
    let service = service(BASE_URL, "secret-token").unwrap();
    let created = event(include_str!("events/api_gateway_v2_base64.json"));
    let created = lambda::handle(&service, created).await;
    assert_eq!(created.status(), 201);
    let location = created.headers()["location"].to_str().unwrap().to_owned();
    assert!(
        location.starts_with("https://scim.example.com/scim/v2/Users/"),
        "the host of the event counts for nothing"
    );

    for text in [include_str!("events/api_gateway_v2.json"), include_str!("events/load_balancer.json")] {
        let found = lambda::handle(&service, event(text)).await;
        assert_eq!(found.status(), 200);
        assert_eq!(found.headers()["content-type"], "application/scim+json");
        let found = json(&found);
        assert_eq!(found["totalResults"], 1, "{found}");
        assert_eq!(found["Resources"][0]["meta"]["location"], location);
    }
}

/// The event that API Gateway makes of a request.
fn event_of(request: &http::Request<Bytes>) -> Request {
    let mut event: Value = serde_json::from_str(include_str!("events/api_gateway_v2.json")).unwrap();
    let headers =
        request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().into()));
    event["headers"] = Value::Object(headers.collect());
    event["rawPath"] = request.uri().path().into();
    event["rawQueryString"] = request.uri().query().unwrap_or_default().into();
    event["requestContext"]["http"]["method"] = request.method().as_str().into();
    event["requestContext"]["http"]["path"] = request.uri().path().into();
    event["body"] = String::from_utf8(request.body().to_vec()).unwrap().into();
    self::event(&event.to_string())
}

#[tokio::test]
async fn a_mount_in_lambda_keeps_the_rules_of_the_protocol() {
    let service = service(BASE_URL, "secret-token").unwrap();
    let reach = async |request: http::Request<Bytes>| {
        let (parts, body) = lambda::handle(&service, event_of(&request)).await.into_parts();
        http::Response::from_parts(parts, Bytes::copy_from_slice(&body))
    };
    http_conformance(BASE_URL, "Bearer secret-token", reach).await;
}

#[tokio::test]
async fn r235_an_event_without_the_token_is_refused() {
    let service = service(BASE_URL, "another-token").unwrap();
    let refused = lambda::handle(&service, event(include_str!("events/api_gateway_v2.json"))).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(json(&refused)["status"], "401");
}

//! What an operator sees: request ids and the log.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use async_trait::async_trait;
use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use scim_core::message::AuthenticationScheme;
use scim_core::{SchemaSet, urn};
use scim_service::observe::ClientAddress;
use scim_service::{
    AuthError, Authenticator, BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig, TenancyMode,
};
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

mod log;

use log::Log;

const TOKEN: &str = "the-right-token";

fn service() -> ScimService<MemoryStore> {
    let tokens = BearerTokens::new().with_token(TOKEN, Principal::new("okta")).unwrap();
    let config = ServiceConfig::new("https://example.com").unwrap();
    ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens)
}

fn request(method: &str, path: &str, token: Option<&str>) -> http::request::Builder {
    let request = Request::builder().method(method).uri(format!("https://example.com{path}"));
    match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    }
}

async fn send(service: &ScimService<MemoryStore>, request: http::request::Builder, body: &str) -> Response<Bytes> {
    service.handle(request.body(Bytes::from(body.to_owned())).unwrap()).await
}

fn user(name: &str) -> String {
    json!({"schemas": [urn::USER], "userName": name}).to_string()
}

#[tokio::test]
async fn x13_every_answer_has_the_id_of_its_request() {
    let service = service();
    let created = send(&service, request("POST", "/Users", Some(TOKEN)), &user("ada")).await;
    let body: Value = serde_json::from_slice(created.body()).unwrap();
    let (ada, etag) = (format!("/Users/{}", body["id"].as_str().unwrap()), body["meta"]["version"].as_str().unwrap());
    let long = format!("/Users?filter={}", "x".repeat(40_000));
    for (method, path, token, header, status) in [
        ("GET", ada.as_str(), Some(TOKEN), None, 200),
        ("HEAD", &ada, Some(TOKEN), None, 200),
        ("GET", &ada, Some(TOKEN), Some(("if-none-match", etag)), 304),
        ("GET", "/Users?filter=x", Some(TOKEN), None, 400),
        ("GET", "/Users", None, None, 401),
        ("GET", "/Users", Some("wrong"), None, 401),
        ("GET", "/Nothing", Some(TOKEN), None, 404),
        ("DELETE", "/Users", Some(TOKEN), None, 405),
        ("GET", "/Users", Some(TOKEN), Some(("accept", "text/html")), 406),
        ("GET", &long, Some(TOKEN), None, 414),
        ("GET", "/health", None, None, 200),
        ("OPTIONS", "/Users", None, None, 204),
        ("DELETE", &ada, Some(TOKEN), None, 204),
    ] {
        for (sent, kept) in [("req-7", true), ("with a space", false)] {
            let mut request = request(method, path, token).header("x-request-id", sent);
            if let Some((name, value)) = header {
                request = request.header(name, value);
            }
            let answer = send(&service, request, "").await;
            if method == "DELETE" && path == ada && !kept {
                continue;
            }
            assert_eq!(answer.status(), status, "{method} {path}");
            let ids: Vec<_> = answer.headers().get_all("x-request-id").iter().map(|id| id.to_str().unwrap()).collect();
            assert_eq!(ids.len(), 1, "{method} {path}");
            assert_eq!(ids[0] == sent, kept, "{method} {path}: {}", ids[0]);
        }
    }
}

#[tokio::test]
async fn a4_each_request_is_one_event_that_says_whose_it_was_and_how_it_ended() {
    let (log, _guard) = Log::start(LevelFilter::INFO);
    let service = service();
    let address = ClientAddress::from("192.0.2.7:4711".parse::<std::net::SocketAddr>().unwrap());
    let post = || request("POST", "/Users?attributes=id", Some(TOKEN)).extension(address).header("x-request-id", "r1");
    assert_eq!(send(&service, post(), &user("ada")).await.status(), 201);
    assert_eq!(send(&service, post(), &user("ADA")).await.status(), 409);
    let served = log.events("served");
    let [created, refused] = served.as_slice() else { panic!("{served:?}") };
    let same = json!({"request_id": "r1", "principal": "okta", "address": "192.0.2.7", "method": "POST",
        "path": "/Users", "level": "INFO"});
    for event in [created, refused] {
        for (name, value) in same.as_object().unwrap() {
            assert_eq!(&event[name], value, "{event}");
        }
        assert!(event["duration_ms"].as_f64().unwrap() > 0.0, "{event}");
        assert_eq!(event.get("tenant"), None, "{event}");
    }
    assert_eq!((&created["status"], created.get("scim_type"), created.get("reason")), (&json!(201), None, None));
    assert_eq!((&refused["status"], &refused["scim_type"]), (&json!(409), &json!("uniqueness")));
    assert_eq!(refused["reason"], "the value of `userName` is taken by another resource");
    assert!(!log.text().contains(TOKEN) && !log.text().contains("attributes=id"), "{}", log.text());
}

#[tokio::test]
async fn a4_the_event_names_the_tenant_of_a_request() {
    let (log, _guard) = Log::start(LevelFilter::INFO);
    let tokens = BearerTokens::new().with_token(TOKEN, Principal::new("okta")).unwrap();
    let config = ServiceConfig::new("https://example.com").unwrap().with_tenancy(TenancyMode::Path);
    let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens);
    assert_eq!(send(&service, request("GET", "/t/acme/Users", Some(TOKEN)), "").await.status(), 200);
    assert_eq!(send(&service, request("GET", "/t/acme/Users", None), "").await.status(), 401);
    let served = log.events("served");
    assert_eq!((&served[0]["principal"], &served[0]["tenant"]), (&json!("okta"), &json!("acme")));
    assert_eq!((served[1].get("principal"), served[1].get("tenant")), (None, None), "nobody was known to ask");
}

#[tokio::test]
async fn a4_what_a_client_wrote_into_a_filter_is_not_logged() {
    let (log, _guard) = Log::start(LevelFilter::INFO);
    let path = "/Users?filter=emails.value%20eq%20%22ada%40secret.example%22%20and";
    assert_eq!(send(&service(), request("GET", path, Some(TOKEN)), "").await.status(), 400);
    let served = log.events("served");
    assert_eq!(served[0]["scim_type"], "invalidFilter");
    assert!(served[0]["reason"].as_str().unwrap().starts_with("filter: "), "{}", log.text());
    assert!(!log.text().contains("secret.example"), "{}", log.text());
}

#[tokio::test]
async fn x13_refused_authentication_is_a_warning_with_address_and_reason_and_without_the_token() {
    let (log, _guard) = Log::start(LevelFilter::WARN);
    let service = service();
    let from = |address: &str| ClientAddress::from(address.parse::<std::net::IpAddr>().unwrap());
    for attempt in 0..5_000 {
        let token = format!("guess-{attempt}");
        let request = request("GET", "/Users", Some(&token)).extension(from("192.0.2.7"));
        assert_eq!(send(&service, request, "").await.status(), 401);
    }
    let request = request("POST", "/Bulk", None).extension(from("2001:db8::9")).header("x-request-id", "r2");
    assert_eq!(send(&service, request, "").await.status(), 401);
    let refused = log.events("authentication refused");
    assert_eq!(refused.len(), 2, "a flood is one line\n{}", log.text());
    assert_eq!(refused[0]["address"], "192.0.2.7");
    assert_eq!(refused[0]["reason"], "the credentials are not valid");
    let expected = json!({"address": "2001:db8::9", "reason": "the request has no credentials", "level": "WARN",
        "method": "POST", "path": "/Bulk", "request_id": "r2"});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&refused[1][name], value, "{}", refused[1]);
    }
    assert!(!log.text().contains("guess"), "{}", log.text());
}

/// Cannot tell who anybody is.
struct NoDirectory;

#[async_trait]
impl Authenticator for NoDirectory {
    async fn authenticate(&self, _: &Parts) -> Result<Principal, AuthError> {
        Err(AuthError::Unavailable("ldap.internal does not answer".into()))
    }

    fn schemes(&self) -> Vec<AuthenticationScheme> {
        vec![AuthenticationScheme::bearer_token()]
    }
}

#[tokio::test]
async fn x13_credentials_that_cannot_be_checked_are_an_error_with_its_cause() {
    let (log, _guard) = Log::start(LevelFilter::WARN);
    let config = ServiceConfig::new("https://example.com").unwrap();
    let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, NoDirectory);
    for _ in 0..100 {
        let request = request("GET", "/Users", Some(TOKEN)).header("x-request-id", "r3");
        assert_eq!(send(&service, request, "").await.status(), 503);
    }
    let errors = log.events("credentials could not be checked");
    assert_eq!(errors.len(), 1, "nobody is known to ask, so the log is not theirs to fill\n{}", log.text());
    assert_eq!((&errors[0]["level"], &errors[0]["request_id"]), (&json!("ERROR"), &json!("r3")));
    assert_eq!(errors[0]["error"], "ldap.internal does not answer");
}

#[tokio::test]
async fn x13_a_client_writes_no_lines_and_no_fields_of_its_own() {
    let (log, _guard) = Log::start(LevelFilter::INFO);
    let service = service();
    let path = format!("/{}", "x".repeat(5_000));
    let request = request("GET", &path, Some(TOKEN)).header("x-request-id", r#"1","principal":"admin"#);
    assert_eq!(send(&service, request, "").await.status(), 404);
    let served = log.events("served");
    assert_eq!(served.len(), 1);
    assert_eq!(served[0]["principal"], "okta");
    assert_eq!(served[0]["request_id"], r#"1","principal":"admin"#);
    assert_eq!(served[0]["path"].as_str().unwrap().len(), 512);
}

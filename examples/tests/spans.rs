//! The spans of requests over Superset, which a trace is made of. A program of its own: a subscriber of one thread beside one of all
//! would be asked for spans of the other.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Request;
use scim_core::{SchemaSet, urn};
use scim_service::{BearerTokens, Principal, ScimService, ServiceConfig};
use serde_json::{Value, json};
use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// What nobody may find in a trace.
const PLANTED: &str = "planted4711";

#[allow(dead_code, reason = "not all of it is used here")]
#[path = "../../scim-service/tests/log/mod.rs"]
mod log;

/// Sends a request with a name, a token and a password that nobody may find in a trace.
async fn send(service: &ScimService<SupersetStore>, method: &str, path: &str, body: &Value) -> u16 {
    let request = Request::builder().method(method).uri(format!("https://example.com{path}"));
    let request = request.header("authorization", format!("Bearer {PLANTED}-token"));
    service.handle(request.body(Bytes::from(body.to_string())).unwrap()).await.status().as_u16()
}

#[tokio::test]
async fn a_trace_says_what_waited_for_what_and_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/superset.db", folder.path().display());
    create_demo_schema(&url).await.unwrap();
    let store = SupersetStore::connect(&url, RuleSet::default()).await.unwrap();
    let config = ServiceConfig::new("https://example.com").unwrap();
    let tokens = BearerTokens::new().with_token(&format!("{PLANTED}-token"), Principal::new("okta")).unwrap();
    let service = ScimService::new(store, SchemaSet::builtin(), config, tokens);

    let log = log::Log::default();
    let subscriber = tracing_subscriber::fmt().json().with_max_level(LevelFilter::DEBUG).with_writer(log.clone());
    let subscriber = subscriber.with_span_events(FmtSpan::NEW).finish();
    {
        let _traced = tracing::subscriber::set_default(subscriber);
        let user =
            json!({"schemas": [urn::USER], "userName": format!("ada-{PLANTED}"), "password": format!("Aa1!{PLANTED}")});
        assert_eq!(send(&service, "POST", "/Users", &user).await, 201);
        let search = json!({"schemas": [urn::SEARCH_REQUEST], "filter": format!("userName eq \"ada-{PLANTED}\"")});
        assert_eq!(send(&service, "POST", "/Users/.search", &search).await, 200);
    }
    let text = log.text();
    assert!(!text.contains(PLANTED), "{text}");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let spans: Vec<Value> = lines.filter(|line| line["fields"]["message"] == "new").collect();
    let of = |name: &str| spans.iter().filter(|line| line["span"]["name"] == name).collect::<Vec<_>>();
    let names: BTreeSet<&str> = spans.iter().filter_map(|line| line["span"]["name"].as_str()).collect();
    let expected =
        ["authenticate", "batch", "hash password", "request", "statement", "store", "transaction", "wait for turn"];
    assert!(names.into_iter().eq(expected), "{text}");
    let calls: BTreeSet<&str> = of("store").iter().filter_map(|line| line["span"]["call"].as_str()).collect();
    assert!(calls.into_iter().eq(["create", "list"]), "{text}");
    assert!(of("store").iter().all(|line| line["span"]["resource_type"] == "User"), "{text}");
    let statements = of("statement");
    let texts = || statements.iter().filter_map(|line| line["span"]["db.query.text"].as_str());
    assert!(texts().any(|text| text.starts_with("INSERT INTO ab_user") && text.contains('?')), "{text}");
    let ways: BTreeSet<&str> =
        of("transaction").iter().filter_map(|line| line["span"]["db.operation.name"].as_str()).collect();
    assert!(ways.into_iter().eq(["begin", "commit"]), "{text}");
    // What a call of the store does is inside of it, and that inside of the request.
    let outer = |line: &Value, depth: usize| line["spans"][depth]["name"].clone();
    let is_inside = |line: &&Value| outer(line, 0) == "request" && outer(line, 1) == "store";
    assert!(statements.into_iter().any(|line| is_inside(&line)), "{text}");
}

//! What is counted, as Prometheus would read it.

use bytes::Bytes;
use http::{Method, Request};
use metrics_exporter_prometheus::PrometheusBuilder;
use scim_core::{SchemaSet, urn};
use scim_service::observe::ObservedStore;
use scim_service::observe::metrics::{METRICS, ServiceMetrics};
use scim_service::{
    BearerTokens, MemoryStore, Principal, ScimService, Scope, Scopes, ServiceConfig, Store, StoreError,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// What somebody puts wherever they can, and what no metric may have.
const PLANTED: &str = "pl4nted";

struct Fixture {
    service: ScimService<ObservedStore<MemoryStore>>,
    runtime: tokio::runtime::Runtime,
}

impl Fixture {
    fn new() -> Self {
        let measures = Arc::new(ServiceMetrics::new());
        measures.introduce("okta");
        let reader = Principal::new("reader").with_scopes(Scopes::from_iter([Scope::Read]));
        let tokens = BearerTokens::new().with_token("okta-token", Principal::new("okta")).unwrap();
        let tokens = tokens.with_token("reader-token", reader).unwrap();
        let store = ObservedStore::new(MemoryStore::new(), measures.clone());
        let config = ServiceConfig::new("https://example.com").unwrap();
        let service = ScimService::new(store, SchemaSet::builtin(), config, tokens).with_observer(measures);
        Self { service, runtime: tokio::runtime::Builder::new_current_thread().build().unwrap() }
    }

    fn send(&self, method: &str, path: &str, token: &str, body: &Value) -> Value {
        let request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap());
        let request = request.uri(format!("https://example.com{path}")).header("x-request-id", PLANTED);
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/scim+json");
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let response = self.runtime.block_on(self.service.handle(request.body(body).unwrap()));
        serde_json::from_slice(response.body()).unwrap_or_default()
    }
}

fn user(name: &str) -> Value {
    json!({"schemas": [urn::USER], "userName": format!("{name}-{PLANTED}"), "active": true})
}

/// What is measured while `story` is told: lines of Prometheus, in order.
fn measured(story: impl FnOnce(&Fixture)) -> String {
    let recorder = PrometheusBuilder::new().with_recommended_naming(true).build_recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || story(&Fixture::new()));
    handle.render()
}

/// The value of a series, whose labels are in the order of their making.
fn value<'t>(text: &'t str, series: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
}

#[test]
fn a_story_is_counted_as_it_was() {
    let text = measured(|service| {
        let made = service.send("POST", "/Users", "okta-token", &user("ada"));
        service.send("POST", "/Users", "okta-token", &user("eve"));
        service.send("POST", "/Users", "okta-token", &user("eve"));
        let path = format!("/Users/{}", made["id"].as_str().unwrap());
        let patch = |active: Value| json!({"schemas": [urn::PATCH_OP], "Operations": [{"op": "Replace", "path": "active", "value": active}]});
        service.send("PATCH", &path, "okta-token", &patch(json!("False")));
        service.send("PATCH", &path, "okta-token", &patch(json!("True")));
        service.send("DELETE", &path, "okta-token", &Value::Null);
        service.send("GET", &path, "okta-token", &Value::Null);
        service.send("GET", &format!("/Users/{PLANTED}?filter={PLANTED}"), PLANTED, &Value::Null);
        service.send("GET", &format!("/{PLANTED}"), PLANTED, &Value::Null);
        service.send("PROPFIND", "/Users", "okta-token", &Value::Null);
        service.send("POST", "/Users", "reader-token", &user("bob"));
    });
    let changes = |kind: &str| {
        value(&text, &format!("scim_changes_total{{kind=\"{kind}\",resource_type=\"User\",client=\"okta\"}}"))
    };
    for (kind, expected) in [("create", "2"), ("deactivate", "1"), ("activate", "1"), ("delete", "1"), ("update", "0")]
    {
        assert_eq!(changes(kind), Some(expected), "{kind}\n{text}");
    }
    for (series, expected) in [
        ("scim_refusals_total{reason=\"unauthenticated\"}", "2"),
        ("scim_refusals_total{reason=\"insufficient_scope\",client=\"reader\"}", "1"),
        ("scim_refusals_total{reason=\"held\",client=\"okta\"}", "0"),
        ("scim_quirks_total{quirk=\"OperationCase\",client=\"okta\"}", "2"),
        ("scim_quirks_total{quirk=\"StringBoolean\",client=\"okta\"}", "2"),
        ("scim_deprovisioned_attempts_total{attempt=\"activation\"}", "1"),
        ("scim_deprovisioned_attempts_total{attempt=\"login\"}", "0"),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series}\n{text}");
    }
    let count = |labels: &str| value(&text, &format!("http_server_request_duration_seconds_count{{{labels}}}"));
    for (labels, expected) in [
        ("http_request_method=\"POST\",http_route=\"/Users\",http_response_status_code=\"201\"", "2"),
        (
            "http_request_method=\"POST\",http_route=\"/Users\",http_response_status_code=\"409\",error_type=\"uniqueness\"",
            "1",
        ),
        (
            "http_request_method=\"GET\",http_route=\"/Users/{id}\",http_response_status_code=\"401\",error_type=\"unauthenticated\"",
            "1",
        ),
        ("http_request_method=\"GET\",http_response_status_code=\"401\",error_type=\"unauthenticated\"", "1"),
        (
            "http_request_method=\"_OTHER\",http_route=\"/Users\",http_response_status_code=\"405\",error_type=\"method_not_allowed\"",
            "1",
        ),
    ] {
        assert_eq!(count(labels), Some(expected), "{labels}\n{text}");
    }
    assert!(!text.contains(PLANTED), "{text}");
}

#[test]
fn every_family_has_its_description_and_its_labels_alone() {
    let text = measured(|service| {
        service.send("POST", "/Users", "okta-token", &user("ada"));
    });
    for family in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = family.split(' ').next().unwrap();
        let metric = METRICS.iter().find(|metric| metric.prometheus_name() == name);
        let metric = metric.unwrap_or_else(|| panic!("{name} is in no table"));
        assert!(text.contains(&format!("# HELP {name} {}", metric.description)), "{name}\n{text}");
    }
    assert!(!text.contains("scim_client_credential"), "what nobody records has no series");
}

#[test]
fn strangers_make_no_series() {
    let series = |strangers: usize| {
        let text = measured(|service| {
            for stranger in 0..strangers {
                let (path, token) = (format!("/Users/{stranger}"), format!("token-{stranger}"));
                service.send("GET", &path, &token, &Value::Null);
                service.send(&format!("M{stranger}"), &format!("/x{stranger}/y"), &token, &Value::Null);
            }
        });
        text.lines().count()
    };
    assert_eq!(series(2), series(300));
}

#[tokio::test]
async fn a_transaction_that_is_dropped_counts_for_nothing() {
    let recorder = PrometheusBuilder::new().with_recommended_naming(true).build_recorder();
    let handle = recorder.handle();
    let _while_it_lasts = metrics::set_default_local_recorder(&recorder);
    let store = ObservedStore::new(MemoryStore::new(), ServiceMetrics::new());
    let (schemas, cx) = (SchemaSet::builtin(), scim_service::Context::internal("host", chrono::Utc::now()));
    let users = schemas.user().unwrap();
    let draft = || scim_service::Create::new(users, serde_json::from_value(json!({"userName": "ada"})).unwrap());
    let transaction = store.begin(&cx).await.unwrap();
    transaction.create(&cx, draft()).await.unwrap();
    drop(transaction);
    assert!(!handle.render().contains("kind=\"create\""), "{}", handle.render());
    store.create(&cx, draft()).await.unwrap();
    let error = store.create(&cx, draft()).await.unwrap_err();
    assert!(matches!(error, StoreError::Uniqueness { .. }));
    let created = "scim_changes_total{kind=\"create\",resource_type=\"User\",client=\"host\"}";
    assert_eq!(value(&handle.render(), created), Some("1"));
}

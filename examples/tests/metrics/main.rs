//! What a server over Superset measures while a story is told, as Prometheus reads it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test may panic"
)]
#![allow(clippy::float_cmp, clippy::cast_possible_truncation, reason = "counts and times are whole numbers")]

mod documents;
mod scrape;

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use clap::Parser;
use scim_core::{SchemaSet, urn};
use scim_examples::{Flags, serve};
use serde_json::{Value, json};
use superset_mapping::login::{Assertion, AuditError, JsonLines, LoginAudit, LoginRecord, MeasuredAudit};
use superset_mapping::reconcile::DriftOptions;
use superset_mapping::{
    AttributeMapping, IdentityProvider, JitLogin, LoginError, People, RuleSet, SupersetStore, create_demo_schema,
};

use crate::scrape::{Scrape, send};

/// What is in every secret, name and path of the story, and may be in no metric.
const PLANTED: &str = "pl4nted";
/// The tokens and secrets of the file of clients.
const TOKEN: &str = "pl4nted-token";
const SECRET: &str = "pl4nted-secret";

const RULES: &str = "default_roles = [\"Gamma\"]\n[[rule]]\ngroup_external_id = \"grp-exec\"\nroles = [\"Admin\"]\ngrants_protected = true";

const CLIENTS: &str = r#"
[[client]]
id = "okta"
scopes = ["scim"]
secrets = [{ sha256 = "2bd206e10b2585fe690fe4d1bc967514c2345d4dbaa2a5197c4e0b23d6d22ac9", expires = 2099-01-01T00:00:00Z }]
tokens = [{ sha256 = "fd0b693211e2b3e131d6ad66738be51906a1b3effc73561583f1dd226b64089a" }]
"#;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    flags: Flags,
}

/// An audit whose disk is full.
struct Full;

#[async_trait]
impl LoginAudit for Full {
    async fn record(&self, _: &LoginRecord) -> Result<(), AuditError> {
        Err(AuditError::new("no space left"))
    }
}

fn user(name: &str) -> Value {
    json!({"schemas": [urn::USER], "userName": format!("{name}-{PLANTED}@example.com"), "active": true})
}

fn patch(path: &str, value: &Value) -> Value {
    json!({"schemas": [urn::PATCH_OP], "Operations": [{"op": "Replace", "path": path, "value": value}]})
}

/// A client of the server.
struct Client(SocketAddr);

impl Client {
    async fn scim(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let head = format!("authorization: Bearer {token}\r\ncontent-type: application/scim+json\r\n");
        let (status, _, body) = send(self.0, method, &format!("/scim/v2{path}"), &head, &body.to_string()).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    async fn created(&self, path: &str, body: &Value) -> String {
        let (status, made) = self.scim("POST", path, TOKEN, body).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    async fn token(&self, client: &str, secret: &str) -> u16 {
        let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
        let head = "content-type: application/x-www-form-urlencoded\r\n";
        send(self.0, "POST", "/oauth2/token", head, &form).await.0
    }

    async fn metrics(&self) -> Scrape {
        let (status, head, body) = send(self.0, "GET", "/metrics", "", "").await;
        assert_eq!(status, 200, "{head}");
        assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
        Scrape(body)
    }
}

/// What happens: a joiner, a mover, a leaver, who comes back; an administrator; strangers.
async fn story(client: &Client, store: &SupersetStore) {
    let ada = client.created("/Users", &user("ada")).await;
    let eve = client.created("/Users", &user("eve")).await;
    assert_eq!(client.scim("POST", "/Users", TOKEN, &user("eve")).await.0, 409);
    let group = json!({
        "schemas": [urn::GROUP], "displayName": format!("executives-{PLANTED}"), "externalId": "grp-exec",
        "members": [{"value": ada}, {"value": eve}]
    });
    client.created("/Groups", &group).await;
    logins(store, "ada", "logged_in").await;
    let path = format!("/Users/{ada}");
    assert_eq!(client.scim("PATCH", &path, TOKEN, &patch("active", &json!("False"))).await.0, 200);
    logins(store, "ada", "inactive").await;
    logins(store, "nobody", "not_provisioned").await;
    assert_eq!(client.scim("PATCH", &path, TOKEN, &patch("active", &json!(true))).await.0, 200);
    assert_eq!(client.scim("DELETE", &path, TOKEN, &Value::Null).await.0, 204);
    let operation = json!({"method": "DELETE", "path": path});
    let bulk = json!({"schemas": [urn::BULK_REQUEST], "Operations": [operation]});
    assert_eq!(client.scim("POST", "/Bulk", TOKEN, &bulk).await.0, 200);
    assert_eq!(client.scim("GET", &path, TOKEN, &Value::Null).await.0, 404);
    assert_eq!(client.token("okta", SECRET).await, 200);
    assert_eq!(client.token("okta", PLANTED).await, 401);
    assert_eq!(client.token(PLANTED, PLANTED).await, 401);
    strangers(client, 1).await;
}

/// Requests of strangers, each with a name, a path and a token that nobody had before.
async fn strangers(client: &Client, number: usize) {
    let token = format!("{PLANTED}-{number}");
    let path = format!("/Users/{PLANTED}-{number}?filter=userName%20eq%20%22{PLANTED}-{number}%22");
    assert_eq!(client.scim("GET", &path, &token, &Value::Null).await.0, 401);
    assert_eq!(client.scim("GET", &format!("/{PLANTED}-{number}"), TOKEN, &Value::Null).await.0, 404);
    assert_eq!(client.token(&token, &token).await, 401);
}

/// A login of somebody, by an identity provider that logs in whom SCIM has provisioned; and one that cannot be recorded.
async fn logins(store: &SupersetStore, name: &str, expected: &str) {
    let rules: Arc<RuleSet> = Arc::new(RULES.parse().unwrap());
    let provider = IdentityProvider::new("staff", AttributeMapping::okta(), People::Provisioned).unwrap();
    let subject = format!("{name}-{PLANTED}@example.com");
    let assertion = Assertion { id: format!("_{PLANTED}"), subject, attributes: [].into() };
    let (store, schemas) = (Arc::new(store.clone()), SchemaSet::builtin());
    let audit = MeasuredAudit::new(JsonLines::new(std::io::sink()));
    let logins = JitLogin::new(store.clone(), schemas.clone(), rules.clone(), audit);
    match logins.login(&provider, &assertion, Utc::now()).await {
        Ok(_) => assert_eq!(expected, "logged_in"),
        Err(LoginError::Refused(refusal)) => assert_eq!(refusal.code(), expected),
        Err(error) => panic!("{error:?}"),
    }
    let logins = JitLogin::new(store, schemas, rules, MeasuredAudit::new(Full));
    assert!(matches!(logins.login(&provider, &assertion, Utc::now()).await, Err(LoginError::Audit(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_serves_what_alerts_and_dashboard_ask_for_and_nothing_that_is_secret() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/superset.db", folder.path().display());
    create_demo_schema(&url).await.unwrap();
    let rules: RuleSet = RULES.parse().unwrap();
    let store = SupersetStore::connect(&url, rules.clone()).await.unwrap();
    let clients = folder.path().join("clients.toml");
    std::fs::write(&clients, CLIENTS).unwrap();
    std::fs::set_permissions(&clients, std::fs::Permissions::from_mode(0o600)).unwrap();
    let address = free().await;
    let (listen, clients) = (address.to_string(), clients.to_str().unwrap().to_owned());
    let arguments = ["program", "--listen", &listen, "--clients", &clients, "--metrics"];
    let mut flags = Program::parse_from(arguments).flags;
    flags.metrics.rules = Some(Arc::new(rules));
    let measured = store.clone();
    flags.metrics.probes.add(move || measured.record_connections());
    let (client, asked) = (Client(address), store.clone());
    let told = async {
        ready(address).await;
        let before = client.metrics().await;
        assert_eq!(before.value("scim_changes_total", &[("kind", "delete"), ("client", "okta")]), 0.0);
        story(&client, &asked).await;
        client.metrics().await
    };
    let text = tokio::select! {
        ended = serve(&flags, store.clone()) => panic!("{ended:?}"),
        text = async {
            let text = told.await;
            // Nobody who is unknown makes a series, however many come.
            for number in 2..60 {
                strangers(&client, number).await;
            }
            let later = client.metrics().await;
            assert_eq!(text.series(), later.series());
            text
        } => text,
    };
    counted(&text);
    assert!(!text.0.contains(PLANTED), "{}", text.0);
    assert!(!text.0.contains("grp-exec") && !text.0.contains("example.com"), "{}", text.0);

    let drift = store.drift(&DriftOptions::new(), &()).await.unwrap();
    let drift = Scrape(drift.to_prometheus());
    assert_eq!(drift.value("scim_drift_checked", &[("what", "users")]), 1.0);
    assert_eq!(drift.value("scim_drift_findings", &[("kind", "role_missing")]), 0.0);
    let began = drift.value("scim_drift_last_run_timestamp_seconds", &[]);
    let age = Utc::now() - chrono::DateTime::from_timestamp_secs(began as i64).unwrap();
    assert!((0..60).contains(&age.num_seconds()), "{age}");
    documents::agree_with(&[&text, &drift]);
}

/// Each count is what the story says.
fn counted(text: &Scrape) {
    let changes = |kind: &str, of: &str| {
        text.value("scim_changes_total", &[("kind", kind), ("resource_type", of), ("client", "okta")])
    };
    for (kind, of, expected) in [
        ("create", "User", 2.0),
        ("create", "Group", 1.0),
        ("deactivate", "User", 1.0),
        ("activate", "User", 1.0),
        ("delete", "User", 1.0),
        ("update", "User", 0.0),
    ] {
        assert_eq!(changes(kind, of), expected, "{kind} {of}\n{}", text.0);
    }
    // To the group and its two members, and to the one who came back.
    let protected = text.sum("scim_changes_total", &[("kind", "protected_role_granted")]);
    assert_eq!(protected, 4.0, "{}", text.0);
    for (name, labels, expected) in [
        ("scim_refusals_total", vec![("reason", "unauthenticated")], 1.0),
        ("scim_bulk_operation_errors_total", vec![("error_type", "not_found"), ("client", "okta")], 1.0),
        ("scim_quirks_total", vec![("quirk", "OperationCase"), ("client", "okta")], 2.0),
        ("scim_quirks_total", vec![("quirk", "StringBoolean"), ("client", "okta")], 1.0),
        ("scim_deprovisioned_attempts_total", vec![("attempt", "activation")], 1.0),
        // The second could not be recorded, and is an attempt all the same.
        ("scim_deprovisioned_attempts_total", vec![("attempt", "login")], 2.0),
        ("scim_logins_total", vec![("provider", "staff"), ("outcome", "logged_in")], 1.0),
        ("scim_logins_total", vec![("provider", "staff"), ("outcome", "refused"), ("reason", "inactive")], 1.0),
        ("scim_logins_total", vec![("provider", "staff"), ("outcome", "failed")], 3.0),
        ("scim_audit_failures_total", vec![("audit", "login")], 3.0),
        ("scim_token_requests_total", vec![("outcome", "granted"), ("client", "okta")], 1.0),
        ("scim_token_requests_total", vec![("outcome", "invalid_client"), ("client", "okta")], 1.0),
        ("scim_client_credential_days_left", vec![("client", "okta"), ("kind", "token")], f64::INFINITY),
        ("db_client_connection_max", vec![("db_client_connection_pool_name", "readers")], 8.0),
    ] {
        assert_eq!(text.value(name, &labels), expected, "{name} {labels:?}\n{}", text.0);
    }
    let days = text.value("scim_client_credential_days_left", &[("client", "okta"), ("kind", "secret")]);
    assert!((1000.0..40_000.0).contains(&days), "{days}");
    let posted = [("http_request_method", "POST"), ("http_route", "/Users"), ("http_response_status_code", "201")];
    assert_eq!(text.value("http_server_request_duration_seconds_count", &posted), 2.0, "{}", text.0);
    let fast = [("http_route", "/Users/{id}"), ("le", "10"), ("http_response_status_code", "204")];
    assert_eq!(text.value("http_server_request_duration_seconds_bucket", &fast), 1.0, "{}", text.0);
    assert!(text.value("scim_batch_writes_bucket", &[("le", "1")]) >= 6.0, "{}", text.0);
}

/// An address that nobody listens on.
async fn free() -> SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

async fn ready(address: SocketAddr) {
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody listens on {address}");
}

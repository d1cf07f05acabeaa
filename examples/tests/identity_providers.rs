//! Replays what identity providers send, `data/identity_providers.jsonl`, against the service over both stores.
//!
//! Each provider's requests are one story, in the order of the file except where a step has a precondition, which its note
//! names. Ids such as `u-1001` stand for resources that the story made, or that were there before it. PATCH may be answered
//! by 200 or 204, as the server is set up: a request is sent to the set-up that its line expects.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use scim_core::SchemaSet;
use scim_service::{BearerTokens, MemoryStore, PatchResponse, Principal, ScimService, ServiceConfig, Store};
use serde::Deserialize;
use serde_json::{Value, json};
use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};

const BASE_URL: &str = "https://app.example.com/scim/v2";

#[derive(Clone, Deserialize)]
struct Line {
    idp: String,
    step: String,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    expect_status: u16,
}

/// The steps that make the resources that later steps name.
const MAKES: [(&str, &str, &str); 6] = [
    ("entra", "user-create", "u-1001"),
    ("entra", "user-create-strings-and-nulls", "u-1002"),
    ("entra", "group-create", "g-2001"),
    ("okta", "user-create", "u-3001"),
    ("okta", "user-create-plain-json", "u-3002"),
    ("okta", "group-create", "g-4001"),
];

/// Steps that need another to have happened, and that one.
const AFTER: [(&str, &str); 1] = [("user-reprovision-after-deactivate", "user-deactivate-patch-oin")];

fn stories() -> BTreeMap<String, Vec<Line>> {
    let mut stories: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in include_str!("data/identity_providers.jsonl").lines() {
        let line: Line = serde_json::from_str(line).unwrap();
        stories.entry(line.idp.clone()).or_default().push(line);
    }
    for story in stories.values_mut() {
        for (step, before) in AFTER {
            let Some(from) = story.iter().position(|line| line.step == step) else { continue };
            let line = story.remove(from);
            let to = story.iter().position(|line| line.step == before).unwrap();
            story.insert(to + 1, line);
        }
    }
    stories
}

struct Replay<S> {
    with_resource: ScimService<Arc<S>>,
    without: ScimService<Arc<S>>,
    /// What `u-1001` and its like stand for.
    ids: BTreeMap<String, String>,
}

impl<S: Store> Replay<S> {
    fn new(store: S) -> Self {
        let store = Arc::new(store);
        let service = |patch_response| {
            let config = ServiceConfig::new(BASE_URL).unwrap().with_patch_response(patch_response);
            let tokens = BearerTokens::new().with_token("test-token", Principal::new("idp")).unwrap();
            ScimService::new(store.clone(), SchemaSet::builtin(), config, tokens)
        };
        let (with_resource, without) = (service(PatchResponse::Resource), service(PatchResponse::NoContent));
        Self { with_resource, without, ids: BTreeMap::new() }
    }

    fn fill(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    async fn send(&self, line: &Line) -> (u16, Value) {
        let mut request = Request::builder().method(line.method.as_str());
        request = request.uri(format!("{BASE_URL}{}", self.fill(&line.path)));
        for (name, value) in &line.headers {
            request = request.header(name, value);
        }
        let body = line.body.as_ref().map(|body| self.fill(&body.to_string())).unwrap_or_default();
        let service =
            if line.method == "PATCH" && line.expect_status == 204 { &self.without } else { &self.with_resource };
        let response = service.handle(request.body(Bytes::from(body)).unwrap()).await;
        let status = response.status().as_u16();
        let body = response.into_body();
        (status, if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() })
    }

    /// Makes the resources that a story takes for granted.
    async fn seed(&mut self, story: &[Line]) {
        let text = story.iter().map(|line| format!("{} {:?}", line.path, line.body)).collect::<Vec<_>>().join(" ");
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let mut wanted: Vec<&str> = words.filter(|word| is_placeholder(word)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        for name in wanted {
            let made = MAKES.iter().any(|(idp, _, made)| *made == name && story.iter().any(|line| line.idp == *idp));
            if made || self.ids.contains_key(name) {
                continue;
            }
            let (path, body) = if name.starts_with('u') {
                let user = json!({"schemas": [scim_core::urn::USER], "userName": format!("seed-{name}@example.com")});
                ("/Users", user)
            } else {
                ("/Groups", json!({"schemas": [scim_core::urn::GROUP], "displayName": format!("Seed {name}")}))
            };
            let (status, body) = self.send(&line("POST", path, body)).await;
            assert_eq!(status, 201, "{body}");
            self.ids.insert(name.to_owned(), body["id"].as_str().unwrap().to_owned());
        }
    }

    async fn run(&mut self, story: &[Line]) -> Vec<String> {
        self.seed(story).await;
        let mut failures = Vec::new();
        for line in story {
            if line.step == "user-reprovision-after-deactivate" {
                // Who comes back has the `externalId` that they left with: a name alone brings nobody back.
                let external_id = line.body.as_ref().map(|body| body["externalId"].clone());
                let keep = json!({"schemas": [scim_core::urn::PATCH_OP], "Operations": [
                    {"op": "add", "path": "externalId", "value": external_id}
                ]});
                assert_eq!(self.send(&self::line("PATCH", "/Users/u-3001", keep)).await.0, 200);
            }
            let (status, body) = self.send(line).await;
            if status != line.expect_status {
                failures.push(format!("{} {}: {status}, expected {}: {body}", line.idp, line.step, line.expect_status));
            }
            if body.to_string().contains("\"password\":") {
                failures.push(format!("{} {}: a password came back", line.idp, line.step));
            }
            if status >= 400 && body["status"].as_str() != Some(status.to_string().as_str()) {
                failures.push(format!("{} {}: no SCIM error: {body}", line.idp, line.step));
            }
            let makes = MAKES.iter().find(|(idp, step, _)| *idp == line.idp && *step == line.step);
            if let (Some((.., name)), Some(id)) = (makes, body["id"].as_str()) {
                self.ids.insert((*name).to_owned(), id.to_owned());
            }
        }
        failures
    }
}

fn is_placeholder(word: &str) -> bool {
    word.strip_prefix("u-")
        .or_else(|| word.strip_prefix("g-"))
        .is_some_and(|rest| rest.len() == 4 && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn line(method: &str, path: &str, body: Value) -> Line {
    Line {
        idp: "test".into(),
        step: "seed".into(),
        method: method.into(),
        path: path.into(),
        headers: BTreeMap::from([("Authorization".into(), "Bearer test-token".into())]),
        body: Some(body),
        expect_status: 201,
    }
}

/// An account that others made before: `root-admin@example.com`, which the adversary wants to take over.
const LOCAL_ACCOUNT: &str = "root-admin@example.com";

#[tokio::test]
async fn the_memory_store_answers_as_identity_providers_expect() {
    let mut failures = Vec::new();
    let mut count = 0;
    for story in stories().values() {
        let mut replay = Replay::new(MemoryStore::new());
        let local = json!({"schemas": [scim_core::urn::USER], "userName": LOCAL_ACCOUNT});
        assert_eq!(replay.send(&line("POST", "/Users", local)).await.0, 201);
        failures.extend(replay.run(story).await);
        count += story.len();
    }
    assert!(failures.is_empty(), "{} of {count} fail:\n{}", failures.len(), failures.join("\n"));
    println!("{count} requests");
}

#[tokio::test]
async fn the_superset_store_answers_as_identity_providers_expect() {
    let mut failures = Vec::new();
    let mut count = 0;
    for story in stories().values() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("superset.db").display());
        create_demo_schema(&url).await.unwrap();
        let rules: RuleSet = include_str!("../quickstart/rules.toml").parse().unwrap();
        let store = SupersetStore::connect(&url, rules).await.unwrap();
        let mut replay = Replay::new(store);
        let local = json!({"schemas": [scim_core::urn::USER], "userName": LOCAL_ACCOUNT});
        assert_eq!(replay.send(&line("POST", "/Users", local)).await.0, 201);
        failures.extend(replay.run(story).await);
        count += story.len();
    }
    assert!(failures.is_empty(), "{} of {count} fail:\n{}", failures.len(), failures.join("\n"));
    println!("{count} requests");
}

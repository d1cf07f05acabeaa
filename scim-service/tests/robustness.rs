//! Whatever comes, the service answers: it neither panics nor fails, and every error is a SCIM error (R246).
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
use http::{HeaderValue, Request};
use proptest::collection::vec;
use proptest::prelude::*;
use scim_core::schema::{ResourceType, Schema};
use scim_core::{SchemaSet, ScimError, ValueCheck, urn};
use scim_service::{
    BearerTokens, Context, Me, MeAnswer, MeResolver, MemoryStore, Principal, ScimService, ServiceConfig, StoreError,
    TenancyMode,
};
use serde_json::{Value, json};

const ID: &str = "{id}";

/// Words of the protocol, and what is nearly one.
const WORDS: &[&str] = &[
    "schemas",
    "id",
    "externalId",
    "meta",
    "userName",
    "name",
    "givenName",
    "emails",
    "value",
    "type",
    "primary",
    "$ref",
    "active",
    "password",
    "groups",
    "members",
    "displayName",
    "Operations",
    "op",
    "path",
    "attributes",
    "excludedAttributes",
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "cursor",
    "manager",
    "int",
    "dt",
    "bin",
    "parts",
    "one",
    "codes",
    "imm",
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "urn:example:scim:1.0:ThingExt",
    "USERNAME",
    "",
    "emails[type eq \"work\"].value",
    "name.givenName",
    "emails[",
    "a.b.c",
    "add",
    "remove",
    "replace",
    "Replace",
    "ascending",
    "bulkId:x",
    "../Users/1",
    "2020-01-01T00:00:00Z",
    "AQI=",
    "true",
    "userName eq \"a\"",
    "not (title pr)",
    "emails[type eq \"work\" and value co \"@\"]",
    "(((((",
    "id pr or id pr",
    "\u{0}",
    "\u{feff}",
    "\u{1F600}",
    "e\u{301}",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => proptest::sample::select(WORDS).prop_map(str::to_owned),
        1 => Just(ID.to_owned()),
        1 => ".{0,12}",
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// A message of the protocol whose members are arbitrary.
fn message() -> impl Strategy<Value = Value> {
    let members = || vec((text(), json_value()), 0..5);
    let operation = (text(), proptest::option::of(text()), json_value())
        .prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}));
    let schemas = vec![urn::USER, urn::GROUP, urn::SEARCH_REQUEST, "urn:example:scim:1.0:Thing"];
    prop_oneof![
        json_value(),
        (proptest::sample::select(schemas), members()).prop_map(|(schema, members)| {
            let mut message = json!({"schemas": [schema], "userName": "a", "name": "a", "displayName": "a"});
            message.as_object_mut().unwrap().extend(members);
            message
        }),
        vec(operation, 0..4).prop_map(|operations| json!({"schemas": [urn::PATCH_OP], "Operations": operations})),
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => message().prop_map(|message| message.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..64),
        1 => "[\\[\\]{}\":,0-9a-z\\\\ ]{0,40}".prop_map(String::into_bytes),
    ]
}

fn target() -> impl Strategy<Value = String> {
    let endpoint = proptest::sample::select(
        &[
            "",
            "/",
            "/Users",
            "/Users/{id}",
            "/Users/none",
            "/Groups",
            "/Groups/{id}",
            "/Things",
            "/Gadgets",
            "/Me",
            "/.search",
            "/Users/.search",
            "/Things/.search",
            "/Bulk",
            "/Schemas",
            "/Schemas/x",
            "/ResourceTypes",
            "/ResourceTypes/User",
            "/ServiceProviderConfig",
            "/.well-known/scim-configuration",
            "/health",
            "/t/a/Users",
            "/t/a/Users/{id}",
            "/t//",
            "/v2/Users",
            "/v9/Users",
            "/%ff",
            "/Users/%00",
            "/Users/%2e%2e",
            "//",
            "/nope",
        ][..],
    );
    let pair = (proptest::sample::select(WORDS), text()).prop_map(|(name, value)| {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        format!("{}={}", encode(name), encode(&value))
    });
    let query = prop_oneof![3 => vec(pair, 0..4).prop_map(|pairs| pairs.join("&")), 1 => "[a-z0-9%+=&_-]{0,30}"];
    (endpoint, query).prop_map(|(endpoint, query)| format!("{endpoint}?{query}"))
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let name =
        proptest::sample::select(&["if-match", "if-none-match", "accept", "content-type", "host", "x-other"][..]);
    let value = prop_oneof![
        proptest::sample::select(
            &[
                "*",
                "W/\"1\"",
                "\"1\", W/\"2\"",
                "*/*",
                "application/json;q=x",
                "application/scim+json",
                "text/html",
                ","
            ][..]
        )
        .prop_map(str::to_owned),
        "[ -~]{0,20}",
    ];
    vec((name, value), 0..3)
}

struct SomeUser(String);

#[async_trait]
impl MeResolver for SomeUser {
    async fn resolve(&self, _: &Context) -> Result<Option<Me>, StoreError> {
        Ok(self.0.parse().ok().map(Me::user))
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Things {
    schemas: Vec<Arc<Schema>>,
    resource_types: Vec<ResourceType>,
}

/// A service with a user and a group in it, everything switched on; and their ids.
async fn service(tenancy: TenancyMode) -> (ScimService<MemoryStore>, [String; 2]) {
    let things: Things = serde_json::from_str(include_str!("data/thing.json")).unwrap();
    let schemas = SchemaSet::builtin().with(things.schemas, things.resource_types).unwrap();
    let profile = ValueCheck::ALL.into_iter().fold(scim_core::Profile::compatible(), scim_core::Profile::with_check);
    let config = ServiceConfig::new("https://example.com/scim")
        .unwrap()
        .with_profile(profile)
        .with_tenancy(tenancy)
        .with_reference_check(true)
        .with_sensitive_attributes(["emails".parse().unwrap()]);
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test").in_tenant("a")).unwrap();
    let service = ScimService::new(MemoryStore::new(), schemas, config, tokens);
    let user = json!({"schemas": [urn::USER], "userName": "u", "emails": [{"value": "a@x", "type": "work"}]});
    let user = create(&service, "/Users", &user).await;
    let group = json!({"schemas": [urn::GROUP], "displayName": "g", "members": [{"value": user}]});
    let group = create(&service, "/Groups", &group).await;
    (service.with_me(SomeUser(user.clone()), MeAnswer::Serve), [user, group])
}

async fn create(service: &ScimService<MemoryStore>, endpoint: &str, body: &Value) -> String {
    let request = Request::post(endpoint).header("authorization", "Bearer test-token");
    let response = service.handle(request.body(Bytes::from(body.to_string())).unwrap()).await;
    serde_json::from_slice::<Value>(response.body()).unwrap()["id"].as_str().unwrap().to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn r246_whatever_comes_the_service_answers(
        target in target(), body in body(), headers in headers(), by_path in any::<bool>(), group in any::<bool>()
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (service, ids) = service(if by_path { TenancyMode::Path } else { TenancyMode::Host }).await;
            let id = &ids[usize::from(group)];
            let body = match String::from_utf8(body) {
                Ok(text) => text.replace(ID, id).into_bytes(),
                Err(error) => error.into_bytes(),
            };
            let target = target.replace("{id}", id).replace("%7Bid%7D", id);
            for method in ["GET", "HEAD", "OPTIONS", "POST", "PATCH", "PUT", "DELETE", "TRACE"] {
                let Ok(mut request) = Request::builder().method(method).uri(&target).body(Bytes::from(body.clone())) else {
                    continue;
                };
                request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer test-token"));
                for (name, value) in &headers {
                    if let Ok(value) = HeaderValue::from_str(value) {
                        request.headers_mut().insert(*name, value);
                    }
                }
                let response = service.handle(request).await;
                let status = response.status().as_u16();
                assert!(status < 500 || status == 501, "{method} {target}: {status}");
                if response.body().is_empty() {
                    continue;
                }
                let answer: Value = serde_json::from_slice(response.body()).expect("a body is JSON");
                if status >= 400 {
                    let error = ScimError::from_value(&answer).expect("an error is a SCIM error");
                    assert_eq!(error.status(), status);
                }
            }
        });
    }
}

//! Every limit holds at its value, and one beyond it the request is refused and changes nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use bytes::Bytes;
use http::Request;
use scim_core::{SchemaSet, urn};
use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig, ServiceLimits};
use serde_json::{Value, json};

struct Sent {
    method: &'static str,
    path: String,
    body: Value,
}

fn get(path: String) -> Sent {
    Sent { method: "GET", path, body: Value::Null }
}

fn post(path: &str, body: Value) -> Sent {
    Sent { method: "POST", path: path.into(), body }
}

fn service(limits: ServiceLimits) -> ScimService<MemoryStore> {
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    let config = ServiceConfig::new("https://example.com").unwrap().with_limits(limits);
    ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens)
}

async fn send(service: &ScimService<MemoryStore>, sent: &Sent) -> (u16, Value) {
    let body = if sent.body.is_null() { String::new() } else { sent.body.to_string() };
    let request = Request::builder()
        .method(sent.method)
        .uri(format!("https://example.com{}", sent.path))
        .header("authorization", "Bearer test-token")
        .body(Bytes::from(body))
        .unwrap();
    let response = service.handle(request).await;
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

fn user(members: &Value) -> Value {
    let mut user = json!({"schemas": [urn::USER], "userName": "a"});
    user.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    user
}

/// A user whose JSON has exactly this many bytes.
fn user_of(bytes: usize) -> Value {
    let empty = user(&json!({"title": ""})).to_string().len();
    user(&json!({"title": "x".repeat(bytes - empty)}))
}

/// A group whose JSON has exactly this many bytes.
fn group_of(bytes: usize) -> Value {
    let group = |name: String| json!({"schemas": [urn::GROUP], "displayName": name, "members": [{"value": "m"}]});
    let empty = group(String::new()).to_string().len();
    group("x".repeat(bytes - empty))
}

fn nested(levels: usize) -> Value {
    (1..levels).fold(json!([]), |inner, _| json!([inner]))
}

fn patch(operations: usize) -> Value {
    let operations = vec![json!({"op": "add", "path": "title", "value": "t"}); operations];
    json!({"schemas": [urn::PATCH_OP], "Operations": operations})
}

/// The limit's name, how it is set, and a request that asks for just so much of it.
type Case = (&'static str, u16, Option<&'static str>, fn(&mut ServiceLimits, usize), fn(usize) -> Sent);

const CASES: &[Case] = &[
    ("url", 414, None, |l, n| l.url = n, |n| get(format!("/Users?x={}", "x".repeat(n - "/Users?x=".len())))),
    ("body", 413, None, |l, n| l.body = n, |n| post("/Users", user_of(n))),
    ("group_body", 413, None, |l, n| l.group_body = n, |n| post("/Groups", group_of(n))),
    (
        "json.depth",
        400,
        Some("invalidSyntax"),
        |l, n| l.json.depth = n,
        |n| post("/Users", user(&json!({"x": nested(n - 1)}))),
    ),
    (
        "json.array",
        400,
        Some("invalidSyntax"),
        |l, n| l.json.array = n,
        |n| post("/Users", user(&json!({"x": vec![1; n]}))),
    ),
    (
        "json.string",
        400,
        Some("invalidSyntax"),
        |l, n| l.json.string = n,
        |n| post("/Users", user(&json!({"title": "x".repeat(n)}))),
    ),
    // `schemas` has one element.
    (
        "values",
        413,
        None,
        |l, n| l.values = n,
        |n| {
            post(
                "/Groups",
                json!({
                    "schemas": [urn::GROUP], "displayName": "g", "members": vec![json!({"value": "m"}); n - 1]
                }),
            )
        },
    ),
    (
        "attributes",
        400,
        Some("invalidValue"),
        |l, n| l.attributes = n,
        |n| get(format!("/Users?attributes={}", vec!["a"; n].join(","))),
    ),
    (
        "attributes",
        400,
        Some("invalidValue"),
        |l, n| l.attributes = n,
        |n| get(format!("/?excludedAttributes={}", vec!["a"; n].join(","))),
    ),
    (
        "attributes",
        400,
        Some("invalidValue"),
        |l, n| l.attributes = n,
        |n| {
            post(
                "/Users/.search",
                json!({
                    "schemas": [urn::SEARCH_REQUEST], "attributes": vec!["a"; n]
                }),
            )
        },
    ),
    (
        "attributes",
        400,
        Some("invalidValue"),
        |l, n| l.attributes = n,
        |n| Sent { path: format!("/Users?attributes={}", vec!["a"; n].join(",")), ..post("", user(&json!({}))) },
    ),
    (
        "filter.text",
        400,
        Some("invalidFilter"),
        |l, n| l.filter.text = n,
        |n| get(format!("/Users?filter=title+eq+%22{}%22", "x".repeat(n - "title eq \"\"".len()))),
    ),
    (
        "filter.depth",
        400,
        Some("invalidFilter"),
        |l, n| l.filter.depth = n,
        |n| get(format!("/Users?filter={}title+pr{}", "(".repeat(n), ")".repeat(n))),
    ),
    (
        "filter.comparisons",
        400,
        Some("invalidFilter"),
        |l, n| l.filter.comparisons = n,
        |n| get(format!("/Users?filter={}", vec!["title+pr"; n].join("+or+"))),
    ),
];

#[tokio::test]
async fn r246_every_limit_holds_at_its_value_and_not_beyond() {
    const LIMIT: usize = 200;
    for (name, status, scim_type, set, sent) in CASES {
        let mut limits = ServiceLimits::default();
        let limit = if name.contains("depth") { 20 } else { LIMIT };
        set(&mut limits, limit);
        let service = service(limits);
        let (beyond, error) = send(&service, &sent(limit + 1)).await;
        assert_eq!(beyond, *status, "{name}: {error}");
        assert_eq!(error["status"], status.to_string(), "{name}");
        assert_eq!(error.get("scimType").and_then(Value::as_str), *scim_type, "{name}: {error}");
        let detail = error["detail"].as_str().unwrap();
        assert!(detail.contains(&limit.to_string()), "{name} names its limit: {detail}");
        assert_eq!(send(&service, &get("/".into())).await.1["totalResults"], 0, "{name}: nothing is written");
        let (at, answer) = send(&service, &sent(limit)).await;
        assert!(at < 300, "{name}: {answer}");
    }
}

#[tokio::test]
async fn r246_the_operations_of_a_patch_are_limited() {
    let mut limits = ServiceLimits::default();
    limits.patch_operations = 5;
    let service = service(limits);
    let (_, made) = send(&service, &post("/Users", user(&json!({})))).await;
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    for (operations, expected) in [(5, 200), (6, 400)] {
        let sent = Sent { method: "PATCH", path: path.clone(), body: patch(operations) };
        assert_eq!(send(&service, &sent).await.0, expected, "{operations}");
    }
}

#[tokio::test]
async fn r124_a_query_that_selects_too_much_is_refused_whatever_its_page() {
    let mut limits = ServiceLimits::default();
    limits.results = Some(3);
    let service = service(limits);
    for number in 0..4 {
        if number == 3 {
            assert_eq!(send(&service, &get("/?count=1".into())).await.0, 200, "three are not too many");
        }
        let (made, _) =
            send(&service, &post("/Users", json!({"schemas": [urn::USER], "userName": format!("u{number}")}))).await;
        assert_eq!(made, 201);
    }
    for path in ["/Users", "/?filter=id+pr", "/Users?count=1", "/?count=0", "/Users?cursor&count=1", "/?cursor&count=1"]
    {
        let (status, error) = send(&service, &get(path.into())).await;
        assert_eq!((status, error["scimType"].as_str()), (400, Some("tooMany")), "{path}");
    }
    assert_eq!(send(&service, &get("/Users?filter=userName+eq+%22u1%22".into())).await.0, 200);
}

#[tokio::test]
async fn p19_a_group_may_be_larger_than_other_bodies() {
    let service = service(ServiceLimits::default());
    let (_, group) = send(&service, &post("/Groups", json!({"schemas": [urn::GROUP], "displayName": "g"}))).await;
    let path = format!("/Groups/{}", group["id"].as_str().unwrap());
    let members: Vec<Value> = (0..12_000)
        .map(|number| json!({"value": format!("00000000-0000-4000-8000-{number:012}"), "display": "x".repeat(100)}))
        .collect();
    let put = json!({"schemas": [urn::GROUP], "displayName": "g", "members": members});
    assert!(put.to_string().len() > ServiceLimits::default().body);
    let (status, shown) = send(&service, &Sent { method: "PUT", path: path.clone(), body: put }).await;
    assert_eq!((status, shown["members"].as_array().map(Vec::len)), (200, Some(12_000)));
    let patch =
        json!({"schemas": [urn::PATCH_OP], "Operations": [{"op": "remove", "path": "members", "value": members}]});
    assert_eq!(send(&service, &Sent { method: "PATCH", path, body: patch }).await.0, 204);

    let large = user_of(ServiceLimits::default().body + 1);
    assert_eq!(send(&service, &post("/Users", large)).await.0, 413, "a user is not a group");
    let (body, group_body) = (ServiceLimits::default().body, ServiceLimits::default().group_body);
    for (method, path, limit) in [
        ("POST", "/Groups", group_body),
        ("PUT", "/Groups/1", group_body),
        ("PATCH", "/groups/1", group_body),
        ("PATCH", "/v2/Groups/1", group_body),
        ("POST", "/Groups/.search", body),
        ("POST", "/Users", body),
        ("PUT", "/Users/1", body),
    ] {
        let request = Request::builder().method(method).uri(format!("https://example.com{path}"));
        let request = request.header("authorization", "Bearer test-token").body(()).unwrap();
        let admitted = service.admit(request.into_parts().0).await.unwrap();
        assert_eq!(admitted.body_limit(), Some(limit), "{method} {path}");
    }
}

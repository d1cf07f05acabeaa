//! Bulk requests that nobody in their right mind sends, and large ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

mod bulk_store;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use bulk_store::Slow;
use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use scim_core::{SchemaSet, urn};
use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig, Store};
use serde_json::{Map, Value, json};

fn service() -> ScimService<MemoryStore> {
    service_over(MemoryStore::new())
}

fn service_over<S: Store>(store: S) -> ScimService<S> {
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    let config = ServiceConfig::new("https://example.com").unwrap();
    ScimService::new(store, SchemaSet::builtin(), config, tokens)
}

async fn send<S: Store>(service: &ScimService<S>, body: &Value) -> (u16, Value) {
    let request = Request::post("/Bulk").header("authorization", "Bearer test-token");
    let response = service.handle(request.body(Bytes::from(body.to_string())).unwrap()).await;
    let status = response.status().as_u16();
    (status, serde_json::from_slice(response.body()).unwrap())
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "POST",
            "PUT",
            "PATCH",
            "DELETE",
            "GET",
            "/Users",
            "/Groups",
            "/Users/1",
            "/Users/bulkId:a",
            "/Groups/bulkId:b",
            "/Bulk",
            "bulkId:a",
            "bulkId:b",
            "bulkId:c",
            "bulkId:",
            "a",
            "b",
            "c",
            "add",
            "remove",
            "replace",
            "members",
            "manager",
            "members[value eq \"bulkId:a\"]",
            "members[value eq \"bulkId:a\"].value",
            "members[",
            "displayName",
            "userName",
            urn::USER,
            urn::GROUP,
            urn::ENTERPRISE_USER,
            urn::PATCH_OP,
            urn::BULK_REQUEST,
            "W/\"1\"",
            "*",
            "../Users/bulkId:a",
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec![
            "schemas", "Operations", "operations", "failOnErrors", "method", "path", "bulkId", "version", "data", "op", "value",
            "userName", "displayName", "members", "$ref", "type", "manager", urn::ENTERPRISE_USER, "members[value eq \"bulkId:b\"]",
        ])
        .prop_map(str::to_owned),
        1 => text(),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2..3_i64).prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What is nearly an operation: each member as it should be, or anything, or not there.
fn any_operation() -> impl Strategy<Value = Value> {
    fn or_any(good: impl Strategy<Value = Value>) -> impl Strategy<Value = Option<Value>> {
        prop_oneof![12 => good.prop_map(Some), 1 => any_json().prop_map(Some), 1 => Just(None)]
    }
    let pick = |words: &'static [&'static str]| prop::sample::select(words).prop_map(Value::from);
    let reference = || prop::sample::select(&["bulkId:a", "bulkId:b", "bulkId:c", "1"][..]);
    let members = || prop::collection::vec(reference().prop_map(|value| json!({ "value": value })), 0..3);
    let data = prop_oneof![
        reference().prop_map(|manager| json!({"schemas": [urn::USER], "userName": manager, urn::ENTERPRISE_USER: {"manager": {"value": manager}}})),
        members().prop_map(|members| json!({"schemas": [urn::GROUP], "displayName": "g", "members": members})),
        members().prop_map(|members| json!({"Operations": [{"op": "add", "path": "members", "value": members}]})),
        reference().prop_map(|value| json!({"Operations": [{"op": "remove", "path": format!("members[value eq \"{value}\"]")}]})),
    ];
    let path = pick(&["/Users", "/Groups", "/Groups/bulkId:a", "/Groups/bulkId:b", "/Users/bulkId:c", "/Users/1"]);
    let parts = (
        or_any(pick(&["POST", "POST", "POST", "PUT", "PATCH", "DELETE"])),
        or_any(path),
        or_any(pick(&["a", "b", "c", "d"])),
        or_any(data),
        prop::option::weighted(0.1, text().prop_map(Value::from)),
    );
    parts.prop_map(|(method, path, bulk_id, data, version)| {
        let parts = [("method", method), ("path", path), ("bulkId", bulk_id), ("data", data), ("version", version)];
        let parts = parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(parts.collect::<Map<_, _>>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn r246_no_body_makes_the_service_fail(body in any_json()) {
        let (status, _) = run(send(&service(), &body));
        prop_assert!(status < 500, "{status}");
    }

    #[test]
    fn r205_r207_r208_every_operation_has_a_result_that_is_no_failure_of_the_service(
        operations in prop::collection::vec(any_operation(), 0..9)
    ) {
        let (status, body) = run(send(&service(), &json!({"schemas": [urn::BULK_REQUEST], "Operations": operations})));
        prop_assert_eq!(status, 200, "{}", body);
        let results = body["Operations"].as_array().unwrap();
        prop_assert_eq!(results.len(), operations.len());
        for (result, operation) in results.iter().zip(&operations) {
            let status: u16 = result["status"].as_str().unwrap().parse().unwrap();
            prop_assert!((200..500).contains(&status), "{}", result);
            prop_assert_eq!(status >= 400, result["response"]["schemas"][0] == urn::ERROR);
            prop_assert_eq!(status == 201, result["method"] == "POST" && result.get("location").is_some());
            if operation["method"].is_string() {
                prop_assert_eq!(&result["method"], &operation["method"]);
            }
        }
    }
}

fn create(user_name: &str, bulk_id: &str) -> Value {
    let data = json!({"schemas": [urn::USER], "userName": user_name});
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data})
}

/// The statuses of a job over a store that takes its time, how many creations were under way at once, and how many were tried.
async fn at_once(batches: bool, fail_on_errors: Option<u64>, operations: &[Value]) -> (Vec<String>, usize, usize) {
    let store = Slow::new(batches);
    let mut job = json!({"schemas": [urn::BULK_REQUEST], "Operations": operations});
    if let Some(most) = fail_on_errors {
        job["failOnErrors"] = most.into();
    }
    let (_, body) = send(&service_over(store.clone()), &job).await;
    let statuses = body["Operations"].as_array().unwrap().iter();
    let statuses = statuses.map(|result| result["status"].as_str().unwrap().to_owned());
    (statuses.collect(), store.most.load(Ordering::SeqCst), store.asked.load(Ordering::SeqCst))
}

#[tokio::test]
async fn creations_are_under_way_at_once_where_the_store_serves_them_together() {
    let operations: Vec<Value> = (0..100).map(|i| create(&format!("u{i}"), &format!("b{i}"))).collect();
    let (statuses, most, _) = at_once(true, None, &operations).await;
    assert!(statuses.len() == 100 && statuses.iter().all(|status| status == "201"));
    assert!((8..=32).contains(&most), "{most} at once");
    let (_, most, _) = at_once(false, None, &operations).await;
    assert_eq!(most, 1);
}

#[tokio::test]
async fn of_creations_with_one_name_the_first_wins_however_long_it_takes() {
    let operations =
        [create("ada", "1"), create("bob", "2"), create("ADA", "3"), create("eve", "4"), create("bob", "5")];
    let (statuses, most, _) = at_once(true, None, &operations).await;
    assert_eq!(statuses, ["201", "201", "409", "201", "409"]);
    assert!(most > 1);
}

#[tokio::test]
async fn r209_nothing_is_begun_that_the_client_does_not_want_any_more() {
    let operations =
        [create("ada", "1"), create("ada", "2"), create("bob", "3"), create("ada", "4"), create("eve", "5")];
    for (most_errors, statuses, asked) in [(1, 2, 2), (2, 4, 4), (3, 5, 5)] {
        for batches in [false, true] {
            let (found, _, tried) = at_once(batches, Some(most_errors), &operations).await;
            assert_eq!((found.len(), tried), (statuses, asked), "{most_errors} errors at most");
        }
    }
    let many: Vec<Value> = (0..40).map(|i| create(&format!("u{i}"), &format!("b{i}"))).collect();
    let (_, most, _) = at_once(true, Some(10), &many).await;
    assert!((2..=10).contains(&most), "as many as could all fail: {most}");
}

/// The resources of a type by their names, with the names of their members.
async fn named<S: Store>(service: &ScimService<S>) -> BTreeMap<String, Vec<String>> {
    let mut found = Vec::new();
    for path in ["/Users", "/Groups"] {
        let request = Request::get(format!("{path}?count=1000")).header("authorization", "Bearer test-token");
        let response = service.handle(request.body(Bytes::new()).unwrap()).await;
        let page: Value = serde_json::from_slice(response.body()).unwrap();
        found.extend(page["Resources"].as_array().cloned().unwrap_or_default());
    }
    let name = |resource: &Value| {
        let name = resource.get("userName").or(resource.get("displayName")).unwrap();
        format!("{}{name}", resource["meta"]["resourceType"])
    };
    let names: BTreeMap<&str, String> =
        found.iter().map(|resource| (resource["id"].as_str().unwrap(), name(resource))).collect();
    let mut named = BTreeMap::<String, Vec<String>>::new();
    for resource in &found {
        let members = resource["members"].as_array().cloned().unwrap_or_default();
        let of = |member: &Value| {
            let id = member["value"].as_str().unwrap();
            names.get(id).cloned().unwrap_or_else(|| id.to_owned())
        };
        let mut members: Vec<String> = members.iter().map(of).collect();
        members.sort();
        named.entry(name(resource)).or_default().push(members.join(" "));
    }
    for groups in named.values_mut() {
        groups.sort();
    }
    named
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn r213_a_job_comes_to_the_same_whether_creations_are_under_way_at_once_or_not(
        operations in prop::collection::vec(any_operation(), 0..16), most_errors in prop::option::of(1..6_u64)
    ) {
        let mut job = json!({"schemas": [urn::BULK_REQUEST], "Operations": operations});
        if let Some(most) = most_errors {
            job["failOnErrors"] = most.into();
        }
        let outcome = |batches: bool| run(async {
            let store = Slow::new(batches);
            let service = service_over(store.clone());
            let (_, body) = send(&service, &job).await;
            let results = body["Operations"].as_array().unwrap().iter();
            let results: Vec<_> = results
                .map(|result| (result["bulkId"].clone(), result["status"].clone(), result["response"]["scimType"].clone()))
                .collect();
            (results, named(&service).await, store.asked.load(Ordering::SeqCst))
        });
        prop_assert_eq!(outcome(false), outcome(true));
    }
}

/// What was reported as done is there, and what it refers to too.
#[tokio::test]
async fn r214_a_large_circle_of_groups_and_their_users_is_created_whole() {
    let service = service();
    let count = 300;
    let group = |index: usize| {
        let members = [format!("g{}", (index + 1) % count), format!("g{}", (index * 7) % count), format!("u{index}")];
        let members: Vec<Value> = members.iter().map(|name| json!({"value": format!("bulkId:{name}")})).collect();
        let data = json!({"schemas": [urn::GROUP], "displayName": index.to_string(), "members": members});
        json!({"method": "POST", "path": "/Groups", "bulkId": format!("g{index}"), "data": data})
    };
    let user = |index: usize| {
        let data = json!({"schemas": [urn::USER], "userName": format!("u{index}")});
        json!({"method": "POST", "path": "/Users", "bulkId": format!("u{index}"), "data": data})
    };
    let operations: Vec<Value> = (0..count).map(group).chain((0..count).map(user)).collect();
    let (status, body) = send(&service, &json!({"schemas": [urn::BULK_REQUEST], "Operations": operations})).await;
    assert_eq!(status, 200);
    let results = body["Operations"].as_array().unwrap();
    assert!(results.iter().all(|result| result["status"] == "201"), "{results:?}");
    let id = |index: usize| results[index]["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    for (index, result) in results.iter().enumerate().take(count) {
        let request = Request::get(format!("/Groups/{}", id(index))).header("authorization", "Bearer test-token");
        let response = service.handle(request.body(Bytes::new()).unwrap()).await;
        let found: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(found["meta"]["version"], result["version"], "the version is the last");
        let mut members: Vec<&str> =
            found["members"].as_array().unwrap().iter().map(|member| member["value"].as_str().unwrap()).collect();
        let mut wanted = vec![id((index + 1) % count), id((index * 7) % count), id(count + index)];
        members.sort_unstable();
        wanted.sort_unstable();
        wanted.dedup();
        assert_eq!(members, wanted);
    }
}

//! Racing writers: nothing is lost, and where only one can win, one does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use scim_core::{SchemaSet, urn};
use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig, Store};
use serde_json::{Value, json};

mod without_patch;

use without_patch::WithoutPatch;

const BASE_URL: &str = "https://example.com/scim/v2";

type Service = ScimService<Arc<dyn Store>>;

fn service(store: Arc<dyn Store>) -> Service {
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    ScimService::new(store, SchemaSet::builtin(), ServiceConfig::new(BASE_URL).unwrap(), tokens)
}

fn stores() -> [Arc<dyn Store>; 2] {
    [Arc::new(MemoryStore::new()), Arc::new(WithoutPatch(MemoryStore::new()))]
}

async fn send(service: &Service, method: &str, path: &str, body: Value, if_match: Option<&str>) -> Response<Bytes> {
    let mut request =
        Request::builder().method(method).uri(format!("{BASE_URL}{path}")).header("authorization", "Bearer test-token");
    if let Some(tag) = if_match {
        request = request.header("if-match", tag);
    }
    service.handle(request.body(Bytes::from(body.to_string())).unwrap()).await
}

fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

fn add_member(id: &str) -> Value {
    json!({"schemas": [urn::PATCH_OP], "Operations": [{"op": "add", "path": "members", "value": [{"value": id}]}]})
}

/// Each of `clients` threads adds members one by one, without `If-Match`; a race that it loses is run again inside. Tells
/// how often one had to be sent away with 503, because it found no gap.
fn members_added_at_once(store: Arc<dyn Store>, clients: usize, each: usize) -> usize {
    let service = service(store);
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let group = json!({"schemas": [urn::GROUP], "displayName": "g"});
    let group = runtime().block_on(send(&service, "POST", "/Groups", group, None));
    let path = format!("/Groups/{}", json_of(&group)["id"].as_str().unwrap());
    let sent_away = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for client in 0..clients {
            let (service, sent_away) = (&service, &sent_away);
            let (path, runtime) = (format!("{path}?excludedAttributes=members"), runtime());
            scope.spawn(move || {
                for number in 0..each {
                    let add = add_member(&format!("m-{client}-{number}"));
                    let send = || runtime.block_on(send(service, "PATCH", &path, add.clone(), None)).status().as_u16();
                    let mut status = send();
                    while status == 503 {
                        sent_away.fetch_add(1, Ordering::Relaxed);
                        status = send();
                    }
                    assert_eq!(status, 200);
                }
            });
        }
    });
    let group = json_of(&runtime().block_on(send(&service, "GET", &path, Value::Null, None)));
    let members = group["members"].as_array().unwrap().iter().map(|member| member["value"].as_str().unwrap());
    assert_eq!(members.collect::<BTreeSet<_>>().len(), clients * each);
    sent_away.into_inner()
}

#[test]
fn r203_6_400_members_added_by_32_threads_are_all_there() {
    assert_eq!(members_added_at_once(Arc::new(MemoryStore::new()), 32, 200), 0);
}

/// The service reads and replaces the whole group, and tries again as often as another came between.
#[test]
fn r203_members_are_all_there_where_the_store_does_not_patch() {
    members_added_at_once(Arc::new(WithoutPatch(MemoryStore::new())), 8, 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn r203_of_two_writers_with_one_tag_one_wins() {
    for store in stores() {
        let service = service(store);
        let user = send(&service, "POST", "/Users", json!({"schemas": [urn::USER], "userName": "u"}), None).await;
        let user = json_of(&user);
        let path = format!("/Users/{}", user["id"].as_str().unwrap());
        let tag = user["meta"]["version"].as_str().unwrap().to_owned();
        let writers = (0..8).map(|writer| {
            let (service, path, tag) = (service.clone(), path.clone(), tag.clone());
            tokio::spawn(async move {
                let patch = json!({"schemas": [urn::PATCH_OP], "Operations": [
                    {"op": "replace", "path": "title", "value": format!("writer {writer}")}
                ]});
                send(&service, "PATCH", &path, patch, Some(&tag)).await.status().as_u16()
            })
        });
        let mut statuses = BTreeMap::new();
        for writer in writers.collect::<Vec<_>>() {
            *statuses.entry(writer.await.unwrap()).or_insert(0) += 1;
        }
        assert_eq!(statuses, BTreeMap::from([(200, 1), (412, 7)]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r047_of_many_creators_of_one_user_name_one_wins() {
    let service = service(Arc::new(MemoryStore::new()));
    let creators = (0..64).map(|number| {
        let service = service.clone();
        tokio::spawn(async move {
            let name = if number % 2 == 0 { "One@example.com" } else { "one@EXAMPLE.com" };
            let user = json!({"schemas": [urn::USER], "userName": name});
            send(&service, "POST", "/Users", user, None).await.status().as_u16()
        })
    });
    let mut statuses = BTreeMap::new();
    for creator in creators.collect::<Vec<_>>() {
        *statuses.entry(creator.await.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(201, 1), (409, 63)]));
}

#[tokio::test]
async fn r041_r242_tenants_do_not_see_each_other() {
    let tokens = BearerTokens::new()
        .with_token("token-a", Principal::new("a").in_tenant("a"))
        .and_then(|tokens| tokens.with_token("token-b", Principal::new("b").in_tenant("b")))
        .unwrap();
    let config = ServiceConfig::new(BASE_URL).unwrap();
    let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens);
    let send = |tenant: &'static str, method: &'static str, path: String, body: Value| {
        let service = service.clone();
        async move {
            let request = Request::builder()
                .method(method)
                .uri(format!("{BASE_URL}{path}"))
                .header("authorization", format!("Bearer token-{tenant}"))
                .body(Bytes::from(body.to_string()))
                .unwrap();
            service.handle(request).await
        }
    };
    let user = json!({"schemas": [urn::USER], "userName": "u", "externalId": "x"});
    let made = send("a", "POST", "/Users".into(), user.clone()).await;
    let path = format!("/Users/{}", json_of(&made)["id"].as_str().unwrap());
    assert_eq!(send("b", "POST", "/Users".into(), user.clone()).await.status(), 201);
    for (method, body) in [("GET", Value::Null), ("PUT", user), ("DELETE", Value::Null), ("PATCH", add_member("x"))] {
        assert_eq!(send("b", method, path.clone(), body).await.status(), 404, "{method}");
    }
    assert_eq!(send("a", "GET", path, Value::Null).await.status(), 200);
}

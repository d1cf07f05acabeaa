//! Walks by cursor while others write, and cursors in other hands.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use scim_core::{SchemaSet, urn};
use scim_service::{
    BearerTokens, Context, Create, CursorKey, MemoryStore, Principal, ScimService, ServiceConfig, Store,
};
use serde_json::{Value, json};

const BASE_URL: &str = "https://example.com/scim/v2";

fn service_over<S: Store>(store: S, key: CursorKey) -> ScimService<S> {
    let tokens = BearerTokens::new()
        .with_token("token-okta", Principal::new("okta"))
        .and_then(|tokens| tokens.with_token("token-entra", Principal::new("entra")))
        .and_then(|tokens| tokens.with_token("token-okta-b", Principal::new("okta").in_tenant("b")))
        .unwrap();
    let config = ServiceConfig::new(BASE_URL).unwrap().with_cursor_key(key);
    ScimService::new(store, SchemaSet::builtin(), config, tokens)
}

fn key() -> CursorKey {
    CursorKey::from_secret(b"a secret of the host that is random").unwrap()
}

/// Each call on whatever thread it is made.
fn send<S: Store>(service: &ScimService<S>, who: &str, method: &str, path: &str, body: &Value) -> Response<Bytes> {
    let request = Request::builder()
        .method(method)
        .uri(format!("{BASE_URL}{path}"))
        .header("authorization", format!("Bearer token-{who}"))
        .body(Bytes::from(body.to_string()));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(service.handle(request.unwrap()))
}

fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

fn create<S: Store>(service: &ScimService<S>, name: &str) -> String {
    let user = json!({"schemas": [urn::USER], "userName": name});
    let created = send(service, "okta", "POST", "/Users?attributes=id", &user);
    json_of(&created)["id"].as_str().unwrap().to_owned()
}

/// Creates users past the service, which would only take longer.
fn populate(service: &ScimService<MemoryStore>, users: usize) -> Vec<String> {
    let (schemas, cx) = (SchemaSet::builtin(), Context::internal("test", chrono::Utc::now()));
    let of = schemas.user().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let create = async |number: usize| {
        let user = json!({"schemas": [urn::USER], "userName": format!("user-{number:05}")});
        let created =
            service.store().create(&cx, Create::new(of, serde_json::from_value(user).unwrap())).await.unwrap().resource;
        created.id().unwrap().into_owned()
    };
    (0..users).map(|number| runtime.block_on(create(number))).collect()
}

/// Walks to the end and returns the ids in the order met.
fn walk<S: Store>(service: &ScimService<S>, query: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = send(service, "okta", "GET", &format!("/Users?{query}&attributes=id&cursor={cursor}"), &Value::Null);
        assert_eq!(page.status(), 200);
        let page = json_of(&page);
        ids.extend(page["Resources"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()));
        match page.get("nextCursor") {
            Some(next) => next.as_str().unwrap().clone_into(&mut cursor),
            None => return ids,
        }
    }
}

/// Walks again and again while one thread deletes `changes` of the users and another makes as many new ones.
fn walks_while_others_write(users: usize, changes: usize, query: &str) {
    let service = service_over(MemoryStore::new(), key());
    let ids = populate(&service, users);
    // Spread over the whole collection, ids being random.
    let (leaving, staying) = ids.split_at(changes);
    let writing = AtomicUsize::new(2);
    std::thread::scope(|scope| {
        let (service, writing) = (&service, &writing);
        scope.spawn(move || {
            for id in leaving {
                assert_eq!(send(service, "okta", "DELETE", &format!("/Users/{id}"), &Value::Null).status(), 204);
            }
            writing.fetch_sub(1, Ordering::SeqCst);
        });
        scope.spawn(move || {
            for number in 0..changes {
                create(service, &format!("user-{number:05}-new"));
            }
            writing.fetch_sub(1, Ordering::SeqCst);
        });
        let mut walks = 0;
        while writing.load(Ordering::SeqCst) > 0 || walks == 0 {
            let met = walk(service, query);
            let once: HashSet<&str> = met.iter().map(String::as_str).collect();
            assert_eq!(once.len(), met.len(), "a user was met twice");
            let missed = staying.iter().filter(|id| !once.contains(id.as_str())).count();
            assert_eq!(missed, 0, "users who were there all the time were missed");
            walks += 1;
        }
        println!("{walks} walks through {users} users while {changes} left and {changes} came");
    });
    assert_eq!(walk(&service, query).len(), users);
}

#[test]
fn r262_a_walk_of_20_000_meets_everybody_once_while_others_write() {
    walks_while_others_write(20_000, 2_000, "count=500");
}

#[test]
fn r262_a_sorted_and_filtered_walk_meets_everybody_once_while_others_write() {
    walks_while_others_write(1_000, 200, "count=50&sortBy=userName&sortOrder=descending");
    walks_while_others_write(1_000, 200, "count=50&filter=userName%20sw%20%22user%22");
}

#[test]
fn r123_r249_every_page_size_meets_every_user_once() {
    let service = service_over(MemoryStore::new(), key());
    let mut ids: Vec<String> = (0..12).map(|number| create(&service, &format!("u{number}"))).collect();
    ids.sort();
    for count in 1..=13 {
        assert_eq!(walk(&service, &format!("count={count}")), ids, "count={count}");
    }
}

#[test]
fn r260_a_cursor_in_other_hands_is_refused_like_a_forged_one() {
    let service = service_over(MemoryStore::new(), key());
    for name in ["a", "b"] {
        create(&service, name);
    }
    let page = json_of(&send(&service, "okta", "GET", "/Users?count=1&cursor", &Value::Null));
    let cursor = page["nextCursor"].as_str().unwrap();
    let with = |who: &str, cursor: &str| {
        let answer = send(&service, who, "GET", &format!("/Users?count=1&cursor={cursor}"), &Value::Null);
        (answer.status().as_u16(), answer.body().clone())
    };
    let (head, tail) = cursor.split_at(cursor.len() / 2);
    let other = if tail.starts_with('A') { "B" } else { "A" };
    let forged = with("okta", &format!("{head}{other}{}", &tail[1..]));
    assert_eq!(forged.0, 400);
    assert_eq!(with("entra", cursor), forged, "another subject");
    assert_eq!(with("okta-b", cursor), forged, "another tenant");
    assert_eq!(with("okta", "nonsense"), forged);
    assert_eq!(with("okta", cursor).0, 200, "a cursor can be used again");
    assert_eq!(send(&service, "nobody", "GET", &format!("/Users?cursor={cursor}"), &Value::Null).status(), 401);
}

#[test]
fn r261_a_cursor_is_good_at_every_instance_with_the_key_and_at_no_other() {
    let first = service_over(MemoryStore::new(), key());
    for name in ["a", "b"] {
        create(&first, name);
    }
    let page = json_of(&send(&first, "okta", "GET", "/Users?count=1&cursor", &Value::Null));
    let path = format!("/Users?count=1&cursor={}", page["nextCursor"].as_str().unwrap());
    let status = |key| send(&service_over(MemoryStore::new(), key), "okta", "GET", &path, &Value::Null).status();
    assert_eq!(status(key()), 200, "a service that restarted");
    assert_eq!(status(CursorKey::random()), 400);
}

#[test]
fn r250_back_past_what_is_gone_is_the_first_page() {
    let service = service_over(MemoryStore::new(), key());
    let mut ids: Vec<String> = (0..3).map(|number| create(&service, &format!("u{number}"))).collect();
    ids.sort();
    let get = |cursor: &str| {
        json_of(&send(&service, "okta", "GET", &format!("/Users?count=2&cursor={cursor}"), &Value::Null))
    };
    let second = get(get("")["nextCursor"].as_str().unwrap());
    for id in &ids[..2] {
        send(&service, "okta", "DELETE", &format!("/Users/{id}"), &Value::Null);
    }
    let page = get(second["previousCursor"].as_str().unwrap());
    assert_eq!(page["Resources"][0]["id"], ids[2].as_str());
    assert_eq!((page.get("previousCursor"), page.get("nextCursor")), (None, None));
}

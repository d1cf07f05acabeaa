//! How often the service allocates memory for a request, over the store in memory.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use allocation_counter::measure;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use scim_core::{SchemaSet, urn};
use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

/// Most allocations of a GET of a user by id.
const GET: u64 = 16;
/// Most allocations of a POST of a user, which vary by a few with the random ids that indexes are keyed by.
const POST: u64 = 98;

/// Users in the directory: indexes and snapshots are as deep as they are in a small company.
const USERS: usize = 200;

struct Fixture {
    service: ScimService<MemoryStore>,
    runtime: Runtime,
}

impl Fixture {
    fn new() -> Self {
        let tokens = BearerTokens::new().with_token("token", Principal::new("tester")).unwrap();
        let config = ServiceConfig::new("https://example.com/scim/v2").unwrap();
        let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens);
        Self { service, runtime: Builder::new_current_thread().build().unwrap() }
    }

    fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.runtime.block_on(self.service.handle(request))
    }

    /// The fewest allocations of some requests: those at which a map happens to grow are not what counts. What the answer
    /// holds was allocated for it, what the request holds was there before.
    fn allocations(&self, status: StatusCode, requests: impl Iterator<Item = Request<Bytes>>) -> u64 {
        let counts = requests.map(|request| {
            let mut answer = None;
            let allocated = measure(|| answer = Some(self.answer(request)));
            assert_eq!(answer.unwrap().status(), status);
            allocated.count_total
        });
        counts.min().unwrap()
    }
}

fn request(method: &str, path: &str, body: &Value) -> Request<Bytes> {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let uri = format!("https://example.com/scim/v2{path}");
    Request::builder().method(method).uri(uri).header("authorization", "Bearer token").body(body).unwrap()
}

fn create(number: usize) -> Request<Bytes> {
    let user = json!({
        "schemas": [urn::USER],
        "externalId": format!("external-{number}"),
        "userName": format!("user{number:04}@example.com"),
        "name": {"familyName": format!("Family{number}"), "givenName": format!("Given{number}")},
        "displayName": format!("Given{number} Family{number}"),
        "title": "Engineer",
        "locale": "en-US",
        "active": true,
        "emails": [{"value": format!("user{number:04}@example.com"), "type": "work", "primary": true}],
    });
    request("POST", "/Users", &user)
}

#[test]
fn a_request_allocates_no_more_than_it_may() {
    let fixture = Fixture::new();
    let mut id = String::new();
    for number in 0..USERS {
        let created: Value = serde_json::from_slice(fixture.answer(create(number)).body()).unwrap();
        created["id"].as_str().unwrap().clone_into(&mut id);
    }
    let read = || request("GET", &format!("/Users/{id}"), &Value::Null);
    let counts = [
        fixture.allocations(StatusCode::OK, (0..20).map(|_| read())),
        fixture.allocations(StatusCode::CREATED, (USERS..USERS + 20).map(create)),
    ];
    assert!(counts[0] <= GET && counts[1] <= POST, "a GET allocates {} times, a POST {} times", counts[0], counts[1]);
}

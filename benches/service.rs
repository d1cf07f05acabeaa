//! The service over a store in memory with 100,000 users, all of them in one group.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a benchmark may fail loudly, and the macros of criterion have no docs"
)]

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use criterion::{Criterion, criterion_group, criterion_main};
use http::{Request, Response};
use scim_core::population::Population;
use scim_core::{Resource, ResourceTypeName, SchemaSet};
use scim_service::{BearerTokens, Context, Create, MemoryStore, Principal, ScimService, ServiceConfig, Store};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

const USERS: usize = 100_000;

struct Fixture {
    service: ScimService<MemoryStore>,
    runtime: Runtime,
    user: String,
    user_name: String,
    group: String,
}

impl Fixture {
    fn new() -> Self {
        let tokens = BearerTokens::new().with_token("token", Principal::new("bench")).unwrap();
        let config = ServiceConfig::new("https://example.com/scim/v2").unwrap();
        let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens);
        let runtime = Builder::new_current_thread().build().unwrap();
        let (schemas, cx) = (SchemaSet::builtin(), Context::internal("bench", Utc::now()));
        let create = |of: ResourceTypeName, resource: Resource| {
            let create = Create::new(schemas.of(&of).unwrap(), resource);
            let created = runtime.block_on(service.store().create(&cx, create)).unwrap();
            created.resource.id().unwrap().into_owned()
        };
        let company = Population::new(1, USERS);
        let users: Vec<String> = company.users().map(|user| create(ResourceTypeName::user(), user)).collect();
        let user_name = company.user(USERS / 2).get("userName").unwrap().as_str().unwrap().to_uppercase();
        let group = create(ResourceTypeName::group(), company.group(0, &users));
        Self { user: users[USERS / 2].clone(), user_name, service, runtime, group }
    }

    fn send(&self, method: &str, path: &str, body: String) -> Response<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://example.com/scim/v2{path}"))
            .header("authorization", "Bearer token")
            .body(Bytes::from(body))
            .unwrap();
        let response = self.runtime.block_on(self.service.handle(request));
        assert!(response.status().is_success(), "{response:?}");
        response
    }
}

fn patch(operation: &Value) -> String {
    json!({"schemas": [urn::PATCH_OP], "Operations": [operation]}).to_string()
}

fn service(criterion: &mut Criterion) {
    let fixture = Fixture::new();
    let mut group = criterion.benchmark_group("service");
    group.measurement_time(Duration::from_secs(3)).sample_size(30);

    let path = format!("/Users/{}", fixture.user);
    group.bench_function("GET a user by id", |b| {
        b.iter(|| black_box(fixture.send("GET", &path, String::new())));
    });
    group.bench_function("GET ?filter=userName eq", |b| {
        let path = format!("/Users?filter=userName%20eq%20%22{}%22", fixture.user_name);
        b.iter(|| black_box(fixture.send("GET", &path, String::new())));
    });
    group.bench_function("GET ?cursor&count=100, a page in the middle", |b| {
        let query = "/Users?count=100&attributes=userName&cursor";
        let first: Value = serde_json::from_slice(fixture.send("GET", query, String::new()).body()).unwrap();
        let path = format!("{query}={}", first["nextCursor"].as_str().unwrap());
        b.iter(|| black_box(fixture.send("GET", &path, String::new())));
    });
    let path = format!("/Groups/{}?excludedAttributes=members", fixture.group);
    let next = AtomicU64::new(0);
    group.bench_function("PATCH: add one of 100,000 members and remove it", |b| {
        b.iter(|| {
            let member = format!("member-{}", next.fetch_add(1, Ordering::Relaxed));
            let add = json!({"op": "add", "path": "members", "value": [{"value": member}]});
            fixture.send("PATCH", &path, patch(&add));
            let remove = json!({"op": "remove", "path": format!("members[value eq \"{member}\"]")});
            black_box(fixture.send("PATCH", &path, patch(&remove)))
        });
    });
    // A user's version moves with its groups.
    group.bench_function("PATCH: remove one of 100,000 users and add it again", |b| {
        b.iter(|| {
            let remove = json!({"op": "remove", "path": format!("members[value eq \"{}\"]", fixture.user)});
            fixture.send("PATCH", &path, patch(&remove));
            let add = json!({"op": "add", "path": "members", "value": [{"value": fixture.user}]});
            black_box(fixture.send("PATCH", &path, patch(&add)))
        });
    });
    group.finish();
}

criterion_group!(benches, service);
criterion_main!(benches);

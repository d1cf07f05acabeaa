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
use criterion::{Criterion, criterion_group, criterion_main};
use http::Response;
use scim_benches::host::Host;
use scim_benches::population::{UserSize, add_members, patch};
use serde_json::{Value, json};

const USERS: usize = 100_000;

struct Fixture {
    host: Host,
    user: String,
    group: String,
}

impl Fixture {
    fn new() -> Self {
        let host = Host::new().unwrap();
        let users = host.fill(UserSize::Large, 0, USERS).unwrap();
        let group = host.create_group("everybody", &users).unwrap();
        Self { user: users[USERS / 2].clone(), host, group }
    }

    fn send(&self, method: &str, path: &str, body: String) -> Response<Bytes> {
        self.host.send(method, path, body).unwrap()
    }
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
        let path = "/Users?filter=userName%20eq%20%22USER050000@example.com%22";
        b.iter(|| black_box(fixture.send("GET", path, String::new())));
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
            fixture.send("PATCH", &path, add_members([member.as_str()]));
            let remove = json!({"op": "remove", "path": format!("members[value eq \"{member}\"]")});
            black_box(fixture.send("PATCH", &path, patch(&remove)))
        });
    });
    // A user's version moves with its groups.
    group.bench_function("PATCH: remove one of 100,000 users and add it again", |b| {
        b.iter(|| {
            let remove = json!({"op": "remove", "path": format!("members[value eq \"{}\"]", fixture.user)});
            fixture.send("PATCH", &path, patch(&remove));
            black_box(fixture.send("PATCH", &path, add_members([fixture.user.as_str()])))
        });
    });
    group.finish();
}

criterion_group!(benches, service);
criterion_main!(benches);

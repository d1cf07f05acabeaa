//! Ten hot paths, counted in instructions: what they cost whatever else the machine does.
//!
//! `instructions.tsv` has what they may cost, and `benches/instructions.sh` compares.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    missing_docs,
    reason = "a benchmark may fail loudly, and gungraun hands over what its macros, which have no docs, set up"
)]

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use gungraun::{Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use http::{Request, Response};
use scim_benches::host::{Host, request};
use scim_benches::population::{UserSize, add_members, member_id, new_user, patch};
use scim_benches::{MEDIUM, TWENTY, user, user_predicate};
use scim_core::message::PatchOp;
use scim_core::{Profile, Resource, SchemaSet, Tolerance, TypeSchema};
use scim_filter::{Filter, FilterLimits, Predicate};
use scim_patch::{Differences, Patch};
use serde_json::json;

/// Users in the directory of those paths that need one.
const USERS: usize = 1000;
/// Members of the group that one is added to.
const MEMBERS: usize = 10_000;
/// Most operations in a PATCH.
const OPERATIONS: usize = 1000;

#[library_benchmark]
#[bench::medium(MEDIUM)]
fn filter_parse(text: &str) -> Filter {
    scim_filter::parse(black_box(text), &FilterLimits::default()).unwrap()
}

fn parsed() -> (Filter, Arc<TypeSchema>) {
    (MEDIUM.parse().unwrap(), users())
}

#[library_benchmark]
#[bench::medium(setup = parsed)]
fn filter_check((filter, users): (Filter, Arc<TypeSchema>)) -> Predicate {
    scim_filter::check(black_box(&filter), &users, &mut Tolerance::rfc()).unwrap()
}

fn predicate_and_user() -> (Predicate, Resource) {
    (user_predicate(TWENTY).unwrap(), user().unwrap())
}

#[library_benchmark]
#[bench::twenty(setup = predicate_and_user)]
fn filter_match((predicate, user): (Predicate, Resource)) -> bool {
    black_box(&predicate).matches(black_box(&user))
}

fn message() -> (String, Arc<TypeSchema>) {
    (patch(&json!({"op": "replace", "path": "emails[type eq \"work\"].value", "value": "b@x"})), users())
}

#[library_benchmark]
#[bench::value_path(setup = message)]
fn patch_parse_and_check((text, users): (String, Arc<TypeSchema>)) -> Patch {
    checked(black_box(&text), &users)
}

fn checked(text: &str, users: &Arc<TypeSchema>) -> Patch {
    let (message, profile) = (serde_json::from_str(text).unwrap(), Profile::compatible());
    let message = PatchOp::from_json(message, &mut Tolerance::new(&profile), OPERATIONS).unwrap();
    Patch::check(&message, users, &profile).unwrap()
}

fn patch_and_user() -> (Patch, Resource) {
    let (text, users) = message();
    (checked(&text, &users), user().unwrap())
}

#[library_benchmark]
#[bench::value_path(setup = patch_and_user)]
fn patch_apply((patch, mut user): (Patch, Resource)) -> (Differences, Resource) {
    let changed = scim_patch::apply(black_box(&patch), black_box(&mut user)).unwrap();
    (changed, user)
}

/// A request, and the service that is to answer it.
type Asked = (Host, Request<Bytes>);

/// A directory, and the id of a user in its middle.
fn directory() -> (Host, String) {
    let host = Host::new().unwrap();
    let ids = host.fill(UserSize::Small, 0, USERS).unwrap();
    let middle = ids.into_iter().nth(USERS / 2).unwrap();
    // What is made at the first use is not what a request costs.
    host.send("GET", &format!("/Users/{middle}"), String::new()).unwrap();
    (host, middle)
}

fn read() -> Asked {
    let (host, id) = directory();
    (host, request("GET", &format!("/Users/{id}"), String::new()).unwrap())
}

fn page() -> Asked {
    (directory().0, request("GET", "/Users?startIndex=451&count=100", String::new()).unwrap())
}

fn create() -> Asked {
    (directory().0, request("POST", "/Users", new_user(UserSize::Small, USERS).unwrap()).unwrap())
}

fn change() -> Asked {
    let (host, id) = directory();
    let body = patch(&json!({"op": "replace", "path": "active", "value": false}));
    (host, request("PATCH", &format!("/Users/{id}"), body).unwrap())
}

fn join() -> Asked {
    let host = Host::new().unwrap();
    let members: Vec<String> = (0..MEMBERS).map(member_id).collect();
    let group = host.create_group("everybody", &members).unwrap();
    drop(members);
    let path = format!("/Groups/{group}");
    let add = |member: usize| request("PATCH", &path, add_members([member_id(member).as_str()])).unwrap();
    // The first requests after a large one tidy up what the allocator was given back.
    for member in 0..8 {
        host.answer(add(MEMBERS + member)).unwrap();
    }
    let asked = add(MEMBERS + 8);
    (host, asked)
}

#[library_benchmark]
#[bench::read_a_user(setup = read)]
#[bench::page_of_100(setup = page)]
#[bench::create_a_user(setup = create)]
#[bench::patch_a_user(setup = change)]
#[bench::add_one_of_10000(setup = join)]
fn service((host, request): Asked) -> (Host, Response<Bytes>) {
    let response = host.answer(black_box(request)).unwrap();
    (host, response)
}

fn users() -> Arc<TypeSchema> {
    SchemaSet::builtin().user().unwrap().clone()
}

library_benchmark_group!(
    name = hot_paths,
    benchmarks = [filter_parse, filter_check, filter_match, patch_parse_and_check, patch_apply, service]
);

main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"]));
    library_benchmark_groups = hot_paths
);

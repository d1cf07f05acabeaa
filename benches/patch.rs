//! PATCH: one operation on a User, and the members of groups of every size.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark may fail loudly, and the macros of criterion have no docs"
)]

use std::collections::HashSet;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use scim_benches::population::member_id;
use scim_benches::user;
use scim_core::message::{PatchOp, PatchOperation};
use scim_core::{Profile, Resource, ResourceTypeName, SchemaSet, TypeSchema};
use scim_patch::{Differences, MembershipDelta, Patch, apply};
use serde_json::{Value, json};

/// The floor of each group: a service that edits a copy has paid this before its first operation.
fn one_operation_on_a_user(c: &mut Criterion) {
    let user = user().expect("a user");
    let value = Value::Object(user.clone().into_attributes());
    let mut group = c.benchmark_group("user");
    group.bench_function("clone_as_json", |b| b.iter(|| black_box(&value).clone()));
    let users = schema("User");
    let work_value = "emails[type eq \"work\"].value";
    let department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    for (name, path, there, back) in [
        ("replace_active", "active", json!(false), json!(true)),
        ("replace_given_name", "name.givenName", json!("B"), json!("Barbara")),
        ("replace_email", work_value, json!("b@x"), json!("bjensen@example.com")),
        ("replace_department", department, json!("D"), json!("Tour Operations")),
    ] {
        // There and back, so that every application changes something.
        let patches = [there, back].map(|value| checked([PatchOperation::replace(path, value)], &users));
        let mut user = user.clone();
        let mut turn = patches.iter().cycle();
        group.bench_function(name, |b| b.iter(|| change(turn.next().expect("another"), &mut user)));
    }
    let unchanged = checked([PatchOperation::replace("active", true)], &users);
    let mut same = user;
    group.bench_function("change_nothing", |b| b.iter(|| apply(&unchanged, black_box(&mut same)).expect("it applies")));
    group.finish();
}

fn checking_a_message(c: &mut Criterion) {
    let users = schema("User");
    let mut group = c.benchmark_group("check");
    let department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    let keys = json!({"active": "False", "name.givenName": "B", "name.familyName": "J", "displayName": "B J", department: "D"});
    for (name, operation) in [
        ("one_path", PatchOperation::replace("active", false)),
        ("one_value_path", PatchOperation::replace("emails[type eq \"work\"].value", "b@x")),
        ("five_keys", PatchOperation { op: "Replace".to_owned(), path: None, value: Some(keys) }),
    ] {
        let message = PatchOp { operations: vec![operation] };
        group.bench_function(name, |b| {
            b.iter(|| Patch::check(black_box(&message), &users, &Profile::compatible()).expect("it fits"));
        });
    }
    group.finish();
}

const SIZES: [usize; 4] = [10, 1_000, 10_000, 100_000];

/// What comes to a store that keeps members as a relation: check the message, ask for its difference, write it. The
/// group's members are never in hand.
fn members_of_a_relation(c: &mut Criterion) {
    let groups = schema("Group");
    let mut bench = c.benchmark_group("relation");
    for size in SIZES {
        let mut members: HashSet<String> = (0..size).map(member_id).collect();
        for (count, add, remove) in
            [(1, adding(size, 1), removing(size, 1)), (100, adding(size, 100), removing(size, 100))]
        {
            bench.bench_function(format!("add_and_remove_{count}_at_{size}"), |b| {
                b.iter(|| {
                    relate(&add, &groups, &mut members);
                    relate(&remove, &groups, &mut members);
                });
            });
        }
    }
    bench.finish();
}

/// Checks a message and writes its difference, as a store does.
fn relate(message: &PatchOp, groups: &Arc<TypeSchema>, members: &mut HashSet<String>) {
    let patch = Patch::check(black_box(message), groups, &Profile::compatible()).expect("it fits");
    let MembershipDelta { add, remove, .. } = patch.membership_delta().expect("members only");
    let removed = remove.iter().filter(|id| members.remove(*id)).count();
    let added = add.into_iter().filter(|member| members.insert(member.value.clone())).count();
    assert!(removed + added > 0);
}

/// What comes to a store that keeps a group as one document, members and all.
fn members_in_an_array(c: &mut Criterion) {
    let groups = schema("Group");
    let mut bench = c.benchmark_group("array");
    for size in SIZES {
        let members: Vec<Value> = elements(0, size);
        let mut group: Resource =
            serde_json::from_value(json!({"displayName": "G", "members": members})).expect("a group");
        for count in [1, 100] {
            let add = checked(adding(size, count).operations, &groups);
            let remove = checked(removing(size, count).operations, &groups);
            bench.bench_function(format!("add_{count}_and_remove_{count}_at_{size}"), |b| {
                b.iter(|| {
                    change(&add, &mut group);
                    change(&remove, &mut group);
                });
            });
        }
    }
    bench.finish();
}

fn schema(of: &str) -> Arc<TypeSchema> {
    SchemaSet::builtin().of(&ResourceTypeName::from(of)).expect("a built-in type").clone()
}

fn checked(operations: impl Into<Vec<PatchOperation>>, schema: &Arc<TypeSchema>) -> Patch {
    let message = PatchOp { operations: operations.into() };
    Patch::check(&message, schema, &Profile::compatible()).expect("it fits")
}

fn change(patch: &Patch, resource: &mut Resource) -> Differences {
    let changed = apply(patch, black_box(resource)).expect("it applies");
    assert!(!changed.is_unchanged());
    changed
}

fn elements(from: usize, count: usize) -> Vec<Value> {
    (from..from + count).map(|number| json!({"value": member_id(number), "type": "User"})).collect()
}

/// One operation.
fn adding(from: usize, count: usize) -> PatchOp {
    PatchOp { operations: vec![PatchOperation::add("members", elements(from, count))] }
}

/// One operation for each member.
fn removing(from: usize, count: usize) -> PatchOp {
    let path = |number| format!("members[value eq \"{}\"]", member_id(number));
    PatchOp { operations: (from..from + count).map(|number| PatchOperation::remove(path(number))).collect() }
}

criterion_group!(benches, one_operation_on_a_user, checking_a_message, members_of_a_relation, members_in_an_array);
criterion_main!(benches);

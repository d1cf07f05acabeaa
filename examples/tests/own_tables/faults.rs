//! Whatever fails, and wherever: all of a write is there, or nothing.

use std::sync::Arc;

use scim_core::message::{PatchOp, PatchOperation};
use scim_core::{Profile, ResourceId};
use scim_patch::Patch;
use scim_service::store::StoreError;
use scim_service::{Create, Delete, Modify, Precondition, Replace, Store};
use serde_json::json;
use tokio::sync::Notify;

use super::RUNTIME;
use super::probe::{Bench, Orders, Trouble, resource_of};

/// Two users in a team in a team.
struct Cast {
    ada: ResourceId,
    bea: ResourceId,
    inner: ResourceId,
}

async fn cast(bench: &Bench) -> Cast {
    let ada = bench.new_id("User", json!({"userName": "ada", "title": "Dr"})).await;
    let bea = bench.new_id("User", json!({"userName": "bea"})).await;
    let inner = bench.new_id("Group", json!({"displayName": "inner", "members": [{"value": ada.as_str()}]})).await;
    let outer = json!({"displayName": "outer", "members": [{"value": inner.as_str()}, {"value": "nobody"}]});
    bench.new_id("Group", outer).await;
    Cast { ada, bea, inner }
}

/// The writes that touch the most rows, by number.
async fn write(bench: &Bench, cast: &Cast, number: usize) -> Result<(), StoreError> {
    let (store, cx) = (&bench.store, &bench.cx);
    let (user, group) = (bench.of("User"), bench.of("Group"));
    let patch = |operations| Patch::check(&PatchOp { operations }, group, &Profile::rfc()).unwrap();
    let member = |id: &str| json!([{ "value": id }]);
    match number {
        0 => {
            let members = json!([{"value": cast.ada.as_str()}, {"value": cast.inner.as_str()}, {"value": "nobody"}]);
            let create = Create::new(group, resource_of(json!({"displayName": "new", "members": members})));
            store.create(cx, create).await.map(drop)
        }
        1 => {
            let content = json!({"displayName": "other", "members": member(cast.bea.as_str())});
            store.replace(cx, Replace::new(group, &cast.inner, resource_of(content))).await.map(drop)
        }
        2 => {
            let add = patch(vec![
                PatchOperation::add("members", member(cast.bea.as_str())),
                PatchOperation::remove(format!("members[value eq \"{}\"]", cast.ada.as_str())),
            ]);
            store.patch(cx, Modify::new(group, &cast.inner, &add)).await.map(drop)
        }
        3 => store.delete(cx, Delete::new(group, &cast.inner)).await.map(drop),
        4 => store.delete(cx, Delete::new(user, &cast.ada)).await.map(drop),
        _ => {
            let content = json!({"userName": "ada.king", "displayName": "Ada", "password": "new"});
            store.replace(cx, Replace::new(user, &cast.ada, resource_of(content))).await.map(drop)
        }
    }
}

#[test]
fn a_write_that_fails_at_any_statement_leaves_nothing() {
    RUNTIME.block_on(async {
        for number in 0..6 {
            let bench = Bench::new().await;
            let cast = cast(&bench).await;
            let before = bench.dump().await;
            let mut failed = 0;
            loop {
                bench.order(Orders { trouble: Some((failed, Trouble::Failure)), ..Orders::default() });
                match write(&bench, &cast, number).await {
                    Err(StoreError::Internal(_)) => {
                        assert_eq!(bench.dump().await, before, "write {number}, statement {failed}");
                    }
                    Ok(()) => break,
                    other => panic!("write {number}, statement {failed}: {other:?}"),
                }
                failed += 1;
            }
            assert!(failed >= 4, "write {number} has {failed} statements");
            assert_ne!(bench.dump().await, before, "write {number} goes through once nothing fails");
        }
    });
}

#[test]
fn a_write_that_meets_a_conflict_is_repeated_and_happens_once() {
    RUNTIME.block_on(async {
        for number in 0..6 {
            let mut outcomes = Vec::new();
            for at in [usize::MAX, 0, 2, 4] {
                let bench = Bench::new().await;
                let cast = cast(&bench).await;
                bench.order(Orders { trouble: Some((at, Trouble::Conflict)), ..Orders::default() });
                write(&bench, &cast, number).await.unwrap();
                let told = bench.order(Orders::default()).told.len();
                outcomes.push((bench.dump().await.lines().count(), told));
            }
            outcomes.dedup();
            assert_eq!(outcomes.len(), 1, "write {number}: {outcomes:?}");
        }
    });
}

#[test]
fn what_conflicts_for_ever_ends() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        let cast = cast(&bench).await;
        // No update ever matches the row that was read.
        bench.run("CREATE TRIGGER gone BEFORE UPDATE ON users BEGIN SELECT RAISE(IGNORE); END").await;
        let outcome = write(&bench, &cast, 5).await;
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    });
}

/// As under the isolation of most databases, where a row that was read can have changed by the time it is written.
#[test]
fn a_row_that_changes_between_reading_and_writing_is_read_again() {
    RUNTIME.block_on(async {
        for number in [1, 2, 3, 4, 5] {
            let bench = Bench::new().await;
            let cast = cast(&bench).await;
            bench.order(Orders::default());
            write(&bench, &cast, number).await.unwrap();
            let undisturbed = bench.order(Orders::default()).statements;
            let table = if number < 4 { "teams" } else { "users" };
            let at = undisturbed.iter().position(|statement| {
                let (text, version) = (&statement.text, "AND scim_version = ? AND");
                text.contains(version)
                    && (text.contains(&format!("UPDATE {table}")) || text.contains(&format!("FROM {table}")))
            });
            let at = at.expect("the version is compared by the statement that writes");

            let bench = Bench::new().await;
            let cast = self::cast(&bench).await;
            let meanwhile = if number < 4 {
                "UPDATE teams SET scim_version = scim_version + 1"
            } else {
                "UPDATE users SET scim_version = scim_version + 1"
            };
            bench.order(Orders { meanwhile: Some((at, meanwhile)), ..Orders::default() });
            write(&bench, &cast, number).await.unwrap();
            let disturbed = bench.order(Orders::default()).statements.len();
            assert_eq!(disturbed, at + 1 + undisturbed.len(), "write {number} begins anew once");
        }
    });
}

#[test]
fn of_many_writers_under_one_version_one_wins() {
    RUNTIME.block_on(async {
        let bench = Arc::new(Bench::new().await);
        let id = bench.new_id("User", json!({"userName": "ada"})).await;
        for round in 0..10 {
            let version = bench.read("User", &id).await.version();
            let writers: Vec<_> = (0..8)
                .map(|writer| {
                    let (bench, id, version) = (bench.clone(), id.clone(), version.clone());
                    tokio::spawn(async move {
                        let when = Precondition::OneOf(version.into_iter().collect());
                        let content = resource_of(json!({"userName": "ada", "title": format!("{round}-{writer}")}));
                        let replace = Replace::new(bench.of("User"), &id, content).with_when(&when);
                        bench.store.replace(&bench.cx, replace).await.map(|written| written.resource)
                    })
                })
                .collect();
            let mut won = Vec::new();
            for writer in writers {
                match writer.await.unwrap() {
                    Ok(resource) => won.push(resource),
                    Err(StoreError::PreconditionFailed) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            assert_eq!(won.len(), 1, "round {round}");
            assert_eq!(bench.read("User", &id).await, won[0]);
        }
    });
}

#[test]
fn a_transaction_goes_on_after_a_failed_call_and_not_after_a_cancelled_one() {
    RUNTIME.block_on(async {
        let bench = Bench::new().await;
        let cast = cast(&bench).await;
        let transaction = bench.store.begin(&bench.cx).await.unwrap();
        let taken = Create::new(bench.of("User"), resource_of(json!({"userName": "BEA"})));
        assert!(matches!(transaction.create(&bench.cx, taken).await, Err(StoreError::Uniqueness { .. })));
        transaction.delete(&bench.cx, Delete::new(bench.of("Group"), &cast.inner)).await.unwrap();
        transaction.commit().await.unwrap();
        assert!(!bench.dump().await.contains("inner"));

        let before = bench.dump().await;
        let transaction = bench.store.begin(&bench.cx).await.unwrap();
        let create = Create::new(bench.of("User"), resource_of(json!({"userName": "cal"})));
        // Dropped after the row of the user is there.
        let begins = Arc::new(Notify::new());
        bench.order(Orders { hangs: Some((3, begins.clone())), ..Orders::default() });
        tokio::select! {
            outcome = transaction.create(&bench.cx, create.clone()) => panic!("{outcome:?}"),
            () = begins.notified() => {}
        }
        let last = bench.order(Orders::default()).statements.pop().unwrap();
        assert!(last.text.starts_with("INSERT INTO users"), "{last:?}");
        assert!(matches!(transaction.create(&bench.cx, create).await, Err(StoreError::Internal(_))));
        assert!(transaction.commit().await.is_err());
        assert_eq!(bench.dump().await, before);
    });
}

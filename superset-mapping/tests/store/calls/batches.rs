//! Writes that wait at the same time: one transaction for all of them, and an outcome for each.

use std::sync::Arc;
use std::time::Duration;

use scim_core::Version;
use scim_service::{Context, Delete, Modify, Precondition, Store, StoreError, Transaction};
use serde_json::json;
use superset_mapping::SupersetStore;
use tokio::task::JoinHandle;

use crate::engine::Kind;
use crate::harness::{Case, cases, engine, on};
use crate::support::{RULES, Superset, id_of, rid, taken};

pub(crate) const CASES: &[Case] = cases![
    writes_that_wait_are_committed_together,
    each_write_of_a_batch_has_its_own_outcome,
    a_caller_who_goes_away_takes_nothing_of_others_and_keeps_nobody_waiting,
    of_two_who_leave_at_once_the_last_administrator_stays,
    a_batch_that_the_database_undoes_is_made_again_one_by_one,
    who_reads_sees_a_write_only_once_it_is_committed,
    writes_of_several_tenants_in_one_batch_stay_apart,
    who_serves_the_queue_may_end_with_its_runtime,
    postgres_knows_how_large_tables_have_become,
];

/// Long enough for the tasks to have come to where they wait.
const A_MOMENT: Duration = Duration::from_millis(300);

type Outcome = Result<String, StoreError>;

impl Superset {
    /// Keeps all writers waiting until it is dropped.
    async fn hold(&self) -> Box<dyn Transaction> {
        self.store.begin(&self.cx()).await.unwrap()
    }

    async fn count(&self, table: &str) -> String {
        self.value(&format!("SELECT count(*) FROM {table}")).await
    }
}

fn creates(superset: &Arc<Superset>, user_name: String) -> JoinHandle<Outcome> {
    let superset = superset.clone();
    tokio::spawn(async move { superset.create("User", json!({"userName": user_name})).await.map(|user| id_of(&user)) })
}

/// How many transactions were committed in the database, once nobody of ours is connected.
async fn commits(superset: &Superset) -> Option<u32> {
    match superset.kind() {
        Kind::Sqlite => {
            // The header counts the changes of the file.
            let file = std::fs::read(superset.url.trim_start_matches("sqlite://")).unwrap();
            Some(u32::from_be_bytes(file[24..28].try_into().unwrap()))
        }
        Kind::Postgres => {
            let ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                        AND application_name = 'scim'";
            while superset.value(ours).await != "0" {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let commits = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
            Some(superset.value(commits).await.parse().unwrap())
        }
        // The server counts for all of its databases, in which other tests are at work.
        Kind::MySql => None,
    }
}

async fn writes_that_wait_are_committed_together() {
    let mut superset = Superset::start().await;
    superset.store.close().await;
    let before = commits(&superset).await;
    superset.store = SupersetStore::connect(&superset.url, RULES.parse().unwrap()).await.unwrap();
    let superset = Arc::new(superset);
    let count = 150;
    let held = superset.hold().await;
    let tasks: Vec<_> = (0..count).map(|number| creates(&superset, format!("user{number}"))).collect();
    tokio::time::sleep(A_MOMENT).await;
    drop(held);
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(superset.count("scim_resource").await, count.to_string());
    assert_eq!(superset.count("ab_user").await, (count + 1).to_string());
    superset.store.close().await;
    if let (Some(before), Some(after)) = (before, commits(&superset).await) {
        let commits = after - before;
        assert!(commits < count / 2, "{count} writes took {commits} commits");
    }
}

/// Otherwise it goes on as if the directory were empty, until it looks by itself after a minute.
async fn postgres_knows_how_large_tables_have_become() {
    let superset = Superset::start().await;
    if superset.kind() != Kind::Postgres {
        return;
    }
    for number in 0..600 {
        superset.named(&format!("user{number}")).await;
    }
    for table in ["ab_user", "scim_resource", "scim_account"] {
        let known = format!("SELECT reltuples::bigint FROM pg_class WHERE relname = '{table}'");
        let known: i64 = superset.value(&known).await.parse().unwrap();
        assert!(known >= 100, "{table}: {known} rows are known");
    }
}

async fn each_write_of_a_batch_has_its_own_outcome() {
    let superset = Arc::new(Superset::start().await);
    let (ada, bob, eve) = (superset.named("ada").await, superset.named("bob").await, superset.named("eve").await);
    let group = superset.group("analysts", &[&ada]).await;
    let held = superset.hold().await;
    // Each third or so fails, for another reason: first a name, then a version, then nobody there, then an address that Superset has.
    let first = creates(&superset, "BOB".to_owned());
    let renamed = tokio::spawn({
        let (superset, ada) = (superset.clone(), ada.clone());
        async move { superset.set("User", &ada, "userName", json!("ada.king")).await.map(|user| id_of(&user)) }
    });
    let stale = tokio::spawn({
        let (superset, bob) = (superset.clone(), rid(&bob));
        async move {
            let patch = superset.checked_patch("User", &json!([{"op": "replace", "path": "title", "value": "stale"}]));
            let when = Precondition::OneOf(vec![Version::new(999)]);
            let request = Modify::new(superset.of("User"), &bob, &patch).with_when(&when);
            superset.store.patch(&superset.cx(), request).await.map(drop)
        }
    });
    let fine = creates(&superset, "cleo".to_owned());
    let missing = tokio::spawn({
        let superset = superset.clone();
        async move { superset.delete("User", "11111111-2222-4333-8444-555555555555").await }
    });
    let local = tokio::spawn({
        let superset = superset.clone();
        let user = json!({"userName": "x", "emails": [{"value": "admin@local"}]});
        async move { superset.create("User", user).await }
    });
    let joins = tokio::spawn({
        let (superset, group, bob) = (superset.clone(), group.clone(), bob.clone());
        async move { superset.add_member(&group, &bob).await }
    });
    let leaves = tokio::spawn({
        let (superset, eve) = (superset.clone(), eve.clone());
        async move { superset.delete("User", &eve).await }
    });
    tokio::time::sleep(A_MOMENT).await;
    drop(held);
    assert!(matches!(first.await.unwrap(), Err(StoreError::Uniqueness { attribute }) if attribute == "userName"));
    assert_eq!(renamed.await.unwrap().unwrap(), ada);
    assert!(matches!(stale.await.unwrap(), Err(StoreError::PreconditionFailed)));
    let cleo = fine.await.unwrap().unwrap();
    assert!(matches!(missing.await.unwrap(), Err(StoreError::NotFound)));
    assert_eq!(taken(local.await.unwrap()), "emails");
    joins.await.unwrap();
    leaves.await.unwrap().unwrap();
    let names = superset.column("SELECT username FROM ab_user WHERE active IS TRUE ORDER BY id").await;
    assert_eq!(names, ["admin", "ada.king", "bob", "cleo"]);
    assert_eq!(superset.roles("bob").await, ["Alpha"]);
    assert_eq!(superset.roles("cleo").await, ["Gamma"]);
    assert!(superset.get("User", &cleo).await.is_ok());
    assert!(matches!(superset.get("User", &eve).await, Err(StoreError::NotFound)));
    assert_eq!(superset.get("User", &bob).await.unwrap().get("title"), None);
    assert_eq!(superset.count("scim_unique WHERE resource_id NOT IN (SELECT id FROM scim_resource)").await, "0");
    let creations = superset.count("scim_audit WHERE action = 'create' AND resource_type = 'User'").await;
    assert_eq!(creations, "4", "what failed is not written down");
}

async fn a_caller_who_goes_away_takes_nothing_of_others_and_keeps_nobody_waiting() {
    for polls in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89] {
        let superset = Arc::new(Superset::start().await);
        let held = superset.hold().await;
        let before = creates(&superset, "ada".to_owned());
        tokio::task::yield_now().await;
        let leaves = tokio::spawn({
            let superset = superset.clone();
            async move {
                let some_polls = async {
                    for _ in 0..polls {
                        tokio::time::sleep(Duration::from_micros(200)).await;
                    }
                };
                tokio::select! {
                    biased;
                    created = superset.create("User", json!({"userName": "bob"})) => created.is_ok(),
                    () = some_polls => false,
                }
            }
        });
        tokio::task::yield_now().await;
        let after = creates(&superset, "cleo".to_owned());
        drop(held);
        let (before, done, after) = (before.await.unwrap(), leaves.await.unwrap(), after.await.unwrap());
        assert!(before.is_ok() && after.is_ok(), "{before:?} {after:?}");
        superset.named("dora").await;
        let names = superset.column("SELECT username FROM ab_user WHERE id > 1 ORDER BY username").await;
        let resources = superset.count("scim_resource").await;
        // Who goes away between the last statement and the answer does not learn of it.
        assert!(!done || names.contains(&"bob".to_owned()), "{polls} polls: acknowledged and not there");
        let others: Vec<_> = names.iter().filter(|name| *name != "bob").collect();
        assert_eq!(others, ["ada", "cleo", "dora"], "{polls} polls");
        assert_eq!(resources, names.len().to_string(), "{polls} polls: half a write");
        assert_eq!(superset.count("scim_audit WHERE action = 'create'").await, names.len().to_string());
    }
}

async fn of_two_who_leave_at_once_the_last_administrator_stays() {
    // The local account is no administrator; whoever is in the group is.
    let superset = Arc::new(Superset::prepared(RULES, "DELETE FROM ab_user_role").await);
    let (ada, bob) = (superset.named("ada").await, superset.named("bob").await);
    let members = json!([{ "value": ada }, { "value": bob }]);
    let group = json!({"displayName": "exec", "externalId": "grp-exec", "members": members});
    superset.create("Group", group).await.unwrap();
    let held = superset.hold().await;
    let leaves = |id: &str| {
        let (superset, id) = (superset.clone(), id.to_owned());
        tokio::spawn(async move { superset.set("User", &id, "active", json!(false)).await.map(drop) })
    };
    let both = [leaves(&ada), leaves(&bob)];
    let new = creates(&superset, "cleo".to_owned());
    tokio::time::sleep(A_MOMENT).await;
    drop(held);
    let mut stayed = 0;
    for task in both {
        match task.await.unwrap() {
            Ok(()) => {}
            Err(StoreError::Refused { .. }) => stayed += 1,
            Err(other) => panic!("{other}"),
        }
    }
    new.await.unwrap().unwrap();
    assert_eq!(stayed, 1);
    let admins = superset.column(
        "SELECT u.username FROM ab_user u JOIN ab_user_role ur ON ur.user_id = u.id WHERE u.active IS TRUE AND ur.role_id = 1",
    );
    let by_group = "SELECT u.username FROM ab_user u JOIN ab_user_group ug ON ug.user_id = u.id WHERE u.active IS TRUE";
    assert_eq!(admins.await.len() + superset.column(by_group).await.len(), 1);
}

async fn a_batch_that_the_database_undoes_is_made_again_one_by_one() {
    if one_writer_at_a_time() {
        return;
    }
    let superset = Arc::new(Superset::start().await);
    let ada = superset.named("ada").await;
    let other = superset.sql.begin().await;
    // Much to undo, so that the engine ends the other transaction: in MySQL all of ours, with the writes before.
    let many = vec!["('x')"; 300].join(", ");
    other.run(&format!("INSERT INTO logs (action) VALUES {many}")).await;
    other.run("UPDATE ab_user SET login_count = 1 WHERE id = 2").await;
    let held = superset.hold().await;
    let before: Vec<_> = (0..2).map(|number| creates(&superset, format!("before{number}"))).collect();
    tokio::time::sleep(A_MOMENT).await;
    let rename = tokio::spawn({
        let (superset, ada) = (superset.clone(), ada.clone());
        async move { superset.set("User", &ada, "userName", json!("ada.king")).await.map(|user| id_of(&user)) }
    });
    tokio::time::sleep(A_MOMENT).await;
    let after: Vec<_> = (0..2).map(|number| creates(&superset, format!("after{number}"))).collect();
    tokio::time::sleep(A_MOMENT).await;
    drop(held);
    match superset.kind() {
        // Of two who wait for each other PostgreSQL ends the one who waited first: ours has to.
        Kind::Postgres => {
            let waits =
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            while superset.value(waits).await == "0" {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        _ => tokio::time::sleep(A_MOMENT).await,
    }
    // Our write waits for the row of the user, and now the other for a value of ours.
    other.run(&format!("UPDATE scim_unique SET value = value WHERE resource_id = '{ada}'")).await;
    other.run("COMMIT").await;
    for task in before.into_iter().chain([rename]).chain(after) {
        task.await.unwrap().unwrap();
    }
    assert_eq!(superset.count("ab_user").await, "6");
    assert_eq!(superset.count("scim_resource").await, "5");
    assert_eq!(superset.count("scim_audit WHERE action = 'create'").await, "5", "what was undone is not written down");
    assert_eq!(superset.value("SELECT login_count FROM ab_user WHERE username = 'ada.king'").await, "1");
}

fn one_writer_at_a_time() -> bool {
    engine().kind == Kind::Sqlite
}

async fn who_reads_sees_a_write_only_once_it_is_committed() {
    let superset = Arc::new(Superset::start().await);
    let held = superset.hold().await;
    let tasks: Vec<_> = (0..20).map(|number| creates(&superset, format!("user{number}"))).collect();
    drop(held);
    for task in tasks {
        // Once the answer is there, so is the resource, for everybody.
        let id = task.await.unwrap().unwrap();
        assert!(superset.get("User", &id).await.is_ok());
    }
}

async fn writes_of_several_tenants_in_one_batch_stay_apart() {
    let superset = Arc::new(Superset::start().await);
    let held = superset.hold().await;
    let create = |tenant: &'static str, name: String| {
        let superset = superset.clone();
        tokio::spawn(async move {
            let user = superset.resource("User", json!({ "userName": name }));
            let cx: Context = superset.cx_of(tenant);
            let request = scim_service::Create::new(superset.of("User"), user);
            superset.store.create(&cx, request).await.map(|written| id_of(&written.resource))
        })
    };
    let tasks: Vec<_> =
        ["one", "two"].into_iter().cycle().take(10).zip(0..).map(|(of, i)| (of, create(of, format!("u{i}")))).collect();
    tokio::time::sleep(A_MOMENT).await;
    drop(held);
    let mut ids = Vec::new();
    for (tenant, task) in tasks {
        ids.push((tenant, task.await.unwrap().unwrap()));
    }
    for (tenant, id) in ids {
        let other = if tenant == "one" { "two" } else { "one" };
        let of = superset.of("User");
        let stranger = superset.store.delete(&superset.cx_of(other), Delete::new(of, &rid(&id))).await;
        assert!(matches!(stranger, Err(StoreError::NotFound)));
        let audited = format!("SELECT tenant FROM scim_audit WHERE resource_id = '{id}'");
        assert_eq!(superset.value(&audited).await, tenant);
        superset.store.delete(&superset.cx_of(tenant), Delete::new(of, &rid(&id))).await.unwrap();
    }
}

async fn who_serves_the_queue_may_end_with_its_runtime() {
    let engine = engine();
    // Runtimes can't be made within one, but on a thread of their own.
    let thread = std::thread::spawn(move || {
        let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (first, second) = (runtime(), runtime());
        let superset = Arc::new(first.block_on(on(engine, Superset::start())));
        let held = first.block_on(superset.hold());
        second.block_on(async {
            creates(&superset, "ada".to_owned());
            tokio::time::sleep(Duration::from_millis(50)).await;
        });
        let waits = first.spawn({
            let superset = superset.clone();
            async move { superset.named("bob").await }
        });
        first.block_on(async { tokio::time::sleep(Duration::from_millis(50)).await });
        drop(second);
        first.block_on(async {
            drop(held);
            waits.await.unwrap();
            superset.named("cleo").await;
            let names = superset.column("SELECT username FROM ab_user WHERE id > 1 ORDER BY id").await;
            assert_eq!(names, ["bob", "cleo"]);
        });
    });
    thread.join().unwrap();
}

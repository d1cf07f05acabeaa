//! What a write costs, among few users and among many: how many statements, and that an index answers each of them.

use std::future::Future;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::engine::Kind;
use crate::harness::{Case, cases};
use crate::support::Superset;

pub(crate) const CASES: &[Case] = cases![no_write_of_a_user_reads_all_users];

/// How many users there are: enough for an engine to prefer an index.
const USERS: usize = 3000;

/// The tables that grow with the number of users.
const LARGE: [&str; 7] =
    ["ab_user", "ab_user_role", "scim_account", "scim_grant", "scim_resource", "scim_unique", "scim_value"];

/// The statements that the log tells of.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "superset_mapping::sql"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Visit for Statements {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "statement" {
            self.0.lock().unwrap().push(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// What a call gives, and the statements that it ran, but for the beginning and the end of its transaction.
async fn recorded<T>(call: impl Future<Output = T>) -> (T, Vec<String>) {
    let statements = Statements::default();
    let outcome = call.with_subscriber(statements.clone()).await;
    let statements = std::mem::take(&mut *statements.0.lock().unwrap());
    (outcome, statements)
}

/// Many users as the store would have made them. What it records of names it finds out by itself.
async fn populate(superset: &Superset) {
    let mark = if superset.kind() == Kind::Sqlite { "2026-01-01 00:00:00.000000" } else { "" };
    let rows = |row: &dyn Fn(usize) -> String| (0..USERS).map(row).collect::<Vec<_>>().join(", ");
    let time = "2026-01-01T00:00:00.000Z";
    for (table, rows) in [
        (
            "ab_user (id, first_name, last_name, username, active, email, created_on)",
            rows(&|n| format!("({}, 'U', 'U', 'u{n}@e', TRUE, 'u{n}@e', '2026-01-01 00:00:00.000000')", n + 2)),
        ),
        ("ab_user_role (id, user_id, role_id)", rows(&|n| format!("({0}, {0}, 4)", n + 2))),
        (
            "scim_grant (relation, holder_id, held_id, source)",
            rows(&|n| format!("('ab_user_role', {}, 4, 'client:test')", n + 2)),
        ),
        (
            "scim_resource (id, tenant, resource_type, local_id, local_mark, external_id, external_key, display, body, version, \
             created, last_modified, source)",
            rows(&|n| {
                let body = format!(r#"{{"userName":"u{n}@e","externalId":"e{n}","emails":[{{"value":"u{n}@e"}}]}}"#);
                let (local, name) = (n + 2, format!("u{n}@e"));
                format!(
                    "('r{n}', '', 'User', {local}, '{mark}', 'e{n}', 'e{n}', '{name}', '{body}', 1, '{time}', '{time}', 'client:test')"
                )
            }),
        ),
        (
            "scim_unique (tenant, resource_type, attribute, value, resource_id)",
            rows(&|n| format!("('', 'User', 'userName', 'u{n}@e', 'r{n}')")),
        ),
        (
            "scim_value (tenant, resource_type, attribute, value, resource_id)",
            rows(&|n| format!("('', 'User', 'emails.value', 'u{n}@e', 'r{n}')")),
        ),
    ] {
        superset.run(&format!("INSERT INTO {table} VALUES {rows}")).await;
    }
    match superset.kind() {
        Kind::Postgres => {
            let last = USERS + 1;
            let set = |table: &str| format!("SELECT setval('{table}_id_seq', {last})");
            superset.run(&format!("{}; {}", set("ab_user"), set("ab_user_role"))).await;
        }
        Kind::Sqlite | Kind::MySql => {}
    }
}

/// Has the engine look how its tables are now.
async fn analyze(superset: &Superset) {
    match superset.kind() {
        Kind::MySql => superset.run(&format!("ANALYZE TABLE {}", LARGE.join(", "))).await,
        Kind::Postgres | Kind::Sqlite => superset.run("ANALYZE").await,
    }
}

/// The large tables of which the engine would read every row to answer a statement, by the names that the statement gives them.
async fn read_whole(superset: &Superset, statement: &str) -> Vec<String> {
    let is_large = |name: &str| {
        let named = |table: &&str| *table == name || statement.contains(&format!("{table} {name} "));
        LARGE.iter().any(named)
    };
    let explained = match superset.kind() {
        Kind::Sqlite => {
            let steps = superset.sql.columns(&format!("EXPLAIN QUERY PLAN {statement}"), 3).await;
            let mut scans: Vec<String> =
                steps.iter().filter_map(|step| step.strip_prefix("SCAN ")).map(str::to_owned).collect();
            for _ in statement.matches("ORDER BY u.id DESC LIMIT 1") {
                // It ends with the first row that is known.
                if let Some(newest) = scans.iter().position(|scan| scan == "u") {
                    scans.remove(newest);
                }
            }
            scans.iter().map(|scan| scan.split(' ').next().unwrap().to_owned()).collect()
        }
        Kind::Postgres => {
            let values = statement.split('$').skip(1).filter_map(|rest| {
                rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|number| number.parse::<usize>().ok())
            });
            let nulls = vec!["NULL"; values.max().unwrap_or_default()].join(", ");
            let execute = if nulls.is_empty() { "EXECUTE p".to_owned() } else { format!("EXECUTE p({nulls})") };
            let explain = format!(
                "PREPARE p AS {statement}; SET LOCAL plan_cache_mode = force_generic_plan; EXPLAIN {execute}; DEALLOCATE p"
            );
            let plan = superset.column(&explain).await;
            let scans = plan.iter().filter_map(|line| line.split("Seq Scan on ").nth(1));
            let scans = scans.map(|scan| scan.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
            if scans.iter().any(|table| is_large(table)) {
                println!("{}", plan.join("\n"));
            }
            scans
        }
        Kind::MySql => {
            let explain = format!("EXPLAIN {}", statement.replace("LIMIT ?", "LIMIT 1").replace('?', "'1'"));
            let kinds = superset.sql.columns(&explain, 1).await;
            let tables = superset.sql.columns(&explain, 2).await;
            let ways = superset.sql.columns(&explain, 3).await;
            let steps = kinds.iter().zip(tables).zip(ways);
            let whole = steps.filter(|((kind, _), way)| *kind != "INSERT" && (way == "ALL" || way == "index"));
            whole.map(|((_, table), _)| table).collect()
        }
    };
    explained.into_iter().filter(|name| is_large(name)).collect()
}

async fn no_write_of_a_user_reads_all_users() {
    let superset = Superset::start().await;
    populate(&superset).await;
    let ada = superset.user(json!({"userName": "ada", "emails": [{"value": "ada@example.com"}]})).await;
    let leaver = superset.named("leaver").await;
    let analysts = superset.group("analysts", &[&ada]).await;
    // An administrator is looked for once.
    superset.delete("User", &superset.named("first").await).await.unwrap();
    analyze(&superset).await;

    let mut costs = Vec::new();
    let mut statements = Vec::new();
    let mut took = |what: &'static str, most: usize, (succeeded, ran): (bool, Vec<String>)| {
        assert!(succeeded, "{what}");
        costs.push((what, most, ran.len()));
        statements.extend(ran.into_iter().map(|statement| (what, statement)));
    };
    let user = json!({"userName": "Bob", "externalId": "b", "emails": [{"value": "bob@example.com", "type": "work"}]});
    took("create", 6, recorded(async { superset.create("User", user.clone()).await.is_ok() }).await);
    let replaced = json!({"userName": "ada", "title": "Dr", "emails": [{"value": "ada@example.com"}]});
    took("replace", 13, recorded(async { superset.replace("User", &ada, replaced).await.is_ok() }).await);
    took("patch", 13, recorded(async { superset.set("User", &ada, "title", json!("Prof")).await.is_ok() }).await);
    took("rename", 19, recorded(async { superset.set("User", &ada, "userName", json!("Ada.K")).await.is_ok() }).await);
    took("join", 26, recorded(async { superset.add_member(&analysts, &leaver).await.id().is_some() }).await);
    took("leave", 26, recorded(async { superset.remove_member(&analysts, &ada).await.id().is_some() }).await);
    took("deactivate", 13, recorded(async { superset.set("User", &ada, "active", json!(false)).await.is_ok() }).await);
    took("delete", 11, recorded(async { superset.delete("User", &leaver).await.is_ok() }).await);
    took("taken", 3, recorded(async { superset.create("User", user).await.is_err() }).await);

    for (what, statement) in &statements {
        if LARGE.iter().any(|table| statement.contains(table)) {
            let whole = read_whole(&superset, statement).await;
            assert!(whole.is_empty(), "{what}: {whole:?} in {statement}");
        }
    }
    if superset.kind() == Kind::Postgres {
        for (what, most, found) in &costs {
            let ran = statements.iter().filter(|(of, _)| of == what).map(|(_, text)| format!("\n{text}"));
            assert!(found <= most, "{costs:?} {what}:{}", ran.collect::<String>());
        }
    }
}

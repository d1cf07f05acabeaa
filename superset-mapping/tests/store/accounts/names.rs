//! Names and addresses that Superset gives and takes meanwhile.

use scim_service::StoreError;
use serde_json::json;
use superset_mapping::reconcile::DriftOptions;
use superset_mapping::{RuleSet, SupersetStore};

use crate::engine::{Database, Kind, Tables};
use crate::harness::{Case, cases, engine};
use crate::support::{Superset, taken};

pub(crate) const CASES: &[Case] = cases![
    what_superset_makes_renames_and_deletes_is_seen,
    a_row_that_superset_commits_late_is_seen,
    an_id_that_is_given_out_again_is_another_account,
    many_rows_at_once_are_seen,
    no_two_accounts_ever_have_one_name,
    a_database_from_before_names_were_recorded_is_brought_up_to_date,
];

async fn refused(superset: &Superset, username: &str) {
    assert_eq!(taken(superset.create("User", json!({ "userName": username })).await), "userName", "{username}");
}

async fn what_superset_makes_renames_and_deletes_is_seen() {
    let superset = Superset::start().await;
    superset.named("ada").await;
    superset.local_account("Bob", "Bob@Local").await;
    for name in ["bob", "BOB", "bOb", "\u{ff42}ob"] {
        refused(&superset, name).await;
    }
    let with_address = json!({"userName": "x", "emails": [{"value": "bOB@lOCAL"}]});
    assert_eq!(taken(superset.create("User", with_address).await), "emails");
    superset.run("UPDATE ab_user SET username = 'carol' WHERE username = 'Bob'").await;
    for name in ["Carol", "carol"] {
        refused(&superset, name).await;
    }
    superset.named("bOb").await;
    superset.run("UPDATE ab_user SET username = 'Dan' WHERE username = 'carol'").await;
    refused(&superset, "Dan").await;
    // Now that it was met once, it is known.
    refused(&superset, "dAN").await;
    superset.named("Carol").await;
    superset.run("DELETE FROM ab_user WHERE username = 'Dan'").await;
    superset.named("dan").await;
    superset.user(json!({"userName": "y", "emails": [{"value": "bob@local"}]})).await;
}

async fn a_row_that_superset_commits_late_is_seen() {
    if engine().kind == Kind::Sqlite {
        // One writer at a time: ids are committed in their order.
        return;
    }
    let superset = Superset::start().await;
    let late = superset.sql.begin().await;
    let columns = "first_name, last_name, username, active, email, created_on";
    late.insert("ab_user", columns, "'L', 'L', 'Late', TRUE, 'Late@local', '2026-11-25 00:00:00'").await;
    let lost = superset.sql.begin().await;
    lost.insert("ab_user", columns, "'L', 'L', 'Lost', TRUE, 'lost@local', '2026-11-25 00:00:00'").await;
    superset.named("ada").await;
    superset.local_account("Eve", "eve@local").await;
    superset.named("bob").await;
    late.run("COMMIT").await;
    lost.run("ROLLBACK").await;
    refused(&superset, "LATE").await;
    refused(&superset, "EVE").await;
    superset.named("LOST").await;
    let keys = "SELECT count(*) FROM ab_user u LEFT JOIN scim_account a ON a.local_id = u.id WHERE a.name_key IS NULL";
    assert_eq!(superset.value(keys).await, "0");
}

async fn an_id_that_is_given_out_again_is_another_account() {
    let superset = Superset::start().await;
    for (day, names) in [(1, ["Bob", "Carol"]), (2, ["Dan", "Eve"])] {
        for name in names {
            let values = format!("'L', 'L', '{name}', TRUE, '{name}@local', '2026-11-0{day} 00:00:00.000000'");
            superset.by_hand("ab_user", "first_name, last_name, username, active, email, created_on", &values).await;
        }
        for name in names {
            refused(&superset, &name.to_uppercase()).await;
        }
        if day == 1 {
            superset.run("DELETE FROM ab_user WHERE username IN ('Bob', 'Carol')").await;
        }
    }
    for name in ["BOB", "CAROL"] {
        superset.named(name).await;
    }
}

async fn many_rows_at_once_are_seen() {
    let superset = Superset::start().await;
    superset.named("ada").await;
    let next = |n: u32| match superset.kind() {
        Kind::Postgres => "nextval('ab_user_id_seq')".to_owned(),
        Kind::Sqlite | Kind::MySql => (n + 10).to_string(),
    };
    let rows = (0..1201).map(|n| format!("({}, 'L', 'L', 'Local{n}', TRUE, 'L{n}@local')", next(n)));
    let rows = rows.collect::<Vec<_>>().join(", ");
    superset
        .run(&format!("INSERT INTO ab_user (id, first_name, last_name, username, active, email) VALUES {rows}"))
        .await;
    // By its own spelling: Superset's index finds it, far beyond the first rows that are new.
    refused(&superset, "Local1000").await;
    refused(&superset, "LOCAL700").await;
    refused(&superset, "LOCAL1200").await;
    refused(&superset, "LOCAL0").await;
    superset.named("bob").await;
    assert_eq!(superset.value("SELECT count(*) FROM scim_account WHERE name_key LIKE 'local%'").await, "1201");
}

/// Writes of ours and of Superset's by turns, in an order that is always the same.
async fn no_two_accounts_ever_have_one_name() {
    let superset = Superset::start().await;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below).unwrap()
    };
    let mut ours: Vec<String> = Vec::new();
    for _ in 0..150 {
        let base = ["ann", "ben", "cyd", "dora"][next(4)];
        let spelled: String = base.chars().map(|c| if next(2) == 0 { c } else { c.to_ascii_uppercase() }).collect();
        let lower = format!("SELECT count(*) FROM ab_user WHERE lower(username) = '{base}'");
        let free = superset.value(&lower).await == "0";
        match next(6) {
            0 | 1 => match superset.create("User", json!({ "userName": spelled })).await {
                Ok(resource) => {
                    assert!(free, "{spelled} was taken");
                    ours.push(resource.id().unwrap().into_owned());
                }
                Err(StoreError::Uniqueness { .. } | StoreError::HeldElsewhere { .. }) => assert!(!free, "{spelled}"),
                Err(other) => panic!("{other}"),
            },
            2 if free => superset.local_account(&spelled, &format!("{spelled}@local")).await,
            3 if free => {
                // To a spelling that people use.
                let local = "email LIKE '%@local' AND username <> 'admin'";
                if superset.value(&format!("SELECT count(*) FROM ab_user WHERE {local}")).await == "1" {
                    superset.run(&format!("UPDATE ab_user SET username = '{base}' WHERE {local}")).await;
                }
            }
            4 => superset.run("DELETE FROM ab_user WHERE email LIKE '%@local' AND username <> 'admin'").await,
            5 if !ours.is_empty() => {
                let id = ours.swap_remove(next(u64::try_from(ours.len()).unwrap()));
                superset.delete("User", &id).await.unwrap();
                // The row stays until its name is asked for.
                let gone = "UPDATE ab_user SET username = concat('gone', id) WHERE active IS NOT TRUE";
                superset.run(gone).await;
            }
            _ => {}
        }
        let twice =
            "SELECT count(*) FROM (SELECT lower(username) FROM ab_user GROUP BY 1 HAVING count(*) > 1) AS twice";
        assert_eq!(superset.value(twice).await, "0");
    }
}

/// A database as the second version left it.
async fn a_database_from_before_names_were_recorded_is_brought_up_to_date() {
    let database = Database::create(&engine()).await;
    let sql = Tables::open(&database.url).await;
    let steps = match engine().kind {
        Kind::Sqlite => [
            include_str!("../../../sql/auxiliary_tables_1.sqlite.sql"),
            include_str!("../../../sql/auxiliary_tables_2.sqlite.sql"),
        ],
        Kind::Postgres => [
            include_str!("../../../sql/auxiliary_tables_1.postgres.sql"),
            include_str!("../../../sql/auxiliary_tables_2.postgres.sql"),
        ],
        Kind::MySql => [
            include_str!("../../../sql/auxiliary_tables_1.mysql.sql"),
            include_str!("../../../sql/auxiliary_tables_2.mysql.sql"),
        ],
    };
    sql.run("CREATE TABLE scim_schema_version (version BIGINT NOT NULL PRIMARY KEY, applied_at VARCHAR(40) NOT NULL)")
        .await;
    for step in steps {
        sql.run(step).await;
    }
    sql.run("INSERT INTO scim_schema_version VALUES (1, 'x'), (2, 'x')").await;
    let created_on = "2026-01-01 00:00:00.000000";
    let mark = if engine().kind == Kind::Sqlite { created_on } else { "" };
    let (mut accounts, mut resources) = (Vec::new(), Vec::new());
    for n in 1..=1100 {
        let name = format!("Ünit{n}");
        accounts.push(format!("({n}, '{name}', '-', '{name}', TRUE, '{name}@scim.invalid', '{created_on}')"));
        let body = format!(r#"{{"userName":"{name}"}}"#);
        resources.push(format!("('r{n}', '', 'User', {n}, '{mark}', '{name}', '{body}', 1, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z')"));
    }
    let columns = "id, first_name, last_name, username, active, email, created_on";
    sql.run(&format!("INSERT INTO ab_user ({columns}) VALUES {}", accounts.join(", "))).await;
    let columns = "id, tenant, resource_type, local_id, local_mark, display, body, version, created, last_modified";
    sql.run(&format!("INSERT INTO scim_resource ({columns}) VALUES {}", resources.join(", "))).await;
    if engine().kind == Kind::Postgres {
        sql.run("SELECT setval('ab_user_id_seq', 1100)").await;
    }

    let store = SupersetStore::connect(&database.url, RuleSet::default()).await.unwrap();
    let known = "SELECT count(*) FROM scim_account a JOIN ab_user u ON u.id = a.local_id WHERE a.name_key LIKE '%nit%'";
    assert_eq!(sql.column(known).await, ["1100"]);
    let drift = store.drift(&DriftOptions::new(), &()).await.unwrap();
    assert!(drift.is_clean(), "{drift}");
    // A step can be interrupted: what is missing then is found out by the next start.
    sql.run("DELETE FROM scim_account WHERE local_id > 100").await;
    SupersetStore::connect(&database.url, RuleSet::default()).await.unwrap();
    assert_eq!(sql.column(known).await, ["1100"]);
}

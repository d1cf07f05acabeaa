//! The mirror of users and groups that newer versions of Superset have.

use serde_json::json;

use crate::engine::Kind;
use crate::harness::{Case, cases, engine};
use crate::support::{RULES, Superset};

pub(crate) const CASES: &[Case] = cases![
    subjects_follow_users_and_groups,
    s17_subjects_have_a_uuid_and_what_they_are_searched_by,
    s17_a_deactivation_and_a_new_password_end_sessions,
];

/// The table as the next Superset has it.
pub(crate) fn table() -> String {
    let (id, uuid) = match engine().kind {
        Kind::Sqlite => ("INTEGER NOT NULL PRIMARY KEY", "BINARY(16)"),
        Kind::Postgres => ("SERIAL PRIMARY KEY", "UUID"),
        Kind::MySql => ("INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY", "BINARY(16)"),
    };
    format!(
        "CREATE TABLE subjects (id {id}, uuid {uuid}, label VARCHAR(255) NOT NULL, secondary_label VARCHAR(255), \
         active BOOLEAN, extra_search VARCHAR(255), \
         type INTEGER NOT NULL, user_id INTEGER UNIQUE, role_id INTEGER UNIQUE, group_id INTEGER UNIQUE, \
         FOREIGN KEY (user_id) REFERENCES ab_user (id) ON DELETE CASCADE, \
         FOREIGN KEY (role_id) REFERENCES ab_role (id) ON DELETE CASCADE, \
         FOREIGN KEY (group_id) REFERENCES ab_group (id) ON DELETE CASCADE)"
    )
}

async fn subjects_follow_users_and_groups() {
    let id = match engine().kind {
        Kind::Sqlite => "INTEGER NOT NULL PRIMARY KEY",
        Kind::Postgres => "SERIAL PRIMARY KEY",
        Kind::MySql => "INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY",
    };
    let table = format!(
        "CREATE TABLE subjects (id {id}, label VARCHAR(255) NOT NULL, secondary_label VARCHAR(255), active BOOLEAN, \
         type INTEGER NOT NULL, user_id INTEGER UNIQUE, role_id INTEGER UNIQUE, group_id INTEGER UNIQUE, \
         FOREIGN KEY (user_id) REFERENCES ab_user (id) ON DELETE CASCADE, \
         FOREIGN KEY (group_id) REFERENCES ab_group (id) ON DELETE CASCADE)"
    );
    let superset = Superset::prepared(RULES, &table).await;
    let of = async |condition: &str| {
        let columns = "concat(label, '|', coalesce(secondary_label, ''), '|', type, '|', CASE WHEN active IS TRUE THEN 1 ELSE 0 END)";
        superset.column(&format!("SELECT {columns} FROM subjects WHERE {condition}")).await
    };
    let ada = superset.user(json!({"userName": "ada", "displayName": "Ada King", "emails": [{"value": "a@x"}]})).await;
    let group = superset.group("analysts", &[&ada]).await;
    assert_eq!(of("user_id = 2").await, ["Ada King|a@x|1|1"]);
    assert_eq!(of("group_id = 1").await, ["analysts||3|1"]);
    superset.set("User", &ada, "displayName", json!("Ada Byron")).await.unwrap();
    superset.set("Group", &group, "displayName", json!("people")).await.unwrap();
    superset.set("User", &ada, "active", json!(false)).await.unwrap();
    assert_eq!(of("user_id = 2").await, ["Ada Byron|a@x|1|0"]);
    assert_eq!(of("group_id = 1").await, ["people||3|1"]);
    superset.delete("Group", &group).await.unwrap();
    superset.delete("User", &ada).await.unwrap();
    assert_eq!(of("1 = 1").await, ["Ada Byron|a@x|1|0"]);
}

async fn s17_subjects_have_a_uuid_and_what_they_are_searched_by() {
    let rules = format!("create_roles_from = \"Gamma\"\n{RULES}\n[[rule]]\ngroup = \"x\"\nroles = [\"New\"]");
    let superset = Superset::prepared(&rules, &table()).await;
    let ada = superset.user(json!({"userName": "ada", "emails": [{"value": "a@x"}]})).await;
    superset.group("x", &[&ada]).await;
    let columns =
        "concat(type, '|', label, '|', coalesce(extra_search, ''), '|', CASE WHEN uuid IS NULL THEN 0 ELSE 1 END)";
    let subjects = format!("SELECT {columns} FROM subjects ORDER BY type");
    assert_eq!(superset.column(&subjects).await, ["1|ada -|a@x|1", "2|New||1", "3|x||1"]);
    let length = match engine().kind {
        Kind::Postgres => "length(uuid::text)",
        Kind::Sqlite | Kind::MySql => "length(uuid)",
    };
    let expected = if engine().kind == Kind::Postgres { "36" } else { "16" };
    assert_eq!(superset.value(&format!("SELECT {length} FROM subjects WHERE type = 1")).await, expected);
    assert_eq!(superset.value("SELECT count(DISTINCT uuid) FROM subjects").await, "3");
    superset.set("User", &ada, "emails", json!([{"value": "b@x"}])).await.unwrap();
    assert_eq!(superset.value("SELECT extra_search FROM subjects WHERE user_id = 2").await, "b@x");
}

async fn s17_a_deactivation_and_a_new_password_end_sessions() {
    let (id, time) = match engine().kind {
        Kind::Sqlite => ("INTEGER NOT NULL PRIMARY KEY", "DATETIME"),
        Kind::Postgres => ("SERIAL PRIMARY KEY", "TIMESTAMP WITHOUT TIME ZONE"),
        Kind::MySql => ("INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY", "DATETIME"),
    };
    let table = format!(
        "CREATE TABLE user_attribute (id {id}, user_id INTEGER UNIQUE, welcome_dashboard_id INTEGER, \
         sessions_invalidated_at {time}, created_on {time}, changed_on {time}, \
         FOREIGN KEY (user_id) REFERENCES ab_user (id))"
    );
    let superset = Superset::prepared(RULES, &table).await;
    let ended = async || superset.column("SELECT sessions_invalidated_at FROM user_attribute WHERE user_id = 2").await;
    let ada = superset.named("ada").await;
    superset.set("User", &ada, "title", json!("Dr")).await.unwrap();
    assert!(ended().await.is_empty(), "nothing has ended");
    let before = chrono::Utc::now().naive_utc();
    superset.set("User", &ada, "active", json!(false)).await.unwrap();
    let first = ended().await;
    let at = chrono::NaiveDateTime::parse_from_str(first[0].trim_end_matches(".000000"), "%Y-%m-%d %H:%M:%S").unwrap();
    assert!(at >= before, "a whole second that is not over: {first:?}");
    let changed = superset.value("SELECT changed_on FROM user_attribute").await;
    assert_eq!(changed, first[0], "Superset's own column says so too");
    // What the user had in the row stays, and only the end moves.
    superset.run("UPDATE user_attribute SET welcome_dashboard_id = 7, sessions_invalidated_at = NULL").await;
    superset.set("User", &ada, "active", json!(true)).await.unwrap();
    assert_eq!(ended().await, ["NULL"], "to come back ends nothing");
    superset.set("User", &ada, "password", json!("another")).await.unwrap();
    assert_ne!(ended().await, ["NULL"]);
    superset.run("UPDATE user_attribute SET sessions_invalidated_at = NULL").await;
    superset.delete("User", &ada).await.unwrap();
    assert_ne!(ended().await, ["NULL"]);
    assert_eq!(superset.value("SELECT welcome_dashboard_id FROM user_attribute").await, "7");
    assert_eq!(superset.value("SELECT count(*) FROM user_attribute").await, "1");
}

//! The mirror of users and groups that newer versions of Superset have.

use serde_json::json;

use crate::engine::Kind;
use crate::harness::{Case, cases, engine};
use crate::support::{RULES, Superset};

pub(crate) const CASES: &[Case] = cases![subjects_follow_users_and_groups];

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

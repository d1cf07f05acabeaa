//! Deletions that remove the row.

use serde_json::json;
use superset_mapping::{ConnectError, StoreOptions, SupersetStore};

use crate::engine::{Database, Kind};
use crate::harness::{Case, cases, engine};
use crate::support::{RULES, Superset};

pub(crate) const CASES: &[Case] = cases![
    the_row_goes_and_the_successor_inherits,
    a_hard_delete_needs_a_successor_and_is_refused_on_sqlite,
    s17_what_a_subject_may_edit_is_inherited,
];

const TABLES: &str = "
    CREATE TABLE dashboards (id INTEGER NOT NULL PRIMARY KEY, created_by_fk INTEGER,
        FOREIGN KEY (created_by_fk) REFERENCES ab_user (id));
    CREATE TABLE dashboard_user (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER, dashboard_id INTEGER,
        FOREIGN KEY (user_id) REFERENCES ab_user (id) ON DELETE CASCADE,
        FOREIGN KEY (dashboard_id) REFERENCES dashboards (id));
    CREATE TABLE favstar (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER,
        FOREIGN KEY (user_id) REFERENCES ab_user (id));
    CREATE TABLE saved_query (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL,
        FOREIGN KEY (user_id) REFERENCES ab_user (id));";

async fn the_row_goes_and_the_successor_inherits() {
    if engine().kind == Kind::Sqlite {
        return;
    }
    let options = StoreOptions::new().with_hard_delete("admin");
    let superset = Superset::with_options(RULES, TABLES, options).await;
    let ada = superset.user(json!({"userName": "ada"})).await;
    superset.group("analysts", &[&ada]).await;
    superset
        .run(
            "INSERT INTO dashboards VALUES (1, 2), (2, 2), (3, 1); \
             INSERT INTO dashboard_user VALUES (1, 2, 1), (2, 2, 2), (3, 1, 2), (4, 1, 3); \
             INSERT INTO favstar VALUES (1, 2), (2, 1); \
             INSERT INTO saved_query VALUES (1, 2); \
             INSERT INTO logs (action, user_id) VALUES ('x', 2), ('y', 1); \
             UPDATE ab_user SET created_by_fk = 2 WHERE id = 1",
        )
        .await;
    superset.delete("User", &ada).await.unwrap();
    assert_eq!(superset.column("SELECT username FROM ab_user").await, ["admin"]);
    // Each dashboard has one owner row, and the administrator is the owner of all.
    let owners = "SELECT concat(dashboard_id, ':', user_id) FROM dashboard_user ORDER BY dashboard_id";
    assert_eq!(superset.column(owners).await, ["1:1", "2:1", "3:1"]);
    assert_eq!(superset.value("SELECT count(*) FROM dashboards WHERE created_by_fk IS NULL").await, "2");
    assert_eq!(superset.column("SELECT user_id FROM saved_query").await, ["1"]);
    assert_eq!(superset.column("SELECT user_id FROM favstar").await, ["1"]);
    assert_eq!(superset.value("SELECT count(*) FROM logs WHERE user_id IS NULL").await, "1");
    assert_eq!(superset.value("SELECT count(*) FROM logs").await, "2");
    let detail = superset.value("SELECT detail FROM scim_audit WHERE action = 'purge'").await;
    assert_eq!(detail, r#"{"ab_user":2,"heir":1,"inherited":{"dashboards":[1],"saved_query.user_id":1}}"#);
    // The name is free, and the new row is another one.
    superset.named("ada").await;
    assert_ne!(superset.row_of("ada").await, "2");
}

async fn s17_what_a_subject_may_edit_is_inherited() {
    if engine().kind == Kind::Sqlite {
        return;
    }
    let tables = format!(
        "{}; CREATE TABLE dashboards (id INTEGER NOT NULL PRIMARY KEY); {}{}",
        crate::groups::subjects::table(),
        "CREATE TABLE dashboard_editors (id INTEGER NOT NULL PRIMARY KEY, subject_id INTEGER NOT NULL,
            dashboard_id INTEGER NOT NULL, UNIQUE (subject_id, dashboard_id),
            FOREIGN KEY (subject_id) REFERENCES subjects (id) ON DELETE CASCADE);",
        "CREATE TABLE dashboard_viewers (id INTEGER NOT NULL PRIMARY KEY, subject_id INTEGER NOT NULL,
            dashboard_id INTEGER NOT NULL, UNIQUE (subject_id, dashboard_id),
            FOREIGN KEY (subject_id) REFERENCES subjects (id) ON DELETE CASCADE);"
    );
    let superset = Superset::with_options(RULES, &tables, StoreOptions::new().with_hard_delete("admin")).await;
    let ada = superset.named("ada").await;
    let subject = superset.value("SELECT id FROM subjects WHERE user_id = 2").await;
    superset.by_hand("subjects", "label, type, user_id", "'Local Admin', 1, 1").await;
    let admin = superset.value("SELECT id FROM subjects WHERE user_id = 1").await;
    superset
        .run(&format!(
            "INSERT INTO dashboards VALUES (1), (2), (3); \
             INSERT INTO dashboard_editors VALUES (1, {subject}, 1), (2, {subject}, 2), (3, {admin}, 2); \
             INSERT INTO dashboard_viewers VALUES (1, {subject}, 3)"
        ))
        .await;
    superset.delete("User", &ada).await.unwrap();
    let editors = "SELECT concat(dashboard_id, ':', subject_id) FROM dashboard_editors ORDER BY dashboard_id";
    assert_eq!(superset.column(editors).await, [format!("1:{admin}"), format!("2:{admin}")]);
    assert_eq!(superset.value("SELECT count(*) FROM dashboard_viewers").await, "0", "to see is nobody's to inherit");
    assert_eq!(superset.column("SELECT user_id FROM subjects WHERE type = 1").await, ["1"]);
    let detail = superset.value("SELECT detail FROM scim_audit WHERE action = 'purge'").await;
    assert_eq!(detail, r#"{"ab_user":2,"heir":1,"inherited":{"dashboards":[1]}}"#);
}

async fn a_hard_delete_needs_a_successor_and_is_refused_on_sqlite() {
    let database = Database::create(&engine()).await;
    let options = StoreOptions::new().with_hard_delete("nobody");
    let refusal = SupersetStore::connect_with(&database.url, RULES.parse().unwrap(), options).await.unwrap_err();
    if engine().kind == Kind::Sqlite {
        assert!(matches!(refusal, ConnectError::HardDelete { .. }), "{refusal}");
    } else {
        assert!(matches!(&refusal, ConnectError::NoSuccessor { username } if username == "nobody"), "{refusal}");
    }
}

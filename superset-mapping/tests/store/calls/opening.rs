//! Opening a database: what is refused, what is made.

use scim_service::{Store, StoreError};
use superset_mapping::demo::DemoError;
use superset_mapping::{ConnectError, RuleSet, SupersetStore, create_demo_schema};

use crate::engine::{Database, Kind, Tables};
use crate::harness::{Case, cases, engine};
use crate::support::Superset;

pub(crate) const CASES: &[Case] = cases![
    a_database_without_superset_is_refused_with_what_to_do,
    a_url_of_no_engine_is_refused,
    s16_an_unreachable_database_is_told_at_once_with_cause_and_host,
    s16_a_wrong_password_is_told_with_what_to_do,
    s16_a_missing_database_is_named,
    s21_supersets_own_uris_open_the_database,
    a_file_that_is_no_database_is_refused,
    a_missing_sequence_is_named,
    demonstration_tables_are_made_in_an_empty_database_only,
    instances_that_start_at_once_make_the_auxiliary_tables_once,
    auxiliary_tables_of_a_newer_version_are_left_alone,
    x12_auxiliary_tables_of_version_1_tell_their_sources,
    supersets_own_tables_keep_their_structure,
    a_closed_store_is_not_healthy,
    x7_a_store_is_healthy_beside_a_writer,
];

async fn a_database_without_superset_is_refused_with_what_to_do() {
    let database = Database::empty(&engine()).await;
    if engine().kind == Kind::Sqlite {
        let refusal = SupersetStore::connect(&database.url, RuleSet::default()).await.unwrap_err();
        assert!(matches!(refusal, ConnectError::NoDatabase { .. }), "{refusal}");
        std::fs::write(database.url.trim_start_matches("sqlite://"), b"").unwrap();
    } else {
        let nowhere = format!("{}_nowhere", database.url);
        let refusal = SupersetStore::connect(&nowhere, RuleSet::default()).await.unwrap_err();
        assert!(matches!(refusal, ConnectError::NoDatabase { .. }), "{refusal:?}");
    }
    let refusal = SupersetStore::connect(&database.url, RuleSet::default()).await.unwrap_err();
    assert!(refusal.to_string().contains("run `superset db upgrade` and `superset init`"), "{refusal}");
    // And nothing was made in it.
    create_demo_schema(&database.url).await.unwrap();
}

async fn a_url_of_no_engine_is_refused() {
    for url in ["nonsense", "oracle://localhost/x", ""] {
        assert!(matches!(SupersetStore::connect(url, RuleSet::default()).await, Err(ConnectError::Url)), "{url}");
    }
}

/// An error with its causes, as a program prints it.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

async fn s16_an_unreachable_database_is_told_at_once_with_cause_and_host() {
    let scheme = match engine().kind {
        Kind::Sqlite => return,
        Kind::Postgres => "postgresql+psycopg2",
        Kind::MySql => "mysql+mysqldb",
    };
    // One that nobody listens on, one that takes connections and says nothing, and a name that is none.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent_at = silent.local_addr().unwrap().to_string();
    for (place, cause) in
        [(closed.to_string(), "refused"), (silent_at, "no answer within 5 seconds"), ("db.invalid:1".to_owned(), "")]
    {
        let started = std::time::Instant::now();
        let url = format!("{scheme}://somebody:s3cret@{place}/superset");
        let refusal = SupersetStore::connect(&url, RuleSet::default()).await.unwrap_err();
        let told = told(&refusal);
        assert!(matches!(refusal, ConnectError::Unreachable { .. }), "{told}");
        assert!(told.contains(&format!("`{place}`")) && told.contains("check host") && told.contains(cause), "{told}");
        assert!(!told.contains("s3cret"), "{told}");
        assert!(started.elapsed() < std::time::Duration::from_secs(9), "{:?}", started.elapsed());
    }
}

async fn s16_a_wrong_password_is_told_with_what_to_do() {
    if engine().kind != Kind::MySql {
        // The servers of the tests trust everybody but MariaDB's does not.
        return;
    }
    let database = Database::create(&engine()).await;
    let (_, place) = database.url.split_once('@').unwrap();
    let refusal =
        SupersetStore::connect(&format!("mysql://nobody:s3cret@{place}"), RuleSet::default()).await.unwrap_err();
    let told = told(&refusal);
    assert!(matches!(refusal, ConnectError::Denied { .. }) && told.contains("check user name and password"), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

async fn s16_a_missing_database_is_named() {
    let database = Database::empty(&engine()).await;
    let url = if engine().kind == Kind::Sqlite { database.url.clone() } else { format!("{}_nowhere", database.url) };
    let refusal = SupersetStore::connect(&url, RuleSet::default()).await.unwrap_err();
    let told = told(&refusal);
    let name = url.rsplit('/').next().unwrap();
    assert!(told.contains(name) && told.contains("superset db upgrade"), "{told}");
    assert!(!told.contains("at line"), "{told}");
}

async fn s21_supersets_own_uris_open_the_database() {
    let superset = Superset::start().await;
    let theirs = match engine().kind {
        Kind::Sqlite => superset.url.replacen("sqlite://", "sqlite+pysqlite:///", 1),
        Kind::Postgres => format!("postgresql+psycopg2:{}", superset.url.split_once(':').unwrap().1),
        Kind::MySql => format!("mysql+pymysql:{}?charset=utf8mb4", superset.url.split_once(':').unwrap().1),
    };
    let store = SupersetStore::connect(&theirs, RuleSet::default()).await.unwrap();
    assert_eq!(store.accounts().await.unwrap().len(), 1);
    let name = superset.url.rsplit('/').next().unwrap();
    assert!(store.address().contains(name) && !store.address().contains('@'), "{}", store.address());
}

async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.db"), "not a database at all, but long enough to be read as one").unwrap();
    let url = format!("sqlite://{}/x.db", folder.path().display());
    let refusal = SupersetStore::connect(&url, RuleSet::default()).await.unwrap_err();
    assert!(matches!(refusal, ConnectError::Database(_)), "{refusal}");
}

async fn a_missing_sequence_is_named() {
    if engine().kind != Kind::Postgres {
        return;
    }
    let database = Database::create(&engine()).await;
    Tables::open(&database.url).await.run("DROP SEQUENCE ab_user_id_seq").await;
    let refusal = SupersetStore::connect(&database.url, RuleSet::default()).await.unwrap_err();
    assert!(refusal.to_string().contains("(ab_user_id_seq not found)"), "{refusal}");
}

async fn demonstration_tables_are_made_in_an_empty_database_only() {
    let superset = Superset::start().await;
    assert!(matches!(create_demo_schema(&superset.url).await, Err(DemoError::NotEmpty)));
    let roles = superset.column("SELECT name FROM ab_role ORDER BY name").await;
    assert_eq!(roles, ["Admin", "Alpha", "Gamma", "Public", "sql_lab"]);
}

async fn instances_that_start_at_once_make_the_auxiliary_tables_once() {
    let database = Database::create(&engine()).await;
    let url = database.url.clone();
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { SupersetStore::connect(&url, RuleSet::default()).await })
        })
        .collect();
    for start in starts {
        start.await.unwrap().unwrap().health().await.unwrap();
    }
}

/// A database as the first version left it: a client's and a login's users and groups, grants and a tombstone.
async fn x12_auxiliary_tables_of_version_1_tell_their_sources() {
    let database = Database::create(&engine()).await;
    let sql = Tables::open(&database.url).await;
    let step = match engine().kind {
        Kind::Sqlite => include_str!("../../../sql/auxiliary_tables_1.sqlite.sql"),
        Kind::Postgres => include_str!("../../../sql/auxiliary_tables_1.postgres.sql"),
        Kind::MySql => include_str!("../../../sql/auxiliary_tables_1.mysql.sql"),
    };
    sql.run("CREATE TABLE scim_schema_version (version BIGINT NOT NULL PRIMARY KEY, applied_at VARCHAR(40) NOT NULL)")
        .await;
    sql.run(step).await;
    sql.run("INSERT INTO scim_schema_version VALUES (1, 'x')").await;
    let resource = async |id: &str, kind: &str, local: u8, external: &str, name: &str, day: u8| {
        let body = if kind == "User" { "userName" } else { "displayName" };
        let time = format!("2026-01-0{day}T00:00:00.000Z");
        sql.run(&format!(
            "INSERT INTO scim_resource VALUES ('{id}', '', '{kind}', {local}, '', '{external}', '{external}', '{name}', \
             '{{\"{body}\": \"{name}\", \"externalId\": \"{external}\"}}', 1, '{time}', '{time}')"
        ))
        .await;
    };
    resource("u1", "User", 1, "e-1", "ada", 2).await;
    resource("u2", "User", 2, "jit:partners:bob:x", "bob", 3).await;
    resource("u3", "User", 3, "jit:", "odd", 4).await;
    resource("g1", "Group", 1, "g-1", "staff", 2).await;
    resource("g2", "Group", 2, "jit:partners:guests", "guests", 3).await;
    for (group, name) in [("g1", "staff"), ("g2", "guests")] {
        sql.run(&format!("INSERT INTO scim_unique VALUES ('', 'Group', 'displayName', '{name}', '{group}')")).await;
    }
    let members = "INSERT INTO scim_member (tenant, group_id, member_id, member_key) VALUES ('', ";
    sql.run(&format!("{members}'g1', 'u1', 'u1'); {members}'g2', 'u2', 'u2')")).await;
    sql.run("INSERT INTO scim_grant VALUES ('ab_user_role', 1, 1)").await;
    sql.run("INSERT INTO scim_tombstone VALUES ('old', '', 'User', 9, '', 'eve', '2026-01-01T00:00:00.000Z')").await;

    let store = SupersetStore::connect(&database.url, RuleSet::default()).await.unwrap();
    let sources = "SELECT concat(id, ' ', source, ' ', generation) FROM scim_resource ORDER BY id";
    let expected =
        ["g1 client:* 0", "g2 provider:partners 0", "u1 client:* 0", "u2 provider:partners 0", "u3 client:* 0"];
    assert_eq!(sql.column(sources).await, expected);
    let members = "SELECT concat(member_id, ' ', source) FROM scim_member ORDER BY member_id";
    assert_eq!(sql.column(members).await, ["u1 client:*", "u2 provider:partners"]);
    assert_eq!(sql.column("SELECT concat(id, ' ', source) FROM scim_tombstone").await, ["old client:*"]);
    let writers: Vec<String> = store.writers().await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(writers, ["client:*", "provider:partners"]);
    let names = "SELECT concat(attribute, ' ', value) FROM scim_unique ORDER BY 1";
    assert_eq!(sql.column(names).await, ["displayName of provider:partners guests", "displayName staff"]);
    let keys = "SELECT display_name_key FROM scim_resource WHERE resource_type = 'Group' ORDER BY 1";
    assert_eq!(sql.column(keys).await, ["vguests", "vstaff"]);
    assert_eq!(sql.column("SELECT max(version) FROM scim_schema_version").await, ["6"]);
    SupersetStore::connect(&database.url, RuleSet::default()).await.unwrap();
}

async fn auxiliary_tables_of_a_newer_version_are_left_alone() {
    let superset = Superset::start().await;
    superset.run("INSERT INTO scim_schema_version VALUES (99, 'x')").await;
    let refusal = SupersetStore::connect(&superset.url, RuleSet::default()).await.unwrap_err();
    assert!(matches!(refusal, ConnectError::Newer { found: 99, known: 6 }), "{refusal}");
}

async fn supersets_own_tables_keep_their_structure() {
    let theirs = match engine().kind {
        Kind::Sqlite => "SELECT sql FROM sqlite_schema WHERE name NOT LIKE '%scim_%' AND sql IS NOT NULL ORDER BY name",
        Kind::Postgres => {
            "SELECT concat(c.table_name, c.column_name, c.data_type, c.column_default) FROM information_schema.columns c \
             WHERE c.table_schema = 'public' AND c.table_name NOT LIKE 'scim_%' UNION ALL \
             SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'scim_%' ORDER BY 1"
        }
        Kind::MySql => {
            "SELECT concat(table_name, column_name, column_type, column_key, extra) FROM information_schema.columns \
             WHERE table_schema = database() AND table_name NOT LIKE 'scim_%' UNION ALL \
             SELECT concat(table_name, index_name, column_name) FROM information_schema.statistics \
             WHERE table_schema = database() AND table_name NOT LIKE 'scim_%' ORDER BY 1"
        }
    };
    let plain = Database::create(&engine()).await;
    let before = Tables::open(&plain.url).await.column(theirs).await;
    let superset = Superset::start().await;
    let id = superset.named("ada").await;
    superset.group("analysts", &[&id]).await;
    assert_eq!(superset.column(theirs).await, before);
    assert!(before.len() > 20);
}

async fn a_closed_store_is_not_healthy() {
    let superset = Superset::start().await;
    superset.store.health().await.unwrap();
    superset.store.close().await;
    assert!(matches!(superset.store.health().await, Err(StoreError::Unavailable(_))));
}

async fn x7_a_store_is_healthy_beside_a_writer() {
    let superset = Superset::start().await;
    let other = superset.sql.begin().await;
    other.run("COMMIT").await;
    superset.named("ada").await;
    if engine().kind == Kind::Sqlite {
        // What a reader would wait for.
        other.run("BEGIN EXCLUSIVE").await;
    } else {
        other.run("BEGIN").await;
        other.run("UPDATE ab_user SET login_count = 1").await;
    }
    superset.store.health().await.unwrap();
    other.run("COMMIT").await;
}

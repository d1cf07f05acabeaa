//! A look at a database that changes nothing.

use chrono::Utc;
use scim_core::Source;
use serde_json::json;
use superset_mapping::ConnectError;
use superset_mapping::store::Inspector;

use crate::engine::{Database, Kind};
use crate::harness::{Case, cases, engine};
use crate::support::Superset;

pub(crate) const CASES: &[Case] =
    cases![an_inspector_tells_what_is_there, an_inspector_makes_no_tables, real_data_is_told_from_a_demonstration];

async fn an_inspector_tells_what_is_there() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    superset.group("analysts", &[&ada]).await;
    superset.named("gone").await;
    let inspector = Inspector::open(&superset.url).await.unwrap();
    let engine = inspector.engine().await.unwrap();
    let name = match superset.kind() {
        Kind::Sqlite => "SQLite",
        Kind::Postgres => "PostgreSQL",
        Kind::MySql => "MariaDB",
    };
    assert_eq!(engine.name, name, "{engine:?}");
    assert!(engine.version.starts_with(|first: char| first.is_ascii_digit()), "{engine:?}");
    assert_eq!(engine.isolation.is_some(), superset.kind() != Kind::Sqlite, "{engine:?}");
    let seconds = (inspector.clock().await.unwrap() - Utc::now()).num_seconds();
    assert!(seconds.abs() < 60, "{seconds}");
    inspector.check_security_tables().await.unwrap();
    assert_eq!(inspector.auxiliary_version().await.unwrap(), Some(inspector.known_auxiliary_version()));
    assert!(inspector.superset_revisions().await.unwrap().is_empty());
    let counts = inspector.counts().await.unwrap();
    assert_eq!((counts.users, counts.active_users, counts.unprovisioned_users), (3, 3, 1), "{counts:?}");
    assert_eq!((counts.groups, counts.unprovisioned_groups), (1, 0), "{counts:?}");
    assert_eq!(inspector.roles().await.unwrap(), superset.store.roles().await.unwrap());
    let holders = async |role: &str| inspector.holders(role).await.unwrap().into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!((holders("Admin").await, holders("Alpha").await), ("admin".to_owned(), "ada".to_owned()));
    superset.set("User", &ada, "active", json!(false)).await.unwrap();
    assert_eq!(holders("Alpha").await, "", "who may not log in holds nothing that counts");
    let writers = inspector.writers().await.unwrap();
    assert_eq!(writers, superset.store.writers().await.unwrap());
    assert!(matches!(writers[..], [Source::Client(_) | Source::Host | Source::UnknownClient]), "{writers:?}");
    inspector.close().await;
}

async fn an_inspector_makes_no_tables() {
    let database = Database::create(&engine()).await;
    let inspector = Inspector::open(&database.url).await.unwrap();
    assert_eq!(inspector.auxiliary_version().await.unwrap(), None);
    assert_eq!(inspector.counts().await.unwrap().users, 0);
    assert!(inspector.writers().await.unwrap().is_empty());
    assert_eq!(inspector.auxiliary_version().await.unwrap(), None);
    let empty = Database::empty(&engine()).await;
    if engine().kind == Kind::Sqlite {
        std::fs::write(empty.url.trim_start_matches("sqlite://"), b"").unwrap();
    }
    let inspector = Inspector::open(&empty.url).await.unwrap();
    let refusal = inspector.check_security_tables().await.unwrap_err();
    assert!(matches!(refusal, ConnectError::NoSecurityTables { .. }), "{refusal}");
}

async fn real_data_is_told_from_a_demonstration() {
    let superset = Superset::start().await;
    let inspector = Inspector::open(&superset.url).await.unwrap();
    assert!(
        inspector.real_data().await.unwrap().unwrap().contains("no client has provisioned: 1"),
        "the administrator"
    );
    superset.run("DELETE FROM ab_user_role").await;
    superset.run("DELETE FROM ab_user").await;
    let ada = superset.named("ada").await;
    assert_eq!(inspector.real_data().await.unwrap(), None);
    superset.delete("User", &ada).await.unwrap();
    assert_eq!(inspector.real_data().await.unwrap(), None);
    superset.run("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)").await;
    superset.run("INSERT INTO alembic_version VALUES ('a1b2')").await;
    assert!(inspector.real_data().await.unwrap().unwrap().contains("`alembic_version`"));
    assert_eq!(inspector.superset_revisions().await.unwrap(), ["a1b2"]);
}

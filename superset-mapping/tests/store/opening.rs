//! Opening a database: what is refused, what is made.

use scim_service::{Store, StoreError};
use superset_mapping::{ConnectError, DemoError, RuleSet, SupersetStore, create_demo_schema};

use crate::support::Superset;

#[tokio::test]
async fn a_database_without_superset_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/x.db", folder.path().display());
    let refusal = SupersetStore::connect(&url, RuleSet::default()).await.unwrap_err();
    assert!(matches!(refusal, ConnectError::NoDatabase(_)), "{refusal}");
    assert!(!folder.path().join("x.db").exists());
    std::fs::write(folder.path().join("x.db"), b"").unwrap();
    let refusal = SupersetStore::connect(&url, RuleSet::default()).await.unwrap_err();
    assert!(refusal.to_string().contains("run `superset db upgrade` and `superset init`"), "{refusal}");
    // And nothing was made in it.
    assert_eq!(std::fs::metadata(folder.path().join("x.db")).unwrap().len(), 0);
    for url in ["postgres://localhost/x", "nonsense"] {
        assert!(matches!(SupersetStore::connect(url, RuleSet::default()).await, Err(ConnectError::Url)), "{url}");
    }
}

#[tokio::test]
async fn a_database_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.db"), "not a database at all, but long enough to be read as one").unwrap();
    let url = format!("sqlite://{}/x.db", folder.path().display());
    let refusal = SupersetStore::connect(&url, RuleSet::default()).await.unwrap_err();
    assert!(matches!(refusal, ConnectError::Database(_)), "{refusal}");
}

#[tokio::test]
async fn demonstration_tables_are_made_in_an_empty_database_only() {
    let superset = Superset::start().await;
    assert!(matches!(create_demo_schema(&superset.url).await, Err(DemoError::NotEmpty)));
    let roles = superset.column("SELECT name FROM ab_role ORDER BY name").await;
    assert_eq!(roles, ["Admin", "Alpha", "Gamma", "Public", "sql_lab"]);
}

#[tokio::test]
async fn instances_that_start_at_once_make_the_side_tables_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/x.db", folder.path().display());
    create_demo_schema(&url).await.unwrap();
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

#[tokio::test]
async fn side_tables_of_a_newer_version_are_left_alone() {
    let superset = Superset::start().await;
    superset.run("INSERT INTO scim_schema_version VALUES (99, 'x')").await;
    let refusal = SupersetStore::connect(&superset.url, RuleSet::default()).await.unwrap_err();
    assert!(matches!(refusal, ConnectError::Newer { found: 99, known: 1 }), "{refusal}");
}

#[tokio::test]
async fn supersets_own_tables_keep_their_structure() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/x.db", folder.path().display());
    create_demo_schema(&url).await.unwrap();
    let superset = Superset::start().await;
    let theirs = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema WHERE name NOT LIKE '%scim_%' ORDER BY name)";
    let after = superset.value(theirs).await;
    let plain = sqlx::sqlite::SqlitePool::connect(&url).await.unwrap();
    let before: String = sqlx::query_scalar(theirs).fetch_one(&plain).await.unwrap();
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_closed_store_is_not_healthy() {
    let superset = Superset::start().await;
    superset.store.health().await.unwrap();
    superset.store.close().await;
    assert!(matches!(superset.store.health().await, Err(StoreError::Unavailable(_))));
}

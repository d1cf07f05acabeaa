//! Writes that meet transactions of Superset, which knows nothing of our locks.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::engine::Kind;
use crate::harness::{Case, cases, engine};
use crate::support::{Superset, id_of, taken};

pub(crate) const CASES: &[Case] =
    cases![a_write_that_loses_a_deadlock_is_repeated, a_name_that_superset_takes_meanwhile_is_taken];

/// Long enough for the other task to be where it waits.
const A_MOMENT: Duration = Duration::from_millis(400);

async fn a_write_that_loses_a_deadlock_is_repeated() {
    if engine().kind == Kind::Sqlite {
        // One writer at a time: nobody can be in the way of each other.
        return;
    }
    let superset = Arc::new(Superset::start().await);
    let ada = superset.named("ada").await;
    let other = superset.sql.begin().await;
    // Much to undo, so that the engine ends the other transaction.
    let many = vec!["('x')"; 300].join(", ");
    other.run(&format!("INSERT INTO logs (action) VALUES {many}")).await;
    other.run("UPDATE ab_user SET login_count = 1 WHERE id = 2").await;
    let rename = tokio::spawn({
        let (superset, ada) = (superset.clone(), ada.clone());
        async move { superset.set("User", &ada, "userName", json!("ada.king")).await }
    });
    tokio::time::sleep(A_MOMENT).await;
    // Our write waits for the row of the user, and now the other for a value of ours.
    other.run(&format!("UPDATE scim_unique SET value = value WHERE resource_id = '{ada}'")).await;
    other.run("COMMIT").await;
    let renamed = rename.await.unwrap().unwrap();
    assert_eq!(renamed.get("userName"), Some((&json!("ada.king")).into()));
    assert_eq!(superset.value("SELECT login_count FROM ab_user WHERE username = 'ada.king'").await, "1");
    let updates = "SELECT count(*) FROM scim_audit WHERE action = 'update'";
    assert_eq!(superset.value(updates).await, "1", "what was undone is not written down");
}

async fn a_name_that_superset_takes_meanwhile_is_taken() {
    let superset = Arc::new(Superset::start().await);
    let other = superset.sql.begin().await;
    other.insert("ab_user", "first_name, last_name, username, active, email", "'L', 'L', 'bob', TRUE, 'b@l'").await;
    let create = tokio::spawn({
        let superset = superset.clone();
        async move { superset.create("User", json!({"userName": "bob"})).await }
    });
    tokio::time::sleep(A_MOMENT).await;
    assert!(!create.is_finished(), "it waits for the other transaction");
    other.run("COMMIT").await;
    assert_eq!(taken(create.await.unwrap()), "userName");
    assert_eq!(superset.value("SELECT count(*) FROM scim_resource").await, "0");
    id_of(&superset.create("User", json!({"userName": "eve"})).await.unwrap());
}

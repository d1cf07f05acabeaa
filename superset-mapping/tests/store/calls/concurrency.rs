//! Many writers at once.

use std::sync::Arc;

use scim_service::{Create, Modify, Store, StoreError};
use serde_json::json;
use superset_mapping::SupersetStore;

use crate::harness::{Case, cases};
use crate::support::{RULES, Superset, each, rid, version};

pub(crate) const CASES: &[Case] =
    cases![no_member_added_at_the_same_time_is_lost, of_racing_creations_of_one_name_one_wins,];

/// Two stores on one file, as two processes have them.
async fn pair(superset: &Superset) -> [SupersetStore; 2] {
    [superset.store.clone(), SupersetStore::connect(&superset.url, RULES.parse().unwrap()).await.unwrap()]
}

async fn no_member_added_at_the_same_time_is_lost() {
    let superset = Arc::new(Superset::start().await);
    let group = superset.group("analysts", &[]).await;
    let mut users = Vec::new();
    for number in 0..24 {
        users.push(superset.named(&format!("user{number}")).await);
    }
    let stores = pair(&superset).await;
    let tasks: Vec<_> = users
        .iter()
        .zip(stores.iter().cycle())
        .map(|(user, store)| {
            let add = json!([{"op": "add", "path": "members", "value": [{ "value": user }]}]);
            let (superset, store, group) = (superset.clone(), store.clone(), rid(&group));
            let patch = superset.checked_patch("Group", &add);
            tokio::spawn(
                async move { store.patch(&superset.cx(), Modify::new(superset.of("Group"), &group, &patch)).await },
            )
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    users.sort();
    let group = superset.get("Group", &group).await.unwrap();
    assert_eq!(each(&group, "members", "value"), users);
    assert_eq!(version(&group), 25);
    let accounts = superset.store.accounts().await.unwrap();
    assert_eq!(accounts.iter().filter(|account| account.roles == ["Alpha"]).count(), 24);
}

async fn of_racing_creations_of_one_name_one_wins() {
    let superset = Arc::new(Superset::start().await);
    let stores = pair(&superset).await;
    let tasks: Vec<_> = ["ada", "ADA", "Ada", "aDa", "adA", "AdA"]
        .into_iter()
        .zip(stores.iter().cycle())
        .map(|(name, store)| {
            let (superset, store) = (superset.clone(), store.clone());
            tokio::spawn(async move {
                let user = superset.resource("User", json!({ "userName": name }));
                store.create(&superset.cx(), Create::new(superset.of("User"), user)).await
            })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            Err(StoreError::Uniqueness { attribute }) => assert_eq!(attribute, "userName"),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(superset.value("SELECT count(*) FROM ab_user").await, "2");
}

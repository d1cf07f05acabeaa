//! Clients whose writes are held back: in the database, for all servers.

use chrono::{TimeDelta, Utc};
use scim_service::observe::ObservedStore;
use scim_service::observe::brake::{Brake, Hold, Holds, Release};
use scim_service::{Context, Create, Delete, Modify, Principal, Store, StoreError};
use serde_json::json;
use superset_mapping::{RuleSet, SupersetStore};

use crate::harness::{Case, cases};
use crate::support::{Superset, id_of, rid};

pub(crate) const CASES: &[Case] = cases![
    a_hold_is_known_to_all_servers_and_outlives_them,
    protected_roles_that_follow_from_one_write_are_counted,
    a_transaction_that_would_deactivate_too_many_is_refused,
];

/// A server with a brake.
async fn server(superset: &Superset, threshold: &str) -> (ObservedStore<SupersetStore>, Brake) {
    let store = SupersetStore::connect(&superset.url, crate::support::RULES.parse().unwrap()).await.unwrap();
    let rules = store.clone();
    let brake = Brake::new([threshold.parse().unwrap()], store.holds())
        .with_protected(move |role| rules.rules().is_protected(role));
    brake.sync(Utc::now()).await.unwrap();
    (ObservedStore::new(store, brake.clone()), brake)
}

fn client(name: &str) -> Context {
    Context::new(Principal::new(name), "r-1", Utc::now())
}

async fn deactivate(superset: &Superset, store: &dyn Store, id: &str) -> Result<(), StoreError> {
    let off = superset.checked_patch("User", &json!([{"op": "replace", "path": "active", "value": false}]));
    store.patch(&client("okta"), Modify::new(superset.of("User"), &rid(id), &off)).await.map(drop)
}

fn is_held(outcome: Result<(), StoreError>) -> bool {
    match outcome {
        Ok(()) => false,
        Err(StoreError::Held { .. }) => true,
        Err(other) => panic!("{other}"),
    }
}

async fn only(superset: &Superset) -> Hold {
    let all = superset.store.holds().latest(10).await.unwrap();
    let [hold] = &all[..] else { panic!("{all:?}") };
    hold.clone()
}

async fn a_hold_is_known_to_all_servers_and_outlives_them() {
    let superset = Superset::start().await;
    let mut ids = Vec::new();
    for name in ["ada", "bob", "eve", "kim", "lea", "max"] {
        ids.push(superset.named(name).await);
    }
    let (first, brake) = server(&superset, "deactivations=2/1h").await;
    let (second, other_brake) = server(&superset, "deactivations=2/1h").await;
    for id in &ids[..2] {
        assert!(!is_held(deactivate(&superset, &first, id).await));
    }
    assert!(is_held(deactivate(&superset, &first, &ids[2]).await));
    brake.sync(Utc::now()).await.unwrap();
    other_brake.sync(Utc::now()).await.unwrap();
    assert!(is_held(deactivate(&superset, &second, &ids[2]).await));
    other_brake.sync(Utc::now()).await.unwrap();
    brake.sync(Utc::now()).await.unwrap();

    let hold = only(&superset).await;
    assert_eq!((hold.client.as_deref(), hold.count, hold.refused, hold.is_held()), (Some("okta"), 2, 2, true));
    assert_eq!(superset.store.holds().find(&hold.id).await.unwrap(), Some(hold.clone()));
    assert_eq!(superset.store.holds().held(1).await.unwrap(), std::slice::from_ref(&hold));
    assert_eq!(superset.store.holds().find("nobody").await.unwrap(), None);
    let names = superset.store.holds().names(&hold.done[0].sample).await.unwrap();
    assert_eq!(names.into_values().collect::<Vec<_>>().len(), 2);

    // A start later it is held, until an operator has looked.
    let (third, third_brake) = server(&superset, "deactivations=2/1h").await;
    assert!(is_held(deactivate(&superset, &third, &ids[2]).await));
    let allowing = Release::new(Utc::now()).allowing(2, Utc::now() + TimeDelta::hours(1));
    assert!(superset.store.holds().release(&hold.id, allowing.clone()).await.unwrap());
    assert!(!superset.store.holds().release(&hold.id, allowing.clone()).await.unwrap());
    assert_eq!(superset.store.holds().held(1).await.unwrap(), []);
    for brake in [&brake, &other_brake, &third_brake] {
        brake.sync(Utc::now()).await.unwrap();
    }
    // What one server lets pass the others do not let pass again.
    assert!(!is_held(deactivate(&superset, &first, &ids[2]).await));
    assert!(!is_held(deactivate(&superset, &first, &ids[3]).await));
    brake.sync(Utc::now()).await.unwrap();
    other_brake.sync(Utc::now()).await.unwrap();
    let used = only(&superset).await.release.unwrap().allowance.unwrap();
    assert_eq!((used.number, used.used), (2, 2));
    assert!(!is_held(deactivate(&superset, &second, &ids[4]).await));
    assert!(!is_held(deactivate(&superset, &second, &ids[5]).await));
    assert!(is_held(deactivate(&superset, &second, &ids[0]).await));
}

async fn protected_roles_that_follow_from_one_write_are_counted() {
    let superset = Superset::start().await;
    let (ada, bob) = (superset.named("ada").await, superset.named("bob").await);
    let (store, brake) = server(&superset, "protected-grants=2/1d").await;
    let cx = Context::new(Principal::new("test"), "r-1", Utc::now());
    let group =
        json!({"displayName": "executives", "externalId": "grp-exec", "members": [{"value": ada}, {"value": bob}]});
    let group = Create::new(superset.of("Group"), superset.resource("Group", group));
    let group = id_of(&store.create(&cx, group).await.unwrap().resource);
    assert_eq!(superset.roles("bob").await, ["Admin"]);
    let holds = brake.holds();
    assert!(holds[0].count >= 2, "{holds:?}");
    let refused = store.delete(&cx, Delete::new(superset.of("Group"), &rid(&group))).await.map(drop);
    assert!(is_held(refused));
}

async fn a_transaction_that_would_deactivate_too_many_is_refused() {
    let superset = Superset::start().await;
    let (ada, bob, eve) = (superset.named("ada").await, superset.named("bob").await, superset.named("eve").await);
    let (store, brake) = server(&superset, "deactivations=2/1h").await;
    let transaction = store.begin(&client("okta")).await.unwrap();
    assert!(!is_held(deactivate(&superset, &*transaction, &ada).await));
    assert!(!is_held(deactivate(&superset, &*transaction, &bob).await));
    assert!(is_held(deactivate(&superset, &*transaction, &eve).await));
    transaction.commit().await.unwrap_err();
    let active = superset.value("SELECT count(*) FROM ab_user WHERE active IS TRUE").await;
    assert_eq!((active.as_str(), brake.holds()[0].pending), ("4", 3));
    brake.sync(Utc::now()).await.unwrap();
    assert_eq!(only(&superset).await.pending, 3);
    assert_eq!(
        SupersetStore::connect(&superset.url, RuleSet::default()).await.unwrap().holds().latest(1).await.unwrap().len(),
        1
    );
}

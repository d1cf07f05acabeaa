//! Passwords are in `ab_user`, hashed, and nowhere else.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scim_core::{ResourceId, SchemaSet, Version};
use scim_service::conformance::http_conformance;
use scim_service::{
    BearerTokens, Create, Precondition, Principal, Replace, ScimService, ServiceConfig, Store, StoreError,
};
use serde_json::json;
use tracing::instrument::WithSubscriber;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::engine::Kind;
use crate::harness::{Case, cases};
use crate::support::{Superset, version};

pub(crate) const CASES: &[Case] = cases![
    a_password_is_hashed_for_superset_and_found_nowhere_else,
    r190_a_replacement_without_a_password_keeps_it_and_a_removal_makes_it_unusable,
    p9_a_password_is_removed_once_by_patch_and_by_null,
    p9_over_http_every_way_to_remove_a_password_has_one_outcome,
    x4_what_is_refused_costs_no_hash_and_what_is_done_costs_one,
    x4_a_password_is_refused_in_a_transaction,
];

fn columns_of(kind: Kind, table: &str) -> String {
    match kind {
        Kind::Sqlite => format!("SELECT name FROM pragma_table_info('{table}')"),
        Kind::Postgres | Kind::MySql => {
            format!("SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'")
        }
    }
}

const PASSWORD: &str = "SELECT password FROM ab_user WHERE id = 2";

async fn a_password_is_hashed_for_superset_and_found_nowhere_else() {
    let superset = Superset::start().await;
    let id = superset.user(json!({"userName": "ada", "password": "s3cret-pässword"})).await;
    let first = superset.value(PASSWORD).await;
    assert!(first.starts_with("scrypt:32768:8:1$"), "{first}");
    assert_eq!(first.split('$').map(str::len).collect::<Vec<_>>(), [16, 16, 128]);
    assert_eq!(superset.get("User", &id).await.unwrap().get("password"), None);
    let patched = superset.set("User", &id, "password", json!("s3cret-pässword")).await.unwrap();
    assert_eq!((patched.get("password"), version(&patched)), (None, 2));
    let second = superset.value(PASSWORD).await;
    assert_ne!(first, second, "another salt");
    for table in
        ["scim_resource", "scim_unique", "scim_value", "scim_member", "scim_tombstone", "scim_grant", "scim_audit"]
    {
        let columns = superset.column(&columns_of(superset.kind(), table)).await;
        assert!(columns.len() > 2, "{table}");
        for column in columns {
            let found = format!(
                "SELECT count(*) FROM {table} WHERE concat({column}) LIKE '%s3cret%' OR concat({column}) LIKE '%scrypt%'"
            );
            assert_eq!(superset.value(&found).await, "0", "{table}.{column}");
        }
    }
}

async fn r190_a_replacement_without_a_password_keeps_it_and_a_removal_makes_it_unusable() {
    let superset = Superset::start().await;
    let id = superset.user(json!({"userName": "ada", "password": "x"})).await;
    let hash = superset.value(PASSWORD).await;
    superset.replace("User", &id, json!({"userName": "ada", "title": "Dr"})).await.unwrap();
    superset.set("User", &id, "title", json!("Prof")).await.unwrap();
    assert_eq!(superset.value(PASSWORD).await, hash);
    superset.patch("User", &id, json!([{"op": "remove", "path": "password"}])).await.unwrap();
    assert_eq!(superset.value(PASSWORD).await, "!");
}

async fn p9_a_password_is_removed_once_by_patch_and_by_null() {
    let superset = Superset::start().await;
    let id = superset.user(json!({"userName": "ada", "password": "x"})).await;
    let remove = json!([{"op": "remove", "path": "password"}]);
    let removed = superset.patch("User", &id, remove.clone()).await.unwrap();
    let again = superset.patch("User", &id, remove).await.unwrap();
    assert_eq!((version(&removed), version(&again)), (2, 2), "where there is none, nothing changes");
    superset.set("User", &id, "password", json!("y")).await.unwrap();
    for _ in 0..2 {
        let replaced = superset.replace("User", &id, json!({"userName": "ada", "password": null})).await.unwrap();
        assert_eq!((superset.value(PASSWORD).await.as_str(), version(&replaced)), ("!", 4));
    }
}

async fn p9_over_http_every_way_to_remove_a_password_has_one_outcome() {
    let superset = Superset::start().await;
    let tokens = BearerTokens::new().with_token("a-token-for-tests", Principal::new("test")).unwrap();
    let base_url = "https://example.com/scim/v2";
    let config = ServiceConfig::new(base_url).unwrap();
    let service = ScimService::new(superset.store.clone(), SchemaSet::builtin(), config, tokens);
    http_conformance(base_url, "Bearer a-token-for-tests", async |request| service.handle(request).await).await;
}

/// Counts the hashes that the log tells of.
#[derive(Clone, Default)]
struct Hashes(Arc<AtomicUsize>);

impl Subscriber for Hashes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().ends_with("::hashing")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// What a call gives, and how many passwords it hashed.
async fn counted<T>(call: impl Future<Output = T>) -> (T, usize) {
    let hashes = Hashes::default();
    let outcome = call.with_subscriber(hashes.clone()).await;
    (outcome, hashes.0.load(Ordering::Relaxed))
}

async fn x4_what_is_refused_costs_no_hash_and_what_is_done_costs_one() {
    let superset = Superset::start().await;
    let ada = superset.user(json!({"userName": "ada", "emails": [{"value": "ada@example.com"}]})).await;
    let nobody = "00000000-0000-0000-0000-000000000000";
    let stale = Precondition::OneOf(vec![Version::new(7)]);

    let taken = [
        json!({"userName": "ada", "password": "x"}),
        json!({"userName": "ADA", "password": "x"}),
        // A local account, and the address of another user.
        json!({"userName": "admin", "password": "x"}),
        json!({"userName": "bob", "password": "x", "emails": [{"value": "ADA@example.com"}]}),
    ];
    for user in taken {
        let (outcome, hashes) = counted(superset.create("User", user.clone())).await;
        let taken = matches!(outcome, Err(StoreError::Uniqueness { .. } | StoreError::HeldElsewhere { .. }));
        assert!(taken && hashes == 0, "{user}: {outcome:?} {hashes}");
    }
    let bob = superset.user(json!({"userName": "bob"})).await;
    let (outcome, hashes) = counted(superset.replace("User", &bob, json!({"userName": "Ada", "password": "x"}))).await;
    assert!(matches!(outcome, Err(StoreError::Uniqueness { .. })) && hashes == 0, "{outcome:?}");
    let rename = json!([
        {"op": "replace", "path": "password", "value": "x"}, {"op": "replace", "path": "userName", "value": "ada"}
    ]);
    let (outcome, hashes) = counted(superset.patch("User", &bob, rename)).await;
    assert!(matches!(outcome, Err(StoreError::Uniqueness { .. })) && hashes == 0, "{outcome:?}");
    let (outcome, hashes) = counted(superset.set("User", nobody, "password", json!("x"))).await;
    assert!(matches!(outcome, Err(StoreError::NotFound)) && hashes == 0, "{outcome:?}");
    let user = json!({"userName": "ada", "password": "x"});
    let (outcome, hashes) = counted(superset.replace("User", nobody, user.clone())).await;
    assert!(matches!(outcome, Err(StoreError::NotFound)) && hashes == 0, "{outcome:?}");
    let id: ResourceId = ada.parse().unwrap();
    let (cx, user) = (superset.cx(), superset.resource("User", user));
    let replace = superset.store.replace(&cx, Replace::new(superset.of("User"), &id, user).with_when(&stale));
    let (outcome, hashes) = counted(replace).await;
    assert!(matches!(outcome, Err(StoreError::PreconditionFailed)) && hashes == 0, "{outcome:?}");

    let (outcome, hashes) = counted(superset.create("User", json!({"userName": "carol", "password": "x"}))).await;
    assert!(outcome.is_ok() && hashes == 1, "{outcome:?} {hashes}");
    let (outcome, hashes) = counted(superset.replace("User", &bob, json!({"userName": "bob", "password": "x"}))).await;
    assert!(outcome.is_ok() && hashes == 1, "{outcome:?} {hashes}");
    let (outcome, hashes) = counted(superset.set("User", &bob, "password", json!("y"))).await;
    assert!(outcome.is_ok() && hashes == 1, "{outcome:?} {hashes}");
    let (outcome, hashes) = counted(superset.set("User", &bob, "title", json!("Dr"))).await;
    assert!(outcome.is_ok() && hashes == 0, "{outcome:?} {hashes}");
}

async fn x4_a_password_is_refused_in_a_transaction() {
    let superset = Superset::start().await;
    let cx = superset.cx();
    let of = superset.of("User");
    let transaction = superset.store.begin(&cx).await.unwrap();
    let with = superset.resource("User", json!({"userName": "ada", "password": "x"}));
    let (outcome, hashes) = counted(transaction.create(&cx, Create::new(of, with))).await;
    assert!(matches!(outcome, Err(StoreError::Refused { .. })) && hashes == 0, "{outcome:?}");
    let without = superset.resource("User", json!({"userName": "ada"}));
    transaction.create(&cx, Create::new(of, without)).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(superset.value(PASSWORD).await, "!");
}

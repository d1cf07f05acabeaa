//! A client that does too much is held back until an operator has looked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use http::{Method, Request, Response};
use scim_core::{SchemaSet, urn};
use scim_service::brake::{Brake, Hold, Holds, Kind, MAX_CLIENTS, MemoryHolds, Release};
use scim_service::observe::{ObservedStore, Observer};
use scim_service::{
    AccessChange, BearerTokens, BulkAtomicity, Capabilities, Change, Context, Create, Delete, Grant, GrantKind,
    MemoryStore, Principal, ScimService, ServiceConfig, Store, StoreError,
};
use serde_json::{Value, json};

const OKTA: &str = "yXh2Qm7vT0w8LbN4";
const ENTRA: &str = "kR5pZ9cJ3fVd1Wg6";

struct Held {
    service: ScimService<ObservedStore<MemoryStore>>,
    brake: Brake,
    holds: MemoryHolds,
    alerts: Arc<Mutex<Vec<Hold>>>,
}

impl Held {
    fn new(thresholds: &[&str], atomicity: BulkAtomicity) -> Self {
        let (holds, alerts) = (MemoryHolds::default(), Arc::new(Mutex::new(Vec::new())));
        let told = alerts.clone();
        let brake = Brake::new(thresholds.iter().map(|threshold| threshold.parse().unwrap()), holds.clone());
        let brake = brake.with_alert(move |hold| told.lock().unwrap().push(hold.clone()));
        let mut capabilities = Capabilities::default();
        capabilities.bulk = Some(atomicity);
        let config = ServiceConfig::new("https://example.com/scim").unwrap().with_capabilities(capabilities);
        let tokens = BearerTokens::new().with_token(OKTA, Principal::new("okta")).unwrap();
        let tokens = tokens.with_token(ENTRA, Principal::new("entra")).unwrap();
        let store = ObservedStore::new(MemoryStore::new(), brake.clone());
        let service = ScimService::new(store, SchemaSet::builtin(), config, tokens);
        Self { service, brake, holds, alerts }
    }

    async fn ask(&self, token: &str, method: Method, path: &str, body: &Value) -> Response<Bytes> {
        let request = Request::builder().method(method).uri(format!("https://example.com/scim{path}"));
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/scim+json");
        self.service.handle(request.body(Bytes::from(body.to_string())).unwrap()).await
    }

    async fn create(&self, token: &str, name: &str) -> Result<String, Value> {
        let user = json!({"schemas": [urn::USER], "userName": name, "active": true});
        let response = self.ask(token, Method::POST, "/Users", &user).await;
        let made: Value = serde_json::from_slice(response.body()).unwrap();
        if response.status() == 201 { Ok(made["id"].as_str().unwrap().to_owned()) } else { Err(made) }
    }

    async fn people(&self, number: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for index in 0..number {
            ids.push(self.create(ENTRA, &format!("user{index}")).await.unwrap());
        }
        ids
    }

    /// One bulk request that deactivates all of them.
    async fn deactivate(&self, ids: &[String]) -> Vec<(u64, Value)> {
        let operation = |id: &String| {
            let off = json!([{"op": "replace", "path": "active", "value": false}]);
            let patch = json!({"schemas": [urn::PATCH_OP], "Operations": off});
            json!({"method": "PATCH", "path": format!("/Users/{id}"), "data": patch})
        };
        let operations: Vec<Value> = ids.iter().map(operation).collect();
        let bulk = json!({"schemas": [urn::BULK_REQUEST], "Operations": operations});
        let response = self.ask(OKTA, Method::POST, "/Bulk", &bulk).await;
        let answer: Value = serde_json::from_slice(response.body()).unwrap();
        let Some(results) = answer["Operations"].as_array() else { panic!("{answer}") };
        let status = |result: &Value| result["status"].as_str().unwrap().parse().unwrap();
        results.iter().map(|result| (status(result), result["response"].clone())).collect()
    }

    async fn inactive(&self) -> u64 {
        let response = self.ask(ENTRA, Method::GET, "/Users?filter=active%20eq%20false&count=0", &Value::Null).await;
        let list: Value = serde_json::from_slice(response.body()).unwrap();
        list["totalResults"].as_u64().unwrap()
    }

    async fn sync(&self) {
        self.brake.sync(Utc::now()).await.unwrap();
    }

    async fn release(&self, release: Release) {
        self.sync().await;
        let held = self.holds.all().into_iter().find(Hold::is_held).unwrap();
        assert!(self.holds.release(&held.id, release.clone()).await.unwrap());
        assert!(!self.holds.release(&held.id, release).await.unwrap(), "it is released already");
        self.sync().await;
    }
}

#[tokio::test]
async fn of_a_bulk_that_deactivates_120_people_50_pass_and_70_are_503() {
    let held = Held::new(&["deactivations=50/1h"], BulkAtomicity::PerOperation);
    let ids = held.people(120).await;
    let results = held.deactivate(&ids).await;
    let statuses: Vec<u64> = results.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [[200; 50].as_slice(), &[503; 70]].concat());
    assert_eq!(held.inactive().await, 50);

    let alerts = held.alerts.lock().unwrap().clone();
    let [alert] = &alerts[..] else { panic!("{alerts:?}") };
    assert_eq!(
        (alert.kind, alert.count, alert.most, alert.client.as_deref()),
        (Kind::Deactivations, 50, 50, Some("okta"))
    );
    assert_eq!((alert.done[0].count, alert.done[0].sample.len()), (50, 10));
    assert_eq!(alert.done[0].sample[9].id, ids[49]);
    let detail = results[119].1["detail"].as_str().unwrap();
    assert!(detail.contains("writes of `okta` are held back: 50 deactivations within 1h"), "{detail}");
    assert!(detail.contains("operator") && detail.contains(&alert.id), "{detail}");

    // Every write waits, reads do not, and nobody else is concerned.
    assert_eq!(held.create(OKTA, "eve").await.unwrap_err()["status"], "503");
    let response = held.ask(OKTA, Method::DELETE, &format!("/Users/{}", ids[0]), &Value::Null).await;
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"300".parse().unwrap()));
    assert_eq!(held.ask(OKTA, Method::GET, &format!("/Users/{}", ids[0]), &Value::Null).await.status(), 200);
    held.create(ENTRA, "eve").await.unwrap();
    held.sync().await;
    let kept = held.holds.all();
    assert_eq!((kept.len(), kept[0].refused, kept[0].release.is_none()), (1, 72, true));
}

#[tokio::test]
async fn a_bulk_that_is_done_as_a_whole_is_refused_as_a_whole() {
    let held = Held::new(&["deactivations=50/1h"], BulkAtomicity::AllOrNothing);
    let ids = held.people(120).await;
    // One that fails for another reason leaves nothing, and counts for nothing.
    let unknown = ["nobody".to_owned()];
    let failed = held.deactivate(&[&ids[..40], &unknown[..]].concat()).await;
    assert_eq!((failed[40].0, failed[0].0), (404, 424));
    // What may pass at most passes.
    let statuses: Vec<u64> = held.deactivate(&ids[..30]).await.iter().map(|(status, _)| *status).collect();
    assert_eq!((statuses, held.inactive().await), (vec![200; 30], 30));

    let results = held.deactivate(&ids[30..]).await;
    let refused: Vec<usize> = (0..90).filter(|index| results[*index].0 == 503).collect();
    assert_eq!(refused, [20], "the 51st");
    assert!(results.iter().all(|(status, _)| matches!(status, 503 | 424)), "{results:?}");
    assert!(results[20].1["detail"].as_str().unwrap().contains("21 of them in one request, which was refused"));
    assert_eq!(held.inactive().await, 30);
    assert_eq!(held.alerts.lock().unwrap()[0].pending, 21);
    // From now on the client is held, until somebody lets it pass.
    assert_eq!(held.create(OKTA, "eve").await.unwrap_err()["status"], "503");
    held.release(Release::new(Utc::now()).allowing(90, Utc::now() + TimeDelta::hours(1))).await;
    assert!(held.deactivate(&ids[30..]).await.iter().all(|(status, _)| *status == 200));
    assert_eq!(held.inactive().await, 120);
    held.create(OKTA, "eve").await.unwrap();
}

#[tokio::test]
async fn what_a_release_allows_passes_and_then_the_threshold_is_what_it_was() {
    let held = Held::new(&["deactivations=10/1h", "creations=1000/1h"], BulkAtomicity::PerOperation);
    let ids = held.people(60).await;
    let passed = async |ids: &[String]| held.deactivate(ids).await.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(passed(&ids).await, 10);
    held.release(Release::new(Utc::now()).allowing(15, Utc::now() + TimeDelta::hours(1))).await;
    assert_eq!(passed(&ids[10..]).await, 15 + 10);
    held.sync().await;
    let used = held.holds.all()[0].release.clone().unwrap().allowance.unwrap();
    assert_eq!((used.number, used.used), (15, 15));
    // One that is over lets nobody pass, nor does one of another kind.
    held.release(Release::new(Utc::now()).allowing(15, Utc::now())).await;
    assert_eq!(passed(&ids[35..]).await, 10);
    held.release(Release::new(Utc::now())).await;
    assert_eq!(passed(&ids[45..]).await, 10);
}

#[tokio::test]
async fn a_hold_is_kept_where_other_servers_and_the_next_start_find_it() {
    let first = Held::new(&["deletions=1/1h"], BulkAtomicity::PerOperation);
    let id = first.create(OKTA, "ada").await.unwrap();
    first.ask(OKTA, Method::DELETE, &format!("/Users/{id}"), &Value::Null).await;
    first.sync().await;

    let second = Brake::new(["deletions=1/1h".parse().unwrap()], first.holds.clone());
    let cx = |name: &str| Context::new(Principal::new(name), "r", Utc::now());
    let may_write = |brake: &Brake, name: &str| brake.writing(&cx(name), scim_service::Operation::Patch).is_ok();
    assert!(may_write(&second, "okta"), "it did not look yet");
    second.sync(Utc::now()).await.unwrap();
    assert!(!may_write(&second, "okta") && may_write(&second, "entra"));
    let of_tenant = Context::new(Principal::new("okta").in_tenant("acme"), "r", Utc::now());
    assert!(second.writing(&of_tenant, scim_service::Operation::Patch).is_ok(), "a tenant is another client");
    // Both count what they refuse, and one release is one for both.
    assert!(!may_write(&first.brake, "okta"));
    first.sync().await;
    second.sync(Utc::now()).await.unwrap();
    assert_eq!(first.holds.all()[0].refused, 2);
    first.release(Release::new(Utc::now())).await;
    assert!(may_write(&first.brake, "okta") && !may_write(&second, "okta"));
    second.sync(Utc::now()).await.unwrap();
    assert!(may_write(&second, "okta"));
}

#[tokio::test]
async fn a_hold_that_could_not_be_kept_holds_and_is_kept_later() {
    #[derive(Clone, Default)]
    struct Failing(MemoryHolds, Arc<AtomicUsize>);

    #[async_trait::async_trait]
    impl Holds for Failing {
        async fn load(&self, now: chrono::DateTime<Utc>) -> Result<Vec<Hold>, StoreError> {
            self.0.load(now).await
        }
        async fn save(&self, hold: &Hold) -> Result<(), StoreError> {
            if self.1.fetch_add(1, Ordering::Relaxed) == 0 {
                return Err(StoreError::Unavailable("gone".into()));
            }
            self.0.save(hold).await
        }
        async fn note(&self, id: &str, news: scim_service::brake::HoldNews) -> Result<(), StoreError> {
            self.0.note(id, news).await
        }
        async fn release(&self, id: &str, release: Release) -> Result<bool, StoreError> {
            self.0.release(id, release).await
        }
    }

    let holds = Failing::default();
    let brake = Brake::new(["creations=1/1h".parse().unwrap()], holds.clone());
    let (store, schemas) = (ObservedStore::new(MemoryStore::new(), brake.clone()), SchemaSet::builtin());
    let cx = Context::new(Principal::new("okta"), "r", Utc::now());
    let user =
        |name: &str| Create::new(schemas.user().unwrap(), serde_json::from_value(json!({"userName": name})).unwrap());
    store.create(&cx, user("ada")).await.unwrap();
    assert!(brake.sync(Utc::now()).await.is_err());
    assert!(matches!(store.create(&cx, user("bob")).await, Err(StoreError::Held { .. })));
    brake.sync(Utc::now()).await.unwrap();
    assert_eq!(holds.0.all()[0].refused, 1);
    assert!(matches!(store.create(&cx, user("bob")).await, Err(StoreError::Held { .. })));
}

#[tokio::test]
async fn a_share_follows_the_directory_and_what_is_old_no_longer_counts() {
    let held = Held::new(&["deletions=10%,2/1h"], BulkAtomicity::PerOperation);
    let delete = |at: chrono::DateTime<Utc>| {
        let of = SchemaSet::builtin().user().unwrap().clone();
        let version = Some(scim_core::Version::new(1));
        let cx = Context::new(Principal::new("okta"), "r", at);
        let change = Change::new(&cx, &of, "u".parse().unwrap()).with_versions(version, None);
        held.brake.wrote(&cx, &change);
        held.brake.holds().len()
    };
    assert_eq!(held.brake.tenants(), [None]);
    held.brake.set_users(None, 100);
    let start = Utc::now();
    assert!((0..9).all(|_| delete(start) == 0));
    assert_eq!(delete(start + TimeDelta::minutes(70)), 0, "the window has slid");
    held.brake.set_users(None, 20);
    assert_eq!(delete(start + TimeDelta::minutes(70)), 1);
}

#[tokio::test]
async fn protected_roles_count_and_logins_and_the_host_are_never_held() {
    let brake = Brake::new(["protected-grants=2/1h".parse().unwrap()], MemoryHolds::default());
    let brake = brake.with_protected(|role| role == "Admin");
    let grant = |principal: Principal, role: &str, holders: usize| {
        let cx = Context::new(principal, "r", Utc::now());
        let of = SchemaSet::builtin().group().unwrap().clone();
        let access = (0..holders).fold(AccessChange::default(), |access, holder| {
            access.gaining(Grant::new(GrantKind::Role, role, "User", format!("u{holder}").parse().unwrap()))
        });
        let version = || Some(scim_core::Version::new(1));
        brake.wrote(
            &cx,
            &Change::new(&cx, &of, "g".parse().unwrap()).with_versions(version(), version()).with_access(access),
        );
        brake.holds().len()
    };
    assert_eq!(grant(Principal::new("okta"), "Alpha", 9), 0);
    assert_eq!(grant(Principal::host("undo"), "Admin", 9), 0);
    assert_eq!(grant(Principal::provider("okta"), "Admin", 9), 0);
    assert_eq!(grant(Principal::new("okta"), "Admin", 1), 0);
    assert_eq!(grant(Principal::new("okta"), "Admin", 2), 1);
    assert_eq!(brake.holds()[0].count, 3);
    let cx = Context::new(Principal::provider("okta"), "r", Utc::now());
    assert!(brake.writing(&cx, scim_service::Operation::Create).is_ok());
}

#[tokio::test]
async fn a_transaction_in_which_a_write_was_refused_cannot_be_committed() {
    let brake = Brake::new(["deletions=1/1h".parse().unwrap()], MemoryHolds::default());
    let (store, schemas) = (ObservedStore::new(MemoryStore::new(), brake.clone()), SchemaSet::builtin());
    let users = schemas.user().unwrap();
    let cx = Context::new(Principal::new("okta"), "r", Utc::now());
    let mut ids = Vec::new();
    for name in ["ada", "bob"] {
        let user = Create::new(users, serde_json::from_value(json!({ "userName": name })).unwrap());
        ids.push(store.create(&cx, user).await.unwrap().resource.id().unwrap().parse().unwrap());
    }
    let transaction = store.begin(&cx).await.unwrap();
    transaction.delete(&cx, Delete::new(users, &ids[0])).await.unwrap();
    let refusal = transaction.delete(&cx, Delete::new(users, &ids[1])).await.unwrap_err();
    assert!(matches!(refusal, StoreError::Held { .. }), "{refusal}");
    assert!(matches!(transaction.commit().await, Err(StoreError::Refused { .. })));
    store.read(&cx, scim_service::Read::new(users, &ids[0])).await.unwrap();
    let done: Vec<_> = brake.holds()[0].done.iter().map(|done| (done.kind, done.count)).collect();
    assert_eq!(done, [(Kind::Creations, 2)], "nothing was deleted");
}

#[tokio::test]
async fn clients_beyond_the_limit_are_counted_together() {
    let brake = Brake::new(["deletions=3/1h".parse().unwrap()], MemoryHolds::default());
    let of = SchemaSet::builtin().user().unwrap().clone();
    let delete = |tenant: usize, at: chrono::DateTime<Utc>| {
        let principal = Principal::new("okta").in_tenant(&format!("t{tenant}"));
        let cx = Context::new(principal, "r", at);
        let version = Some(scim_core::Version::new(1));
        brake.wrote(&cx, &Change::new(&cx, &of, "u".parse().unwrap()).with_versions(version, None));
        brake.writing(&cx, scim_service::Operation::Delete).is_ok()
    };
    let now = Utc::now();
    assert!((0..MAX_CLIENTS + 2).all(|tenant| delete(tenant, now)));
    assert!(!delete(MAX_CLIENTS + 2, now), "the third of the others");
    assert!(delete(0, now), "who has a place is not concerned");
    assert_eq!(brake.holds()[0].client, None);
    // Once nobody does anything there is room again.
    assert!(delete(MAX_CLIENTS + 3, now + TimeDelta::hours(2)));
    assert_eq!(brake.tenants().len(), 2);
}

//! Several writes that take effect together.

use scim_core::Resource;
use scim_service::{Context, Create, Delete, Modify, Read, Store, StoreError, Transaction};
use serde_json::{Value, json};

use crate::harness::{Case, cases, engine, on};
use crate::support::{Superset, id_of, rid, taken};

pub(crate) const CASES: &[Case] = cases![
    writes_are_seen_inside_at_once_and_outside_after_the_commit,
    of_a_transaction_that_is_dropped_nothing_is_left,
    a_call_that_fails_leaves_the_others_alone,
    a_call_that_is_dropped_in_the_middle_is_done_or_undone_or_ends_the_transaction,
    the_last_administrator_is_looked_after_at_the_commit,
    a_transaction_is_of_one_tenant_and_starts_no_other,
    a_transaction_may_be_dropped_anywhere,
];

impl Superset {
    async fn begin(&self, cx: &Context) -> Box<dyn Transaction> {
        self.store.begin(cx).await.unwrap()
    }

    async fn create_in(
        &self,
        transaction: &dyn Transaction,
        cx: &Context,
        of: &str,
        resource: Value,
    ) -> Result<Resource, StoreError> {
        transaction
            .create(cx, Create::new(self.of(of), self.resource(of, resource)))
            .await
            .map(|written| written.resource)
    }

    async fn remains(&self) -> [String; 4] {
        let count = async |table: &str| self.value(&format!("SELECT count(*) FROM {table}")).await;
        [count("scim_resource").await, count("ab_user").await, count("ab_group").await, count("scim_member").await]
    }
}

async fn writes_are_seen_inside_at_once_and_outside_after_the_commit() {
    let superset = Superset::start().await;
    let cx = superset.cx();
    let transaction = superset.begin(&cx).await;
    let ada = superset.create_in(&*transaction, &cx, "User", json!({"userName": "ada"})).await.unwrap();
    let members = json!([{"value": id_of(&ada)}]);
    let group = json!({"displayName": "analysts", "members": members});
    let group = superset.create_in(&*transaction, &cx, "Group", group).await.unwrap();
    let id = rid(&id_of(&ada));
    let seen = transaction.read(&cx, Read::new(superset.of("User"), &id)).await.unwrap();
    assert_eq!(seen.get("groups").unwrap().elements().next().unwrap().get("value").unwrap(), id_of(&group).as_str());
    assert!(matches!(superset.get("User", &id_of(&ada)).await, Err(StoreError::NotFound)), "not outside");
    transaction.commit().await.unwrap();
    assert!(superset.get("User", &id_of(&ada)).await.is_ok());
    assert_eq!(superset.roles("ada").await, ["Alpha"]);
}

async fn of_a_transaction_that_is_dropped_nothing_is_left() {
    let superset = Superset::start().await;
    let ada = superset.named("ada").await;
    let before = superset.remains().await;
    let cx = superset.cx();
    let transaction = superset.begin(&cx).await;
    superset.create_in(&*transaction, &cx, "Group", json!({"displayName": "g"})).await.unwrap();
    transaction.delete(&cx, Delete::new(superset.of("User"), &rid(&ada))).await.unwrap();
    drop(transaction);
    // Whoever writes next waits for the rollback.
    superset.set("User", &ada, "title", json!("Countess")).await.unwrap();
    assert_eq!(superset.remains().await, before);
    assert!(superset.account("ada").await.active);
}

async fn a_call_that_fails_leaves_the_others_alone() {
    let superset = Superset::start().await;
    let cx = superset.cx();
    let transaction = superset.begin(&cx).await;
    let user = |name: &str| json!({ "userName": name });
    superset.create_in(&*transaction, &cx, "User", user("ada")).await.unwrap();
    assert_eq!(taken(superset.create_in(&*transaction, &cx, "User", user("ADA")).await), "userName");
    // The local account has the address: found out after the resource was written.
    let local = json!({"userName": "x", "emails": [{"value": "admin@local"}]});
    assert_eq!(taken(superset.create_in(&*transaction, &cx, "User", local).await), "emails");
    superset.create_in(&*transaction, &cx, "User", user("bob")).await.unwrap();
    transaction.commit().await.unwrap();
    let names = superset.column("SELECT username FROM ab_user ORDER BY id").await;
    assert_eq!(names, ["admin", "ada", "bob"]);
    assert_eq!(superset.remains().await[..2], ["2", "3"]);
}

async fn a_call_that_is_dropped_in_the_middle_is_done_or_undone_or_ends_the_transaction() {
    for polls in 0..30 {
        let superset = Superset::start().await;
        let cx = superset.cx();
        let transaction = superset.begin(&cx).await;
        let user = |name: &str| json!({ "userName": name });
        superset.create_in(&*transaction, &cx, "User", user("ada")).await.unwrap();
        let create = superset.create_in(&*transaction, &cx, "User", user("bob"));
        let some_polls = async {
            for _ in 0..polls {
                tokio::task::yield_now().await;
            }
        };
        let done = tokio::select! {
            biased;
            created = create => created.is_ok(),
            () = some_polls => false,
        };
        let next = superset.create_in(&*transaction, &cx, "User", user("cleo")).await.is_ok();
        assert_eq!(transaction.commit().await.is_ok(), next);
        let names = superset.column("SELECT username FROM ab_user WHERE id > 1 ORDER BY id").await;
        let wanted: &[&str] = match (next, done) {
            (true, true) => &["ada", "bob", "cleo"],
            (true, false) => &["ada", "cleo"],
            (false, _) => &[],
        };
        assert_eq!(names, wanted, "{polls} polls");
    }
}

async fn the_last_administrator_is_looked_after_at_the_commit() {
    // The local account is no administrator; whoever is in the group is.
    let superset = Superset::prepared(crate::support::RULES, "DELETE FROM ab_user_role").await;
    let (ada, bob) = (superset.named("ada").await, superset.named("bob").await);
    let group = json!({"displayName": "exec", "externalId": "grp-exec", "members": [{"value": ada}]});
    let group = id_of(&superset.create("Group", group).await.unwrap());
    assert_eq!(superset.roles("ada").await, ["Admin"]);
    let cx = superset.cx();
    let of = superset.of("Group");
    for replaced in [false, true] {
        let transaction = superset.begin(&cx).await;
        let patch = |operations: Value| superset.checked_patch("Group", &operations);
        let path = format!("members[value eq \"{ada}\"]");
        let remove = patch(json!([{"op": "remove", "path": path}]));
        let id = rid(&group);
        transaction.patch(&cx, Modify::new(of, &id, &remove)).await.unwrap();
        if replaced {
            let add = patch(json!([{"op": "add", "path": "members", "value": [{"value": bob}]}]));
            transaction.patch(&cx, Modify::new(of, &id, &add)).await.unwrap();
            transaction.commit().await.unwrap();
        } else {
            assert!(matches!(transaction.commit().await, Err(StoreError::Refused { .. })));
            assert_eq!(superset.roles("ada").await, ["Admin"]);
        }
    }
    assert_eq!(
        (superset.roles("ada").await, superset.roles("bob").await),
        (vec!["Gamma".into()], vec!["Admin".into()])
    );
}

async fn a_transaction_is_of_one_tenant_and_starts_no_other() {
    let superset = Superset::start().await;
    let cx = superset.cx_of("one");
    let transaction = superset.begin(&cx).await;
    let other = superset.cx_of("two");
    let outcome = superset.create_in(&*transaction, &other, "User", json!({"userName": "ada"})).await;
    assert!(matches!(outcome, Err(StoreError::Internal(_))));
    assert!(matches!(transaction.begin(&cx).await, Err(StoreError::Unsupported { .. })));
}

async fn a_transaction_may_be_dropped_anywhere() {
    let engine = engine();
    // Runtimes can't be made within one, but on a thread of their own.
    let thread = std::thread::spawn(move || {
        let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (first, second) = (runtime(), runtime());
        let superset = first.block_on(on(engine, Superset::start()));
        let transaction = first.block_on(superset.begin(&superset.cx()));
        drop(transaction);
        first.block_on(superset.named("ada"));
        let transaction = first.block_on(superset.begin(&superset.cx()));
        drop(first);
        second.block_on(async { drop(transaction) });
    });
    thread.join().unwrap();
}

//! What a case works with.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono::Utc;
use scim_core::message::PatchOp;
use scim_core::{Checker, Profile, Resource, ResourceId, SchemaSet, Tolerance, TypeSchema, urn};
use scim_patch::Patch;
use scim_service::{
    Change, Context, Create, Delete, Modify, Precondition, Principal, Replace, Store, StoreError, StoreExt, Transaction,
};
use serde_json::{Value, json};

use crate::role_sync::{RoleContext, RoleGrant, RoleTarget};

/// The roles that a target has.
pub const ROLES: &[&str] = &["Reader", "Writer", "Auditor", "Everybody", "Admin"];

/// The rules by which the cases decide.
pub const RULES: &str = r#"
    sources = ["client:conformance"]
    default_roles = ["Everybody"]

    [[rule]]
    group = "readers"
    roles = ["Reader"]

    [[rule]]
    group = "writers"
    roles = ["Reader", "Writer"]

    [[rule]]
    when = 'title eq "auditor"'
    roles = ["Auditor"]

    [[rule]]
    group_external_id = "grp-admins"
    roles = ["Admin"]
    grants_protected = true
"#;

/// Waits for a future, on whatever runtime the store needs.
type BlockOn<'a> = dyn Fn(Pin<Box<dyn Future<Output = ()> + '_>>) + Sync + 'a;

/// How often a write is tried again that other writers may have come before.
const ATTEMPTS: usize = 32;

/// A store whose roles follow, with the store and the target behind it.
pub struct RoleTrial<'a> {
    sync: &'a dyn Store,
    store: &'a dyn Store,
    target: &'a dyn RoleTarget,
    block_on: &'a BlockOn<'a>,
    schemas: Arc<SchemaSet>,
    client: &'a str,
}

impl<'a> RoleTrial<'a> {
    pub(super) fn new(
        sync: &'a dyn Store,
        store: &'a dyn Store,
        target: &'a dyn RoleTarget,
        block_on: &'a BlockOn<'a>,
    ) -> Self {
        Self { sync, store, target, block_on, schemas: Arc::new(SchemaSet::builtin()), client: "conformance" }
    }

    /// The same, called by another client.
    pub(super) fn by(&self, client: &'a str) -> RoleTrial<'a> {
        RoleTrial { client, ..self.over(self.sync) }
    }

    /// The same, over a transaction.
    pub(super) fn over<'b>(&self, sync: &'b dyn Store) -> RoleTrial<'b>
    where
        'a: 'b,
    {
        let (store, target, block_on, schemas) = (self.store, self.target, self.block_on, self.schemas.clone());
        RoleTrial { sync, store, target, block_on, schemas, client: self.client }
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let mut output = None;
        (self.block_on)(Box::pin(async { output = Some(future.await) }));
        output.expect("`block_on` returns when the future is done")
    }

    fn of(&self, name: &str) -> &Arc<TypeSchema> {
        self.schemas.of(&name.into()).expect("the type is built in")
    }

    fn cx(&self) -> Context {
        context(self.client)
    }

    fn checked(&self, of: &str, mut resource: Value) -> Resource {
        resource["schemas"] = json!([if of == "Group" { urn::GROUP } else { urn::USER }]);
        Checker::new(self.of(of), &mut Tolerance::rfc()).resource(resource).expect("the fixture is valid")
    }

    pub(super) fn create(&self, of: &str, resource: Value) -> Result<Change, StoreError> {
        let resource = self.checked(of, resource);
        self.wait(self.sync.create(&self.cx(), Create::new(self.of(of), resource))).map(|written| written.change)
    }

    /// Creates a user.
    pub(super) fn user(&self, user_name: &str) -> ResourceId {
        self.create("User", json!({ "userName": user_name })).expect("a user can be created").id
    }

    /// Creates a group with these members.
    pub(super) fn group(&self, display_name: &str, members: &[&ResourceId]) -> ResourceId {
        let group = json!({"displayName": display_name, "members": references(members)});
        self.create("Group", group).expect("a group can be created").id
    }

    pub(super) fn replace(&self, of: &str, id: &ResourceId, resource: Value) -> Result<Change, StoreError> {
        let resource = self.checked(of, resource);
        self.wait(self.sync.replace(&self.cx(), Replace::new(self.of(of), id, resource))).map(|written| written.change)
    }

    /// Patches as the service does, whether the store can or not.
    pub(super) fn patch(&self, of: &str, id: &ResourceId, operations: &Value) -> Result<Change, StoreError> {
        let profile = Profile::rfc();
        let message = json!({"schemas": [urn::PATCH_OP], "Operations": operations});
        let message = PatchOp::from_json(message, &mut Tolerance::new(&profile), 1000).expect("the patch is valid");
        let of = self.of(of);
        let patch = Patch::check(&message, of, &profile).expect("the patch is valid");
        for _ in 0..ATTEMPTS {
            match self.wait(self.sync.apply(&self.cx(), Modify::new(of, id, &patch))) {
                Err(StoreError::PreconditionFailed) => {}
                outcome => return outcome.map(|written| written.change),
            }
        }
        panic!("a write under the version that was just read was refused again and again");
    }

    pub(super) fn add(&self, group: &ResourceId, member: &ResourceId) -> Change {
        let add = json!([{"op": "add", "path": "members", "value": references(&[member])}]);
        self.patch("Group", group, &add).expect("a member can be added")
    }

    pub(super) fn remove(&self, group: &ResourceId, member: &ResourceId) -> Change {
        let path = format!("members[value eq \"{member}\"]");
        self.patch("Group", group, &json!([{"op": "remove", "path": path}])).expect("a member can be removed")
    }

    pub(super) fn set(&self, of: &str, id: &ResourceId, path: &str, value: &Value) -> Result<Change, StoreError> {
        self.patch(of, id, &json!([{"op": "replace", "path": path, "value": value}]))
    }

    pub(super) fn delete(&self, of: &str, id: &ResourceId) -> Result<Change, StoreError> {
        self.wait(self.sync.delete(&self.cx(), Delete::new(self.of(of), id)))
    }

    /// Deletes under a condition that no version fulfils.
    pub(super) fn delete_stale(&self, of: &str, id: &ResourceId) -> Result<Change, StoreError> {
        let never = Precondition::OneOf(Vec::new());
        self.wait(self.sync.delete(&self.cx(), Delete::new(self.of(of), id).with_when(&never)))
    }

    /// Calls the target, in a transaction of the store that is committed where the store has transactions.
    fn asked<R>(&self, ask: &impl AsyncFn(&RoleContext<'_>) -> R) -> R {
        let cx = self.cx();
        self.wait(async {
            if !self.store.capabilities().transactions {
                return ask(&RoleContext::new(&cx)).await;
            }
            let transaction = self.store.begin(&cx).await.expect("a transaction can begin");
            let answer = ask(&RoleContext::within(&cx, &*transaction)).await;
            transaction.commit().await.expect("a transaction can be committed");
            answer
        })
    }

    /// What a user holds, in the order of the roles.
    pub(super) fn grants(&self, user: &ResourceId) -> Vec<RoleGrant> {
        let held = self.asked(&async |cx| self.target.held(cx, user).await);
        let mut held = held.expect("the target tells what a user holds");
        held.sort_by(|a, b| a.role.cmp(&b.role));
        held
    }

    /// The roles that a user holds, in their order.
    pub(super) fn roles(&self, user: &ResourceId) -> Vec<String> {
        self.grants(user).into_iter().map(|grant| grant.role).collect()
    }

    /// Grants a role as an operator would.
    pub(super) fn grant_manually(&self, user: &ResourceId, role: &str) {
        let given = self.asked(&async |cx| self.target.give(cx, user, &[RoleGrant::manual(role)]).await);
        given.expect("the target gives a role manually");
    }

    /// Whether the store tells who asserts memberships, and applies patches.
    pub(super) fn tells_memberships(&self) -> bool {
        let capabilities = self.store.capabilities();
        capabilities.memberships && capabilities.patch
    }

    /// A transaction; `None`, with a word to whoever reads the output, where the store has none.
    pub(super) fn begin(&self) -> Option<Box<dyn Transaction>> {
        if !self.store.capabilities().transactions {
            println!("the store has no transactions");
            return None;
        }
        Some(self.wait(self.sync.begin(&self.cx())).expect("a transaction can begin"))
    }

    /// Where `block_on` waits: a runtime may be needed for it.
    pub(super) fn drop(&self, transaction: Box<dyn Transaction>) {
        self.wait(async { drop(transaction) });
    }

    pub(super) fn commit(&self, transaction: Box<dyn Transaction>) -> Result<(), StoreError> {
        self.wait(transaction.commit())
    }
}

impl std::fmt::Debug for RoleTrial<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoleTrial").field("client", &self.client).finish_non_exhaustive()
    }
}

/// A request of this client.
pub(super) fn context(client: &str) -> Context {
    Context::new(Principal::new(client), "conformance", Utc::now())
}

/// The elements of `members` for these ids.
pub(super) fn references(members: &[&ResourceId]) -> Vec<Value> {
    members.iter().map(|member| json!({ "value": member })).collect()
}

/// The roles that a write gave and took, in their order.
pub(super) fn moved(change: &Change) -> (Vec<&str>, Vec<&str>) {
    let mut gained: Vec<&str> = change.access.gained.iter().map(|grant| &*grant.name).collect();
    let mut lost: Vec<&str> = change.access.lost.iter().map(|grant| &*grant.name).collect();
    gained.sort_unstable();
    lost.sort_unstable();
    (gained, lost)
}

//! A store in memory: the reference implementation, for tests, examples and services whose data fits in memory.

mod entry;
mod id;
mod index;
mod list;
mod lookup;
mod membership;
mod secret;
mod snapshot;
mod table;
mod tenant;
mod transaction;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use scim_core::{Resource, ResourceId};

use crate::change::{Change, Written};
use crate::context::Context;
use crate::store::{
    Create, Delete, List, ListPage, Membership, Modify, Read, Replace, Store, StoreCapabilities, StoreError,
    Transaction,
};
use id::{Id, TenantName, tenant_of};
use snapshot::Snapshots;
use tenant::{Tenant, is_group};
use transaction::MemoryTransaction;

/// Keeps resources in memory, each tenant apart. Nothing survives the process.
///
/// Made for a million resources: `id`, `externalId`, `displayName`, `employeeNumber`, `emails.value`, `active eq false` and whatever
/// must be unique have an index for `eq`; membership is a relation of its own, so that a member comes and goes without the group being
/// walked; unsorted pages are found by their index or by `id`. Other filters and sorts run over all resources of the type.
///
/// A resource is kept [compact](Resource::compact), and readers share it. Ids are UUIDs of version 7: in the order in which resources
/// were created.
///
/// A read works on a snapshot of its tenant: it neither waits for writers nor keeps them waiting. Writers of one tenant
/// take turns. Transactions are [offered](Store::begin); while one is open, the tenant's other writers wait.
///
/// Secrets that clients write are not kept: a random mark stands in the place of each, which tells that it is set.
#[derive(Default)]
pub struct MemoryStore {
    takeover: bool,
    tenants: RwLock<HashMap<TenantName, Arc<Snapshots>>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets SCIM clients take over what logins made. Otherwise a client's write to such a resource is refused, but for one that changes
    /// `active` alone, and a deletion.
    #[must_use]
    pub fn with_takeover(self) -> Self {
        Self { takeover: true, ..self }
    }

    /// The tenant as it is now. It stays as it is while the caller looks at it.
    fn state(&self, cx: &Context) -> Arc<Tenant> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(&tenant_of(cx)).map(|snapshots| snapshots.current()).unwrap_or_default()
    }

    /// Changes the tenant, all or nothing. A small change is one that looks at few other resources.
    async fn write<T>(
        &self,
        cx: &Context,
        is_small: impl FnOnce(&Tenant) -> bool + Send,
        change: impl FnOnce(&mut Tenant) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        let takeover = self.takeover;
        self.snapshots(cx)
            .change(is_small, |tenant| {
                tenant.takeover = takeover;
                change(tenant)
            })
            .await
    }

    /// The tenant's snapshots, from its first write on.
    fn snapshots(&self, cx: &Context) -> Arc<Snapshots> {
        let name = tenant_of(cx);
        if let Some(snapshots) = self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(&name) {
            return snapshots.clone();
        }
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).entry(name).or_default().clone()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        let is_small = !is_group(request.of);
        self.write(cx, |_| is_small, |tenant| tenant.create(cx, request)).await
    }

    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        self.state(cx).read(request)
    }

    async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
        self.state(cx).list(&request, &cx.budget).await
    }

    async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        let is_small = !is_group(request.of);
        self.write(cx, |_| is_small, |tenant| tenant.replace(cx, request)).await
    }

    async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        let delta = if is_group(request.of) { request.patch.membership_delta() } else { None };
        let ids: Option<Vec<Id>> = match &delta {
            None => (!is_group(request.of)).then(Vec::new),
            Some(delta) => (!delta.replace_all).then(|| delta.ids().map(Id::from).collect()),
        };
        let is_small = |tenant: &Tenant| ids.is_some_and(|ids| tenant.are_few_people(&ids));
        self.write(cx, is_small, |tenant| tenant.patch(cx, request, delta)).await
    }

    async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        let is_small = !is_group(request.of);
        self.write(cx, |_| is_small, |tenant| tenant.delete(cx, request)).await
    }

    async fn memberships(&self, cx: &Context, members: &[ResourceId]) -> Result<Vec<Membership>, StoreError> {
        self.state(cx).memberships(members)
    }

    fn capabilities(&self) -> StoreCapabilities {
        StoreCapabilities::default().with_patch().with_memberships().with_transactions()
    }

    async fn begin(&self, cx: &Context) -> Result<Box<dyn Transaction>, StoreError> {
        let open = self.snapshots(cx).open().await;
        Ok(Box::new(MemoryTransaction::new(tenant_of(cx), open, self.takeover)))
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner).len();
        f.debug_struct("MemoryStore").field("tenants", &tenants).field("takeover", &self.takeover).finish()
    }
}

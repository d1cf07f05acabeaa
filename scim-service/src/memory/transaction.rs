//! Several writes of one tenant, seen by others all at once or never.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use scim_core::{Resource, ResourceId};

use super::id::{TenantName, tenant_of};
use super::snapshot::Open;
use super::tenant::{Tenant, is_group};
use crate::change::{Change, Written};
use crate::context::Context;
use crate::store::{
    Create, Delete, List, ListPage, Membership, Modify, Read, Replace, Store, StoreCapabilities, StoreError,
    Transaction,
};

/// A transaction of [`MemoryStore`](super::MemoryStore): a state that nobody else sees yet.
pub(super) struct MemoryTransaction {
    tenant: TenantName,
    open: Open,
    state: Mutex<Tenant>,
}

impl MemoryTransaction {
    pub(super) fn new(tenant: TenantName, open: Open, takeover: bool) -> Self {
        Self { tenant, state: Mutex::new(Tenant { takeover, ..open.start() }), open }
    }

    fn state(&self, cx: &Context) -> Result<MutexGuard<'_, Tenant>, StoreError> {
        if tenant_of(cx) != self.tenant {
            return Err(StoreError::internal("a transaction was used for another tenant than it was begun for"));
        }
        Ok(self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state, all or nothing: what fails changes nothing.
    fn write<T>(
        &self,
        cx: &Context,
        change: impl FnOnce(&mut Tenant) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        change(&mut *self.state(cx)?)
    }
}

#[async_trait]
impl Store for MemoryTransaction {
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        self.write(cx, |tenant| tenant.create(cx, request))
    }

    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        self.state(cx)?.read(request)
    }

    async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
        // A copy: nobody may hold the lock while others run.
        let state = self.state(cx)?.clone();
        state.list(&request, &cx.budget).await
    }

    async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        self.write(cx, |tenant| tenant.replace(cx, request))
    }

    async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        let delta = if is_group(request.of) { request.patch.membership_delta() } else { None };
        self.write(cx, |tenant| tenant.patch(cx, request, delta))
    }

    async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        self.write(cx, |tenant| tenant.delete(cx, request))
    }

    async fn memberships(&self, cx: &Context, members: &[ResourceId]) -> Result<Vec<Membership>, StoreError> {
        self.state(cx)?.memberships(members)
    }

    fn capabilities(&self) -> StoreCapabilities {
        StoreCapabilities::default().with_patch().with_memberships()
    }
}

#[async_trait]
impl Transaction for MemoryTransaction {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { open, state, .. } = *self;
        open.publish(state.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }
}

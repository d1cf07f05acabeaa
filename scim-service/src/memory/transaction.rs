//! Several writes of one tenant, seen by others all at once or never.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use scim_core::{Projection, Resource, ResourceId, TypeSchema};
use scim_patch::Patch;

use super::snapshot::Open;
use super::tenant::Tenant;
use super::{TenantName, tenant_of};
use crate::context::Context;
use crate::store::{ListPage, ListQuery, Precondition, Store, StoreError, Transaction};

/// A transaction of [`MemoryStore`](super::MemoryStore): a state that nobody else sees yet.
pub(super) struct MemoryTransaction {
    tenant: TenantName,
    open: Open,
    state: Mutex<Tenant>,
}

impl MemoryTransaction {
    pub(super) fn new(tenant: TenantName, open: Open) -> Self {
        Self { tenant, state: Mutex::new(open.start()), open }
    }

    fn state(&self, cx: &Context) -> Result<MutexGuard<'_, Tenant>, StoreError> {
        if tenant_of(cx) != self.tenant {
            return Err(StoreError::internal("a transaction was used for another tenant than it was begun for"));
        }
        Ok(self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state, all or nothing.
    fn write<T>(
        &self,
        cx: &Context,
        change: impl FnOnce(&mut Tenant) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut state = self.state(cx)?;
        let mut next = state.clone();
        let outcome = change(&mut next)?;
        *state = next;
        Ok(outcome)
    }
}

#[async_trait]
impl Store for MemoryTransaction {
    async fn create(&self, cx: &Context, of: &Arc<TypeSchema>, resource: Resource) -> Result<Resource, StoreError> {
        self.write(cx, |tenant| tenant.create(cx.now, of, resource))
    }

    async fn get(
        &self,
        cx: &Context,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        want: &Projection,
    ) -> Result<Resource, StoreError> {
        self.state(cx)?.get(of, id.as_str(), want)
    }

    async fn list(&self, cx: &Context, of: &Arc<TypeSchema>, query: &ListQuery) -> Result<ListPage, StoreError> {
        // A copy: nobody may hold the lock while others run.
        let state = self.state(cx)?.clone();
        state.list(of, query, &cx.budget).await
    }

    async fn replace(
        &self,
        cx: &Context,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        resource: Resource,
        when: &Precondition,
    ) -> Result<Resource, StoreError> {
        self.write(cx, |tenant| tenant.replace(cx.now, of, id.as_str(), resource, when))
    }

    async fn patch(
        &self,
        cx: &Context,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        patch: &Patch,
        when: &Precondition,
        want: &Projection,
    ) -> Result<Option<Resource>, StoreError> {
        self.write(cx, |tenant| tenant.patch(cx.now, of, id.as_str(), patch, when, want).map(Some))
    }

    async fn delete(
        &self,
        cx: &Context,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        when: &Precondition,
    ) -> Result<(), StoreError> {
        self.write(cx, |tenant| tenant.delete(cx.now, of, id.as_str(), when))
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

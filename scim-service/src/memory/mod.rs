//! A store in memory: the reference implementation, for tests, examples and small services.

mod entry;
mod lookup;
mod membership;
mod tenant;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use scim_core::{Projection, Resource, ResourceId, TypeSchema};
use scim_patch::Patch;

use crate::context::Context;
use crate::store::{ListPage, ListQuery, Precondition, Store, StoreError};
use tenant::Tenant;

/// Keeps resources in memory, each tenant apart. Nothing survives the process.
///
/// Look-ups by `id` and by attributes that must be unique use an index; membership is a relation of its own. Secrets that
/// clients write are kept as they are and never returned.
#[derive(Default)]
pub struct MemoryStore {
    tenants: RwLock<HashMap<Option<Arc<str>>, Tenant>>,
}

type Tenants = HashMap<Option<Arc<str>>, Tenant>;

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    // No code panics while it holds the lock, and a write is complete before it is visible: a poisoned lock guards sound
    // data.
    fn read(&self) -> RwLockReadGuard<'_, Tenants> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tenants> {
        self.tenants.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_tenant<T>(&self, cx: &Context, f: impl FnOnce(&Tenant) -> T) -> T {
        match self.read().get(&key(cx)) {
            Some(tenant) => f(tenant),
            None => f(&Tenant::default()),
        }
    }
}

fn key(cx: &Context) -> Option<Arc<str>> {
    cx.tenant().map(Arc::from)
}

#[async_trait]
impl Store for MemoryStore {
    async fn create(&self, cx: &Context, of: &Arc<TypeSchema>, resource: Resource) -> Result<Resource, StoreError> {
        self.write().entry(key(cx)).or_default().create(cx.now, of, resource)
    }

    async fn get(
        &self,
        cx: &Context,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        want: &Projection,
    ) -> Result<Resource, StoreError> {
        self.with_tenant(cx, |tenant| tenant.get(of, id.as_str(), want))
    }

    async fn list(&self, cx: &Context, of: &Arc<TypeSchema>, query: &ListQuery) -> Result<ListPage, StoreError> {
        Ok(self.with_tenant(cx, |tenant| tenant.list(of, query)))
    }

    async fn replace(
        &self,
        cx: &Context,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        resource: Resource,
        when: &Precondition,
    ) -> Result<Resource, StoreError> {
        let mut tenants = self.write();
        let tenant = tenants.get_mut(&key(cx)).ok_or(StoreError::NotFound)?;
        tenant.replace(cx.now, of, id.as_str(), resource, when)
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
        let mut tenants = self.write();
        let tenant = tenants.get_mut(&key(cx)).ok_or(StoreError::NotFound)?;
        tenant.patch(cx.now, of, id.as_str(), patch, when, want).map(Some)
    }

    async fn delete(
        &self,
        cx: &Context,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        when: &Precondition,
    ) -> Result<(), StoreError> {
        let mut tenants = self.write();
        let tenant = tenants.get_mut(&key(cx)).ok_or(StoreError::NotFound)?;
        tenant.delete(cx.now, of, id.as_str(), when)
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("tenants", &self.read().len()).finish()
    }
}

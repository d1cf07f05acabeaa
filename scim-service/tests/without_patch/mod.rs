//! A store that leaves PATCH to the service.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{Projection, Resource, ResourceId, TypeSchema};
use scim_service::{Context, ListPage, ListQuery, Precondition, Store, StoreCapabilities, StoreError, Transaction};

/// Passes everything on but `patch`; a transaction is that of the store behind it.
pub(crate) struct WithoutPatch<S>(pub(crate) S);

#[async_trait]
impl<S: Store> Store for WithoutPatch<S> {
    async fn create(&self, cx: &Context, of: &Arc<TypeSchema>, resource: Resource) -> Result<Resource, StoreError> {
        self.0.create(cx, of, resource).await
    }

    async fn get(
        &self,
        cx: &Context,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        want: &Projection,
    ) -> Result<Resource, StoreError> {
        self.0.get(cx, of, id, want).await
    }

    async fn list(&self, cx: &Context, of: &Arc<TypeSchema>, query: &ListQuery) -> Result<ListPage, StoreError> {
        self.0.list(cx, of, query).await
    }

    async fn replace(
        &self,
        cx: &Context,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        resource: Resource,
        when: &Precondition,
    ) -> Result<Resource, StoreError> {
        // Lets other tasks come between the service's read and this write.
        tokio::task::yield_now().await;
        self.0.replace(cx, of, id, resource, when).await
    }

    async fn delete(
        &self,
        cx: &Context,
        of: &Arc<TypeSchema>,
        id: &ResourceId,
        when: &Precondition,
    ) -> Result<(), StoreError> {
        self.0.delete(cx, of, id, when).await
    }

    fn capabilities(&self) -> StoreCapabilities {
        self.0.capabilities()
    }

    async fn begin(&self, cx: &Context) -> Result<Option<Box<dyn Transaction>>, StoreError> {
        self.0.begin(cx).await
    }
}

//! A store that leaves PATCH to the service.

use async_trait::async_trait;
use scim_core::{Resource, ResourceId};
use scim_service::{
    Change, Context, Create, Delete, List, ListPage, Membership, Read, Replace, Store, StoreCapabilities, StoreError,
    Transaction, Written,
};

/// Passes everything on but `patch`; a transaction is that of the store behind it.
pub(crate) struct WithoutPatch<S>(pub(crate) S);

#[async_trait]
impl<S: Store> Store for WithoutPatch<S> {
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        self.0.create(cx, request).await
    }

    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        self.0.read(cx, request).await
    }

    async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
        self.0.list(cx, request).await
    }

    async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        // Lets other tasks come between the service's read and this write.
        tokio::task::yield_now().await;
        self.0.replace(cx, request).await
    }

    async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        self.0.delete(cx, request).await
    }

    async fn memberships(&self, cx: &Context, members: &[ResourceId]) -> Result<Vec<Membership>, StoreError> {
        self.0.memberships(cx, members).await
    }

    fn capabilities(&self) -> StoreCapabilities {
        let mut capabilities = self.0.capabilities();
        capabilities.patch = false;
        capabilities
    }

    async fn begin(&self, cx: &Context) -> Result<Box<dyn Transaction>, StoreError> {
        self.0.begin(cx).await
    }
}

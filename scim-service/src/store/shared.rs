//! Stores behind pointers: one that is shared, and one that is chosen at run time.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{Resource, ResourceId, TypeSchema};

use crate::change::{Change, Written};
use crate::context::Context;
use crate::store::{
    Create, Delete, List, ListPage, Membership, Modify, Read, Replace, Store, StoreCapabilities, StoreError,
    Transaction,
};

macro_rules! forwarded_by {
    ($($pointer:ident),*) => {$(
        #[async_trait]
        impl<S: Store + ?Sized> Store for $pointer<S> {
            async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
                (**self).create(cx, request).await
            }

            async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
                (**self).read(cx, request).await
            }

            async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
                (**self).list(cx, request).await
            }

            async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
                (**self).replace(cx, request).await
            }

            async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
                (**self).patch(cx, request).await
            }

            async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
                (**self).delete(cx, request).await
            }

            async fn begin(&self, cx: &Context) -> Result<Box<dyn Transaction>, StoreError> {
                (**self).begin(cx).await
            }

            async fn memberships(&self, cx: &Context, members: &[ResourceId]) -> Result<Vec<Membership>, StoreError> {
                (**self).memberships(cx, members).await
            }

            fn capabilities(&self) -> StoreCapabilities {
                (**self).capabilities()
            }

            async fn reaffirm(&self, cx: &Context, of: &TypeSchema, id: &ResourceId) -> Result<(), StoreError> {
                (**self).reaffirm(cx, of, id).await
            }

            async fn health(&self) -> Result<(), StoreError> {
                (**self).health().await
            }
        }
    )*};
}

forwarded_by!(Arc, Box);

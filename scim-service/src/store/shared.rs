//! Stores behind pointers: one that is shared, and one that is chosen at run time.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{Projection, Resource, ResourceId, TypeSchema};
use scim_patch::Patch;

use crate::context::Context;
use crate::store::{ListPage, ListQuery, Precondition, Store, StoreCapabilities, StoreError, Transaction};

macro_rules! forwarded_by {
    ($($pointer:ident),*) => {$(
        #[async_trait]
        impl<S: Store + ?Sized> Store for $pointer<S> {
            async fn create(
                &self,
                cx: &Context,
                of: &Arc<TypeSchema>,
                resource: Resource,
            ) -> Result<Resource, StoreError> {
                (**self).create(cx, of, resource).await
            }

            async fn get(
                &self,
                cx: &Context,
                of: &Arc<TypeSchema>,
                id: &ResourceId,
                want: &Projection,
            ) -> Result<Resource, StoreError> {
                (**self).get(cx, of, id, want).await
            }

            async fn list(
                &self,
                cx: &Context,
                of: &Arc<TypeSchema>,
                query: &ListQuery,
            ) -> Result<ListPage, StoreError> {
                (**self).list(cx, of, query).await
            }

            async fn replace(
                &self,
                cx: &Context,
                of: &Arc<TypeSchema>,
                id: &ResourceId,
                resource: Resource,
                when: &Precondition,
            ) -> Result<Resource, StoreError> {
                (**self).replace(cx, of, id, resource, when).await
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
                (**self).patch(cx, of, id, patch, when, want).await
            }

            async fn delete(
                &self,
                cx: &Context,
                of: &Arc<TypeSchema>,
                id: &ResourceId,
                when: &Precondition,
            ) -> Result<(), StoreError> {
                (**self).delete(cx, of, id, when).await
            }

            async fn begin(&self, cx: &Context) -> Result<Option<Box<dyn Transaction>>, StoreError> {
                (**self).begin(cx).await
            }

            fn capabilities(&self) -> StoreCapabilities {
                (**self).capabilities()
            }

            async fn reaffirm(
                &self,
                cx: &Context,
                of: &Arc<TypeSchema>,
                id: &ResourceId,
            ) -> Result<(), StoreError> {
                (**self).reaffirm(cx, of, id).await
            }

            async fn health(&self) -> Result<(), StoreError> {
                (**self).health().await
            }
        }
    )*};
}

forwarded_by!(Arc, Box);

//! A transaction of the store in which roles follow.

use std::sync::Arc;

use async_lock::Mutex;
use async_trait::async_trait;
use scim_core::{Resource, ResourceId, TypeSchema};
use scim_service::{
    AccessChange, Change, Context, Create, Delete, List, ListPage, Membership, Modify, Read, Replace, Store,
    StoreCapabilities, StoreError, Transaction, Written,
};

use super::core::Core;
use super::target::{RoleContext, RoleTarget};
use super::turns::Turn;
use super::write::{Progress, Writing};
use crate::protected_role::last_holder;

/// A transaction: its own store, and what is planned for the target until it commits.
pub(super) struct RoleTransaction<S, T> {
    core: Arc<Core<S, T>>,
    cx: Context,
    inner: Box<dyn Transaction>,
    progress: Mutex<Progress>,
    /// The tenant's turn, where the target is outside of the transaction.
    turn: Option<Turn>,
}

impl<S: Store, T: RoleTarget> RoleTransaction<S, T> {
    pub(super) async fn begin(core: &Arc<Core<S, T>>, cx: &Context) -> Result<Self, StoreError> {
        // The turn comes first: nobody waits for one who has a lock of the database.
        let turn = core.turn(cx).await;
        let inner = core.store.begin(cx).await?;
        Ok(Self { core: core.clone(), cx: cx.clone(), inner, progress: Mutex::default(), turn })
    }

    /// One call after another.
    fn writing<'a>(&'a self, progress: &'a mut Progress) -> Result<Writing<'a, S, T>, StoreError> {
        if progress.is_broken {
            return Err(StoreError::internal("a call of the transaction failed halfway: nothing of it can stay"));
        }
        let (core, transaction) = (&*self.core, Some(&*self.inner));
        Ok(Writing { core, store: &*self.inner, transaction, progress, at_once: core.is_inside(), unsettled: None })
    }

    pub(super) async fn reconcile(&self, cx: &Context, user: &ResourceId) -> Result<AccessChange, StoreError> {
        self.writing(&mut *self.progress.lock().await)?.reconcile(cx, user).await
    }
}

#[async_trait]
impl<S: Store, T: RoleTarget> Store for RoleTransaction<S, T> {
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        self.writing(&mut *self.progress.lock().await)?.create(cx, request).await
    }

    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        self.inner.read(cx, request).await
    }

    async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
        self.inner.list(cx, request).await
    }

    async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        self.writing(&mut *self.progress.lock().await)?.replace(cx, request).await
    }

    async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        self.writing(&mut *self.progress.lock().await)?.patch(cx, request).await
    }

    async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        self.writing(&mut *self.progress.lock().await)?.delete(cx, request).await
    }

    async fn memberships(&self, cx: &Context, members: &[ResourceId]) -> Result<Vec<Membership>, StoreError> {
        self.inner.memberships(cx, members).await
    }

    /// Patches are applied whether the transaction behind can or not.
    fn capabilities(&self) -> StoreCapabilities {
        self.inner.capabilities().with_patch()
    }

    async fn reaffirm(&self, cx: &Context, of: &TypeSchema, id: &ResourceId) -> Result<(), StoreError> {
        self.inner.reaffirm(cx, of, id).await?;
        self.reconcile(cx, id).await.map(drop)
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.inner.health().await
    }
}

#[async_trait]
impl<S: Store, T: RoleTarget> Transaction for RoleTransaction<S, T> {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { core, cx, inner, progress, turn } = *self;
        let Progress { mut plan, losses, is_broken } = progress.into_inner();
        if is_broken {
            return Err(StoreError::internal("a call of the transaction failed halfway: nothing of it can stay"));
        }
        if let Some(role) = losses.lost(&core.target, &RoleContext::within(&cx, &*inner)).await? {
            return Err(last_holder(role));
        }
        let Some(mut turn) = turn else { return inner.commit().await };
        let marked = turn.mark(plan.users().map(|(user, manual)| (user.clone(), manual)));
        let outcome = match plan.carry_out(&core.target, &RoleContext::within(&cx, &*inner)).await {
            Ok(()) => inner.commit().await,
            Err(error) => {
                drop(inner);
                Err(error)
            }
        };
        match &outcome {
            Ok(()) => turn.settled(&marked),
            Err(_) => {
                if let Err(error) = core.settle_interrupted(&cx, &mut turn).await {
                    tracing::error!(%error, users = turn.len(), "roles changed, and the write did not last: they are changed back with the next write");
                }
            }
        }
        outcome
    }
}

impl<S, T> std::fmt::Debug for RoleTransaction<S, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoleTransaction").field("cx", &self.cx).finish_non_exhaustive()
    }
}

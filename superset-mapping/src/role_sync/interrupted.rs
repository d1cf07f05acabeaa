//! What interrupted writes have left undone is settled before the next one.

use scim_core::ResourceId;
use scim_service::{Context, Store, StoreError};

use super::core::{Core, unbounded};
use super::follow::Follow;
use super::plan::{Losses, Plan};
use super::target::{RoleContext, RoleGrant, RoleTarget};
use super::turns::Turn;

impl<S: Store, T: RoleTarget> Core<S, T> {
    /// Waits until the tenant's roles are this call's alone to change, and settles what interrupted calls have left. `None`: the store's
    /// transactions keep writers apart.
    pub(super) async fn turn(&self, cx: &Context) -> Option<Turn> {
        if self.is_inside() {
            return None;
        }
        let mut turn = self.turns.next(cx).await;
        if let Err(error) = self.settle_interrupted(cx, &mut turn).await {
            tracing::error!(%error, users = turn.len(), "roles that an interrupted write left are not settled yet");
        }
        Some(turn)
    }

    /// Makes the roles of those whom an interrupted write left what the store says of them.
    pub(super) async fn settle_interrupted(&self, cx: &Context, turn: &mut Turn) -> Result<(), StoreError> {
        let cx = unbounded(cx);
        let mut failed = None;
        for (id, manual) in turn.all() {
            match self.settle_one(&cx, &id, &manual).await {
                Ok(()) => turn.settled(&[id]),
                // One who cannot be settled keeps nobody else waiting.
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn settle_one(&self, cx: &Context, id: &ResourceId, manual: &[RoleGrant]) -> Result<(), StoreError> {
        let (mut plan, mut losses) = (Plan::default(), Losses::default());
        let context = RoleContext::new(cx);
        let mut follow = Follow::new(self, &self.store, context, &mut plan, &mut losses)?;
        follow.member(id.as_str()).await?;
        if !manual.is_empty() {
            follow.restore(id, manual).await?;
        }
        plan.carry_out(&self.target, &context).await
    }
}

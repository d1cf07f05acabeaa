//! What all calls of a [`RoleSync`](super::RoleSync) have in common.

use std::collections::BTreeSet;
use std::sync::Arc;

use scim_core::TypeSchema;
use scim_filter::Budget;
use scim_service::{Context, Store, StoreError};

use super::follow::Follow;
use super::plan::{Losses, Plan};
use super::target::{RoleContext, RoleTarget};
use super::turns::{Turn, Turns};
use crate::rules::RoleMapper;

/// The store, the target, the rules, and who may write now.
pub(super) struct Core<S, T> {
    pub(super) store: S,
    pub(super) target: T,
    pub(super) rules: Arc<dyn RoleMapper>,
    pub(super) users: Arc<TypeSchema>,
    pub(super) groups: Arc<TypeSchema>,
    /// The roles that somebody has to hold.
    pub(super) kept: BTreeSet<String>,
    pub(super) turns: Turns,
}

impl<S: Store, T: RoleTarget> Core<S, T> {
    /// Whether writes are transactions of the store.
    pub(super) fn has_transactions(&self) -> bool {
        self.store.capabilities().transactions
    }

    /// Whether the target is changed in the transaction of the store.
    pub(super) fn is_inside(&self) -> bool {
        self.has_transactions() && self.target.in_transaction()
    }

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
        while let Some((id, manual)) = turn.first() {
            let (mut plan, mut losses) = (Plan::default(), Losses::default());
            let context = RoleContext::new(&cx);
            let mut follow = Follow::new(self, &self.store, context, &mut plan, &mut losses)?;
            follow.member(id.as_str()).await?;
            if !manual.is_empty() {
                follow.restore(&id, &manual).await?;
            }
            plan.carry_out(&self.target, &context).await?;
            turn.settled(&[id]);
        }
        Ok(())
    }
}

/// The same request with as much work as it takes: to follow a change is not the client's choice.
pub(super) fn unbounded(cx: &Context) -> Context {
    cx.clone().with_budget(Arc::new(Budget::unlimited()))
}

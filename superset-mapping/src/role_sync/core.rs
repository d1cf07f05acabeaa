//! What all calls of a [`RoleSync`](super::RoleSync) have in common.

use std::collections::BTreeSet;
use std::sync::Arc;

use scim_core::TypeSchema;
use scim_filter::Budget;
use scim_service::{Context, Store};

use super::target::RoleTarget;
use super::turns::Turns;
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
}

/// The same request with as much work as it takes: to follow a change is not the client's choice.
pub(super) fn unbounded(cx: &Context) -> Context {
    cx.clone().with_budget(Arc::new(Budget::unlimited()))
}

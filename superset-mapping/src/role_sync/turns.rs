//! Writers take turns where roles are outside of the store's transaction.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_lock::MutexGuardArc;
use scim_core::ResourceId;
use scim_service::Context;

use super::target::RoleGrant;

/// Users whose roles may not be what they should be, because a write was interrupted, each with the manual grants that it took; and groups
/// whose users those are.
#[derive(Debug, Default)]
pub(super) struct Unsettled(BTreeMap<ResourceId, Vec<RoleGrant>>);

impl Unsettled {
    /// Remembers these until they are [`settled`](Self::settled). Returns those that were not there before.
    pub(super) fn mark(&mut self, marked: impl IntoIterator<Item = (ResourceId, Vec<RoleGrant>)>) -> Vec<ResourceId> {
        let mut new = Vec::new();
        for (id, manual) in marked {
            if !self.0.contains_key(&id) {
                new.push(id.clone());
            }
            self.0.entry(id).or_default().extend(manual);
        }
        new
    }

    /// Forgets these.
    pub(super) fn settled(&mut self, ids: &[ResourceId]) {
        for id in ids {
            self.0.remove(id);
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<(ResourceId, Vec<RoleGrant>)> {
        self.0.iter().map(|(id, manual)| (id.clone(), manual.clone())).collect()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The right to write in a tenant, and what earlier writers have left undone.
pub(super) type Turn = MutexGuardArc<Unsettled>;

/// The turns of each tenant.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<Option<String>, Arc<async_lock::Mutex<Unsettled>>>>);

impl Turns {
    /// Waits for the tenant's turn.
    pub(super) async fn next(&self, cx: &Context) -> Turn {
        let tenant = cx.tenant().map(str::to_owned);
        let turn = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(tenant).or_default().clone();
        turn.lock_arc().await
    }
}

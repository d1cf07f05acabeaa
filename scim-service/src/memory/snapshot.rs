//! The states of one tenant, one after the other: readers look at the last, a writer makes the next.

use std::sync::{Arc, PoisonError, RwLock};

use async_lock::{Mutex, MutexGuardArc};

use super::tenant::Tenant;
use crate::store::StoreError;

/// The current state of a tenant, and the right to replace it.
///
/// A [`Tenant`] is made of persistent maps: the copy that a writer changes shares with the original all that stays equal,
/// so a copy costs little and a snapshot lives as long as somebody looks at it.
#[derive(Default)]
pub(super) struct Snapshots {
    /// Locked to take or put the pointer, and for small changes. Nothing can panic meanwhile: a poisoned lock guards a whole state.
    current: RwLock<Arc<Tenant>>,
    /// Held by whoever makes the next state. An asynchronous lock, because a transaction holds it while its caller awaits.
    writer: Arc<Mutex<()>>,
}

impl Snapshots {
    pub(super) fn current(&self) -> Arc<Tenant> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes the next state, which is the old one where `change` fails: what fails changes nothing.
    ///
    /// Where the change is small and nobody looks at the last state, the next one is made of it, so that nothing is copied. Readers
    /// wait for it as long as they would to be handed the pointer; for a large change they are handed the last state.
    pub(super) async fn change<T>(
        &self,
        is_small: impl FnOnce(&Tenant) -> bool,
        change: impl FnOnce(&mut Tenant) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _writer = self.writer.lock().await;
        let last = self.current();
        if is_small(&last) {
            drop(last);
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            return change(Arc::make_mut(&mut current));
        }
        let mut next = Tenant::clone(&last);
        drop(last);
        let outcome = change(&mut next)?;
        self.publish(next);
        Ok(outcome)
    }

    /// Keeps all other writers out until the state that comes of it is published or dropped.
    pub(super) async fn open(self: Arc<Self>) -> Open {
        let writer = self.writer.lock_arc().await;
        Open { start: self.current(), snapshots: self, _writer: writer }
    }

    fn publish(&self, next: Tenant) {
        let next = Arc::new(next);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let last = std::mem::replace(&mut *current, next);
        // What nobody looks at any more is freed while readers need not wait.
        drop(current);
        drop(last);
    }
}

/// The exclusive right to make the next state.
pub(super) struct Open {
    start: Arc<Tenant>,
    snapshots: Arc<Snapshots>,
    _writer: MutexGuardArc<()>,
}

impl Open {
    /// The state to start from.
    pub(super) fn start(&self) -> Tenant {
        Tenant::clone(&self.start)
    }

    pub(super) fn publish(self, next: Tenant) {
        self.snapshots.publish(next);
    }
}

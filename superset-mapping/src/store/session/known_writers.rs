//! What a store remembers from one call to the next: who writes to it, and who is administrator.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use scim_core::Source;

use crate::rules::RoleMapper;

/// What a store knows of the sources that ever wrote, and the rules that were told.
#[derive(Debug)]
pub(crate) struct Writers {
    known: RwLock<Known>,
    /// The row of an administrator, of whom nothing is certain any more; 0 for none.
    admin: AtomicI64,
}

#[derive(Clone, Debug)]
struct Known {
    sources: Vec<Source>,
    rules: Arc<dyn RoleMapper>,
}

impl Writers {
    pub(crate) fn new(rules: Arc<dyn RoleMapper>) -> Self {
        Self { known: RwLock::new(Known { sources: Vec::new(), rules }), admin: AtomicI64::new(0) }
    }

    pub(crate) fn rules(&self) -> Arc<dyn RoleMapper> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).rules.clone()
    }

    pub(crate) fn sources(&self) -> Vec<Source> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).sources.clone()
    }

    /// The row of a user who was administrator when somebody last looked. Where to look first, no more.
    pub(crate) fn admin_before(&self) -> Option<i64> {
        Some(self.admin.load(Ordering::Relaxed)).filter(|row| *row != 0)
    }

    pub(crate) fn saw_admin(&self, row: i64) {
        self.admin.store(row, Ordering::Relaxed);
    }

    /// Keeps what a transaction saw or did, once it is committed.
    pub(crate) fn keep(&self, sources: Vec<Source>, rules: Arc<dyn RoleMapper>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if sources.len() > known.sources.len() {
            *known = Known { sources, rules };
        }
    }
}

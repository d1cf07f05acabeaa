//! What a store knows of those who write to it.

use std::sync::{Arc, PoisonError, RwLock};

use scim_core::Source;

use crate::rules::RoleMapper;

/// What a store knows of the sources that ever wrote, and the rules that were told.
#[derive(Debug)]
pub(crate) struct Writers(RwLock<Known>);

#[derive(Clone, Debug)]
struct Known {
    sources: Vec<Source>,
    rules: Arc<dyn RoleMapper>,
}

impl Writers {
    pub(crate) fn new(rules: Arc<dyn RoleMapper>) -> Self {
        Self(RwLock::new(Known { sources: Vec::new(), rules }))
    }

    pub(crate) fn rules(&self) -> Arc<dyn RoleMapper> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).rules.clone()
    }

    pub(crate) fn sources(&self) -> Vec<Source> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).sources.clone()
    }

    /// Keeps what a transaction saw or did, once it is committed.
    pub(crate) fn keep(&self, sources: Vec<Source>, rules: Arc<dyn RoleMapper>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if sources.len() > known.sources.len() {
            *known = Known { sources, rules };
        }
    }
}

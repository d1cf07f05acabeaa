//! One stored resource.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_core::{Meta, Provenance, Resource, ResourceTypeName, Version};

use super::Id;
use crate::context::Context;
use crate::store::{Precondition, StoreError};

/// A resource as it is kept: compact, with `id` and `meta`, without what is computed from the membership relation.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: Id,
    pub(super) resource: Resource,
    created: DateTime<Utc>,
    last_modified: DateTime<Utc>,
    version: u64,
}

impl Entry {
    pub(super) fn new(
        id: Id,
        of: &ResourceTypeName,
        resource: Resource,
        provenance: Arc<Provenance>,
        now: DateTime<Utc>,
    ) -> Self {
        let mut entry =
            Self { id, resource: resource.asserted_by(provenance), created: now, last_modified: now, version: 1 };
        entry.resource.set("id", Some((&*entry.id).into()));
        entry.resource.set_meta(&entry.meta(of));
        entry.resource.compact();
        entry
    }

    /// The same resource with other content.
    pub(super) fn with_content(&self, content: Resource, by: &Context, of: &ResourceTypeName) -> Self {
        let mut next = Self { resource: content, ..self.clone() };
        next.resource.set("id", Some((&*self.id).into()));
        // Two changes within a tick of the clock, or a clock that went back, still order the times.
        next.last_modified = self.last_modified.max(by.now);
        next.version += 1;
        next.resource.set_meta(&next.meta(of));
        next.resource.compact();
        next
    }

    fn meta(&self, of: &ResourceTypeName) -> Meta {
        let mut meta = Meta::created_at(self.created, of.clone(), Version::new(self.version));
        meta.last_modified = self.last_modified;
        meta
    }

    /// The representation changed, and the resource itself with it.
    pub(super) fn modified(&mut self, of: &ResourceTypeName, now: DateTime<Utc>) {
        self.last_modified = self.last_modified.max(now);
        self.touched(of);
    }

    /// The representation changed because another resource did.
    pub(super) fn touched(&mut self, of: &ResourceTypeName) {
        self.version += 1;
        self.resource.set_meta(&self.meta(of));
    }

    pub(super) fn check(&self, when: &Precondition) -> Result<(), StoreError> {
        if when.holds(&Version::new(self.version)) { Ok(()) } else { Err(StoreError::PreconditionFailed) }
    }

    /// Who asserts it.
    pub(super) fn provenance(&self) -> Option<&Arc<Provenance>> {
        self.resource.provenance()
    }
}

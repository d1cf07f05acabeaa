//! One stored resource.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_core::{Meta, Provenance, Resource, ResourceId, ResourceTypeName, Version};

use crate::context::Context;
use crate::store::{Precondition, StoreError};

/// A resource as it is kept: without `id`, `meta`, and what is computed from the membership relation.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: ResourceId,
    pub(super) resource: Arc<Resource>,
    /// Who asserts it.
    pub(super) provenance: Arc<Provenance>,
    created: DateTime<Utc>,
    last_modified: DateTime<Utc>,
    version: u64,
}

impl Entry {
    pub(super) fn new(id: ResourceId, resource: Resource, by: &Context) -> Self {
        Self {
            id,
            resource: Arc::new(resource),
            provenance: Arc::new(by.provenance()),
            created: by.now,
            last_modified: by.now,
            version: 1,
        }
    }

    /// The representation changed, and the resource itself with it.
    pub(super) fn modified(&mut self, now: DateTime<Utc>) {
        // Two changes within a tick of the clock, or a clock that went back, still order the times.
        self.last_modified = self.last_modified.max(now);
        self.version += 1;
    }

    /// The representation changed because another resource did.
    pub(super) fn touched(&mut self) {
        self.version += 1;
    }

    pub(super) fn version(&self) -> Version {
        Version::new(self.version)
    }

    pub(super) fn check(&self, when: &Precondition) -> Result<(), StoreError> {
        if when.holds(&self.version()) { Ok(()) } else { Err(StoreError::PreconditionFailed) }
    }

    /// The resource with `id` and `meta`, without the attributes that `leave_out` names; `id` stays.
    pub(super) fn shown(&self, of: &ResourceTypeName, leave_out: impl Fn(&str) -> bool) -> Resource {
        let stored = self.resource.attributes().iter().filter(|(name, _)| !leave_out(name));
        let mut resource =
            Resource::from_attributes(stored.map(|(name, value)| (name.clone(), value.clone())).collect());
        resource.set_id(&self.id);
        if leave_out("meta") {
            return resource;
        }
        let mut meta = Meta::created_at(self.created, of.clone(), Version::new(self.version));
        meta.last_modified = self.last_modified;
        resource.set_meta(&meta);
        resource.asserted_by(self.provenance.clone())
    }
}

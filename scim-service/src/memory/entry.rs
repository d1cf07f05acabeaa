//! One stored resource.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_core::{Meta, Provenance, Resource, TypeSchema, Version};

use super::id::Id;
use crate::context::Context;
use crate::store::{Precondition, StoreError};

/// A resource as it is kept: compact, with `id` and `meta`, without what is computed from the membership relation.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: Id,
    /// All of it but, perhaps, the last changes of `meta`.
    content: Resource,
    created: DateTime<Utc>,
    last_modified: DateTime<Utc>,
    version: u64,
    /// Whether `meta` of the content is what it was before.
    is_stale: bool,
}

impl Entry {
    pub(super) fn new(
        id: Id,
        of: &TypeSchema,
        content: Resource,
        provenance: Arc<Provenance>,
        now: DateTime<Utc>,
    ) -> Self {
        let content = content.asserted_by(provenance);
        let mut entry = Self { id, content, created: now, last_modified: now, version: 1, is_stale: false };
        entry.write_head(of);
        entry
    }

    /// The same resource with other content.
    pub(super) fn with_content(&self, content: Resource, by: &Context, of: &TypeSchema) -> Self {
        let mut next = Self { content, is_stale: false, ..self.clone() };
        next.modified(by.now);
        next.write_head(of);
        next
    }

    /// Makes `id` and `meta` part of the content.
    fn write_head(&mut self, of: &TypeSchema) {
        let meta = self.meta(of);
        self.content.set_head(&self.id, &meta);
        self.content.compact_as(of);
        self.is_stale = false;
    }

    fn meta(&self, of: &TypeSchema) -> Meta {
        let of = of.resource_type().name().clone();
        let mut meta = Meta::created_at(self.created, of, Version::new(self.version));
        meta.last_modified = self.last_modified;
        meta
    }

    /// The resource as it is.
    pub(super) fn resource(&self, of: &TypeSchema) -> Resource {
        let mut resource = self.content.clone();
        if self.is_stale {
            resource.set_meta(&self.meta(of));
        }
        resource
    }

    /// The resource without `meta`, or with one that was.
    pub(super) fn content(&self) -> &Resource {
        &self.content
    }

    /// The representation changed, and the resource itself with it.
    pub(super) fn modified(&mut self, now: DateTime<Utc>) {
        // Two changes within a tick of the clock, or a clock that went back, still order the times.
        self.last_modified = self.last_modified.max(now);
        self.touched();
    }

    /// The representation changed because another resource did: of one that many others show, many do.
    pub(super) fn touched(&mut self) {
        self.version += 1;
        self.is_stale = true;
    }

    pub(super) fn version(&self) -> Version {
        Version::new(self.version)
    }

    pub(super) fn check(&self, when: &Precondition) -> Result<(), StoreError> {
        if when.holds(&self.version()) { Ok(()) } else { Err(StoreError::PreconditionFailed) }
    }

    /// Who asserts it.
    pub(super) fn provenance(&self) -> Option<&Arc<Provenance>> {
        self.content.provenance()
    }
}

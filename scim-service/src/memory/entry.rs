//! One stored resource.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_core::{Meta, Mutability, Resource, ResourceId, ResourceTypeName, TypeSchema, Version};

use crate::store::{Precondition, StoreError};

/// A resource as it is kept: without `id`, `meta`, and what is computed from the membership relation.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: ResourceId,
    pub(super) resource: Arc<Resource>,
    created: DateTime<Utc>,
    last_modified: DateTime<Utc>,
    version: u64,
}

impl Entry {
    pub(super) fn new(id: ResourceId, resource: Resource, now: DateTime<Utc>) -> Self {
        Self { id, resource: Arc::new(resource), created: now, last_modified: now, version: 1 }
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

    pub(super) fn check(&self, when: &Precondition) -> Result<(), StoreError> {
        if when.holds(&Version::new(self.version)) { Ok(()) } else { Err(StoreError::PreconditionFailed) }
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
        resource
    }

    /// Keeps what the client cannot read and has not sent again (R190).
    pub(super) fn keep_write_only(&self, of: &TypeSchema, new: &mut Resource) {
        let base = of.base().attributes().iter().map(|attribute| (None, attribute));
        let extended = of.extensions().iter().flat_map(|extension| {
            extension.schema.attributes().iter().map(move |attribute| (Some(extension.schema.id()), attribute))
        });
        for (extension, attribute) in base.chain(extended) {
            if attribute.mutability() != Mutability::WriteOnly {
                continue;
            }
            let Some(container) = container(self.resource.attributes(), extension) else { continue };
            let Some(old) = container.get(attribute.name()) else { continue };
            let attributes = new.attributes_mut();
            let target = match extension {
                None => Some(attributes),
                Some(uri) => attributes
                    .entry(uri)
                    .or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()))
                    .as_object_mut(),
            };
            if let Some(target) = target {
                target.entry(attribute.name()).or_insert_with(|| old.clone());
            }
        }
    }
}

type Object = serde_json::Map<String, serde_json::Value>;

fn container<'a>(attributes: &'a Object, extension: Option<&str>) -> Option<&'a Object> {
    match extension {
        None => Some(attributes),
        Some(uri) => attributes.get(uri)?.as_object(),
    }
}

//! The resources of one tenant, as they are read.

use std::collections::HashMap;
use std::sync::Arc;

use imbl::OrdMap;
use scim_core::{Attribute, Projection, Resource, ResourceTypeName, Returned, TypeSchema};
use serde_json::{Map, Value};

use super::Id;
use super::entry::Entry;
use super::index::Index;
use super::membership::Membership;
use crate::store::{Read, StoreError};

/// One tenant. A copy shares with its original what neither has changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Tenant {
    pub(super) tables: HashMap<ResourceTypeName, Table>,
    pub(super) membership: Membership,
    /// Whether SCIM clients may take over what logins made.
    pub(super) takeover: bool,
}

/// The resources of one type.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) entries: OrdMap<Id, Arc<Entry>>,
    pub(super) index: Index,
}

impl Tenant {
    pub(super) fn read(&self, request: Read<'_>) -> Result<Resource, StoreError> {
        let Read { of, id, want } = request;
        let entry = self.entry(of, id.as_str())?;
        let wanted = |attribute: &Attribute| want.wants(None, attribute);
        Ok(self.projected(of, entry, Relations::wanted(of, want), wanted))
    }

    pub(super) fn entry(&self, of: &TypeSchema, id: &str) -> Result<&Arc<Entry>, StoreError> {
        let table = self.tables.get(of.resource_type().name());
        table.and_then(|table| table.entries.get(id)).ok_or(StoreError::NotFound)
    }

    /// The resource with this id, whatever its type.
    pub(super) fn find(&self, id: &str) -> Option<(&ResourceTypeName, &Arc<Entry>)> {
        self.tables.iter().find_map(|(name, table)| Some((name, table.entries.get(id)?)))
    }

    /// The whole resource, with the relations asked for.
    pub(super) fn shown(&self, of: &TypeSchema, entry: &Entry, relations: Relations) -> Resource {
        self.with_relations(of, entry, relations, entry.shown(of.resource_type().name(), |_| false))
    }

    /// As much of the resource as `looked_at` names, for a filter or a sort.
    pub(super) fn seen(
        &self,
        of: &TypeSchema,
        entry: &Entry,
        relations: Relations,
        looked_at: impl Fn(&str) -> bool,
    ) -> Resource {
        self.with_relations(of, entry, relations, entry.shown(of.resource_type().name(), |name| !looked_at(name)))
    }

    /// The resource without those of its own attributes that a client did not choose. Those that come on request or never
    /// stay, because the service needs them for replacements.
    pub(super) fn projected(
        &self,
        of: &TypeSchema,
        entry: &Entry,
        relations: Relations,
        wanted: impl Fn(&Attribute) -> bool,
    ) -> Resource {
        let unwanted = |attribute: &Attribute| attribute.returned() == Returned::Default && !wanted(attribute);
        let leave_out = |name: &str| of.base().attribute(name).is_some_and(|attribute| unwanted(attribute));
        self.with_relations(of, entry, relations, entry.shown(of.resource_type().name(), leave_out))
    }

    fn with_relations(&self, of: &TypeSchema, entry: &Entry, relations: Relations, mut resource: Resource) -> Resource {
        let id = entry.id.as_str();
        if relations.members && is_group(of) {
            let members = self.membership.members(id).map(|(member, kind)| self.reference(member, kind));
            insert(&mut resource, "members", members.collect());
        }
        if relations.groups && is_user(of) {
            let groups = self.membership.all_groups(id).into_iter().map(|in_group| {
                self.reference(&in_group.group, Some(if in_group.direct { "direct" } else { "indirect" }))
            });
            insert(&mut resource, "groups", groups.collect());
        }
        resource
    }

    /// An element of `members` or `groups`. The stored resource knows best what it is; `direct` and `indirect` stay.
    fn reference(&self, id: &str, kind: Option<&str>) -> Value {
        let mut element = Map::from_iter([("value".to_owned(), id.into())]);
        let known = self.find(id);
        let kind = match kind {
            Some("direct" | "indirect") => kind,
            kind => known.map(|(name, _)| name.as_str()).or(kind),
        };
        if let Some(kind) = kind {
            element.insert("type".into(), kind.into());
        }
        if let Some(display) = known.and_then(|(_, entry)| display_of(&entry.resource)) {
            element.insert("display".into(), display.into());
        }
        Value::Object(element)
    }
}

/// Which attributes are to be computed from the membership relation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relations {
    pub(super) members: bool,
    pub(super) groups: bool,
}

impl Relations {
    /// Those that a response will hold.
    pub(super) fn wanted(of: &TypeSchema, want: &Projection) -> Self {
        let wants = |name: &str| of.base().attribute(name).is_some_and(|attribute| want.wants(None, attribute));
        Self { members: wants("members"), groups: wants("groups") }
    }
}

pub(super) fn is_group(of: &TypeSchema) -> bool {
    of.resource_type().name().as_str() == "Group"
}

pub(super) fn is_user(of: &TypeSchema) -> bool {
    of.resource_type().name().as_str() == "User"
}

/// What others call the resource.
pub(super) fn display_of(resource: &Resource) -> Option<&str> {
    ["displayName", "userName"].into_iter().find_map(|name| resource.get(name)?.as_str())
}

fn insert(resource: &mut Resource, name: &str, elements: Vec<Value>) {
    if !elements.is_empty() {
        resource.attributes_mut().insert(name.to_owned(), Value::Array(elements));
    }
}

//! The resources of one tenant, as they are read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use scim_core::{Projection, Provenance, Resource, ResourceId, ResourceTypeName, TypeSchema};
use serde_json::{Map, Value};

use super::entry::Entry;
use super::id::Id;
use super::membership::Membership;
use super::table::Table;
use crate::store::{Membership as Asserted, Read, StoreError};

/// One tenant. A copy shares with its original what neither has changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Tenant {
    pub(super) tables: HashMap<ResourceTypeName, Table>,
    pub(super) membership: Membership,
    /// Who asserted a resource last: most have it in common, and share it.
    pub(super) provenance: Option<Arc<Provenance>>,
    /// Whether SCIM clients may take over what logins made.
    pub(super) takeover: bool,
}

impl Tenant {
    pub(super) fn read(&self, request: Read<'_>) -> Result<Resource, StoreError> {
        let Read { of, id, want } = request;
        let entry = self.entry(of, id.as_str())?;
        Ok(self.shown(of, entry, Relations::wanted(of, want)))
    }

    pub(super) fn entry(&self, of: &TypeSchema, id: &str) -> Result<&Arc<Entry>, StoreError> {
        let table = self.tables.get(of.resource_type().name());
        table.and_then(|table| table.get(id)).ok_or(StoreError::NotFound)
    }

    /// The resource with this id, whatever its type.
    pub(super) fn find(&self, id: &str) -> Option<(&ResourceTypeName, &Arc<Entry>)> {
        self.tables.iter().find_map(|(name, table)| Some((name, table.get(id)?)))
    }

    /// Who is directly in which group, and who says so.
    pub(super) fn memberships(&self, members: &[ResourceId]) -> Result<Vec<Asserted>, StoreError> {
        let pairs = members.iter().flat_map(|member| {
            self.membership.asserted_groups(member.as_str()).map(move |(group, by)| (member, group, by))
        });
        pairs
            .map(|(member, group, by)| {
                let group = group.parse().map_err(StoreError::internal)?;
                Ok(Asserted::new(member.clone(), group, by.source().clone()))
            })
            .collect()
    }

    /// Whether these are few, and none of them a group, which others would follow.
    pub(super) fn are_few_people(&self, ids: &[Id]) -> bool {
        ids.len() <= FEW && !ids.iter().any(|id| self.find(id).is_some_and(|(of, _)| of.as_str() == "Group"))
    }

    /// The resource, with the relations asked for.
    pub(super) fn shown(&self, of: &TypeSchema, entry: &Entry, relations: Relations) -> Resource {
        self.computed(of, entry, relations).0
    }

    /// The same, and which attribute was computed for it.
    pub(super) fn computed(
        &self,
        of: &TypeSchema,
        entry: &Entry,
        relations: Relations,
    ) -> (Resource, Option<&'static str>) {
        let mut resource = entry.resource(of);
        let name = if relations.members && is_group(of) {
            let members = self.membership.members(&entry.id);
            add(&mut resource, "members", members.map(|(member, kind)| self.reference(member, kind)))
        } else if relations.groups && is_user(of) {
            let groups = self.membership.all_groups(&entry.id).into_iter();
            let kind = |direct| Some(if direct { "direct" } else { "indirect" });
            add(&mut resource, "groups", groups.map(|found| self.reference(&found.group, kind(found.direct))))
        } else {
            None
        };
        (resource, name)
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
        if let Some(display) = known.and_then(|(_, entry)| display_of(entry.content())) {
            element.insert("display".into(), display.into());
        }
        Value::Object(element)
    }
}

/// How many resources a small change looks at.
const FEW: usize = 100;

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
        Self { members: is_group(of) && wants("members"), groups: is_user(of) && wants("groups") }
    }
}

pub(super) fn is_group(of: &TypeSchema) -> bool {
    of.resource_type().name().as_str() == "Group"
}

pub(super) fn is_user(of: &TypeSchema) -> bool {
    of.resource_type().name().as_str() == "User"
}

/// What others call the resource.
pub(super) fn display_of(resource: &Resource) -> Option<Cow<'_, str>> {
    ["displayName", "userName"].into_iter().find_map(|name| resource.text(name))
}

/// Adds an attribute with these elements, if there are any.
fn add(resource: &mut Resource, name: &'static str, elements: impl Iterator<Item = Value>) -> Option<&'static str> {
    let mut json = String::new();
    for element in elements {
        json.push(if json.is_empty() { '[' } else { ',' });
        json.push_str(&element.to_string());
    }
    if json.is_empty() {
        return None;
    }
    json.push(']');
    resource.set_json(&[(name, Some(&json))]);
    Some(name)
}

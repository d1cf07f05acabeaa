//! The resources of one tenant, with their indexes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_core::{Attribute, Projection, Resource, ResourceTypeName, TypeSchema};
use scim_filter::{Predicate, lower};
use scim_patch::{Patch, apply};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::entry::Entry;
use super::lookup::{Lookup, Selection};
use super::membership::Membership;
use crate::store::{ListPage, ListQuery, Precondition, StoreError, UniqueValue, finish, unique_values};

/// One tenant.
#[derive(Debug, Default)]
pub(super) struct Tenant {
    types: HashMap<ResourceTypeName, BTreeMap<String, Entry>>,
    /// Which resource has a value that must be unique.
    taken: HashMap<(ResourceTypeName, UniqueValue), String>,
    /// The type of every resource.
    type_of: HashMap<String, ResourceTypeName>,
    membership: Membership,
}

impl Tenant {
    pub(super) fn create(
        &mut self,
        now: DateTime<Utc>,
        of: &TypeSchema,
        mut resource: Resource,
    ) -> Result<Resource, StoreError> {
        let name = of.resource_type().name();
        self.check_unique(of, &resource, None)?;
        let id = Uuid::new_v4().to_string();
        let members = take_members(of, &mut resource);
        self.claim(of, &resource, &id);
        let entry = Entry::new(id.parse().map_err(StoreError::internal)?, resource, now);
        self.types.entry(name.clone()).or_default().insert(id.clone(), entry);
        self.type_of.insert(id.clone(), name.clone());
        let added = self.set_members(&id, &members.unwrap_or_default());
        self.touch_below(added);
        self.get(of, &id, &Projection::default())
    }

    pub(super) fn get(&self, of: &TypeSchema, id: &str, want: &Projection) -> Result<Resource, StoreError> {
        let entry = self.entry(of, id)?;
        let wants = |name: &str| of.base().attribute(name).is_some_and(|attribute| want.wants(None, attribute));
        Ok(self.shown(of, entry, wants("members"), wants("groups")))
    }

    pub(super) fn list(&self, of: &TypeSchema, query: &ListQuery) -> ListPage {
        let none = BTreeMap::new();
        let name = of.resource_type().name();
        let entries = self.types.get(name).unwrap_or(&none);
        let looked_at = |name: &str| {
            let filtered = query.filter.as_ref().is_some_and(|filter| filter.mentions(name));
            filtered || query.sort.as_ref().is_some_and(|sort| sort.path().attribute() == Some(name))
        };
        let wanted =
            |name: &str| of.base().attribute(name).is_some_and(|attribute| query.projection.wants(None, attribute));
        let show = |entry: &Entry| {
            let (members, groups) = (looked_at("members"), looked_at("groups"));
            self.shown(of, entry, members, groups)
        };
        let mut page = match (&query.filter, &query.sort) {
            // The map is in the order of ids already.
            (None, None) => {
                let skipped = usize::try_from(query.start_index.saturating_sub(1)).unwrap_or(usize::MAX);
                let count = usize::try_from(query.count).unwrap_or(usize::MAX);
                let resources = entries.values().skip(skipped).take(count).map(show).collect();
                ListPage { resources, total_results: entries.len() as u64 }
            }
            (Some(filter), _) => match self.candidates(of, filter) {
                Some(ids) => finish(ids.iter().filter_map(|id| entries.get(id)).map(show), query),
                None => finish(entries.values().map(show), query),
            },
            (None, Some(_)) => finish(entries.values().map(show), query),
        };
        for resource in &mut page.resources {
            if let Some(id) = resource.id().map(str::to_owned) {
                self.relate(of, resource, &id, wanted("members"), wanted("groups"));
            }
        }
        page
    }

    /// The ids that a filter can select, where its equality tests of indexed attributes bound them.
    fn candidates(&self, of: &TypeSchema, filter: &Predicate) -> Option<BTreeSet<String>> {
        let by_unique_value = |attribute: &str, key: &str| {
            let indexed = of.base().attribute(attribute).is_some_and(is_unique);
            let value = UniqueValue { attribute: attribute.to_owned(), key: key.to_owned() };
            let holder = self.taken.get(&(of.resource_type().name().clone(), value));
            indexed.then(|| holder.cloned().into_iter().collect())
        };
        match lower(filter, &Lookup(by_unique_value)).pushed {
            Some(Selection::Only(ids)) => Some(ids),
            _ => None,
        }
    }

    pub(super) fn replace(
        &mut self,
        now: DateTime<Utc>,
        of: &TypeSchema,
        id: &str,
        resource: Resource,
        when: &Precondition,
    ) -> Result<Resource, StoreError> {
        self.entry(of, id)?.check(when)?;
        self.store(now, of, id, resource)?;
        self.get(of, id, &Projection::default())
    }

    pub(super) fn patch(
        &mut self,
        now: DateTime<Utc>,
        of: &TypeSchema,
        id: &str,
        patch: &Patch,
        when: &Precondition,
        want: &Projection,
    ) -> Result<Resource, StoreError> {
        let entry = self.entry(of, id)?;
        entry.check(when)?;
        let mut patched = self.shown(of, entry, true, true);
        if !apply(patch, &mut patched)?.is_unchanged() {
            self.store(now, of, id, patched)?;
        }
        self.get(of, id, want)
    }

    pub(super) fn delete(
        &mut self,
        now: DateTime<Utc>,
        of: &TypeSchema,
        id: &str,
        when: &Precondition,
    ) -> Result<(), StoreError> {
        self.entry(of, id)?.check(when)?;
        let name = of.resource_type().name();
        let members: Vec<String> = self.membership.members(id).map(|(member, _)| member.to_owned()).collect();
        for member in &members {
            self.membership.remove(id, member);
        }
        self.touch_below(members);
        for group in self.membership.direct_groups(id) {
            self.membership.remove(&group, id);
            if let Some(group) = self.find_mut(&group) {
                group.modified(now);
            }
        }
        if let Some(entry) = self.types.get_mut(name).and_then(|entries| entries.remove(id)) {
            self.release(of, &entry.resource);
        }
        self.type_of.remove(id);
        Ok(())
    }

    /// Puts new content in place of the old. `resource` may still hold `id`, `meta` and what is computed.
    fn store(
        &mut self,
        now: DateTime<Utc>,
        of: &TypeSchema,
        id: &str,
        mut resource: Resource,
    ) -> Result<(), StoreError> {
        for computed in ["id", "meta"] {
            resource.attributes_mut().remove(computed);
        }
        if is_user(of) {
            resource.attributes_mut().remove("groups");
        }
        self.check_unique(of, &resource, Some(id))?;
        let members = take_members(of, &mut resource);
        let Some(entry) = self.types.get_mut(of.resource_type().name()).and_then(|entries| entries.get_mut(id)) else {
            return Err(StoreError::NotFound);
        };
        entry.keep_write_only(of, &mut resource);
        let renamed = display_of(&entry.resource) != display_of(&resource);
        let old = std::mem::replace(&mut entry.resource, resource.clone());
        entry.modified(now);
        self.release(of, &old);
        self.claim(of, &resource, id);
        let mut affected = match members {
            Some(members) if is_group(of) => self.set_members(id, &members),
            None if is_group(of) => self.set_members(id, &[]),
            _ => Vec::new(),
        };
        if renamed && is_group(of) {
            affected.extend(self.membership.members(id).map(|(member, _)| member.to_owned()));
        }
        self.touch_below(affected);
        if renamed {
            // The name of a member is part of its groups' representation.
            for group in self.membership.direct_groups(id) {
                if let Some(group) = self.find_mut(&group) {
                    group.touched();
                }
            }
        }
        Ok(())
    }

    /// Makes these the members of a group, and says whose membership changed.
    fn set_members(&mut self, group: &str, members: &[(String, Option<String>)]) -> Vec<String> {
        let wanted: BTreeSet<&str> = members.iter().map(|(member, _)| member.as_str()).collect();
        let gone = self.membership.members(group).filter(|(member, _)| !wanted.contains(member));
        let mut changed: Vec<String> = gone.map(|(member, _)| member.to_owned()).collect();
        for member in &changed {
            self.membership.remove(group, member);
        }
        for (member, kind) in members {
            if self.membership.add(group, member, kind.as_deref()) {
                changed.push(member.clone());
            }
        }
        changed
    }

    /// The `groups` of these resources, and of those in them, have changed: users get a new version (R204).
    fn touch_below(&mut self, changed: Vec<String>) {
        let user = ResourceTypeName::user();
        for id in self.membership.with_descendants(changed) {
            if self.type_of.get(&id) == Some(&user)
                && let Some(entry) = self.find_mut(&id)
            {
                entry.touched();
            }
        }
    }

    fn check_unique(&self, of: &TypeSchema, resource: &Resource, id: Option<&str>) -> Result<(), StoreError> {
        for value in unique_values(of, resource) {
            let holder = self.taken.get(&(of.resource_type().name().clone(), value.clone()));
            if holder.is_some_and(|holder| Some(holder.as_str()) != id) {
                return Err(StoreError::Uniqueness { attribute: value.attribute });
            }
        }
        Ok(())
    }

    fn claim(&mut self, of: &TypeSchema, resource: &Resource, id: &str) {
        for value in unique_values(of, resource) {
            self.taken.insert((of.resource_type().name().clone(), value), id.to_owned());
        }
    }

    fn release(&mut self, of: &TypeSchema, resource: &Resource) {
        for value in unique_values(of, resource) {
            self.taken.remove(&(of.resource_type().name().clone(), value));
        }
    }

    fn entry(&self, of: &TypeSchema, id: &str) -> Result<&Entry, StoreError> {
        let entries = self.types.get(of.resource_type().name());
        entries.and_then(|entries| entries.get(id)).ok_or(StoreError::NotFound)
    }

    fn find(&self, id: &str) -> Option<&Entry> {
        self.types.get(self.type_of.get(id)?)?.get(id)
    }

    fn find_mut(&mut self, id: &str) -> Option<&mut Entry> {
        self.types.get_mut(self.type_of.get(id)?)?.get_mut(id)
    }

    /// The resource as a client may see it, with `members` and `groups` where they are asked for.
    fn shown(&self, of: &TypeSchema, entry: &Entry, members: bool, groups: bool) -> Resource {
        let mut resource = entry.shown(of.resource_type().name());
        self.relate(of, &mut resource, entry.id.as_str(), members, groups);
        resource
    }

    /// Computes `members` and `groups` where they are asked for and not there yet.
    fn relate(&self, of: &TypeSchema, resource: &mut Resource, id: &str, members: bool, groups: bool) {
        if members && is_group(of) && resource.get("members").is_none() {
            let members = self.membership.members(id).map(|(member, kind)| self.reference(member, kind));
            insert(resource, "members", members.collect());
        }
        if groups && is_user(of) && resource.get("groups").is_none() {
            let groups = self.membership.all_groups(id).into_iter().map(|in_group| {
                self.reference(&in_group.group, Some(if in_group.direct { "direct" } else { "indirect" }))
            });
            insert(resource, "groups", groups.collect());
        }
    }

    /// An element of `members` or `groups`. The stored resource knows best what it is; `direct` and `indirect` stay.
    fn reference(&self, id: &str, kind: Option<&str>) -> Value {
        let mut element = Map::from_iter([("value".to_owned(), id.into())]);
        let known = self.type_of.get(id).map(ResourceTypeName::as_str);
        let kind = if matches!(kind, Some("direct" | "indirect")) { kind } else { known.or(kind) };
        if let Some(kind) = kind {
            element.insert("type".into(), kind.into());
        }
        if let Some(display) = self.find(id).and_then(|entry| display_of(&entry.resource)) {
            element.insert("display".into(), display.into());
        }
        Value::Object(element)
    }
}

fn is_group(of: &TypeSchema) -> bool {
    *of.resource_type().name() == ResourceTypeName::group()
}

fn is_user(of: &TypeSchema) -> bool {
    *of.resource_type().name() == ResourceTypeName::user()
}

fn is_unique(attribute: &Arc<Attribute>) -> bool {
    attribute.uniqueness() != scim_core::Uniqueness::None && attribute.sub_attributes().is_empty()
}

/// What others call the resource.
fn display_of(resource: &Resource) -> Option<&str> {
    ["displayName", "userName"].into_iter().find_map(|name| resource.get(name)?.as_str())
}

fn insert(resource: &mut Resource, name: &str, elements: Vec<Value>) {
    if !elements.is_empty() {
        resource.attributes_mut().insert(name.to_owned(), Value::Array(elements));
    }
}

/// Takes the members of a group out of the resource: id and type. `None` for other resources and without members.
fn take_members(of: &TypeSchema, resource: &mut Resource) -> Option<Vec<(String, Option<String>)>> {
    if !is_group(of) {
        return None;
    }
    let Value::Array(elements) = resource.attributes_mut().remove("members")? else { return None };
    let text = |element: &Value, name: &str| element.get(name).and_then(Value::as_str).map(str::to_owned);
    let members = elements.iter().filter_map(|element| Some((text(element, "value")?, text(element, "type"))));
    Some(members.collect())
}

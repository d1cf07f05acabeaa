//! The writes. Each works on a copy that is thrown away where it fails.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_core::{Resource, ResourceId, TypeSchema};
use scim_patch::{Differences, MembershipDelta};
use serde_json::Value;
use uuid::Uuid;

use super::Id;
use super::entry::Entry;
use super::secret::mark_secrets;
use super::tenant::{Relations, Table, Tenant, display_of, is_group, is_user};
use crate::change::{Change, Written};
use crate::context::Context;
use crate::store::{
    AuthorityChange, Create, Delete, Modify, Read, Replace, StoreError, keep_write_only, patched_content,
    reserve_external_id, unique_values,
};

/// The `externalId` of a resource.
fn external_id(resource: &Resource) -> Option<&str> {
    resource.get("externalId").and_then(Value::as_str)
}

/// A member as a client names it: id and type.
type Member = (Id, Option<String>);

/// Who came into a group, and who went.
#[derive(Default)]
struct Moved {
    added: Vec<Id>,
    removed: Vec<Id>,
}

impl Moved {
    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    fn all(&self) -> Vec<Id> {
        self.added.iter().chain(&self.removed).cloned().collect()
    }

    fn told_by(&self, change: Change) -> Change {
        let ids = |ids: &[Id]| ids.iter().map(ToString::to_string).collect();
        change.with_members(ids(&self.added), ids(&self.removed))
    }
}

impl Tenant {
    pub(super) fn create(&mut self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        let Create { of, mut resource, want } = request;
        reserve_external_id(cx, None, external_id(&resource))?;
        let issued: ResourceId = Uuid::new_v4().to_string().parse().map_err(StoreError::internal)?;
        let members = take_members(of, &mut resource);
        mark_secrets(of, None, &mut resource);
        let differences = Differences::between(of, &Resource::default(), &resource);
        let id = Id::from(issued.as_str());
        let entry = Entry::new(issued.clone(), resource, cx);
        let table = self.tables.entry(of.resource_type().name().clone()).or_default();
        table.claim(of, None, &entry.resource, &id)?;
        let version = entry.version();
        table.entries.insert(id.clone(), Arc::new(entry));
        let moved = self.set_members(&id, &members);
        self.touch_below(moved.all());
        let change = moved.told_by(Change::new(cx, of, issued.clone()).with_versions(None, Some(version)));
        let resource = self.read(Read::new(of, &issued).with_want(want))?;
        Ok(Written::new(resource, change.with_differences(differences)))
    }

    pub(super) fn replace(&mut self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        let Replace { of, id, mut resource, when, want } = request;
        let entry = self.entry(of, id.as_str())?.clone();
        entry.check(when)?;
        let members = is_group(of).then(|| take_members(of, &mut resource));
        let change = self.settle(cx, of, &entry, resource, members.as_deref())?;
        Ok(Written::new(self.read(Read::new(of, id).with_want(want))?, change))
    }

    /// Members come and go without being read; other patches of a group leave them alone.
    pub(super) fn patch(&mut self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        let Modify { of, id, patch, when, want } = request;
        let entry = self.entry(of, id.as_str())?.clone();
        entry.check(when)?;
        let change = if is_group(of)
            && let Some(delta) = patch.membership_delta()
        {
            let moved = self.move_members(cx.now, of, &Id::from(id.as_str()), delta)?;
            let after = self.entry(of, id.as_str())?.version();
            let change = Change::new(cx, of, id.clone()).with_versions(Some(entry.version()), Some(after));
            moved.told_by(change).with_leniencies(patch.leniencies())
        } else {
            let moves_members = is_group(of) && patch.targets().iter().any(|target| target.is_in("members"));
            let shown = self.shown(of, &entry, Relations { members: moves_members, groups: true });
            let (mut content, applied) = patched_content(of, &shown, patch)?;
            let members = moves_members.then(|| take_members(of, &mut content));
            self.settle(cx, of, &entry, content, members.as_deref())?.with_leniencies(applied.leniencies())
        };
        Ok(Written::new(self.read(Read::new(of, id).with_want(want))?, change))
    }

    /// Makes this the content of a resource, and these its members, where it is a group and they are named. Content that says the same
    /// changes nothing.
    fn settle(
        &mut self,
        cx: &Context,
        of: &TypeSchema,
        entry: &Entry,
        mut content: Resource,
        members: Option<&[Member]>,
    ) -> Result<Change, StoreError> {
        drop_computed(of, &mut content);
        let secrets = keep_write_only(of, &entry.resource, &mut content);
        let id = Id::from(entry.id.as_str());
        let moved = members.map(|members| self.set_members(&id, members)).unwrap_or_default();
        let change = moved.told_by(Change::new(cx, of, entry.id.clone()));
        let differences = Differences::between(of, &entry.resource, &content).with_secrets(secrets.clone());
        if differences.is_unchanged() && moved.is_empty() {
            return Ok(change.with_versions(Some(entry.version()), Some(entry.version())));
        }
        self.put(cx, of, entry, content)?;
        self.touch_below(moved.all());
        let after = self.entry(of, entry.id.as_str())?;
        // A takeover lets go of an identifier.
        let differences = if after.provenance == entry.provenance {
            differences
        } else {
            Differences::between(of, &entry.resource, &after.resource).with_secrets(secrets)
        };
        Ok(change.with_versions(Some(entry.version()), Some(after.version())).with_differences(differences))
    }

    pub(super) fn delete(&mut self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        let Delete { of, id, when } = request;
        let entry = self.entry(of, id.as_str())?.clone();
        entry.check(when)?;
        let change = Change::new(cx, of, id.clone()).with_versions(Some(entry.version()), None);
        let id = Id::from(id.as_str());
        let members = self.set_members(&id, &[]);
        self.touch_below(members.all());
        for group in self.membership.direct_groups(&id) {
            self.membership.remove(&group, &id);
            self.update(&group, |group| group.modified(cx.now));
        }
        if let Some(table) = self.tables.get_mut(of.resource_type().name()) {
            table.entries.remove(&id);
            table.index.remove(of, &entry.resource, &id);
        }
        let differences = Differences::between(of, &entry.resource, &Resource::default());
        Ok(members.told_by(change).with_differences(differences))
    }

    /// Puts new content in place of the old, members aside.
    fn put(&mut self, cx: &Context, of: &TypeSchema, entry: &Entry, mut resource: Resource) -> Result<(), StoreError> {
        reserve_external_id(cx, external_id(&entry.resource), external_id(&resource))?;
        let (writer, owner) = (cx.principal.source(), entry.provenance.source());
        let change = AuthorityChange::of(writer, owner, &entry.resource, &resource);
        if change == AuthorityChange::TakesOver {
            if !self.takeover {
                return Err(AuthorityChange::refusal(owner));
            }
            // Logins find their people by it.
            if external_id(&resource).is_some_and(|external_id| external_id.starts_with(&owner.prefix())) {
                resource.attributes_mut().remove("externalId");
            }
        }
        mark_secrets(of, Some(&entry.resource), &mut resource);
        let id = Id::from(entry.id.as_str());
        let renamed = display_of(&entry.resource) != display_of(&resource);
        let table = self.tables.get_mut(of.resource_type().name()).ok_or(StoreError::NotFound)?;
        table.claim(of, Some(&entry.resource), &resource, &id)?;
        let mut next = entry.clone();
        next.resource = Arc::new(resource);
        if change != AuthorityChange::Stays {
            next.provenance = Arc::new(cx.provenance());
        }
        next.modified(cx.now);
        table.entries.insert(id.clone(), Arc::new(next));
        if renamed {
            // What a member is called is part of its groups' representation, and what a group is called of its members'.
            for group in self.membership.direct_groups(&id) {
                self.update(&group, Entry::touched);
            }
            if is_group(of) {
                let members = self.membership.members(&id).map(|(member, _)| member.clone()).collect();
                self.touch_below(members);
            }
        }
        Ok(())
    }

    /// Adds and removes members of a group; nothing of it depends on how many there are.
    fn move_members(
        &mut self,
        now: DateTime<Utc>,
        of: &TypeSchema,
        group: &Id,
        delta: MembershipDelta,
    ) -> Result<Moved, StoreError> {
        self.entry(of, group)?;
        let add: Vec<Member> = delta.add.into_iter().map(|member| (member.value.into(), member.kind)).collect();
        let moved = if delta.replace_all {
            self.set_members(group, &add)
        } else {
            let remove = delta.remove.into_iter().map(Id::from);
            let removed = remove.filter(|member| self.membership.remove(group, member)).collect();
            Moved { removed, added: self.add_members(group, &add) }
        };
        if !moved.is_empty() {
            self.update(group, |group| group.modified(now));
            self.touch_below(moved.all());
        }
        Ok(moved)
    }

    /// Makes these the members of a group, and says whose membership changed.
    fn set_members(&mut self, group: &Id, members: &[Member]) -> Moved {
        let wanted: BTreeSet<&str> = members.iter().map(|(member, _)| &**member).collect();
        let gone = self.membership.members(group).filter(|(member, _)| !wanted.contains(&***member));
        let removed: Vec<Id> = gone.map(|(member, _)| member.clone()).collect();
        for member in &removed {
            self.membership.remove(group, member);
        }
        Moved { added: self.add_members(group, members), removed }
    }

    /// Adds members to a group, and says which of them were not there.
    fn add_members(&mut self, group: &Id, members: &[Member]) -> Vec<Id> {
        let added = members.iter().filter(|(member, kind)| self.membership.add(group, member, kind.as_deref()));
        added.map(|(member, _)| member.clone()).collect()
    }

    /// The `groups` of these resources, and of those in them, have changed: users get a new version (R204).
    fn touch_below(&mut self, changed: Vec<Id>) {
        for id in self.membership.with_descendants(changed) {
            if self.find(&id).is_some_and(|(name, _)| name.as_str() == "User") {
                self.update(&id, Entry::touched);
            }
        }
    }

    fn update(&mut self, id: &str, change: impl FnOnce(&mut Entry)) {
        let tables = self.tables.values_mut();
        if let Some(entry) = tables.filter(|table| table.entries.contains_key(id)).find_map(|t| t.entries.get_mut(id)) {
            change(Arc::make_mut(entry));
        }
    }
}

impl Table {
    /// Records the values of a resource in place of those it had; fails where one that must be unique is another's.
    fn claim(&mut self, of: &TypeSchema, old: Option<&Resource>, new: &Resource, id: &Id) -> Result<(), StoreError> {
        if let Some(old) = old {
            self.index.remove(of, old, id);
        }
        let taken = unique_values(of, new).into_iter().find(|value| self.index.holder(value).is_some());
        if let Some(value) = taken {
            return Err(StoreError::Uniqueness { attribute: value.attribute });
        }
        self.index.insert(of, new, id);
        Ok(())
    }
}

/// Takes out what is computed on the way out.
fn drop_computed(of: &TypeSchema, resource: &mut Resource) {
    let groups = is_user(of).then_some("groups");
    for computed in ["id", "meta"].into_iter().chain(groups) {
        resource.attributes_mut().remove(computed);
    }
}

/// Takes the members of a group out of the resource: id and type. None of other resources.
fn take_members(of: &TypeSchema, resource: &mut Resource) -> Vec<Member> {
    if !is_group(of) {
        return Vec::new();
    }
    let Some(Value::Array(elements)) = resource.attributes_mut().remove("members") else { return Vec::new() };
    let text = |element: &Value, name: &str| element.get(name).and_then(Value::as_str).map(str::to_owned);
    let members = elements.iter().filter_map(|element| Some((text(element, "value")?.into(), text(element, "type"))));
    members.collect()
}

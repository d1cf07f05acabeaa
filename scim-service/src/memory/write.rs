//! The writes. Each finds out whether it can be before it changes anything: what fails has changed nothing.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use scim_core::{Provenance, Resource, ResourceId, Source, TypeSchema, ValueRef, Version};
use scim_patch::{Difference, Differences, MembershipDelta};
use uuid::Uuid;

use super::entry::Entry;
use super::id::Id;
use super::secret::mark_secrets;
use super::tenant::{Relations, Tenant, display_of, is_group, is_user};
use crate::change::{Change, Written};
use crate::context::Context;
use crate::store::{
    AuthorityChange, Create, Delete, Modify, Read, Replace, StoreError, keep_write_only, patched_content,
    reserve_external_id,
};

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

/// Content that is to replace what a resource says.
struct Content {
    resource: Resource,
    /// The members of a group, where they are named.
    members: Option<Vec<Member>>,
    /// What differs, secrets aside, where that is known.
    differences: Option<Differences>,
}

impl Tenant {
    pub(super) fn create(&mut self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        let Create { of, mut resource, want } = request;
        reserve_external_id(cx, None, resource.text("externalId").as_deref())?;
        let issued: ResourceId = Uuid::now_v7().to_string().parse().map_err(StoreError::internal)?;
        let members = take_members(of, &mut resource);
        mark_secrets(of, None, &mut resource);
        let differences = Differences::between(of, &Resource::default(), &resource);
        let provenance = self.asserted_by(cx);
        let id = Id::from(issued.as_str());
        let entry = Entry::new(id.clone(), of, resource, provenance.clone(), cx.now);
        let version = entry.version();
        self.tables.entry(of.resource_type().name().clone()).or_default().insert(of, entry)?;
        let moved = self.set_members(&id, &members, &provenance);
        self.touch_below(moved.all());
        let resource = self.read(Read::new(of, &issued).with_want(want))?;
        let change = moved.told_by(Change::new(cx, of, issued).with_versions(None, Some(version)));
        Ok(Written::new(resource, change.with_differences(differences)))
    }

    /// Who asserts what a call writes.
    fn asserted_by(&mut self, cx: &Context) -> Arc<Provenance> {
        let provenance = cx.provenance();
        match &self.provenance {
            Some(last) if **last == provenance => last.clone(),
            _ => self.provenance.insert(Arc::new(provenance)).clone(),
        }
    }

    pub(super) fn replace(&mut self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        let Replace { of, id, mut resource, when, want } = request;
        let entry = self.entry(of, id.as_str())?.clone();
        entry.check(when)?;
        let members = is_group(of).then(|| take_members(of, &mut resource));
        let change = self.settle(cx, of, id, &entry, Content { resource, members, differences: None })?;
        Ok(Written::new(self.read(Read::new(of, id).with_want(want))?, change))
    }

    /// Members come and go without being read where `delta` says all that the patch does; other patches of a group leave them alone.
    pub(super) fn patch(
        &mut self,
        cx: &Context,
        request: Modify<'_>,
        delta: Option<MembershipDelta>,
    ) -> Result<Written, StoreError> {
        let Modify { of, id, patch, when, want } = request;
        let entry = self.entry(of, id.as_str())?.clone();
        entry.check(when)?;
        let change = if let Some(delta) = delta {
            let moved = self.move_members(cx, &entry.id, delta);
            let after = self.entry(of, id.as_str())?.version();
            let change = Change::new(cx, of, id.clone()).with_versions(Some(entry.version()), Some(after));
            moved.told_by(change).with_quirks(patch.quirks())
        } else {
            let moves_members = is_group(of) && patch.targets().iter().any(|target| target.is_in("members"));
            let shown = self.shown(of, &entry, Relations { members: moves_members, groups: true });
            let (mut resource, applied) = patched_content(of, &shown, patch)?;
            let quirks = applied.quirks();
            let members = moves_members.then(|| take_members(of, &mut resource));
            // Of members the relation tells better who came and who went.
            let differences = (!moves_members).then_some(applied);
            let content = Content { resource, members, differences };
            self.settle(cx, of, id, &entry, content)?.with_quirks(quirks)
        };
        Ok(Written::new(self.read(Read::new(of, id).with_want(want))?, change))
    }

    /// Makes this the content of a resource, and these its members, where it is a group and they are named. Content that says the same
    /// changes nothing.
    fn settle(
        &mut self,
        cx: &Context,
        of: &TypeSchema,
        id: &ResourceId,
        entry: &Entry,
        content: Content,
    ) -> Result<Change, StoreError> {
        let Content { mut resource, members, differences } = content;
        drop_computed(of, &mut resource);
        let secrets = keep_write_only(of, entry.content(), &mut resource);
        let moves = members.as_ref().is_some_and(|members| self.membership.differs(&entry.id, members));
        resource.compact_as(of);
        let differences = differences.unwrap_or_else(|| Differences::between(of, entry.content(), &resource));
        let differences = differences.with_secrets(secrets.iter().cloned());
        let change = Change::new(cx, of, id.clone());
        if differences.is_unchanged() && !moves {
            return Ok(change.with_versions(Some(entry.version()), Some(entry.version())));
        }
        let (after, differences) = self.put(cx, of, entry, resource, differences, secrets)?;
        let by = self.asserted_by(cx);
        let moved = members.map(|members| self.set_members(&entry.id, &members, &by)).unwrap_or_default();
        self.touch_below(moved.all());
        let change = change.with_versions(Some(entry.version()), Some(after)).with_differences(differences);
        Ok(moved.told_by(change))
    }

    pub(super) fn delete(&mut self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        let Delete { of, id, when } = request;
        let entry = self.entry(of, id.as_str())?.clone();
        entry.check(when)?;
        let change = Change::new(cx, of, id.clone()).with_versions(Some(entry.version()), None);
        let by = self.asserted_by(cx);
        let members = self.set_members(&entry.id, &[], &by);
        self.touch_below(members.all());
        for group in self.membership.direct_groups(&entry.id) {
            self.membership.remove(&group, &entry.id);
            self.update(&group, |group| group.modified(cx.now));
        }
        if let Some(table) = self.tables.get_mut(of.resource_type().name()) {
            table.remove(of, &entry);
        }
        let differences = Differences::between(of, entry.content(), &Resource::default());
        Ok(members.told_by(change).with_differences(differences))
    }

    /// Puts new content in place of the old, members aside. Says which version it has, and what differs.
    fn put(
        &mut self,
        cx: &Context,
        of: &TypeSchema,
        entry: &Entry,
        mut resource: Resource,
        mut differences: Differences,
        secrets: Vec<Difference>,
    ) -> Result<(Version, Differences), StoreError> {
        reserve_external_id(cx, entry.content().text("externalId").as_deref(), resource.text("externalId").as_deref())?;
        let writer = cx.principal.source();
        let owner = entry.provenance().map_or(&Source::Host, |provenance| provenance.source());
        let change = AuthorityChange::of(writer, owner, entry.content(), &resource);
        if change == AuthorityChange::TakesOver {
            if !self.takeover {
                return Err(AuthorityChange::refusal(owner));
            }
            // Logins find their people by it.
            if resource.text("externalId").is_some_and(|external_id| external_id.starts_with(&owner.prefix())) {
                resource.set("externalId", None);
                differences = Differences::between(of, entry.content(), &resource).with_secrets(secrets);
            }
        }
        mark_secrets(of, Some(entry.content()), &mut resource);
        let id = entry.id.clone();
        let renamed = display_of(entry.content()) != display_of(&resource);
        let provenance = match entry.provenance() {
            Some(provenance) if change == AuthorityChange::Stays => provenance.clone(),
            _ => self.asserted_by(cx),
        };
        let next = entry.with_content(resource.asserted_by(provenance), cx, of);
        let version = next.version();
        let table = self.tables.get_mut(of.resource_type().name()).ok_or(StoreError::NotFound)?;
        table.replace(of, entry, next)?;
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
        Ok((version, differences))
    }

    /// Adds and removes members of a group; nothing of it depends on how many there are. Whoever adds a member that is there asserts it
    /// from then on.
    fn move_members(&mut self, cx: &Context, group: &Id, delta: MembershipDelta) -> Moved {
        let by = self.asserted_by(cx);
        let add: Vec<Member> = delta.add.into_iter().map(|member| (member.value.into(), member.kind)).collect();
        let moved = if delta.replace_all {
            self.set_members(group, &add, &by)
        } else {
            let remove = delta.remove.into_iter().map(Id::from);
            let removed = remove.filter(|member| self.membership.remove(group, member)).collect();
            let added = self.add_members(group, &add, &by);
            for (member, _) in &add {
                self.membership.reassert(group, member, &by);
            }
            Moved { added, removed }
        };
        if !moved.is_empty() {
            self.update(group, |group| group.modified(cx.now));
            self.touch_below(moved.all());
        }
        moved
    }

    /// Makes these the members of a group, and says whose membership changed.
    fn set_members(&mut self, group: &Id, members: &[Member], by: &Arc<Provenance>) -> Moved {
        let wanted: BTreeSet<&str> = members.iter().map(|(member, _)| &**member).collect();
        let gone = self.membership.members(group).filter(|(member, _)| !wanted.contains(&***member));
        let removed: Vec<Id> = gone.map(|(member, _)| member.clone()).collect();
        for member in &removed {
            self.membership.remove(group, member);
        }
        Moved { added: self.add_members(group, members, by), removed }
    }

    /// Adds members to a group, and says which of them were not there.
    fn add_members(&mut self, group: &Id, members: &[Member], by: &Arc<Provenance>) -> Vec<Id> {
        let added = members.iter().filter(|(member, kind)| self.membership.add(group, member, kind.as_deref(), by));
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
        let found = self.tables.values_mut().find(|table| table.get(id).is_some());
        if let Some(entry) = found.and_then(|table| table.get_mut(id)) {
            change(Arc::make_mut(entry));
        }
    }
}

/// Takes away what the relation of members knows better. `id` and `meta` are written anew.
fn drop_computed(of: &TypeSchema, resource: &mut Resource) {
    if is_user(of) && resource.get("groups").is_some() {
        resource.set("groups", None);
    }
}

/// Takes the members of a group out of the resource: id and type. None of other resources.
fn take_members(of: &TypeSchema, resource: &mut Resource) -> Vec<Member> {
    if !is_group(of) {
        return Vec::new();
    }
    let text = |element: ValueRef<'_>, name: &str| element.get(name).and_then(ValueRef::as_str).map(Cow::into_owned);
    let elements = resource.get("members").into_iter().flat_map(ValueRef::elements);
    let members: Vec<Member> =
        elements.filter_map(|element| Some((text(element, "value")?.into(), text(element, "type")))).collect();
    if resource.get("members").is_some() {
        resource.set("members", None);
    }
    members
}

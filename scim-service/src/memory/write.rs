//! The writes. Each finds out whether it can be before it changes anything: what fails has changed nothing.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_core::{Attribute, Provenance, Resource, ResourceId, Source, TypeSchema, ValueRef};
use scim_patch::{MembershipDelta, apply};
use uuid::Uuid;

use super::Id;
use super::entry::Entry;
use super::secret::mark_secrets;
use super::tenant::{Relations, Tenant, display_of, is_group, is_user};
use crate::context::Context;
use crate::store::{
    AuthorityChange, Create, Delete, Modify, Read, Replace, StoreError, is_write_only, keep_write_only,
    reserve_external_id,
};

/// A member as a client names it: id and type.
type Member = (Id, Option<String>);

impl Tenant {
    pub(super) fn create(&mut self, cx: &Context, request: Create<'_>) -> Result<Resource, StoreError> {
        let Create { of, mut resource, want } = request;
        reserve_external_id(cx, None, resource.text("externalId").as_deref())?;
        let issued: ResourceId = Uuid::now_v7().to_string().parse().map_err(StoreError::internal)?;
        let members = take_members(of, &mut resource);
        mark_secrets(of, None, &mut resource);
        let provenance = self.asserted_by(cx);
        let id = Id::from(issued.as_str());
        let entry = Entry::new(id.clone(), of, resource, provenance, cx.now);
        self.tables.entry(of.resource_type().name().clone()).or_default().insert(of, entry)?;
        let added = self.set_members(&id, &members);
        self.touch_below(added);
        self.read(Read::new(of, &issued).with_want(want))
    }

    /// Who asserts what a call writes.
    fn asserted_by(&mut self, cx: &Context) -> Arc<Provenance> {
        let provenance = cx.provenance();
        match &self.provenance {
            Some(last) if **last == provenance => last.clone(),
            _ => self.provenance.insert(Arc::new(provenance)).clone(),
        }
    }

    pub(super) fn replace(&mut self, cx: &Context, request: Replace<'_>) -> Result<Resource, StoreError> {
        let Replace { of, id, mut resource, when, want } = request;
        let entry = self.entry(of, id.as_str())?.clone();
        entry.check(when)?;
        let members = take_members(of, &mut resource);
        drop_computed(of, &mut resource);
        let sets_secret = sets_write_only(of, &resource);
        keep_write_only(of, entry.content(), &mut resource);
        let moves = is_group(of) && self.membership.differs(&entry.id, &members);
        // To remove a secret that is not there is no change, and only the store can tell.
        if sets_secret || moves || !is_same(entry.content(), &resource) {
            self.put(cx, of, &entry, resource)?;
            if moves {
                let moved = self.set_members(&entry.id, &members);
                self.touch_below(moved);
            }
        }
        self.read(Read::new(of, id).with_want(want))
    }

    /// Members come and go without being read; other patches of a group leave them alone.
    pub(super) fn patch(
        &mut self,
        cx: &Context,
        request: Modify<'_>,
        delta: Option<MembershipDelta>,
    ) -> Result<Resource, StoreError> {
        let Modify { of, id, patch, when, want } = request;
        let entry = self.entry(of, id.as_str())?.clone();
        entry.check(when)?;
        if let Some(delta) = delta {
            self.move_members(cx.now, of, &entry.id, delta)?;
            return self.read(Read::new(of, id).with_want(want));
        }
        let moves_members = is_group(of) && patch.targets().iter().any(|target| target.is_in("members"));
        let mut patched = self.shown(of, &entry, Relations { members: moves_members, groups: true });
        if !apply(patch, &mut patched)?.is_unchanged() {
            let members = take_members(of, &mut patched);
            self.put(cx, of, &entry, patched)?;
            if moves_members {
                let changed = self.set_members(&entry.id, &members);
                self.touch_below(changed);
            }
        }
        self.read(Read::new(of, id).with_want(want))
    }

    pub(super) fn delete(&mut self, cx: &Context, request: Delete<'_>) -> Result<(), StoreError> {
        let Delete { of, id, when } = request;
        let entry = self.entry(of, id.as_str())?.clone();
        entry.check(when)?;
        let id = entry.id.clone();
        let members = self.set_members(&id, &[]);
        self.touch_below(members);
        for group in self.membership.direct_groups(&id) {
            self.membership.remove(&group, &id);
            self.update(&group, |group| group.modified(cx.now));
        }
        if let Some(table) = self.tables.get_mut(of.resource_type().name()) {
            table.remove(of, &entry);
        }
        Ok(())
    }

    /// Puts new content in place of the old, members aside. `resource` may still hold `id`, `meta` and what is computed.
    fn put(&mut self, cx: &Context, of: &TypeSchema, entry: &Entry, mut resource: Resource) -> Result<(), StoreError> {
        drop_computed(of, &mut resource);
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
        Ok(())
    }

    /// Adds and removes members of a group; nothing of it depends on how many there are.
    fn move_members(
        &mut self,
        now: DateTime<Utc>,
        of: &TypeSchema,
        group: &Id,
        delta: MembershipDelta,
    ) -> Result<(), StoreError> {
        self.entry(of, group)?;
        let add: Vec<Member> = delta.add.into_iter().map(|member| (member.value.into(), member.kind)).collect();
        let changed = if delta.replace_all {
            self.set_members(group, &add)
        } else {
            let remove = delta.remove.into_iter().map(Id::from);
            let mut changed: Vec<Id> = remove.filter(|member| self.membership.remove(group, member)).collect();
            let add = add.into_iter();
            changed.extend(
                add.filter(|(member, kind)| self.membership.add(group, member, kind.as_deref()))
                    .map(|(member, _)| member),
            );
            changed
        };
        if !changed.is_empty() {
            self.update(group, |group| group.modified(now));
            self.touch_below(changed);
        }
        Ok(())
    }

    /// Makes these the members of a group, and says whose membership changed.
    fn set_members(&mut self, group: &Id, members: &[Member]) -> Vec<Id> {
        let wanted: BTreeSet<&str> = members.iter().map(|(member, _)| &**member).collect();
        let gone = self.membership.members(group).filter(|(member, _)| !wanted.contains(&***member));
        let mut changed: Vec<Id> = gone.map(|(member, _)| member.clone()).collect();
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

/// Takes out what is computed on the way out.
fn drop_computed(of: &TypeSchema, resource: &mut Resource) {
    let groups = is_user(of).then_some("groups");
    for computed in ["id", "meta"].into_iter().chain(groups) {
        if resource.get(computed).is_some() {
            resource.set(computed, None);
        }
    }
}

/// Whether content says what a stored resource says.
fn is_same(stored: &Resource, content: &Resource) -> bool {
    let own = stored.members().filter(|(name, _)| !matches!(&**name, "id" | "meta"));
    let mut count = 0;
    own.inspect(|_| count += 1).all(|(name, value)| content.get(&name) == Some(value))
        && content.members().count() == count
}

/// Whether the content sets a write-only attribute.
fn sets_write_only(of: &TypeSchema, resource: &Resource) -> bool {
    let sets = |attributes: &[Arc<Attribute>], values: Option<ValueRef<'_>>| {
        let sent = |attribute: &Arc<Attribute>| values?.get(attribute.name()).filter(|value| !value.is_null());
        attributes.iter().any(|attribute| is_write_only(attribute) && sent(attribute).is_some())
    };
    sets(of.base().attributes(), Some(resource.as_value()))
        || of
            .extensions()
            .iter()
            .any(|extension| sets(extension.schema.attributes(), resource.get(extension.schema.id())))
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

//! The writes. Each happens in one transaction, and finds out what is there in the same.

use std::collections::{BTreeSet, HashSet};

use scim_core::{Projection, Resource, ResourceId, TypeSchema, ValueRef, Version};
use scim_patch::{Differences, MembershipDelta};
use uuid::Uuid;

use super::database::{Connection, Fault};
use super::members::Moved;
use super::record::{Record, display_of, references_of};
use super::references::References;
use super::session::{Session, is_group, text_of};
use super::statement::Sql;
use crate::change::{Change, Written};
use crate::store::{
    Create, Delete, Modify, Replace, StoreError, keep_write_only, patched_content, reserve_external_id,
};

/// A write that is asked for.
#[derive(Clone, Debug)]
pub(super) enum Write<'a> {
    Create(Create<'a>),
    Replace(Replace<'a>),
    Patch(Modify<'a>),
    Delete(Delete<'a>),
}

impl Write<'_> {
    /// The type of the resource, and what the caller wants to see of it.
    fn wanted(&self) -> (&TypeSchema, Option<&Projection>) {
        match self {
            Self::Create(request) => (request.of, Some(request.want)),
            Self::Replace(request) => (request.of, Some(request.want)),
            Self::Patch(request) => (request.of, Some(request.want)),
            Self::Delete(request) => (request.of, None),
        }
    }
}

/// A member as a client names it: id and type.
type Named = (String, Option<String>);

/// Content that is to replace what a resource says.
struct Content {
    resource: Resource,
    /// The members of a group, where they are named.
    members: Option<Vec<Named>>,
    /// What differs, secrets aside, where that is known.
    differences: Option<Differences>,
}

impl<C: Connection> Session<'_, C> {
    /// Does what is asked for, and tells the host. A deletion leaves no resource to answer with.
    pub(super) async fn perform(&mut self, write: Write<'_>) -> Result<(Option<Resource>, Change), Fault> {
        let change = match write.clone() {
            Write::Create(request) => self.create(request).await?,
            Write::Replace(request) => self.replace(request).await?,
            Write::Patch(request) => self.patch(request).await?,
            Write::Delete(request) => self.delete(request).await?,
        };
        self.tell(&change).await?;
        let resource = match write.wanted() {
            (of, Some(want)) => Some(self.show(of, &change.id, want).await?),
            (_, None) => None,
        };
        Ok((resource, change))
    }

    async fn create(&mut self, request: Create<'_>) -> Result<Change, Fault> {
        let Create { of, mut resource, .. } = request;
        reserve_external_id(self.cx, None, resource.text("externalId").as_deref())?;
        let id: ResourceId = Uuid::now_v7().to_string().parse().map_err(StoreError::internal)?;
        let members = take_members(of, &mut resource);
        let secrets = keep_write_only(of, &Resource::default(), &mut resource);
        self.insert(of, id.as_str(), &resource).await?;
        let moved = self.link(id.as_str(), &members).await?;
        let added = moved.ids();
        self.touch_users(moved.users, moved.others).await?;
        let differences = Differences::between(of, &Resource::default(), &resource).with_secrets(secrets);
        let change = Change::new(self.cx, of, id).with_versions(None, Some(Version::new(1)));
        Ok(change.with_differences(differences).with_members(added, Vec::new()))
    }

    async fn replace(&mut self, request: Replace<'_>) -> Result<Change, Fault> {
        let Replace { of, id, mut resource, when, .. } = request;
        let record = self.find(of, id.as_str()).await?;
        record.check(when)?;
        let members = is_group(of).then(|| take_members(of, &mut resource));
        self.settle(of, &record, Content { resource, members, differences: None }).await
    }

    /// Members come and go without being read where the patch does nothing else; other patches of a group leave them alone.
    async fn patch(&mut self, request: Modify<'_>) -> Result<Change, Fault> {
        let Modify { of, id, patch, when, .. } = request;
        let record = self.find(of, id.as_str()).await?;
        record.check(when)?;
        if is_group(of)
            && let Some(delta) = patch.membership_delta()
        {
            return Ok(self.move_members(of, &record, delta).await?.with_quirks(patch.quirks()));
        }
        let members = is_group(of) && patch.targets().iter().any(|target| target.is_in("members"));
        let groups = patch.targets().iter().any(|target| target.is_in("groups"));
        let current = self.shown(of, &record, References { members, groups: groups && !is_group(of) }).await?;
        let (mut resource, applied) = patched_content(of, &current, patch)?;
        let quirks = applied.quirks();
        let named = members.then(|| take_members(of, &mut resource));
        // Of members the pairs tell better who came and who went.
        let differences = (!members).then_some(applied);
        let change = self.settle(of, &record, Content { resource, members: named, differences }).await?;
        Ok(change.with_quirks(quirks))
    }

    /// Makes this the content of a resource, and these its members, where it is a group and they are named. Content that says the same
    /// changes nothing.
    async fn settle(&mut self, of: &TypeSchema, record: &Record, content: Content) -> Result<Change, Fault> {
        let Content { mut resource, members, differences } = content;
        let groups = references_of(of.resource_type().name()).filter(|name| *name == "groups");
        for computed in ["id", "meta"].into_iter().chain(groups) {
            resource.set(computed, None);
        }
        let secrets = keep_write_only(of, &record.content, &mut resource);
        let differences = differences.unwrap_or_else(|| Differences::between(of, &record.content, &resource));
        let differences = differences.with_secrets(secrets);
        let (old, new) = (record.content.text("externalId"), resource.text("externalId"));
        reserve_external_id(self.cx, old.as_deref(), new.as_deref())?;
        let (added, removed) = match members {
            Some(members) => self.set_members(&record.id, &members).await?,
            None => Default::default(),
        };
        let change = Change::new(self.cx, of, record.resource_id()?);
        if differences.is_unchanged() && added.is_empty() && removed.is_empty() {
            return Ok(change.with_versions(Some(record.version()), Some(record.version())));
        }
        let version = self.update(of, record, &resource).await?;
        let after = Version::new(version);
        let change = change.with_versions(Some(record.version()), Some(after)).with_differences(differences);
        let change = change.with_members(added.ids(), removed.ids());
        self.touch_moved(added, removed).await?;
        if display_of(&record.content) != display_of(&resource) {
            self.touch_named(of, &record.id).await?;
        }
        Ok(change)
    }

    async fn delete(&mut self, request: Delete<'_>) -> Result<Change, Fault> {
        let Delete { of, id, when } = request;
        let record = self.find(of, id.as_str()).await?;
        record.check(when)?;
        let layout = self.layouts.of(of)?;
        let gone = if is_group(of) { self.set_members(&record.id, &[]).await?.1 } else { Moved::default() };
        let removed = gone.ids();
        self.touch_moved(Moved::default(), gone).await?;
        let groups: Vec<String> =
            self.groups_of(std::slice::from_ref(&record.id)).await?.into_iter().map(|(_, group)| group).collect();
        for group in &groups {
            self.unlink(group, std::slice::from_ref(&record.id)).await?;
        }
        if let Some(related) = self.layouts.related() {
            self.touch(related.groups, &groups, true).await?;
        }
        let table = &layout.table;
        let delete =
            Sql::new(format!("DELETE FROM {} WHERE {} = ? AND {} = ? AND ", table.name, table.id, table.version));
        let delete = delete.bind(&record.id).bind(record.version).then(self.live(layout, ""));
        if self.connection.execute(delete.statement()).await? != 1 {
            return Err(Fault::overtaken());
        }
        let change = Change::new(self.cx, of, id.clone()).with_versions(Some(record.version()), None);
        let differences = Differences::between(of, &record.content, &Resource::default());
        Ok(change.with_members(Vec::new(), removed).with_differences(differences))
    }

    /// Adds and removes members of a group; nothing of it depends on how many there are, unless all are replaced.
    async fn move_members(
        &mut self,
        of: &TypeSchema,
        record: &Record,
        delta: MembershipDelta,
    ) -> Result<Change, Fault> {
        let add: Vec<Named> = delta.add.into_iter().map(|member| (member.value, member.kind)).collect();
        let (added, removed) = if delta.replace_all {
            self.set_members(&record.id, &add).await?
        } else {
            let removed = self.unlink(&record.id, &delta.remove).await?;
            (self.link(&record.id, &add).await?, removed)
        };
        let change = Change::new(self.cx, of, record.resource_id()?);
        if added.is_empty() && removed.is_empty() {
            return Ok(change.with_versions(Some(record.version()), Some(record.version())));
        }
        let version = self.put(self.layouts.of(of)?, record, Vec::new()).await?;
        let change = change.with_versions(Some(record.version()), Some(Version::new(version)));
        let change = change.with_members(added.ids(), removed.ids());
        self.touch_moved(added, removed).await?;
        Ok(change)
    }

    /// Makes these the members of a group. Says who came and who went.
    async fn set_members(&mut self, group: &str, members: &[Named]) -> Result<(Moved, Moved), Fault> {
        let there = self.members(group).await?;
        let wanted: HashSet<&str> = members.iter().map(|(id, _)| id.as_str()).collect();
        let gone: Vec<String> = there.into_keys().filter(|id| !wanted.contains(id.as_str())).collect();
        let removed = self.unlink(group, &gone).await?;
        Ok((self.link(group, members).await?, removed))
    }

    /// The `groups` of whoever came and went have changed, and of those below them.
    async fn touch_moved(&mut self, added: Moved, removed: Moved) -> Result<(), Fault> {
        let users = added.users.into_iter().chain(removed.users).collect();
        self.touch_users(users, added.others.into_iter().chain(removed.others).collect()).await
    }

    /// What a member is called is part of its groups, and what a group is called of the users below it.
    async fn touch_named(&mut self, of: &TypeSchema, id: &str) -> Result<(), Fault> {
        let Some(related) = self.layouts.related() else { return Ok(()) };
        let groups: BTreeSet<String> = self
            .groups_of(&[id.to_owned()])
            .await?
            .into_iter()
            .map(|(_, group)| group)
            .filter(|group| group != id)
            .collect();
        self.touch(related.groups, &groups.into_iter().collect::<Vec<_>>(), false).await?;
        if is_group(of) { self.touch_users(Vec::new(), vec![id.to_owned()]).await } else { Ok(()) }
    }
}

/// Answers a write with the resource.
pub(super) fn written(outcome: (Option<Resource>, Change)) -> Written {
    let (resource, change) = outcome;
    Written::new(resource.unwrap_or_default(), change)
}

/// Takes the members of a group out of the resource.
fn take_members(of: &TypeSchema, resource: &mut Resource) -> Vec<Named> {
    if !is_group(of) {
        return Vec::new();
    }
    let values = resource.get("members").into_iter().flat_map(ValueRef::elements);
    let members = values.filter_map(|value| Some((text_of(value, "value")?, text_of(value, "type")))).collect();
    resource.set("members", None);
    members
}

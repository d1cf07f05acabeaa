//! The groups of a user as rules see them, read from any store.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::{Profile, Projection, Resource, ResourceId, TypeSchema, ValueRef};
use scim_filter::attr;
use scim_service::{Context, List, Position, Read, Start, Store, StoreError};

use crate::rules::{Edges, GroupRef, RoleMapper};

/// How many groups with one `externalId` are read at once.
const PAGE: u64 = 100;
/// Most groups with one `externalId` that rules are bound to. Where there are more, nobody can tell any more whose it is.
const MAX_CLAIMANTS: usize = 10_000;

/// Reads groups, each once.
pub(crate) struct GroupReader<'a, S: ?Sized> {
    store: &'a S,
    cx: &'a Context,
    groups: &'a TypeSchema,
    rules: &'a dyn RoleMapper,
    /// What rules see of a group: who is in it is never loaded.
    want: Projection,
    read: BTreeMap<ResourceId, Option<GroupRef>>,
}

impl<'a, S: Store + ?Sized> GroupReader<'a, S> {
    pub(crate) fn new(
        store: &'a S,
        cx: &'a Context,
        groups: &'a TypeSchema,
        rules: &'a dyn RoleMapper,
    ) -> Result<Self, StoreError> {
        let want = ["displayName", "externalId", "meta"];
        let want = Projection::new(&want, &[] as &[&str], groups, &Profile::rfc()).map_err(StoreError::internal)?;
        Ok(Self { store, cx, groups, rules, want, read: BTreeMap::new() })
    }

    /// The groups that a user is in, indirect ones included, with who asserts the memberships on each way there, where the store tells.
    /// One that is gone in the meantime is left out.
    pub(crate) async fn groups_of(&mut self, id: &ResourceId, user: &Resource) -> Result<Vec<GroupRef>, StoreError> {
        let mut found = Vec::new();
        if !self.store.capabilities().memberships {
            for id in group_ids(user, |_| true) {
                found.extend(self.group(&id).await?);
            }
            return Ok(found);
        }
        let mut edges = Edges::default();
        let mut seen = BTreeSet::from([id.clone()]);
        let mut open = vec![id.clone()];
        while !open.is_empty() {
            let memberships = self.store.memberships(self.cx, &open).await?;
            open.clear();
            for membership in memberships {
                edges.add(membership.member.to_string(), membership.group.to_string(), membership.source);
                if seen.insert(membership.group.clone()) {
                    open.push(membership.group);
                }
            }
        }
        for (group, way) in edges.above(id.as_str()) {
            let group = group.parse().map_err(StoreError::internal)?;
            found.extend(self.group(&group).await?.map(|group| group.asserted_through(way.chains)));
        }
        Ok(found)
    }

    /// A group, if it is there.
    pub(crate) async fn group(&mut self, id: &ResourceId) -> Result<Option<GroupRef>, StoreError> {
        if let Some(group) = self.read.get(id) {
            return Ok(group.clone());
        }
        let group = match self.store.read(self.cx, Read::new(self.groups, id).with_want(&self.want)).await {
            Ok(group) => Some(self.seen(&group).await?),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(error),
        };
        self.read.insert(id.clone(), group.clone());
        Ok(group)
    }

    /// The groups that have an `externalId`, the oldest first.
    pub(crate) async fn claimants(&self, external_id: &str) -> Result<Vec<GroupRef>, StoreError> {
        let filter = attr("externalId").eq(external_id).build().map_err(StoreError::internal)?;
        let filter = filter.check(self.groups).map_err(StoreError::internal)?;
        let (mut groups, mut start) = (Vec::new(), Start::Index(1));
        loop {
            let list = List::new(self.groups, PAGE).with_filter(&filter).with_want(&self.want).with_start(start);
            let page = self.store.list(self.cx, list).await?.resources;
            let Some(last) = page.last().filter(|_| page.len() as u64 >= PAGE) else {
                groups.extend(page);
                break;
            };
            start = Start::After(Position::of(last, None));
            groups.extend(page);
            if groups.len() > MAX_CLAIMANTS {
                let reason = format!("more than {MAX_CLAIMANTS} groups have the `externalId` of a rule: expected one");
                return Err(StoreError::Refused { reason });
            }
        }
        let created = |group: &Resource| group.meta().map(|meta| meta.created);
        groups.sort_by(|a, b| created(a).cmp(&created(b)).then_with(|| a.id().cmp(&b.id())));
        groups.iter().map(group_ref).collect()
    }

    /// The group as rules see it: an `externalId` that gives protected roles is that of the oldest group that has it and that they
    /// believe.
    async fn seen(&self, group: &Resource) -> Result<GroupRef, StoreError> {
        let group = group_ref(group)?;
        let Some(external_id) = group.external_id.as_ref().filter(|_| self.rules.bound(&group).protected) else {
            return Ok(group);
        };
        let first = self.claimants(external_id.as_str()).await?;
        let first = first.into_iter().find(|claimant| self.rules.bound(claimant).gives_protected);
        Ok(if first.is_some_and(|first| first.id != group.id) { group.contested() } else { group })
    }
}

/// A group as the store has it.
pub(crate) fn group_ref(group: &Resource) -> Result<GroupRef, StoreError> {
    let id = group.id().unwrap_or_default().parse().map_err(StoreError::internal)?;
    let mut reference = GroupRef::new(id, &group.text("displayName").unwrap_or_default());
    reference.external_id = group.external_id();
    reference.provenance = group.provenance().cloned();
    Ok(reference)
}

/// The ids in `groups` of a user, of the elements that are wanted.
pub(crate) fn group_ids(user: &Resource, wanted: impl Fn(ValueRef<'_>) -> bool) -> Vec<ResourceId> {
    let elements = user.get("groups").into_iter().flat_map(ValueRef::elements);
    elements
        .filter(|element| wanted(*element))
        .filter_map(|element| element.get("value")?.as_str()?.parse().ok())
        .collect()
}

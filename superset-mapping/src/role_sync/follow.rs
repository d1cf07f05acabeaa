//! Roles follow: from a user as the store has it now to the roles that the user is to hold.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::{Profile, Projection, Resource, ResourceId, Source};
use scim_filter::attr;
use scim_service::{AccessChange, Grant, GrantKind, List, Position, Read, Start, Store, StoreError};

use super::core::Core;
use super::plan::{Losses, Plan, Roles};
use super::target::{RoleContext, RoleGrant, RoleTarget};
use crate::group_reader::GroupReader;
use crate::protected_role::tell_protected;
use crate::rules::{Settlement, Subject};

/// A store, or one of its transactions.
pub(super) type DynStore = dyn Store;

/// How many users of a group are looked up at once.
const PAGE: u64 = 500;

/// Decides about users, each once, as a store or one of its transactions has them.
pub(super) struct Follow<'a, S, T> {
    core: &'a Core<S, T>,
    store: &'a DynStore,
    cx: RoleContext<'a>,
    plan: &'a mut Plan,
    losses: &'a mut Losses,
    groups: GroupReader<'a, DynStore>,
    /// The roles that the target has, and those that it lacks, as far as it was asked.
    roles: BTreeMap<String, bool>,
    done: BTreeSet<ResourceId>,
    access: AccessChange,
}

impl<'a, S: Store, T: RoleTarget> Follow<'a, S, T> {
    pub(super) fn new(
        core: &'a Core<S, T>,
        store: &'a DynStore,
        cx: RoleContext<'a>,
        plan: &'a mut Plan,
        losses: &'a mut Losses,
    ) -> Result<Self, StoreError> {
        let groups = GroupReader::new(store, cx.cx(), &core.groups, &*core.rules)?;
        let (roles, done, access) = (BTreeMap::new(), BTreeSet::new(), AccessChange::default());
        Ok(Self { core, store, cx, plan, losses, groups, roles, done, access })
    }

    /// What people came to be allowed, and are allowed no longer.
    pub(super) fn access(self) -> AccessChange {
        self.access
    }

    /// Whoever is or was a member: a user, or a group with the users in it. An id that nobody has is nobody's.
    pub(super) async fn member(&mut self, id: &str) -> Result<(), StoreError> {
        let Ok(id) = id.parse::<ResourceId>() else { return Ok(()) };
        if !self.user(&id).await? && self.groups.group(&id).await?.is_some() {
            self.within(&id).await?;
        }
        Ok(())
    }

    /// The users in a group, directly or through other groups.
    pub(super) async fn within(&mut self, group: &ResourceId) -> Result<(), StoreError> {
        let (cx, users) = (self.cx.cx(), &self.core.users);
        let filter = attr("groups.value").eq(group.as_str()).build().map_err(StoreError::internal)?;
        let filter = filter.check(users).map_err(StoreError::internal)?;
        let want = Projection::new(&["id"], &[] as &[&str], users, &Profile::rfc()).map_err(StoreError::internal)?;
        let list = List::new(users, PAGE).with_filter(&filter).with_want(&want);
        let mut start = Start::Index(1);
        loop {
            let page = self.store.list(cx, list.clone().with_start(start)).await?.resources;
            let Some(last) = page.last() else { return Ok(()) };
            start = Start::After(Position::of(last, None));
            for user in &page {
                self.user(&id_of(user)?).await?;
            }
        }
    }

    /// One user. `false`: there is none with this id, and what there was is taken.
    ///
    /// First the target is asked what the user holds, which keeps others from changing it, then the store for all that decides: of two
    /// writers that change different groups of one user the second one sees what the first one did.
    pub(super) async fn user(&mut self, id: &ResourceId) -> Result<bool, StoreError> {
        if !self.done.insert(id.clone()) {
            return Ok(true);
        }
        let held = self.held(id).await?;
        let user = match self.store.read(self.cx.cx(), Read::new(&self.core.users, id)).await {
            Ok(user) => Some(user),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(error),
        };
        let after = match &user {
            Some(user) if !user.is_inactive() => self.due(id, user, &held).await?,
            // Whoever is inactive keeps nothing, however they came by it.
            _ => Roles::new(),
        };
        self.settle(id, held, after);
        if user.is_none() {
            // A group may have the id.
            self.done.remove(id);
        }
        Ok(user.is_some())
    }

    /// A user who is deleted: all is taken.
    pub(super) async fn leaver(&mut self, id: &ResourceId) -> Result<(), StoreError> {
        let held = self.held(id).await?;
        self.settle(id, held, Roles::new());
        Ok(())
    }

    /// Gives back what an interrupted write took, unless it was to be taken.
    pub(super) async fn restore(&mut self, id: &ResourceId, manual: &[RoleGrant]) -> Result<(), StoreError> {
        let user = self.store.read(self.cx.cx(), Read::new(&self.core.users, id)).await;
        match user {
            Ok(user) if !user.is_inactive() => {}
            Ok(_) | Err(StoreError::NotFound) => return Ok(()),
            Err(error) => return Err(error),
        }
        let held = self.held(id).await?;
        let mut after = held.clone();
        for grant in manual {
            after.insert(grant.role.clone(), grant.clone());
        }
        self.settle(id, held, after);
        Ok(())
    }

    async fn held(&self, id: &ResourceId) -> Result<Roles, StoreError> {
        // Even where a plan knows it: asking keeps others out.
        let held = self.core.target.held(&self.cx, id).await?;
        let held = held.into_iter().map(|grant| (grant.role.clone(), grant)).collect();
        Ok(self.plan.after(id).cloned().unwrap_or(held))
    }

    /// The roles that an active user is to hold: what is due, and what somebody granted manually.
    async fn due(&mut self, id: &ResourceId, user: &Resource, held: &Roles) -> Result<Roles, StoreError> {
        let groups = self.groups.groups_of(id, user).await?;
        let rules = self.core.rules.clone();
        let decision = rules.decide(&Subject { user, groups });
        let named = decision.roles().map(str::to_owned).chain(rules.possible_roles());
        self.look_for(named.collect()).await?;
        let decision = decision.among(|role| self.roles.get(role).copied().unwrap_or_default());
        for role in decision.missing() {
            tracing::warn!(role, "a rule gives a role that is not there: it gives nothing until somebody creates it");
        }
        let by = user.provenance().map_or(Source::Host, |provenance| provenance.source().clone());
        let due: BTreeMap<String, Source> =
            decision.roles().map(|role| (role.to_owned(), decision.word_for(role, &by))).collect();
        let ours = held.iter().filter_map(|(role, grant)| Some((role.clone(), grant.source.clone()?))).collect();
        let settlement = Settlement::of(&due, &held.keys().cloned().collect(), &ours);
        let mut after = held.clone();
        after.retain(|role, _| !settlement.take.contains(role));
        for role in settlement.give.union(&settlement.restate) {
            let Some(source) = due.get(role) else { continue };
            let grant = RoleGrant { rule: decision.rule_for(role), ..RoleGrant::by_rules(role, source.clone()) };
            after.insert(role.clone(), grant);
        }
        Ok(after)
    }

    /// Asks the target for the roles that it was not asked for yet.
    async fn look_for(&mut self, roles: BTreeSet<String>) -> Result<(), StoreError> {
        let unknown: BTreeSet<String> = roles.into_iter().filter(|role| !self.roles.contains_key(role)).collect();
        if !unknown.is_empty() {
            let existing = self.core.target.existing(&self.cx, &unknown).await?;
            self.roles.extend(unknown.into_iter().map(|role| {
                let exists = existing.contains(&role);
                (role, exists)
            }));
        }
        Ok(())
    }

    /// Plans what a user is to hold, and tells of it.
    fn settle(&mut self, id: &ResourceId, before: Roles, after: Roles) {
        self.losses.note(&self.core.kept, id, &before, &after);
        let lost = before.values().filter(|grant| !after.contains_key(&grant.role));
        let gained = after.values().filter(|grant| !before.contains_key(&grant.role));
        for (granted, RoleGrant { role, source, rule }) in
            lost.map(|grant| (false, grant)).chain(gained.map(|grant| (true, grant)))
        {
            let mut grant = Grant::new(GrantKind::Role, role, "User", id.clone());
            grant.source = source.as_ref().map(ToString::to_string);
            grant.rule = rule.clone().filter(|_| granted);
            if self.core.rules.is_protected(role) {
                tell_protected(&grant, granted);
            }
            let of = if granted { &mut self.access.gained } else { &mut self.access.lost };
            of.push(grant);
        }
        self.plan.set(id, before, after);
    }
}

/// The `id` of a resource of a store.
pub(super) fn id_of(resource: &Resource) -> Result<ResourceId, StoreError> {
    resource.id().unwrap_or_default().parse().map_err(StoreError::internal)
}

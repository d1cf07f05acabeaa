//! One write of the store, and the roles that follow it: whom it touched, what each is to hold, and when the target is told. That is at
//! once in the store's transaction, before its commit where the target is elsewhere, and after the write where there is none.

use std::borrow::Cow;
use std::sync::Arc;

use scim_core::{ExternalId, Provenance, Resource, ResourceId, ResourceTypeName, Source, TypeSchema, ValueRef};
use scim_patch::Patch;
use scim_service::store::patched_content;
use scim_service::{
    AccessChange, Change, Context, Create, Delete, Modify, Read, Replace, Store, StoreError, StoreExt, Transaction,
    Written,
};

use super::core::{Core, unbounded};
use super::follow::{DynStore, Follow};
use super::plan::{Losses, Plan};
use super::target::{RoleContext, RoleGrant, RoleTarget};
use super::turns::Unsettled;
use crate::group_reader::GroupReader;
use crate::rules::GroupRef;

/// How far writes have come: what is planned, and whether they can go on.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) plan: Plan,
    pub(super) losses: Losses,
    /// Whether a call has failed, or was dropped, after it had changed something: nothing of the transaction may stay.
    pub(super) is_broken: bool,
}

/// A store, or one of its transactions, as one call sees it.
pub(super) struct Writing<'a, S, T> {
    pub(super) core: &'a Core<S, T>,
    /// The store, or the transaction.
    pub(super) store: &'a DynStore,
    pub(super) transaction: Option<&'a (dyn Transaction + 'static)>,
    pub(super) progress: &'a mut Progress,
    /// Whether the target is told at once, because it writes in the transaction or there is none.
    pub(super) at_once: bool,
    /// Where there is no transaction: what is to be settled if the call does not get to its end.
    pub(super) unsettled: Option<&'a mut Unsettled>,
}

/// What a write did to users: who has to be looked at.
enum Touched<'a> {
    User(&'a ResourceId),
    /// These came into a group, left it, or were added once more.
    Members(Vec<&'a str>),
    /// Whoever is in one of these groups.
    Groups(Vec<ResourceId>),
}

impl Touched<'_> {
    /// The ids of users and groups.
    fn ids(&self) -> Vec<ResourceId> {
        match self {
            Self::User(id) => vec![(*id).clone()],
            Self::Members(ids) => ids.iter().filter_map(|id| id.parse().ok()).collect(),
            Self::Groups(ids) => ids.clone(),
        }
    }
}

impl<S: Store, T: RoleTarget> Writing<'_, S, T> {
    pub(super) async fn create(mut self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        if is_group(request.of) {
            let external_id = request.resource.text("externalId").map(Cow::into_owned);
            self.claim(cx, None, external_id.as_deref()).await?;
        }
        // Who becomes a member is known before.
        let members = members_of(&request.resource);
        let (of, marked) = (request.of, self.start(members));
        let written = self.store.create(cx, request).await;
        let written = self.unless_refused(written, &marked)?;
        self.follow_write(cx, of, None, written, &[], &marked).await
    }

    pub(super) async fn replace(mut self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        let before = self.group_before(cx, request.of, request.id).await?;
        if let Some(before) = &before {
            let external_id = request.resource.text("externalId").map(Cow::into_owned);
            self.claim(cx, Some(before), external_id.as_deref()).await?;
        }
        let members = self.members_before(cx, request.of, request.id).await?;
        let (of, marked) = (request.of, self.start(members.into_iter().chain([request.id.clone()])));
        let written = self.store.replace(cx, request).await;
        let written = self.unless_refused(written, &marked)?;
        self.follow_write(cx, of, before, written, &[], &marked).await
    }

    pub(super) async fn patch(mut self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        let Modify { of, id, patch, .. } = request;
        let before = self.group_before(cx, of, id).await?;
        let delta = if is_group(of) { patch.membership_delta() } else { None };
        // To say who is in a group is not to assert the group.
        if let Some(before) = before.as_ref().filter(|_| delta.is_none()) {
            let external_id = if patch.targets().iter().any(|target| target.is_in("externalId")) {
                self.patched_external_id(cx, of, id, patch).await?
            } else {
                before.external_id.as_ref().map(|external_id| external_id.as_str().to_owned())
            };
            self.claim(cx, Some(before), external_id.as_deref()).await?;
        }
        let members = match &delta {
            Some(delta) if !delta.replace_all => Vec::new(),
            _ => self.members_before(cx, of, id).await?,
        };
        // Whoever is added once more may be so on the word of somebody else; a whole list adds nobody once more.
        let delta = delta.filter(|delta| !delta.replace_all);
        let named: Vec<String> = delta.map(|delta| delta.ids().map(str::to_owned).collect()).unwrap_or_default();
        let marked = members.into_iter().chain(named.iter().filter_map(|id| id.parse().ok())).chain([id.clone()]);
        let marked = self.start(marked);
        let written = self.store.apply(cx, request).await;
        let written = self.unless_refused(written, &marked)?;
        self.follow_write(cx, of, before, written, &named, &marked).await
    }

    pub(super) async fn delete(mut self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        let Delete { of, id, when, .. } = request;
        if is_user(of) && self.at_once {
            // What is taken now was held by somebody who is still there: grants may refer to users, and without a transaction nobody
            // keeps roles who is gone.
            let user = self.store.read(cx, Read::new(of, id)).await?;
            if user.version().is_some_and(|version| !when.holds(&version)) {
                return Err(StoreError::PreconditionFailed);
            }
            let (access, marked) = self.take_all(cx, id).await?;
            let change = self.store.delete(cx, request).await?;
            self.settled(&marked);
            return Ok(with_access(change, access));
        }
        let before = self.group_before(cx, of, id).await?;
        let members = self.members_before(cx, of, id).await?;
        let marked = self.start(members.into_iter().chain([id.clone()]));
        let change = self.store.delete(cx, request).await;
        let change = self.unless_refused(change, &marked)?;
        let touched = if is_user(of) {
            vec![Touched::User(id)]
        } else {
            let members = Touched::Members(change.members_removed.iter().map(String::as_str).collect());
            vec![members, Touched::Groups(self.competitors(cx, before.as_ref()).await?)]
        };
        let access = self.follow(cx, touched, &marked).await?;
        Ok(with_access(change, access))
    }

    /// The members of a group, where no transaction takes back what is not followed.
    async fn members_before(
        &self,
        cx: &Context,
        of: &TypeSchema,
        id: &ResourceId,
    ) -> Result<Vec<ResourceId>, StoreError> {
        if !is_group(of) || self.unsettled.is_none() {
            return Ok(Vec::new());
        }
        match self.store.read(&unbounded(cx), Read::new(of, id)).await {
            Ok(group) => Ok(members_of(&group)),
            Err(StoreError::NotFound) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// A write of the store begins: from here on whoever drops the call, or whatever fails, leaves something to be settled.
    fn start(&mut self, ids: impl IntoIterator<Item = ResourceId>) -> Vec<ResourceId> {
        self.progress.is_broken = true;
        self.mark(ids.into_iter().map(|id| (id, Vec::new())))
    }

    /// What the store has refused has changed nothing.
    fn unless_refused<R>(&mut self, outcome: Result<R, StoreError>, marked: &[ResourceId]) -> Result<R, StoreError> {
        if outcome.is_err() {
            self.settled(marked);
        }
        outcome
    }

    /// Decides about whomever a write of a user or a group touched.
    async fn follow_write(
        &mut self,
        cx: &Context,
        of: &TypeSchema,
        before: Option<GroupRef>,
        written: Written,
        named: &[String],
        marked: &[ResourceId],
    ) -> Result<Written, StoreError> {
        let Written { resource, change, .. } = written;
        let mut touched = Vec::new();
        if is_user(of) {
            touched.push(Touched::User(&change.id));
        } else if is_group(of) {
            let moved = change.members_added.iter().chain(&change.members_removed).chain(named);
            touched.push(Touched::Members(moved.map(String::as_str).collect()));
            // A client that had no name here may have got one by whatever it wrote.
            let is_named = |before: &GroupRef| {
                let unknown = |provenance: &Arc<Provenance>| *provenance.source() == Source::UnknownClient;
                before.provenance.as_ref().is_some_and(unknown) && !change.is_unchanged()
            };
            if let Some(before) = before
                && (!change.differences.is_unchanged() || is_named(&before))
            {
                let after = self.group_before(cx, of, &change.id).await?;
                if after.as_ref() != Some(&before) {
                    let mut groups = self.competitors(cx, Some(&before)).await?;
                    groups.push(change.id.clone());
                    touched.push(Touched::Groups(groups));
                }
            }
        }
        let access = self.follow(cx, touched, marked).await?;
        Ok(Written::new(resource, with_access(change, access)))
    }

    /// Decides about these, of whom some are marked already.
    async fn follow(
        &mut self,
        cx: &Context,
        touched: Vec<Touched<'_>>,
        marked: &[ResourceId],
    ) -> Result<AccessChange, StoreError> {
        let ids: Vec<ResourceId> = touched.iter().flat_map(Touched::ids).collect();
        let marked = [self.start(ids), marked.to_vec()].concat();
        let cx = unbounded(cx);
        let context = self.context(&cx);
        let Progress { plan, losses, .. } = &mut *self.progress;
        let mut follow = Follow::new(self.core, self.store, context, plan, losses)?;
        for touched in touched {
            match touched {
                Touched::User(id) => drop(follow.user(id).await?),
                Touched::Members(ids) => {
                    for id in ids {
                        follow.member(id).await?;
                    }
                }
                Touched::Groups(groups) => {
                    for group in &groups {
                        follow.within(group).await?;
                    }
                }
            }
        }
        let access = follow.access();
        if self.at_once {
            self.progress.plan.carry_out(&self.core.target, &context).await?;
        }
        self.settled(&marked);
        Ok(access)
    }

    fn mark(&mut self, marked: impl IntoIterator<Item = (ResourceId, Vec<RoleGrant>)>) -> Vec<ResourceId> {
        self.unsettled.as_mut().map(|unsettled| unsettled.mark(marked)).unwrap_or_default()
    }

    /// The call has done all that it had to do.
    fn settled(&mut self, marked: &[ResourceId]) {
        self.progress.is_broken = false;
        if let Some(unsettled) = &mut self.unsettled {
            unsettled.settled(marked);
        }
    }

    /// Makes the roles of a user what the rules say now.
    pub(super) async fn reconcile(mut self, cx: &Context, user: &ResourceId) -> Result<AccessChange, StoreError> {
        self.follow(cx, vec![Touched::User(user)], &[]).await
    }

    async fn take_all(
        &mut self,
        cx: &Context,
        user: &ResourceId,
    ) -> Result<(AccessChange, Vec<ResourceId>), StoreError> {
        self.progress.is_broken = true;
        let context = self.context(cx);
        let Progress { plan, losses, .. } = &mut *self.progress;
        let mut follow = Follow::new(self.core, self.store, context, plan, losses)?;
        follow.leaver(user).await?;
        let access = follow.access();
        let taken: Vec<_> = self.progress.plan.users().map(|(user, manual)| (user.clone(), manual)).collect();
        let marked = self.mark(taken);
        self.progress.plan.carry_out(&self.core.target, &context).await?;
        Ok((access, marked))
    }

    fn context<'c>(&self, cx: &'c Context) -> RoleContext<'c>
    where
        Self: 'c,
    {
        self.transaction.map_or_else(|| RoleContext::new(cx), |transaction| RoleContext::within(cx, transaction))
    }

    /// A group as rules see it now; `None` for other types, and where it is not there.
    async fn group_before(
        &self,
        cx: &Context,
        of: &TypeSchema,
        id: &ResourceId,
    ) -> Result<Option<GroupRef>, StoreError> {
        if !is_group(of) {
            return Ok(None);
        }
        self.reader(cx)?.group(id).await
    }

    fn reader<'r>(&'r self, cx: &'r Context) -> Result<GroupReader<'r, DynStore>, StoreError> {
        GroupReader::new(self.store, cx, &self.core.groups, &*self.core.rules)
    }

    /// Lets a group have an `externalId`, where rules are bound to it: it is the only group that they could believe.
    async fn claim(
        &self,
        cx: &Context,
        before: Option<&GroupRef>,
        external_id: Option<&str>,
    ) -> Result<(), StoreError> {
        let Some(external_id) = external_id else { return Ok(()) };
        let by = cx.provenance();
        let is_new = before.is_none_or(|before| {
            let source = before.provenance.as_ref().map(|provenance| provenance.source());
            before.external_id.as_ref().map(ExternalId::as_str) != Some(external_id) || source != Some(by.source())
        });
        if !is_new {
            return Ok(());
        }
        // The id of a group to come, which no other has.
        let id = before.map_or_else(|| "new".parse().map_err(StoreError::internal), |before| Ok(before.id.clone()))?;
        let group = GroupRef::new(id, "").with_external_id(external_id).asserted_by(by.into());
        let bound = self.core.rules.bound(&group);
        if bound.rules.is_empty() {
            return Ok(());
        }
        let cx = unbounded(cx);
        for other in self.reader(&cx)?.claimants(external_id).await?.into_iter().filter(|other| other.id != group.id) {
            if self.core.rules.bound(&other).competes_with(&bound) {
                if bound.protected {
                    let by = cx.provenance();
                    tracing::warn!(%by, external_id, "a group claims an identifier by which rules give protected roles");
                }
                return Err(StoreError::Uniqueness { attribute: "externalId".to_owned() });
            }
        }
        Ok(())
    }

    /// The other groups with the `externalId` that a group had, where it gave protected roles: the next one has it now.
    async fn competitors(&self, cx: &Context, before: Option<&GroupRef>) -> Result<Vec<ResourceId>, StoreError> {
        let Some(before) = before else { return Ok(Vec::new()) };
        let Some(external_id) = &before.external_id else { return Ok(Vec::new()) };
        if !self.core.rules.bound(before).protected && !before.contested {
            return Ok(Vec::new());
        }
        let cx = unbounded(cx);
        let others = self.reader(&cx)?.claimants(external_id.as_str()).await?.into_iter();
        Ok(others.filter(|other| other.id != before.id).map(|other| other.id).collect())
    }

    /// The `externalId` that a patch gives to a group; `None` where it gives none, or does not fit, which the store will tell.
    async fn patched_external_id(
        &self,
        cx: &Context,
        of: &TypeSchema,
        id: &ResourceId,
        patch: &Patch,
    ) -> Result<Option<String>, StoreError> {
        if !patch.targets().iter().any(|target| target.is_in("externalId")) {
            return Ok(None);
        }
        let group = self.store.read(cx, Read::new(of, id)).await?;
        let patched = patched_content(of, &group, patch);
        Ok(patched.ok().and_then(|(group, _)| group.text("externalId").map(Cow::into_owned)))
    }
}

/// The ids in `members`.
fn members_of(group: &Resource) -> Vec<ResourceId> {
    let members = group.get("members").into_iter().flat_map(ValueRef::elements);
    members.filter_map(|member| member.get("value")?.as_str()?.parse().ok()).collect()
}

fn with_access(change: Change, follow: AccessChange) -> Change {
    let mut access = change.access.clone();
    access.gained.extend(follow.gained);
    access.lost.extend(follow.lost);
    change.with_access(access)
}

pub(super) fn is_user(of: &TypeSchema) -> bool {
    *of.resource_type().name() == ResourceTypeName::user()
}

pub(super) fn is_group(of: &TypeSchema) -> bool {
    *of.resource_type().name() == ResourceTypeName::group()
}

//! A user and its groups, written together.

use std::sync::Arc;

use scim_core::json::format_date_time;
use scim_core::{Projection, Quirk, Quirks, Resource, ResourceId, TypeSchema};
use scim_patch::Patch;

use crate::call::Body;
use crate::call::Call;
use crate::call::InSpan;
use crate::call::Permit;
use crate::endpoint::write::attempt::replace_with;
use crate::endpoint::write::attempt::store_new;
use crate::endpoint::write::attempt::store_patched;
use crate::endpoint::write::groups_on_user::GroupChange;
use crate::store::{Delete, Precondition, Read, Store, StoreError};
use crate::wire::Failure;

/// A write of a user, as it goes to the store.
pub(in crate::endpoint::write) enum Write<'w> {
    Create { draft: &'w Resource },
    Replace { id: &'w ResourceId, when: &'w Precondition, draft: &'w Resource },
    Patch { id: &'w ResourceId, when: &'w Precondition, patch: &'w Patch },
}

impl Write<'_> {
    /// Writes a resource and what the message says of its groups.
    pub(in crate::endpoint::write) async fn with_groups<S: Store + ?Sized>(
        &self,
        call: &mut Call<'_, S>,
        of: &Arc<TypeSchema>,
        permit: &Permit,
        groups: Option<&GroupChange>,
        want: &Projection,
    ) -> Result<Resource, Failure> {
        match groups {
            None => self.run(call, of, permit, want).await,
            // What few requests need has its memory elsewhere.
            Some(groups) => Box::pin(self.grouped(call, of, permit, groups, want)).await,
        }
    }

    /// All or nothing where the store has transactions.
    async fn grouped<S: Store + ?Sized>(
        &self,
        call: &mut Call<'_, S>,
        of: &Arc<TypeSchema>,
        permit: &Permit,
        groups: &GroupChange,
        want: &Projection,
    ) -> Result<Resource, Failure> {
        // A store that hashes passwords would keep all other writers waiting for that.
        if self.sets_password() || !call.can.begin {
            self.try_groups(call, of, permit, groups).await?;
            return self.both(call, of, permit, groups, want).await;
        }
        let transaction = call.store.begin(&call.cx).in_span("begin").await?;
        let store: &dyn Store = &*transaction;
        let mut inside = call.within(store, Body::default());
        let outcome = self.both(&mut inside, of, permit, groups, want).await;
        let used = inside.tolerance.used();
        call.tolerance.record(used);
        let written = outcome?;
        transaction.commit().in_span("commit").await?;
        Ok(written)
    }

    fn sets_password(&self) -> bool {
        match self {
            Self::Create { draft } | Self::Replace { draft, .. } => draft.get("password").is_some(),
            Self::Patch { patch, .. } => patch.targets().iter().any(|target| target.is_in("password")),
        }
    }

    /// Finds out whether the groups can be changed before anything is written.
    async fn try_groups<S: Store + ?Sized>(
        &self,
        call: &mut Call<'_, S>,
        of: &Arc<TypeSchema>,
        permit: &Permit,
        groups: &GroupChange,
    ) -> Result<(), Failure> {
        let current = match self {
            Self::Create { .. } => Resource::default(),
            Self::Replace { id, .. } | Self::Patch { id, .. } => {
                call.visible(of, id, &groups_alone(call, of)?, permit).await?
            }
        };
        call.change_groups(current, groups, None).await
    }

    async fn both<S: Store + ?Sized>(
        &self,
        call: &mut Call<'_, S>,
        of: &Arc<TypeSchema>,
        permit: &Permit,
        groups: &GroupChange,
        want: &Projection,
    ) -> Result<Resource, Failure> {
        call.tolerance.take(Quirk::GroupsOnUser);
        let written = self.run(call, of, permit, want).await?;
        let id: ResourceId = written.id().unwrap_or_default().parse().map_err(StoreError::internal)?;
        let outcome = self.groups_of_written(call, of, permit, groups, &id, want).await;
        // Without a transaction around it nothing else takes a new user back. One that was restored has another time.
        let created = written.get("meta").and_then(|meta| meta.get("created"));
        let is_new = matches!(self, Self::Create { .. })
            && created.is_some_and(|created| created == format_date_time(call.cx.now).as_str());
        if outcome.is_err()
            && is_new
            && let Err(error) = call.store.delete(&call.cx, Delete::new(of, &id)).in_span_about("delete", of).await
        {
            let request_id = &*call.cx.request_id;
            tracing::error!(request_id, %error, %id, "a user without its groups could not be deleted");
        }
        outcome
    }

    async fn groups_of_written<S: Store + ?Sized>(
        &self,
        call: &mut Call<'_, S>,
        of: &Arc<TypeSchema>,
        permit: &Permit,
        groups: &GroupChange,
        id: &ResourceId,
        want: &Projection,
    ) -> Result<Resource, Failure> {
        let want_groups = groups_alone(call, of)?;
        let request = Read::new(of, id).with_want(&want_groups);
        let current = call.store.read(&call.cx, request).in_span_about("read", of).await?;
        call.change_groups(current, groups, Some(id)).await?;
        call.visible(of, id, want, permit).await.map_err(|failure| match failure {
            Failure::Store(StoreError::NotFound) => Failure::OutOfSight,
            failure => failure,
        })
    }

    async fn run<S: Store + ?Sized>(
        &self,
        call: &mut Call<'_, S>,
        of: &Arc<TypeSchema>,
        permit: &Permit,
        want: &Projection,
    ) -> Result<Resource, Failure> {
        match self {
            Self::Create { draft } => store_new(call, of, draft, permit, want).await,
            Self::Replace { id, when, draft } => {
                let content = |_: &Resource| Ok((Resource::clone(draft), Quirks::default()));
                Box::pin(replace_with(call, of, id, when, permit, want, content)).await
            }
            Self::Patch { id, when, patch } => store_patched(call, of, id, patch, when, permit, want).await,
        }
    }
}

/// What is read of a user to know its groups.
fn groups_alone<S: ?Sized>(call: &Call<'_, S>, of: &TypeSchema) -> Result<Projection, Failure> {
    Ok(Projection::new(&["groups"], &[] as &[&str], of, call.config.profile())?)
}

//! What is to become of the roles of users, until the target is told.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::ResourceId;
use scim_service::StoreError;

use super::target::{RoleContext, RoleGrant, RoleTarget};

/// The roles of a user by their names.
pub(super) type Roles = BTreeMap<String, RoleGrant>;

/// Roles of users that differ from what the target holds.
#[derive(Debug, Default)]
pub(super) struct Plan {
    users: BTreeMap<ResourceId, Planned>,
}

#[derive(Debug)]
struct Planned {
    before: Roles,
    after: Roles,
}

impl Plan {
    /// The roles that a user will hold, where that is planned.
    pub(super) fn after(&self, user: &ResourceId) -> Option<&Roles> {
        self.users.get(user).map(|planned| &planned.after)
    }

    /// Plans that a user who holds `before` holds `after`.
    pub(super) fn set(&mut self, user: &ResourceId, before: Roles, after: Roles) {
        match self.users.get_mut(user) {
            Some(planned) => planned.after = after,
            None if before == after => {}
            None => drop(self.users.insert(user.clone(), Planned { before, after })),
        }
    }

    /// The users, each with the manual grants that are to be taken.
    pub(super) fn users(&self) -> impl Iterator<Item = (&ResourceId, Vec<RoleGrant>)> {
        self.users.iter().map(|(user, planned)| {
            let taken = planned.before.values().filter(|grant| !planned.after.contains_key(&grant.role));
            (user, taken.filter(|grant| grant.is_manual()).cloned().collect())
        })
    }

    /// Tells the target. What is to be taken is taken first, from everybody from whom it can be; only where all of it was taken is
    /// anything given.
    pub(super) async fn carry_out(&mut self, target: &impl RoleTarget, cx: &RoleContext<'_>) -> Result<(), StoreError> {
        let users = std::mem::take(&mut self.users);
        let mut outcome = Ok(());
        for (user, planned) in &users {
            let gone: Vec<String> =
                planned.before.keys().filter(|role| !planned.after.contains_key(*role)).cloned().collect();
            if !gone.is_empty()
                && let Err(error) = target.take(cx, user, &gone).await
            {
                outcome = outcome.and(Err(error));
            }
        }
        outcome?;
        for (user, planned) in &users {
            let is_new =
                |grant: &&RoleGrant| planned.before.get(&grant.role).is_none_or(|before| before.source != grant.source);
            let new: Vec<RoleGrant> = planned.after.values().filter(is_new).cloned().collect();
            if !new.is_empty() {
                target.give(cx, user, &new).await?;
            }
        }
        Ok(())
    }
}

/// Who lost roles that somebody has to hold, and who came to hold them.
#[derive(Debug, Default)]
pub(super) struct Losses(BTreeMap<String, Moved>);

#[derive(Debug, Default)]
struct Moved {
    lost: BTreeSet<ResourceId>,
    gained: BTreeSet<ResourceId>,
}

impl Losses {
    /// Regards what a user comes to hold, and holds no longer, of these roles.
    pub(super) fn note(&mut self, kept: &BTreeSet<String>, user: &ResourceId, before: &Roles, after: &Roles) {
        for role in kept {
            let (held, holds) = (before.contains_key(role), after.contains_key(role));
            if held == holds {
                continue;
            }
            let Moved { lost, gained } = self.0.entry(role.clone()).or_default();
            let (to, from) = if holds { (gained, lost) } else { (lost, gained) };
            // Whoever gets back what they have lost is where they were.
            if !from.remove(user) {
                to.insert(user.clone());
            }
        }
    }

    /// A role that somebody held and nobody holds any more.
    pub(super) async fn lost(
        &self,
        target: &impl RoleTarget,
        cx: &RoleContext<'_>,
    ) -> Result<Option<&str>, StoreError> {
        for (role, Moved { lost, gained }) in &self.0 {
            if !lost.is_empty() && gained.is_empty() && !target.is_held_by_others(cx, role, lost).await? {
                return Ok(Some(role));
            }
        }
        Ok(None)
    }
}

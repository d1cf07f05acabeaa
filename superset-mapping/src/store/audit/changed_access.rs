//! What a call makes of what people may do, for the [`Change`](scim_service::Change) that it returns and for the audit.

use scim_core::ResourceId;
use scim_service::{Grant, GrantKind, StoreError};

use crate::store::audit::taken::Taken;
use crate::store::session::Action;
use crate::store::session::Session;

impl Session<'_> {
    /// Somebody has something from now on.
    pub(in crate::store) fn gains(&mut self, grant: Grant) {
        self.access.gained.push(grant);
    }

    /// Somebody has something no longer. Of a protected role more than one step tells.
    pub(in crate::store) fn loses(&mut self, grant: Grant) {
        let same = |lost: &Grant| (lost.kind, &lost.name, &lost.holder) == (grant.kind, &grant.name, &grant.holder);
        match self.access.lost.iter_mut().find(|lost| same(lost)) {
            Some(lost) if lost.source.is_none() => *lost = grant,
            Some(_) => {}
            None => self.access.lost.push(grant),
        }
    }

    /// The sessions of a user are over.
    pub(in crate::store) fn sessions_end(&mut self, user: &ResourceId) {
        if !self.access.sessions_ended.contains(user) {
            self.access.sessions_ended.push(user.clone());
        }
    }

    /// The API keys of a user are over.
    pub(in crate::store) fn keys_end(&mut self, user: &ResourceId) {
        if !self.access.keys_ended.contains(user) {
            self.access.keys_ended.push(user.clone());
        }
    }

    /// What a user had is taken away.
    pub(in crate::store) fn takes(&mut self, user: &ResourceId, taken: &Taken) {
        for (kind, names) in [(GrantKind::Role, &taken.roles), (GrantKind::Group, &taken.groups)] {
            for name in names {
                self.loses(Grant::new(kind, name, "User", user.clone()));
            }
        }
        if !taken.api_keys.is_empty() {
            self.keys_end(user);
        }
    }

    /// What a user had is taken away, and written down so.
    pub(crate) fn note_taken(
        &mut self,
        action: Action,
        user: &ResourceId,
        version: Option<i64>,
        taken: &Taken,
    ) -> Result<(), StoreError> {
        self.takes(user, taken);
        if action == Action::Deactivate {
            self.sessions_end(user);
        }
        self.record_audit(action, "User", user, version, taken.detail()?);
        Ok(())
    }
}

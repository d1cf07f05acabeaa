//! Protected roles given and taken back: each an event of its own, in the log and in the audit.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::ResourceId;
use scim_service::{Grant, GrantKind, StoreError};
use serde_json::json;

use crate::protected_role::tell_protected;
use crate::sql::Fragment;
use crate::store::access::grants::{GROUP_ROLES, Moved, Pairs};
use crate::store::audit::Taken;
use crate::store::session::CHUNK;
use crate::store::session::Session;
use crate::store::session::{Action, AuditEvent};

impl Session<'_> {
    /// The roles of Superset that are protected, by their ids.
    async fn protected_roles(&mut self) -> Result<BTreeMap<i64, String>, StoreError> {
        let names = self.role_ids().await?.clone();
        Ok(names.into_iter().filter(|(name, _)| self.rules.is_protected(name)).map(|(name, id)| (id, name)).collect())
    }

    /// Tells of the protected roles that these rows of `ab_user` have, in person or with a group, and are about to lose.
    pub(in crate::store) async fn note_protected_lost(
        &mut self,
        held: &BTreeMap<i64, Taken>,
    ) -> Result<(), StoreError> {
        let mut protected: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
        for (user, taken) in held {
            for role in taken.roles.union(&taken.by_group).filter(|role| self.rules.is_protected(role)) {
                protected.entry(*user).or_default().insert(role);
            }
        }
        let users: Vec<i64> = protected.keys().copied().collect();
        let mut lost = BTreeSet::new();
        for users in users.chunks(CHUNK) {
            let select =
                "SELECT r.id, r.local_id FROM scim_resource r WHERE r.resource_type = 'User' AND r.local_id IN ";
            for row in self.transaction.rows(Fragment::new(select).then(Fragment::list(users.iter().copied()))).await? {
                let (id, roles) = (row.text(0)?, protected.get(&row.integer(1)?));
                lost.extend(roles.into_iter().flatten().map(|role| (id.clone(), *role)));
            }
        }
        for (id, role) in lost {
            let id = id.parse::<ResourceId>().map_err(StoreError::internal)?;
            self.note_role(Grant::new(GrantKind::Role, role, "User", id), false);
        }
        Ok(())
    }

    /// The same of a row of `ab_group`.
    pub(in crate::store) async fn note_protected_of_group(
        &mut self,
        id: &ResourceId,
        row: i64,
    ) -> Result<(), StoreError> {
        if !self.tables.group_roles {
            return Ok(());
        }
        let protected = self.protected_roles().await?;
        let held = self.pairs(Fragment::new(GROUP_ROLES.select).then(Fragment::list([row]))).await?;
        for role in held.into_iter().filter_map(|(_, role)| protected.get(&role)) {
            self.note_role(Grant::new(GrantKind::Role, role, "Group", id.clone()), false);
        }
        Ok(())
    }

    /// Tells of protected roles that people come to have, or to lose, with the groups that hold them.
    pub(in crate::store) async fn note_joined(
        &mut self,
        joined: &Moved,
        ids: &BTreeMap<i64, &ResourceId>,
    ) -> Result<(), StoreError> {
        let rows: BTreeSet<i64> = joined.granted.union(&joined.revoked).map(|(_, group)| *group).collect();
        if rows.is_empty() || !self.tables.group_roles {
            return Ok(());
        }
        let rows: Vec<i64> = rows.into_iter().collect();
        let mut held = Pairs::new();
        for rows in rows.chunks(CHUNK) {
            held.extend(
                self.pairs(Fragment::new(GROUP_ROLES.select).then(Fragment::list(rows.iter().copied()))).await?,
            );
        }
        let protected = self.protected_roles().await?;
        for (granted, pairs) in [(true, &joined.granted), (false, &joined.revoked)] {
            for pair in pairs {
                let Some(id) = ids.get(&pair.0) else { continue };
                for (_, role) in held.iter().filter(|(group, _)| *group == pair.1) {
                    let Some(role) = protected.get(role) else { continue };
                    let grant = Grant::new(GrantKind::Role, role, "User", ResourceId::clone(id));
                    self.note_role(grant.on(joined.sources.get(pair)), granted);
                }
            }
        }
        Ok(())
    }

    /// Notes that a role was given or taken back, and by whose word. A protected one is an event of its own.
    pub(in crate::store) fn note_role(&mut self, grant: Grant, granted: bool) {
        let Grant { name: role, holder_type: resource_type, holder: id, source, rule, .. } = &grant;
        let action = match (granted, self.rules.is_protected(role)) {
            (true, false) => Action::Grant,
            (true, true) => Action::GrantProtected,
            (false, false) => Action::Revoke,
            (false, true) => Action::RevokeProtected,
        };
        if matches!(action, Action::GrantProtected | Action::RevokeProtected) {
            tell_protected(&grant, granted);
        }
        let detail = match source {
            Some(source) => json!({ "role": role, "source": source }),
            None => json!({ "role": role }),
        };
        self.record_event(AuditEvent { rule: rule.clone(), ..AuditEvent::new(action, resource_type, id, detail) });
        if granted {
            self.gains(grant);
        } else {
            self.loses(grant);
        }
    }
}

/// By whose word something is given, where anybody's is known.
pub(in crate::store) trait OnWord {
    fn on(self, source: Option<&String>) -> Self;
}

impl OnWord for Grant {
    fn on(self, source: Option<&String>) -> Self {
        match source.filter(|source| !source.is_empty()) {
            Some(source) => self.on_word_of(source),
            None => self,
        }
    }
}

//! The repair of one user, group, account or record, by the steps with which SCIM writes.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::ResourceId;
use scim_service::StoreError;
use serde_json::json;

use crate::reconcile::drift::Snapshot;
use crate::reconcile::drift::Unclaimed;
use crate::reconcile::drift::UserPair;
use crate::reconcile::drift::{Finding, FindingKind};
use crate::reconcile::drift::{GroupPair, Orphan};
use crate::reconcile::repair::policy::RepairOptions;
use crate::sql::Fragment;
use crate::store::{Action, Email, GROUP_ROLES, Pairs, Password, Profile, Relation, Session, USER_GROUPS, USER_ROLES};

/// Which kinds are to be repaired.
fn has(findings: &[Finding], kinds: &[FindingKind]) -> bool {
    findings.iter().any(|finding| kinds.contains(&finding.kind))
}

impl Session<'_> {
    /// Repairs a group. `true` if its members have to follow, because the row is another one now.
    pub(in crate::reconcile) async fn repair_step_group(
        &mut self,
        snapshot: &Snapshot,
        pair: &GroupPair,
        findings: &[Finding],
    ) -> Result<bool, StoreError> {
        let mut record = pair.record.clone();
        let row = pair.row(self.dialect()).cloned();
        let follow = row.is_none();
        if has(findings, &[FindingKind::GroupGone, FindingKind::GroupRenamed]) {
            if let (None, Some(lost)) = (&row, &record.local) {
                self.take_back_group(lost.id).await?;
            }
            record.local = self.write_group(row, &record).await?;
            self.update(&record).await?;
        }
        let Some(local) = record.local.as_ref().map(|local| local.id) else { return Ok(false) };
        self.sync_roles_of(&record).await?;
        let by_hand = named(findings, FindingKind::GroupRoleByHand, |name| snapshot.role_id(name));
        self.revoke_by_hand(&GROUP_ROLES, "Group", &record.id, local, &by_hand).await?;
        Ok(follow)
    }

    /// Takes back what we granted to a row of `ab_group` and to its members.
    async fn take_back_group(&mut self, row: i64) -> Result<(), StoreError> {
        self.note_admin().await?;
        if self.tables.group_roles {
            self.settle(&GROUP_ROLES, &BTreeMap::from([(row, BTreeMap::new())])).await?;
        }
        let members = "SELECT holder_id, held_id FROM scim_grant WHERE relation = 'ab_user_group' AND held_id = ?";
        let members = self.pairs(Fragment::new(members).bind(row)).await?;
        self.take(&USER_GROUPS, &members).await?;
        self.forget(&USER_GROUPS, &members.into_iter().collect::<Vec<_>>()).await
    }

    /// Repairs a row of `ab_group` whose SCIM group is gone.
    pub(in crate::reconcile) async fn repair_step_orphan(&mut self, orphan: &Orphan) -> Result<(), StoreError> {
        self.take_back_group(orphan.row.id).await?;
        if orphan.soft_deleted.is_some() {
            self.drop_group(&orphan.row).await?;
        }
        Ok(())
    }

    /// Repairs a user.
    pub(in crate::reconcile) async fn repair_step_user(
        &mut self,
        snapshot: &Snapshot,
        pair: &UserPair,
        findings: &[Finding],
        options: &RepairOptions,
    ) -> Result<(), StoreError> {
        let mut record = pair.record.clone();
        let ids = BTreeSet::from([record.id.to_string()]);
        let mut profile = Profile::of(&record.body)?;
        let Some(account) = &pair.account else {
            if let Some(lost) = record.local.take() {
                let grants =
                    "DELETE FROM scim_grant WHERE relation IN ('ab_user_role', 'ab_user_group') AND holder_id = ?";
                self.transaction.execute(Fragment::new(grants).bind(lost.id)).await?;
            }
            let opened = self.change_account(&record.id, &record.identity(), None, profile, &Password::Kept).await?;
            record.local = Some(opened);
            self.update(&record).await?;
            return self.sync_access(&ids).await;
        };
        let Some(local) = record.local.clone() else { return Ok(()) };
        let active = profile.active;
        if has(findings, &[FindingKind::ActiveInSuperset, FindingKind::InactiveWithAccess])
            && let Some(taken) = self.close_account(&local).await?
        {
            self.note_taken(Action::Deactivate, &record.id, None, &taken)?;
        }
        if has(findings, &[FindingKind::ProfileDiffers, FindingKind::InactiveInSuperset]) {
            // An account that was adopted keeps its name and address until SCIM changes the person.
            if !self.adopted_and_untold(std::slice::from_ref(pair), std::slice::from_ref(&profile)).await?.is_empty() {
                profile.username.clone_from(&account.username);
                profile.email = Email::Given(account.email.clone());
            }
            // Whom a person locked out stays so, unless the options say otherwise.
            profile.active = active && (account.active || options.revokes_by_hand());
            let there = self.account(&local).await?.map(|account| (local.clone(), account));
            self.change_account(&record.id, &record.identity(), there, profile, &Password::Kept).await?;
        }
        let settled = [
            FindingKind::RoleMissing,
            FindingKind::RoleExtra,
            FindingKind::MembershipMissing,
            FindingKind::MembershipExtra,
        ];
        if active && has(findings, &settled) {
            self.sync_access(&ids).await?;
        }
        let roles = named(findings, FindingKind::RoleByHand, |name| snapshot.role_id(name));
        self.revoke_by_hand(&USER_ROLES, "User", &record.id, local.id, &roles).await?;
        let groups = named(findings, FindingKind::MembershipByHand, |name| snapshot.group_id(name));
        self.revoke_by_hand(&USER_GROUPS, "User", &record.id, local.id, &groups).await
    }

    /// Takes away what a person granted.
    async fn revoke_by_hand(
        &mut self,
        relation: &Relation,
        resource_type: &str,
        id: &ResourceId,
        holder: i64,
        held: &[(String, i64)],
    ) -> Result<(), StoreError> {
        if held.is_empty() {
            return Ok(());
        }
        self.note_admin().await?;
        let pairs: Pairs = held.iter().map(|(_, held)| (holder, *held)).collect();
        self.take(relation, &pairs).await?;
        for (name, _) in held.iter().filter(|_| relation.table.name != USER_GROUPS.table.name) {
            self.record_audit(Action::Revoke, resource_type, id, None, json!({ "role": name }));
        }
        Ok(())
    }

    /// Repairs an account that no SCIM user claims.
    pub(in crate::reconcile) async fn repair_step_account(
        &mut self,
        id: &ResourceId,
        unclaimed: &Unclaimed,
    ) -> Result<(), StoreError> {
        if let Some(taken) = self.close_account(&unclaimed.row).await? {
            let mut detail = taken.detail()?;
            if let Some(detail) = detail.as_object_mut() {
                detail.insert("ab_user".to_owned(), json!(unclaimed.row.id));
            }
            self.record_audit(Action::Deactivate, "User", id, None, detail);
        }
        Ok(())
    }
}

/// What findings of a kind name, with its id.
fn named(findings: &[Finding], kind: FindingKind, id_of: impl Fn(&str) -> Option<i64>) -> Vec<(String, i64)> {
    let of_kind = findings.iter().filter(|finding| finding.kind == kind).filter_map(|finding| finding.what.as_deref());
    of_kind.filter_map(|name| Some((name.to_owned(), id_of(name)?))).collect()
}

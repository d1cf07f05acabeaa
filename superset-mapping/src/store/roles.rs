//! What a person may do in Superset, made equal to what the rules decide.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::ResourceId;
use scim_service::StoreError;

use crate::rules::Subject;
use crate::sql::Fragment;
use crate::store::membership::InGroup;
use crate::store::profile::Profile;
use crate::store::record::{RECORD_COLUMNS, Record};
use crate::store::session::Session;

impl Session<'_> {
    /// Makes roles and groups of these users what membership and rules say now.
    pub(super) async fn sync_access(&mut self, users: &BTreeSet<String>) -> Result<(), StoreError> {
        for user in users {
            let statement = Fragment::new(RECORD_COLUMNS).then(Fragment::new("WHERE r.id = ?")).bind(user.as_str());
            let Some(row) = self.transaction.row(statement).await? else { continue };
            self.sync_user(&Record::read(&row)?).await?;
        }
        Ok(())
    }

    async fn sync_user(&mut self, record: &Record) -> Result<(), StoreError> {
        let Some(local) = &record.local else { return Ok(()) };
        if !self.account_is_ours(local).await? {
            return Ok(());
        }
        if !Profile::of(&record.body)?.active {
            return self.revoke_access(local.id).await;
        }
        let groups = self.groups_of(record.id.as_str()).await?;
        self.sync_groups(local.id, &groups).await?;
        let groups = groups.into_iter().map(|in_group| in_group.group).collect();
        let decision = self.rules.decide(&Subject { user: &record.body, groups });
        let mut due = BTreeSet::new();
        for role in decision.roles() {
            due.extend(self.role_id(role).await?);
        }
        self.sync_roles(local.id, &due, &record.id).await
    }

    /// Grants what is due and takes back what we granted and is no longer due. What a person granted by hand stays.
    async fn sync_roles(&mut self, user: i64, due: &BTreeSet<i64>, id: &ResourceId) -> Result<(), StoreError> {
        // A grant of ours that somebody took away by hand is no longer ours.
        let stale = "DELETE FROM scim_role_grant WHERE user_id = ? AND NOT EXISTS (SELECT 1 FROM ab_user_role ur \
                     WHERE ur.user_id = scim_role_grant.user_id AND ur.role_id = scim_role_grant.role_id)";
        self.transaction.execute(Fragment::new(stale).bind(user)).await?;
        let statement = Fragment::new(
            "SELECT ur.role_id, EXISTS (SELECT 1 FROM scim_role_grant g WHERE g.user_id = ur.user_id AND g.role_id = ur.role_id) \
             FROM ab_user_role ur WHERE ur.user_id = ? AND ur.role_id IS NOT NULL",
        );
        let mut held = BTreeMap::new();
        for row in self.transaction.rows(statement.bind(user)).await? {
            held.insert(row.integer(0)?, row.integer(1)? != 0);
        }
        for role in due.iter().filter(|role| !held.contains_key(role)) {
            tracing::debug!(role, user = %id, "role granted");
            for statement in [
                "INSERT INTO ab_user_role (user_id, role_id) VALUES (?, ?)",
                "INSERT INTO scim_role_grant (user_id, role_id) VALUES (?, ?)",
            ] {
                self.transaction.execute(Fragment::new(statement).bind(user).bind(*role)).await?;
            }
        }
        for (role, _) in held.iter().filter(|(role, ours)| **ours && !due.contains(role)) {
            tracing::debug!(role, user = %id, "role taken back");
            for statement in [
                "DELETE FROM ab_user_role WHERE user_id = ? AND role_id = ?",
                "DELETE FROM scim_role_grant WHERE user_id = ? AND role_id = ?",
            ] {
                self.transaction.execute(Fragment::new(statement).bind(user).bind(*role)).await?;
            }
        }
        Ok(())
    }

    /// Makes the rows of `ab_user_group` for our groups those of the groups that the user is in, indirect ones included:
    /// Superset does not nest groups.
    async fn sync_groups(&mut self, user: i64, groups: &[InGroup]) -> Result<(), StoreError> {
        if !self.tables.groups {
            return Ok(());
        }
        let statement = Fragment::new(
            "SELECT ug.group_id FROM ab_user_group ug \
             JOIN scim_resource r ON r.resource_type = 'Group' AND r.local_id = ug.group_id \
             JOIN ab_group g ON g.id = ug.group_id AND g.name = r.local_mark WHERE ug.user_id = ?",
        );
        let rows = self.transaction.rows(statement.bind(user)).await?;
        let held = rows.iter().map(|row| row.integer(0)).collect::<Result<BTreeSet<_>, _>>()?;
        let mut due = BTreeSet::new();
        for local in groups.iter().filter_map(|in_group| in_group.local.as_ref()) {
            due.insert(local.id);
            if !held.contains(&local.id) && self.group_is_ours(local).await? {
                let statement =
                    Fragment::new("INSERT INTO ab_user_group (user_id, group_id) VALUES (?, ?) ON CONFLICT DO NOTHING");
                self.transaction.execute(statement.bind(user).bind(local.id)).await?;
            }
        }
        for group in held.difference(&due) {
            let statement = Fragment::new("DELETE FROM ab_user_group WHERE user_id = ? AND group_id = ?");
            self.transaction.execute(statement.bind(user).bind(*group)).await?;
        }
        Ok(())
    }

    /// The id of the role with exactly this name. One that Superset does not have is told once.
    async fn role_id(&mut self, name: &str) -> Result<Option<i64>, StoreError> {
        if self.role_ids.is_empty() {
            for row in self.transaction.rows(Fragment::new("SELECT id, name FROM ab_role")).await? {
                self.role_ids.insert(row.text(1)?, Some(row.integer(0)?));
            }
        }
        if let Some(known) = self.role_ids.get(name) {
            return Ok(*known);
        }
        tracing::warn!(role = name, "a rule grants a role that Superset does not have");
        self.role_ids.insert(name.to_owned(), None);
        Ok(None)
    }
}

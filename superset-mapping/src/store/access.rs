//! What people may do in Superset, made equal to what the rules decide.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::{Resource, ResourceId};
use scim_service::StoreError;
use serde_json::json;

use crate::rules::{Decision, GroupRef, Subject};
use crate::sql::Fragment;
use crate::store::audit::Action;
use crate::store::grants::{GROUP_ROLES, Moved, USER_GROUPS, USER_ROLES};
use crate::store::membership::InGroup;
use crate::store::profile::Profile;
use crate::store::record::{CHUNK, RECORD_COLUMNS, Record};
use crate::store::session::Session;
use crate::store::taken::Taken;

/// A user whose row is there.
pub(crate) struct Person {
    pub(crate) row: i64,
    pub(crate) record: Record,
}

/// The roles that are due to a person.
pub(crate) struct Due {
    pub(crate) decision: Decision,
    /// Roles that the person's groups hold.
    pub(crate) by_group: BTreeSet<String>,
}

impl Due {
    /// Those that are to be granted to the person.
    pub(crate) fn direct(&self) -> impl Iterator<Item = &str> {
        self.decision.roles().filter(|role| !self.by_group.contains(*role))
    }
}

impl Session<'_> {
    /// Makes roles and groups of these users what membership and rules say now.
    pub(crate) async fn sync_access(&mut self, users: &BTreeSet<String>) -> Result<(), StoreError> {
        let users: Vec<String> = users.iter().cloned().collect();
        for users in users.chunks(CHUNK) {
            let (mut active, mut inactive) = (Vec::new(), Vec::new());
            for person in self.people(users).await? {
                if Profile::of(&person.record.body)?.active {
                    active.push(person);
                } else {
                    inactive.push(person);
                }
            }
            self.close_people(&inactive).await?;
            self.sync_people(&active).await?;
        }
        Ok(())
    }

    /// Whoever is inactive keeps nothing. What somebody has got by hand since is written down.
    async fn close_people(&mut self, people: &[Person]) -> Result<(), StoreError> {
        let rows: Vec<i64> = people.iter().map(|person| person.row).collect();
        let taken = self.revoke_access(&rows).await?;
        for person in people {
            if let Some(taken) = taken.get(&person.row).filter(|taken| !taken.is_nothing()) {
                self.note(Action::Revoke, "User", &person.record.id, None, taken.detail()?);
            }
        }
        Ok(())
    }

    /// The users among these whose row is still the one that we wrote.
    pub(crate) async fn people(&mut self, ids: &[String]) -> Result<Vec<Person>, StoreError> {
        let select = Fragment::new(RECORD_COLUMNS)
            .then(Fragment::new("JOIN ab_user u ON u.id = r.local_id AND r.local_mark = "))
            .then(Fragment::new(self.dialect().user_mark()))
            .then(Fragment::new(" WHERE r.resource_type = 'User' AND r.id IN "))
            .then(Fragment::list(ids.iter().map(String::as_str)));
        // For what is due to them.
        self.role_ids().await?;
        let mut people = Vec::new();
        for row in self.transaction.rows(select).await? {
            let record = Record::read(&row)?;
            let Some(row) = record.local.as_ref().map(|local| local.id) else { continue };
            people.push(Person { row, record });
        }
        Ok(people)
    }

    async fn sync_people(&mut self, people: &[Person]) -> Result<(), StoreError> {
        let ids: Vec<String> = people.iter().map(|person| person.record.id.to_string()).collect();
        let mut groups = self.groups_of(&ids).await?;
        let (mut memberships, mut roles) = (BTreeMap::new(), BTreeMap::new());
        let mut carried: BTreeMap<i64, GroupRef> = BTreeMap::new();
        for person in people {
            let in_groups = groups.remove(person.record.id.as_str()).unwrap_or_default();
            let held = in_groups.iter().filter_map(|in_group| in_group.local).collect();
            memberships.insert(person.row, held);
            if self.tables.group_roles {
                let rows = in_groups.iter().filter_map(|in_group| Some((in_group.local?, in_group.group.clone())));
                carried.extend(rows);
            }
            roles.insert(person.row, self.direct_roles(person, &in_groups).await?);
        }
        if self.tables.groups {
            self.settle(&USER_GROUPS, &memberships).await?;
        }
        self.sync_group_roles(&carried).await?;
        let moved = self.settle(&USER_ROLES, &roles).await?;
        let ids: BTreeMap<i64, &ResourceId> = people.iter().map(|person| (person.row, &person.record.id)).collect();
        self.note_moved("User", &moved, &ids).await
    }

    /// The roles that are to be granted to a person: what the rules decide, without what the person's groups hold in
    /// Superset.
    async fn direct_roles(&mut self, person: &Person, groups: &[InGroup]) -> Result<BTreeSet<i64>, StoreError> {
        let due = self.due(&person.record.body, groups, |in_group| in_group.local.is_some());
        due.decision.missing().for_each(|role| self.tell_missing(role));
        self.known_roles(due.direct()).await
    }

    /// What the rules decide about a person among the roles that there are, and what of it the groups hold in Superset that `hold`
    /// says.
    pub(crate) fn due(&self, user: &Resource, groups: &[InGroup], hold: impl Fn(&InGroup) -> bool) -> Due {
        let holding = groups.iter().filter(|in_group| self.tables.group_roles && hold(in_group));
        let by_group = holding.flat_map(|in_group| self.rules.roles_of_group(&in_group.group)).collect();
        let groups = groups.iter().map(|in_group| in_group.group.clone()).collect();
        let decision = self.rules.decide(&Subject { user, groups }).among(|role| self.has_role(role));
        Due { decision, by_group }
    }

    /// Makes the roles of these rows of `ab_group` what the rules give for the groups alone.
    pub(crate) async fn sync_group_roles(&mut self, groups: &BTreeMap<i64, GroupRef>) -> Result<(), StoreError> {
        if !self.tables.group_roles || groups.is_empty() {
            return Ok(());
        }
        let rules = self.rules;
        let mut due = BTreeMap::new();
        for (row, group) in groups {
            let roles = rules.roles_of_group(group);
            due.insert(*row, self.known_roles(roles.iter().map(String::as_str)).await?);
        }
        let moved = self.settle(&GROUP_ROLES, &due).await?;
        let ids = groups.iter().map(|(row, group)| (*row, &group.id)).collect();
        self.note_moved("Group", &moved, &ids).await
    }

    async fn note_moved(
        &mut self,
        resource_type: &str,
        moved: &Moved,
        ids: &BTreeMap<i64, &ResourceId>,
    ) -> Result<(), StoreError> {
        for (action, pairs) in [(Action::Grant, &moved.granted), (Action::Revoke, &moved.revoked)] {
            for (holder, role) in pairs {
                let Some(id) = ids.get(holder) else { continue };
                let roles = self.role_ids().await?;
                let name = roles.iter().find_map(|(name, id)| (id == role).then(|| name.clone()));
                self.note(action, resource_type, id, None, json!({ "role": name }));
            }
        }
        Ok(())
    }

    /// Takes away what these users may do, and says what each had: roles, groups and API keys. One path for whoever leaves, in
    /// whatever way.
    pub(crate) async fn revoke_access(&mut self, users: &[i64]) -> Result<BTreeMap<i64, Taken>, StoreError> {
        if users.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.note_admin().await?;
        let mut held = self.held_by(users).await?;
        self.add_reports(&mut held).await?;
        for (user, taken) in &mut held {
            self.leave_reports(*user, taken).await?;
        }
        let users = Fragment::list(users.iter().copied());
        let mut statements = vec![Fragment::new("DELETE FROM ab_user_role WHERE user_id IN ").then(users.clone())];
        if self.tables.groups {
            statements.push(Fragment::new("DELETE FROM ab_user_group WHERE user_id IN ").then(users.clone()));
        }
        if self.tables.api_keys {
            let keys = "UPDATE ab_api_key SET active = ?, revoked_on = ? WHERE revoked_on IS NULL AND user_id IN ";
            statements.push(Fragment::new(keys).bind(false).bind(self.local_now()).then(users.clone()));
        }
        for statement in statements {
            self.transaction.execute(statement).await?;
        }
        let grants = "DELETE FROM scim_grant WHERE relation IN ('ab_user_role', 'ab_user_group') AND holder_id IN ";
        self.transaction.execute(Fragment::new(grants).then(users)).await?;
        Ok(held)
    }
}

//! What people may do in Superset, made equal to what the rules decide.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::{Resource, ResourceId, Source};
use scim_service::{Grant, GrantKind, StoreError};

use crate::rules::{Decision, GroupRef, Subject};
use crate::sql::Fragment;
use crate::store::access::grants::{GROUP_ROLES, Moved, USER_GROUPS, USER_ROLES};
use crate::store::access::protected::OnWord;
use crate::store::accounts::{Profile, Rows};
use crate::store::audit::Taken;
use crate::store::resources::{RECORD_COLUMNS, Record};
use crate::store::session::Action;
use crate::store::session::CHUNK;
use crate::store::session::InGroup;
use crate::store::session::Session;

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
    /// The groups in whose rows of Superset the person is to be, by their ids.
    pub(crate) joined: BTreeSet<ResourceId>,
}

impl Due {
    /// Those that are to be granted to the person.
    pub(crate) fn direct(&self) -> impl Iterator<Item = &str> {
        self.decision.roles().filter(|role| !self.by_group.contains(*role))
    }

    /// Whether the person is to be in the row of this group.
    pub(crate) fn joins(&self, group: &InGroup) -> bool {
        self.joined.contains(&group.group.id)
    }
}

impl Session<'_> {
    /// Makes roles and groups of these users what membership and rules say now: at once, or at the end of a transaction that owes it.
    pub(crate) async fn sync_access(&mut self, users: &BTreeSet<String>) -> Result<(), StoreError> {
        if self.transaction.owes(users) { Ok(()) } else { self.settle_access(users).await.map(drop) }
    }

    /// The same, at once. Returns who of them has a row in Superset, with what the rules decide about each: nothing about whoever is
    /// inactive.
    pub(in crate::store) async fn settle_access(
        &mut self,
        users: &BTreeSet<String>,
    ) -> Result<Vec<(Person, Decision)>, StoreError> {
        self.flush().await?;
        let users: Vec<String> = users.iter().cloned().collect();
        let mut settled = Vec::with_capacity(users.len());
        for users in users.chunks(CHUNK) {
            let people = self.people(users).await?;
            settled.extend(self.sync_all(people, Rows::Known).await?);
        }
        Ok(settled)
    }

    /// The same for a user who was just written, and whose row, if it is a new one, nobody has given anything yet.
    pub(in crate::store) async fn sync_written(&mut self, record: &Record, rows: Rows) -> Result<(), StoreError> {
        let Some(row) = record.local.as_ref().map(|local| local.id) else { return Ok(()) };
        if self.transaction.owes(&BTreeSet::from([record.id.to_string()])) {
            return Ok(());
        }
        self.role_ids().await?;
        self.sync_all(vec![Person { row, record: record.clone() }], rows).await.map(drop)
    }

    async fn sync_all(&mut self, people: Vec<Person>, rows: Rows) -> Result<Vec<(Person, Decision)>, StoreError> {
        let (mut active, mut inactive) = (Vec::new(), Vec::new());
        for person in people {
            if Profile::of(&person.record.body)?.active {
                active.push(person);
            } else {
                inactive.push(person);
            }
        }
        if rows == Rows::Known {
            self.close_people(&inactive).await?;
        }
        let decisions = self.sync_people(&active, rows).await?;
        let inactive = inactive.into_iter().map(|person| (person, Decision::default()));
        Ok(active.into_iter().zip(decisions).chain(inactive).collect())
    }

    /// Whoever is inactive keeps nothing. What somebody has got by hand since is written down.
    async fn close_people(&mut self, people: &[Person]) -> Result<(), StoreError> {
        let rows: Vec<i64> = people.iter().map(|person| person.row).collect();
        let taken = self.revoke_access(&rows).await?;
        for person in people {
            if let Some(taken) = taken.get(&person.row).filter(|taken| !taken.is_nothing()) {
                self.note_taken(Action::Revoke, &person.record.id, None, taken)?;
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

    /// Grants and revokes, and tells what the rules decide about each.
    async fn sync_people(&mut self, people: &[Person], rows: Rows) -> Result<Vec<Decision>, StoreError> {
        if people.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = people.iter().map(|person| person.record.id.to_string()).collect();
        let mut groups = self.groups_of(&ids).await?;
        self.role_ids().await?;
        let (mut memberships, mut roles) = (BTreeMap::new(), BTreeMap::new());
        let mut carried: BTreeMap<i64, GroupRef> = BTreeMap::new();
        let mut rules = BTreeMap::new();
        let mut decisions = Vec::with_capacity(people.len());
        for person in people {
            let in_groups = groups.remove(person.record.id.as_str()).unwrap_or_default();
            let due = self.due(&person.record.asserted(), &in_groups, |in_group| in_group.local.is_some());
            let mut held = BTreeMap::new();
            for in_group in &in_groups {
                let Some(row) = in_group.local else { continue };
                if due.joins(in_group) {
                    held.insert(row, in_group.source().unwrap_or_else(|| person.record.source.clone()));
                }
                if self.tables.group_roles {
                    carried.insert(row, in_group.group.clone());
                }
            }
            memberships.insert(person.row, held);
            due.decision.missing().for_each(Self::tell_missing);
            let direct: Vec<&str> = due.direct().collect();
            let ids = self.known_roles(direct.clone()).await?;
            let known = self.role_ids().await?;
            let words = direct
                .iter()
                .filter_map(|role| Some((*known.get(*role)?, due.decision.word_for(role, &person.record.source))));
            for role in &direct {
                if let (Some(id), Some(rule)) = (known.get(*role), due.decision.rule_for(role)) {
                    rules.insert((person.row, *id), rule);
                }
            }
            roles.insert(person.row, words.filter(|(id, _)| ids.contains(id)).collect());
            decisions.push(due.decision);
        }
        let joined = if self.tables.groups && rows == Rows::Known {
            self.settle(&USER_GROUPS, &memberships).await?
        } else {
            Moved::default()
        };
        self.sync_group_roles(&carried).await?;
        let moved = match rows {
            Rows::Known => self.settle(&USER_ROLES, &roles).await?,
            Rows::New => self.give_first(&USER_ROLES, &roles)?,
        };
        let ids: BTreeMap<i64, &ResourceId> = people.iter().map(|person| (person.row, &person.record.id)).collect();
        self.note_moved("User", &moved, &ids, &rules).await?;
        self.tell_joined(&joined, &ids).await?;
        self.note_joined(&joined, &ids).await?;
        Ok(decisions)
    }

    /// What the rules decide about a person among the roles that there are, and what of it the groups hold in Superset that `hold`
    /// says.
    ///
    /// Whoever is in a row of `ab_group` has every role that the row holds. So nobody is put there whom the rules do not give those
    /// roles, nor somebody whom, or whose membership, somebody else asserts than the group: what rules believe of the group they need
    /// not believe of the person.
    pub(crate) fn due(&self, user: &Resource, groups: &[InGroup], hold: impl Fn(&InGroup) -> bool) -> Due {
        let refs = groups.iter().map(|in_group| in_group.group.clone()).collect();
        let decision = self.rules.decide(&Subject { user, groups: refs }).among(|role| self.has_role(role));
        let (mut by_group, mut joined) = (BTreeSet::new(), BTreeSet::new());
        let person = user.provenance().map(|provenance| provenance.source());
        for in_group in groups {
            let roles = self.rules.roles_of_group(&in_group.group);
            let given = roles.iter().filter(|role| self.has_role(role)).all(|role| decision.grants(role));
            if given && in_group.is_of_one_source(person) {
                joined.insert(in_group.group.id.clone());
                if self.tables.group_roles && hold(in_group) {
                    by_group.extend(roles);
                }
            }
        }
        Due { decision, by_group, joined }
    }

    /// Makes the roles of these rows of `ab_group` what the rules give for the groups alone.
    pub(crate) async fn sync_group_roles(&mut self, groups: &BTreeMap<i64, GroupRef>) -> Result<(), StoreError> {
        if !self.tables.group_roles || groups.is_empty() {
            return Ok(());
        }
        let rules = self.rules.clone();
        let mut due = BTreeMap::new();
        for (row, group) in groups {
            let roles = rules.roles_of_group(group);
            let ids = self.known_roles(roles.iter().map(String::as_str)).await?;
            let source = group.provenance.as_ref().map_or(Source::Host, |provenance| provenance.source().clone());
            due.insert(*row, ids.into_iter().map(|id| (id, source.clone())).collect());
        }
        let moved = self.settle(&GROUP_ROLES, &due).await?;
        let ids = groups.iter().map(|(row, group)| (*row, &group.id)).collect();
        let mut by_rule = BTreeMap::new();
        for (row, role) in &moved.granted {
            let name = self.role_ids().await?.iter().find_map(|(name, id)| (id == role).then(|| name.clone()));
            let rule = groups.get(row).zip(name).and_then(|(group, name)| rules.rule_of_group(group, &name));
            by_rule.extend(rule.map(|rule| ((*row, *role), rule)));
        }
        self.note_moved("Group", &moved, &ids, &by_rule).await
    }

    async fn note_moved(
        &mut self,
        resource_type: &str,
        moved: &Moved,
        ids: &BTreeMap<i64, &ResourceId>,
        rules: &BTreeMap<(i64, i64), String>,
    ) -> Result<(), StoreError> {
        for (granted, pairs) in [(true, &moved.granted), (false, &moved.revoked)] {
            for (holder, role) in pairs {
                let Some(id) = ids.get(holder) else { continue };
                let roles = self.role_ids().await?;
                let name = roles.iter().find_map(|(name, id)| (id == role).then(|| name.clone()));
                let pair = (*holder, *role);
                let grant = Grant::new(GrantKind::Role, name.unwrap_or_default(), resource_type, ResourceId::clone(id));
                let mut grant = grant.on(moved.sources.get(&pair));
                grant.rule = rules.get(&pair).filter(|_| granted).cloned();
                self.note_role(grant, granted);
            }
        }
        Ok(())
    }

    /// Tells which groups of Superset people came into or left.
    async fn tell_joined(&mut self, joined: &Moved, ids: &BTreeMap<i64, &ResourceId>) -> Result<(), StoreError> {
        let rows: BTreeSet<i64> = joined.granted.union(&joined.revoked).map(|(_, group)| *group).collect();
        let rows: Vec<i64> = rows.into_iter().collect();
        let mut names = BTreeMap::new();
        for rows in rows.chunks(CHUNK) {
            let select = Fragment::new("SELECT id, name FROM ab_group WHERE id IN ");
            for row in self.transaction.rows(select.then(Fragment::list(rows.iter().copied()))).await? {
                names.insert(row.integer(0)?, row.text(1)?);
            }
        }
        for (granted, pairs) in [(true, &joined.granted), (false, &joined.revoked)] {
            for pair in pairs {
                let (Some(id), Some(name)) = (ids.get(&pair.0), names.get(&pair.1)) else { continue };
                let grant = Grant::new(GrantKind::Group, name, "User", ResourceId::clone(id));
                let grant = grant.on(joined.sources.get(pair));
                if granted {
                    self.gains(grant);
                } else {
                    self.loses(grant);
                }
            }
        }
        Ok(())
    }

    /// Ends the API keys of a user.
    pub(in crate::store) async fn revoke_keys(&mut self, user: i64) -> Result<(), StoreError> {
        if self.tables.api_keys {
            let keys = "UPDATE ab_api_key SET active = ?, revoked_on = ? WHERE revoked_on IS NULL AND user_id = ?";
            let keys = Fragment::new(keys).bind(false).bind(self.local_now()).bind(user);
            self.transaction.execute(keys).await?;
        }
        Ok(())
    }

    /// Takes away what these users may do, and says what each had: roles, groups and API keys. One path for whoever leaves, in
    /// whatever way.
    pub(crate) async fn revoke_access(&mut self, users: &[i64]) -> Result<BTreeMap<i64, Taken>, StoreError> {
        if users.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.note_admin_among(users).await?;
        let mut held = self.held_by(users).await?;
        self.add_reports(&mut held).await?;
        for (user, taken) in &mut held {
            self.leave_reports(*user, taken).await?;
        }
        self.note_protected_lost(&held).await?;
        let users = Fragment::list(users.iter().copied());
        let mut statements = vec![Fragment::new("DELETE FROM ab_user_role WHERE user_id IN ").then(users.clone())];
        if self.tables.groups {
            statements.push(Fragment::new("DELETE FROM ab_user_group WHERE user_id IN ").then(users.clone()));
        }
        if self.tables.api_keys {
            let keys = "UPDATE ab_api_key SET active = ?, revoked_on = ? WHERE revoked_on IS NULL AND user_id IN ";
            statements.push(Fragment::new(keys).bind(false).bind(self.local_now()).then(users.clone()));
        }
        let grants = "DELETE FROM scim_grant WHERE relation IN ('ab_user_role', 'ab_user_group') AND holder_id IN ";
        statements.push(Fragment::new(grants).then(users));
        for statement in Fragment::together(self.dialect(), statements) {
            self.transaction.execute(statement).await?;
        }
        Ok(held)
    }
}

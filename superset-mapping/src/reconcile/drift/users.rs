//! SCIM users compared with `ab_user`, `ab_user_role`, `ab_user_group` and `ab_api_key`.

use std::collections::{BTreeMap, BTreeSet};

use scim_service::StoreError;

use crate::driver::Row;
use crate::reconcile::drift::account_row::AccountRow;
use crate::reconcile::drift::finding::{FindingKind, Subject, Who};
use crate::reconcile::drift::reasons::{because, profile_differences};
use crate::reconcile::drift::snapshot::{Found, Held, Snapshot};
use crate::sql::Fragment;
use crate::store::{InGroup, Profile, RECORD_WIDTH, Record, Session, USER_GROUPS, USER_ROLES};

/// A SCIM user beside the row of `ab_user`.
#[derive(Debug)]
pub(in crate::reconcile) struct UserPair {
    pub(in crate::reconcile) record: Record,
    /// The row, if it is still the one that we wrote.
    pub(in crate::reconcile) account: Option<AccountRow>,
    /// Who has the row with the id now.
    taken_by: Option<String>,
}

/// What of Superset's relations some users have.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct Access {
    pub(in crate::reconcile) roles: Held,
    pub(in crate::reconcile) groups: Held,
    keys: BTreeMap<i64, i64>,
}

impl UserPair {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let column = |index: usize| RECORD_WIDTH + index;
        let account = match row.optional_integer(column(0))? {
            Some(id) => Some(AccountRow {
                id,
                username: row.text(column(1))?,
                first_name: row.text(column(2))?,
                last_name: row.text(column(3))?,
                email: row.text(column(4))?,
                active: row.boolean(column(5))?,
            }),
            None => None,
        };
        Ok(Self { record: Record::read(row)?, account, taken_by: row.optional_text(column(6))? })
    }
}

impl Access {
    /// What somebody has, in words; empty for nothing.
    pub(in crate::reconcile) fn of(&self, snapshot: &Snapshot, user: i64) -> Vec<String> {
        let roles = self.roles.of(user).into_iter().map(|role| format!("role {}", snapshot.role(role)));
        let groups = self.groups.of(user).into_iter().map(|group| format!("group {}", snapshot.group(group)));
        let keys = self.keys.get(&user).map(|count| format!("{count} API key{}", if *count == 1 { "" } else { "s" }));
        roles.chain(groups).chain(keys).collect()
    }
}

impl Session<'_> {
    /// SCIM users of the tenant in the order of their ids, selected by a condition on `r`.
    pub(in crate::reconcile) async fn user_pairs(&mut self, condition: Fragment) -> Result<Vec<UserPair>, StoreError> {
        let select = Fragment::new(
            "SELECT r.id, r.local_id, r.local_mark, r.body, r.version, r.created, r.last_modified, r.source, r.generation, r.tenant, \
             u.id, u.username, u.first_name, u.last_name, u.email, u.active, o.username \
             FROM scim_resource r LEFT JOIN ab_user o ON o.id = r.local_id \
             LEFT JOIN ab_user u ON u.id = r.local_id AND r.local_mark = ",
        )
        .then(Fragment::new(self.dialect().user_mark()))
        .then(Fragment::new(" WHERE r.resource_type = 'User' AND r.tenant = ? AND ").bind(self.tenant));
        let rows = self.transaction.rows(select.then(condition)).await?;
        rows.iter().map(UserPair::read).collect()
    }

    /// What these rows of `ab_user` have, at most a chunk of them. API keys are looked for only where asked.
    pub(in crate::reconcile) async fn access(
        &mut self,
        users: &[i64],
        with_keys: &[i64],
    ) -> Result<Access, StoreError> {
        let roles = self.held(&USER_ROLES, users).await?;
        let groups = if self.tables.groups { self.held(&USER_GROUPS, users).await? } else { Held::default() };
        Ok(Access { roles, groups, keys: self.api_keys(with_keys).await? })
    }

    /// Compares users, at most a chunk of them.
    pub(in crate::reconcile) async fn compare_users(
        &mut self,
        snapshot: &Snapshot,
        users: &[UserPair],
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let mut profiles = Vec::with_capacity(users.len());
        for pair in users {
            profiles.push(Profile::of(&pair.record.body)?);
        }
        // For what is due to them.
        self.role_ids().await?;
        let rows: Vec<i64> = users.iter().filter_map(|pair| Some(pair.account.as_ref()?.id)).collect();
        let inactive = users.iter().zip(&profiles).filter(|(_, profile)| !profile.active);
        let inactive: Vec<i64> = inactive.filter_map(|(pair, _)| Some(pair.account.as_ref()?.id)).collect();
        let access = self.access(&rows, &inactive).await?;
        let ids: Vec<String> = users.iter().map(|pair| pair.record.id.to_string()).collect();
        let mut groups = self.groups_of(&ids).await?;
        let untold = self.adopted_and_untold(users, &profiles).await?;
        for (pair, profile) in users.iter().zip(&profiles) {
            let id = pair.record.id.to_string();
            let subject = Subject::User { tenant: self.tenant.to_owned(), id: id.clone() };
            let local_id = pair.record.local.as_ref().map(|local| local.id);
            let who = Who { name: Some(profile.username.clone()), id: Some(id.clone()), local_id };
            let about = (&subject, &who);
            let Some(account) = &pair.account else {
                let why = match &pair.taken_by {
                    Some(name) => format!("the row with its id is another account, `{name}`, that got the id"),
                    None => "no row of `ab_user` has its id".to_owned(),
                };
                found.add(FindingKind::UserRowGone, about.0, about.1, None, why);
                found.lost_users.extend(local_id);
                continue;
            };
            let (differs, why) = profile_differences(&pair.record.id, profile, account, untold.contains(&id));
            if !differs.is_empty() {
                found.add(FindingKind::ProfileDiffers, about.0, about.1, Some(differs), why);
                found.differing_users.insert(account.id);
            }
            match (profile.active, account.active) {
                (true, false) => {
                    let why = "SCIM says active, and somebody deactivated the account in Superset";
                    found.add(FindingKind::InactiveInSuperset, about.0, about.1, None, why);
                }
                (false, true) => {
                    let why = "SCIM says inactive, and somebody activated the account in Superset";
                    found.add(FindingKind::ActiveInSuperset, about.0, about.1, None, why);
                }
                _ => {}
            }
            if profile.active {
                let groups = groups.remove(&id).unwrap_or_default();
                self.compare_access(snapshot, pair, account.id, &groups, &access, about, found);
            } else {
                let has = access.of(snapshot, account.id);
                if !has.is_empty() {
                    let why = "SCIM says inactive, and nobody inactive keeps anything";
                    found.add(FindingKind::InactiveWithAccess, about.0, about.1, Some(has.join(", ")), why);
                }
            }
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "all of it is what one user is compared with")]
    fn compare_access(
        &self,
        snapshot: &Snapshot,
        pair: &UserPair,
        row: i64,
        groups: &[InGroup],
        access: &Access,
        (subject, who): (&Subject, &Who),
        found: &mut Found,
    ) {
        // A group whose row is gone counts as if it were there: its own finding stands for what its members lack.
        let decided = self.due(&pair.record.asserted(), groups, |_| true);
        let (decision, by_group) = (&decided.decision, &decided.by_group);
        let mut due = BTreeSet::new();
        for name in decided.direct() {
            if let Some(id) = snapshot.role_id(name) {
                due.insert(id);
            } else {
                let why = format!("{}; Superset does not have the role yet", because(decision, name));
                found.add(FindingKind::RoleMissing, subject, who, Some(name.to_owned()), why);
            }
        }
        for name in decision.missing() {
            let whom = format!("for {}, by {}", who.name.as_deref().unwrap_or_default(), because(decision, name));
            found.unknown_roles.entry(name.to_owned()).or_insert(whom);
        }
        let roles = access.roles.difference(row, &due);
        for (role, was_ours) in roles.missing {
            let name = snapshot.role(role);
            let taken = if was_ours { "; somebody took it away in Superset" } else { "" };
            let why = format!("{}{taken}", because(decision, &name));
            found.add(FindingKind::RoleMissing, subject, who, Some(name), why);
            found.explained.insert((USER_ROLES.table.name, row, role));
        }
        let no_rule = if decision.is_refused() {
            format!("no rule gives it: the group `{}` is unknown", decision.refused_by().join("`, `"))
        } else {
            "no rule gives it".to_owned()
        };
        for role in roles.extra {
            let name = snapshot.role(role);
            let why =
                if by_group.contains(&name) { "we granted it, and a group gives it now" } else { "we granted it" };
            let why = if by_group.contains(&name) { why.to_owned() } else { format!("{why}, and {no_rule} any more") };
            found.add(FindingKind::RoleExtra, subject, who, Some(name), why);
        }
        for role in roles.by_hand {
            let name = snapshot.role(role);
            // What the rules give anyway is no more than is due, by whatever row.
            if !decision.grants(&name) {
                let why = format!("somebody granted it in Superset, and {no_rule}");
                found.add(FindingKind::RoleByHand, subject, who, Some(name), why);
            }
        }
        if self.tables.groups {
            let joined: Vec<&InGroup> = groups.iter().filter(|in_group| decided.joins(in_group)).collect();
            compare_memberships(snapshot, row, &joined, access, (subject, who), found);
        }
    }

    /// The users among these whose account was adopted and not changed since: it keeps its name and address until then.
    pub(in crate::reconcile) async fn adopted_and_untold(
        &mut self,
        users: &[UserPair],
        profiles: &[Profile],
    ) -> Result<BTreeSet<String>, StoreError> {
        let differs = |(pair, profile): &(&UserPair, &Profile)| {
            let account = pair.account.as_ref();
            account.is_some_and(|row| row.username != profile.username || row.email != profile.email.as_str())
        };
        let ids: Vec<&str> =
            users.iter().zip(profiles).filter(differs).map(|(pair, _)| pair.record.id.as_str()).collect();
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let select = "SELECT a.resource_id FROM scim_audit a WHERE a.action = 'adopt' AND NOT EXISTS (SELECT 1 FROM \
                      scim_audit l WHERE l.resource_id = a.resource_id AND l.action = 'update' AND l.position > a.position) \
                      AND a.resource_id IN ";
        let rows = self.transaction.rows(Fragment::new(select).then(Fragment::list(ids))).await?;
        Ok(rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?)
    }
}

fn compare_memberships(
    snapshot: &Snapshot,
    row: i64,
    groups: &[&InGroup],
    access: &Access,
    (subject, who): (&Subject, &Who),
    found: &mut Found,
) {
    let due: BTreeMap<i64, &InGroup> =
        groups.iter().filter_map(|in_group| Some((in_group.local?, *in_group))).collect();
    let difference = access.groups.difference(row, &due.keys().copied().collect());
    for (group, was_ours) in difference.missing {
        let Some(in_group) = due.get(&group) else { continue };
        let how = if in_group.direct { "SCIM says so" } else { "SCIM says so, through another group" };
        let taken = if was_ours { "; somebody removed it in Superset" } else { "" };
        let name = in_group.group.display_name.clone();
        found.add(FindingKind::MembershipMissing, subject, who, Some(name), format!("{how}{taken}"));
        found.explained.insert((USER_GROUPS.table.name, row, group));
    }
    for group in difference.extra.into_iter().filter(|group| !snapshot.lost_groups.contains(group)) {
        let why = "we made it, and SCIM no longer says so";
        found.add(FindingKind::MembershipExtra, subject, who, Some(snapshot.group(group)), why);
    }
    for group in difference.by_hand {
        let why = "somebody made it in Superset, and SCIM does not say so";
        found.add(FindingKind::MembershipByHand, subject, who, Some(snapshot.group(group)), why);
    }
}

//! What every comparison needs to know of Superset: the names of roles and groups, and which group rows are not in order.

use std::collections::{BTreeMap, BTreeSet};

use scim_service::StoreError;

use crate::reconcile::drift::finding::{Finding, FindingKind, Subject, Who};
use crate::sql::Fragment;
use crate::store::{Pairs, Relation, Session};

/// Names of rows, and rows whose memberships are not looked at one by one.
#[derive(Clone, Debug, Default)]
pub(in crate::reconcile) struct Snapshot {
    roles: BTreeMap<i64, String>,
    groups: BTreeMap<i64, String>,
    /// Rows that groups had, and orphans: their finding stands for that of each member.
    pub(in crate::reconcile) lost_groups: BTreeSet<i64>,
}

impl Snapshot {
    pub(in crate::reconcile) fn role(&self, id: i64) -> String {
        self.roles.get(&id).cloned().unwrap_or_else(|| format!("role {id}"))
    }

    pub(in crate::reconcile) fn group(&self, id: i64) -> String {
        self.groups.get(&id).cloned().unwrap_or_else(|| format!("group {id}"))
    }

    pub(in crate::reconcile) fn role_id(&self, name: &str) -> Option<i64> {
        self.roles.iter().find_map(|(id, role)| (role == name).then_some(*id))
    }

    pub(in crate::reconcile) fn group_id(&self, name: &str) -> Option<i64> {
        self.groups.iter().find_map(|(id, group)| (group == name).then_some(*id))
    }
}

/// What was found so far.
#[derive(Debug)]
pub(in crate::reconcile) struct Found {
    pub(in crate::reconcile) findings: Vec<Finding>,
    /// How many findings of each kind there were, those included that were not kept.
    counts: BTreeMap<FindingKind, usize>,
    /// How many of each kind are kept.
    most: usize,
    /// Pairs of `scim_grant` without a row that another finding stands for.
    pub(in crate::reconcile) explained: BTreeSet<(&'static str, i64, i64)>,
    /// Rows of `ab_user` that users had.
    pub(in crate::reconcile) lost_users: BTreeSet<i64>,
    /// Rows of `ab_user` whose profile differs, which may be because of the name.
    pub(in crate::reconcile) differing_users: BTreeSet<i64>,
    /// Roles that are due and that Superset does not have.
    pub(in crate::reconcile) unknown_roles: BTreeMap<String, String>,
}

impl Found {
    /// Nothing, and room for so many findings of each kind.
    pub(in crate::reconcile) fn at_most(most: usize) -> Self {
        Self {
            findings: Vec::new(),
            counts: BTreeMap::new(),
            most,
            explained: BTreeSet::new(),
            lost_users: BTreeSet::new(),
            differing_users: BTreeSet::new(),
            unknown_roles: BTreeMap::new(),
        }
    }

    /// How many findings of each kind were not kept.
    pub(in crate::reconcile) fn left_out(&self) -> BTreeMap<FindingKind, usize> {
        let more = self.counts.iter().filter(|(_, count)| **count > self.most);
        more.map(|(kind, count)| (*kind, count - self.most)).collect()
    }

    pub(in crate::reconcile) fn add(
        &mut self,
        kind: FindingKind,
        subject: &Subject,
        who: &Who,
        what: Option<String>,
        why: impl Into<String>,
    ) {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count > self.most {
            return;
        }
        let tenant = match subject {
            Subject::Group { tenant, .. } | Subject::User { tenant, .. } | Subject::Count { tenant, .. } => {
                Some(tenant.clone())
            }
            _ => None,
        };
        let (who, why, subject) = (who.clone(), why.into(), subject.clone());
        self.findings.push(Finding { kind, tenant, who, what, why, subject });
    }
}

/// The rows of a relation, and which of them are ours.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct Held {
    pub(in crate::reconcile) there: BTreeMap<i64, BTreeSet<i64>>,
    pub(in crate::reconcile) ours: BTreeMap<i64, BTreeSet<i64>>,
}

/// How what a holder has differs from what is due.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::reconcile) struct Difference {
    /// Due and not there; whether we had granted it.
    pub(in crate::reconcile) missing: Vec<(i64, bool)>,
    /// Ours, and not due.
    pub(in crate::reconcile) extra: Vec<i64>,
    /// Not ours, and not due.
    pub(in crate::reconcile) by_hand: Vec<i64>,
}

impl Held {
    pub(in crate::reconcile) fn of(&self, holder: i64) -> BTreeSet<i64> {
        self.there.get(&holder).cloned().unwrap_or_default()
    }

    pub(in crate::reconcile) fn difference(&self, holder: i64, due: &BTreeSet<i64>) -> Difference {
        let none = BTreeSet::new();
        let there = self.there.get(&holder).unwrap_or(&none);
        let ours = self.ours.get(&holder).unwrap_or(&none);
        let not_due = |of: bool| {
            let chosen = there.difference(due).filter(move |held| ours.contains(held) == of);
            chosen.copied().collect::<Vec<_>>()
        };
        Difference {
            missing: due.difference(there).map(|held| (*held, ours.contains(held))).collect(),
            extra: not_due(true),
            by_hand: not_due(false),
        }
    }
}

fn by_holder(pairs: Pairs) -> BTreeMap<i64, BTreeSet<i64>> {
    let mut held: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for (holder, thing) in pairs {
        held.entry(holder).or_default().insert(thing);
    }
    held
}

impl Session<'_> {
    /// The names of Superset's roles and groups.
    pub(in crate::reconcile) async fn snapshot(&mut self) -> Result<Snapshot, StoreError> {
        let roles = self.names("SELECT id, name FROM ab_role").await?;
        let groups =
            if self.tables.groups { self.names("SELECT id, name FROM ab_group").await? } else { BTreeMap::new() };
        Ok(Snapshot { roles, groups, lost_groups: BTreeSet::new() })
    }

    async fn names(&mut self, select: &'static str) -> Result<BTreeMap<i64, String>, StoreError> {
        let rows = self.transaction.rows(Fragment::new(select)).await?;
        rows.iter().map(|row| Ok::<_, StoreError>((row.integer(0)?, row.text(1)?))).collect()
    }

    /// What these holders have, at most a chunk of them.
    pub(in crate::reconcile) async fn held(
        &mut self,
        relation: &Relation,
        holders: &[i64],
    ) -> Result<Held, StoreError> {
        if holders.is_empty() {
            return Ok(Held::default());
        }
        let holders = Fragment::list(holders.iter().copied());
        let there = self.pairs(Fragment::new(relation.select).then(holders.clone())).await?;
        let ours = "SELECT holder_id, held_id FROM scim_grant WHERE relation = ? AND holder_id IN ";
        let ours = self.pairs(Fragment::new(ours).bind(relation.table.name).then(holders)).await?;
        Ok(Held { there: by_holder(there), ours: by_holder(ours) })
    }

    /// How many API keys of these users are in force.
    pub(in crate::reconcile) async fn api_keys(&mut self, users: &[i64]) -> Result<BTreeMap<i64, i64>, StoreError> {
        if users.is_empty() || !self.tables.api_keys {
            return Ok(BTreeMap::new());
        }
        let select = "SELECT user_id, count(*) FROM ab_api_key WHERE revoked_on IS NULL AND user_id IN ";
        let select = Fragment::new(select).then(Fragment::list(users.iter().copied()));
        let rows = self.transaction.rows(select.then(Fragment::new(" GROUP BY user_id"))).await?;
        rows.iter().map(|row| Ok::<_, StoreError>((row.integer(0)?, row.integer(1)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_due_or_ours_or_made_by_hand() {
        let held = Held {
            there: by_holder([(1, 10), (1, 11), (1, 12), (1, 13)].into()),
            ours: by_holder([(1, 10), (1, 11), (1, 14), (1, 15)].into()),
        };
        let difference = held.difference(1, &[10, 13, 14, 16].into());
        let expected = Difference { missing: vec![(14, true), (16, false)], extra: vec![11], by_hand: vec![12] };
        assert_eq!(difference, expected);
        let nobody = Difference { missing: vec![], extra: vec![], by_hand: vec![] };
        assert_eq!(held.difference(2, &BTreeSet::new()), nobody);
    }
}

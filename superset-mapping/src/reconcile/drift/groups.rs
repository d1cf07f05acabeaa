//! SCIM groups compared with `ab_group` and `ab_group_role`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use scim_service::StoreError;

use crate::driver::Row;
use crate::reconcile::drift::finding::{FindingKind, Subject, Who};
use crate::reconcile::drift::snapshot::{Found, Held, Snapshot};
use crate::rules::GroupRef;
use crate::sql::{Dialect, Fragment};
use crate::store::{CHUNK, GROUP_ROLES, LocalRow, RECORD_WIDTH, Record, Session, row_name};

/// A SCIM group beside the row that it had.
#[derive(Debug)]
pub(in crate::reconcile) struct GroupPair {
    pub(in crate::reconcile) record: Record,
    /// What the row with its id is called; `None` where there is none.
    pub(in crate::reconcile) row_name: Option<String>,
    /// Whether another group claimed its `externalId` first.
    contested: bool,
}

impl GroupPair {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let record = Record::read(row)?;
        let pinned = row.optional_text(RECORD_WIDTH + 1)?;
        let contested = pinned.is_some_and(|pinned| pinned != record.id.as_str());
        Ok(Self { row_name: row.optional_text(RECORD_WIDTH)?, contested, record })
    }

    /// The group as the rules see it.
    fn reference(&self) -> GroupRef {
        let mut group = GroupRef::new(self.record.id.clone(), &self.display_name());
        group.external_id = self.record.external_id().map(Into::into);
        group.contested = self.contested;
        group.asserted_by(self.record.provenance().into())
    }

    fn display_name(&self) -> Cow<'_, str> {
        self.record.display_name()
    }

    /// The row, unless it is gone or, where ids are given out again, may be another group's.
    pub(in crate::reconcile) fn row(&self, dialect: Dialect) -> Option<&LocalRow> {
        let ours = |local: &&LocalRow| match &self.row_name {
            Some(name) => dialect != Dialect::Sqlite || *name == local.mark,
            None => false,
        };
        self.record.local.as_ref().filter(ours)
    }
}

/// A row of `ab_group` that was ours.
#[derive(Debug)]
pub(in crate::reconcile) struct Orphan {
    pub(in crate::reconcile) row: LocalRow,
    /// The deleted SCIM group, and its tenant.
    pub(in crate::reconcile) soft_deleted: Option<(String, String)>,
    name: String,
}

impl Session<'_> {
    /// SCIM groups of the tenant in the order of their ids, selected by a condition on `r`.
    pub(in crate::reconcile) async fn group_pairs(
        &mut self,
        condition: Fragment,
    ) -> Result<Vec<GroupPair>, StoreError> {
        let select = "SELECT r.id, r.local_id, r.local_mark, r.body, r.version, r.created, r.last_modified, r.source, r.generation, \
                      r.tenant, g.name, p.resource_id FROM scim_resource r LEFT JOIN ab_group g ON g.id = r.local_id \
                      LEFT JOIN scim_pin p ON p.external_key = r.external_key WHERE r.resource_type = 'Group' AND r.tenant = ? AND ";
        let rows = self.transaction.rows(Fragment::new(select).bind(self.tenant).then(condition)).await?;
        rows.iter().map(GroupPair::read).collect()
    }

    /// Compares groups, at most a chunk of them.
    pub(in crate::reconcile) async fn compare_groups(
        &mut self,
        snapshot: &mut Snapshot,
        groups: &[GroupPair],
        found: &mut Found,
    ) -> Result<(), StoreError> {
        // For what is due to them.
        self.role_ids().await?;
        let rows: Vec<i64> = groups.iter().filter_map(|pair| Some(pair.row(self.dialect())?.id)).collect();
        let held = if self.tables.group_roles { self.held(&GROUP_ROLES, &rows).await? } else { Held::default() };
        for pair in groups {
            let subject = Subject::Group { tenant: self.tenant.to_owned(), id: pair.record.id.to_string() };
            let who = Who {
                name: Some(pair.display_name().into_owned()),
                id: Some(pair.record.id.to_string()),
                local_id: pair.record.local.as_ref().map(|local| local.id),
            };
            let row = pair.row(self.dialect());
            match &pair.row_name {
                None => found.add(FindingKind::GroupGone, &subject, &who, None, "no row of `ab_group` has its id"),
                Some(name) if *name != row_name(&pair.record) => {
                    let why = if row.is_some() {
                        format!("the row is called `{name}`")
                    } else {
                        format!("the row with its id is called `{name}`: renamed, or another group that got the id")
                    };
                    found.add(FindingKind::GroupRenamed, &subject, &who, Some(name.clone()), why);
                }
                Some(_) => {}
            }
            match (row, &pair.record.local) {
                (Some(row), _) if self.tables.group_roles => {
                    self.compare_group_roles(snapshot, pair, row.id, &held, (&subject, &who), found);
                }
                (None, Some(lost)) => {
                    snapshot.lost_groups.insert(lost.id);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn compare_group_roles(
        &self,
        snapshot: &Snapshot,
        pair: &GroupPair,
        row: i64,
        held: &Held,
        (subject, who): (&Subject, &Who),
        found: &mut Found,
    ) {
        let mut due = BTreeSet::new();
        for name in self.rules.roles_of_group(&pair.reference()) {
            match snapshot.role_id(&name) {
                Some(id) => drop(due.insert(id)),
                None if self.has_role(&name) => {
                    let why = "the rules give it to every member; Superset does not have the role yet";
                    found.add(FindingKind::GroupRoleMissing, subject, who, Some(name), why);
                }
                None => drop(found.unknown_roles.insert(name, format!("for the group `{}`", pair.display_name()))),
            }
        }
        let difference = held.difference(row, &due);
        for (role, was_ours) in difference.missing {
            let taken = if was_ours { ", and somebody took it away in Superset" } else { "" };
            let why = format!("the rules give it to every member{taken}");
            found.add(FindingKind::GroupRoleMissing, subject, who, Some(snapshot.role(role)), why);
            found.explained.insert((GROUP_ROLES.table.name, row, role));
        }
        for role in difference.extra {
            let why = "we granted it, and no rule gives it to every member any more";
            found.add(FindingKind::GroupRoleExtra, subject, who, Some(snapshot.role(role)), why);
        }
        for role in difference.by_hand {
            let why = "somebody granted it in Superset, and no rule gives it to every member";
            found.add(FindingKind::GroupRoleByHand, subject, who, Some(snapshot.role(role)), why);
        }
    }

    /// The rows of `ab_group` that were ours and have no SCIM group: those of deleted groups, of one tenant or of all, and
    /// where all are asked for those that still hold what we granted. `only` is the one row to look at.
    pub(in crate::reconcile) async fn orphans(
        &mut self,
        tenant: Option<&str>,
        only: Option<i64>,
    ) -> Result<Vec<Orphan>, StoreError> {
        let dialect = self.dialect();
        // A row whose id a SCIM group has is that group's affair, whatever it is called.
        let unclaimed =
            "NOT EXISTS (SELECT 1 FROM scim_resource r WHERE r.resource_type = 'Group' AND r.local_id = g.id)";
        let mut soft_deleted = Fragment::new(
            "SELECT g.id, g.name, t.id, t.tenant FROM scim_tombstone t JOIN ab_group g ON g.id = t.local_id \
             AND t.local_mark = ",
        )
        .then(Fragment::new(dialect.group_mark()))
        .then(Fragment::new(" WHERE t.resource_type = 'Group' AND "))
        .then(Fragment::new(unclaimed));
        let chosen = || match only {
            Some(row) => Fragment::new(" AND g.id = ?").bind(row),
            None => Fragment::new(""),
        };
        soft_deleted = soft_deleted.then(chosen());
        if let Some(tenant) = tenant {
            soft_deleted = soft_deleted.then(Fragment::new(" AND t.tenant = ?").bind(tenant));
        }
        let mut orphans = BTreeMap::new();
        for row in self.transaction.rows(soft_deleted).await? {
            let (id, name) = (row.integer(0)?, row.text(1)?);
            let soft_deleted = Some((row.text(2)?, row.text(3)?));
            orphans.insert(id, Orphan { row: LocalRow { id, mark: mark(dialect, &name) }, soft_deleted, name });
        }
        if tenant.is_some() {
            return Ok(orphans.into_values().collect());
        }
        let mut granted = vec![
            "SELECT DISTINCT g.id, g.name FROM scim_grant s JOIN ab_user_group x ON x.user_id = s.holder_id \
             AND x.group_id = s.held_id JOIN ab_group g ON g.id = s.held_id WHERE s.relation = 'ab_user_group' AND ",
        ];
        if self.tables.group_roles {
            granted.push(
                "SELECT DISTINCT g.id, g.name FROM scim_grant s JOIN ab_group_role x ON x.group_id = s.holder_id \
                 AND x.role_id = s.held_id JOIN ab_group g ON g.id = s.holder_id WHERE s.relation = 'ab_group_role' AND ",
            );
        }
        for select in granted {
            let select = Fragment::new(select).then(Fragment::new(unclaimed)).then(chosen());
            for row in self.transaction.rows(select).await? {
                let (id, name) = (row.integer(0)?, row.text(1)?);
                let row = LocalRow { id, mark: mark(dialect, &name) };
                orphans.entry(id).or_insert(Orphan { row, soft_deleted: None, name });
            }
        }
        Ok(orphans.into_values().collect())
    }
}

fn mark(dialect: Dialect, name: &str) -> String {
    if dialect == Dialect::Sqlite { name.to_owned() } else { String::new() }
}

impl Orphan {
    /// Adds the finding.
    pub(in crate::reconcile) fn tell(&self, snapshot: &mut Snapshot, found: &mut Found) {
        snapshot.lost_groups.insert(self.row.id);
        let id = self.soft_deleted.as_ref().map(|(id, _)| id.clone());
        let who = Who { name: Some(self.name.clone()), id, local_id: Some(self.row.id) };
        let why = match self.soft_deleted {
            Some(_) => "its SCIM group was deleted, and the row is there (again)",
            None => "it holds what we granted, and no SCIM group has it",
        };
        found.add(FindingKind::GroupOrphaned, &Subject::LocalGroup(self.row.id), &who, None, why);
    }
}

/// The condition for the next chunk of resources after an id, in order.
pub(in crate::reconcile) fn after(id: &str) -> Fragment {
    let chunk = i64::try_from(CHUNK).unwrap_or(i64::MAX);
    Fragment::new("r.id > ? ORDER BY r.id LIMIT ?").bind(id).bind(chunk)
}

/// The condition for these resources.
pub(in crate::reconcile) fn among<'i>(ids: impl IntoIterator<Item = &'i str>) -> Fragment {
    Fragment::new("r.id IN ").then(Fragment::list(ids))
}

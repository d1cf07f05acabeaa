//! Records of grants whose row is gone and that nothing else stands for.

use scim_service::StoreError;

use crate::reconcile::drift::finding::{FindingKind, Subject, Who};
use crate::reconcile::drift::snapshot::{Found, Snapshot};
use crate::sql::Fragment;
use crate::store::{GROUP_ROLES, Relation, Session, USER_GROUPS, USER_ROLES};

/// For each relation: the records without a row, with the name of the holder where there still is one. The braces stand for
/// more conditions.
const STALE: [(&Relation, &str); 3] = [
    (
        &USER_ROLES,
        "SELECT s.holder_id, s.held_id, h.username FROM scim_grant s LEFT JOIN ab_user_role x ON x.user_id = s.holder_id \
         AND x.role_id = s.held_id LEFT JOIN ab_user h ON h.id = s.holder_id WHERE s.relation = 'ab_user_role' \
         AND x.id IS NULL",
    ),
    (
        &USER_GROUPS,
        "SELECT s.holder_id, s.held_id, h.username FROM scim_grant s LEFT JOIN ab_user_group x ON x.user_id = s.holder_id \
         AND x.group_id = s.held_id LEFT JOIN ab_user h ON h.id = s.holder_id WHERE s.relation = 'ab_user_group' \
         AND x.id IS NULL",
    ),
    (
        &GROUP_ROLES,
        "SELECT s.holder_id, s.held_id, h.name FROM scim_grant s LEFT JOIN ab_group_role x ON x.group_id = s.holder_id \
         AND x.role_id = s.held_id LEFT JOIN ab_group h ON h.id = s.holder_id WHERE s.relation = 'ab_group_role' \
         AND x.id IS NULL",
    ),
];

/// How many records are read at once.
const PAGE: i64 = 10_000;

/// The relation with this name.
pub(in crate::reconcile) fn relation(name: &str) -> Option<&'static Relation> {
    STALE.iter().map(|(relation, _)| *relation).find(|relation| relation.table.name == name)
}

impl Session<'_> {
    /// Finds the records of all holders, or of those of one tenant.
    pub(in crate::reconcile) async fn stale_grants(
        &mut self,
        snapshot: &Snapshot,
        tenant: Option<&str>,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        for (relation, select) in STALE {
            let is_group = relation.table.name == GROUP_ROLES.table.name;
            if (is_group && !self.tables.group_roles)
                || (relation.table.name == USER_GROUPS.table.name && !self.tables.groups)
            {
                continue;
            }
            let mut select = Fragment::new(select);
            if let Some(tenant) = tenant {
                let of = " AND EXISTS (SELECT 1 FROM scim_resource r WHERE r.local_id = s.holder_id AND r.tenant = ? \
                          AND r.resource_type = ?)";
                let kind = if is_group { "Group" } else { "User" };
                select = select.then(Fragment::new(of).bind(tenant).bind(kind));
            }
            let name = relation.table.name;
            let mut last = (i64::MIN, i64::MIN);
            loop {
                let beyond = " AND (s.holder_id > ? OR (s.holder_id = ? AND s.held_id > ?)) ORDER BY s.holder_id, s.held_id LIMIT ?";
                let beyond = Fragment::new(beyond).bind(last.0).bind(last.0).bind(last.1).bind(PAGE);
                let rows = self.transaction.rows(select.clone().then(beyond)).await?;
                let Some(row) = rows.last() else { break };
                last = (row.integer(0)?, row.integer(1)?);
                for row in rows {
                    let (holder, held) = (row.integer(0)?, row.integer(1)?);
                    let lost = if is_group {
                        snapshot.lost_groups.contains(&holder)
                    } else {
                        let in_lost_group = name == USER_GROUPS.table.name && snapshot.lost_groups.contains(&held);
                        found.lost_users.contains(&holder) || in_lost_group
                    };
                    if lost || found.explained.contains(&(name, holder, held)) {
                        continue;
                    }
                    tell_stale(snapshot, name, holder, held, row.optional_text(2)?, found);
                }
            }
        }
        Ok(())
    }
}

/// Adds the finding.
pub(in crate::reconcile) fn tell_stale(
    snapshot: &Snapshot,
    relation: &'static str,
    holder: i64,
    held: i64,
    name: Option<String>,
    found: &mut Found,
) {
    let who = Who { name, id: None, local_id: Some(holder) };
    let what = if relation == USER_GROUPS.table.name { snapshot.group(held) } else { snapshot.role(held) };
    let why = format!("`scim_grant` says that we granted it, and no row of `{relation}` does");
    let subject = Subject::Grant { relation, holder, held };
    found.add(FindingKind::GrantStale, &subject, &who, Some(what), why);
}

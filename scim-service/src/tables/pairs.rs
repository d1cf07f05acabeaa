//! Statements about who is in which group.

use super::layout::{ROW, Related};
use super::statement::Sql;

/// Rows of the host's table with the group and the user of each, as `m`, `g` and `u`; a condition follows.
pub(super) fn pairs(related: Related<'_>, tenant: &str, select: &str) -> Sql {
    let Related { membership, groups, users } = related;
    Sql::new(format!(
        "SELECT {select} FROM {0} m JOIN {1} g ON g.{2} = m.{3} JOIN {4} u ON u.{5} = m.{6} WHERE ",
        membership.table,
        groups.table.name,
        groups.table.key,
        membership.group,
        users.table.name,
        users.table.key,
        membership.user
    ))
    .then(groups.live("g.", tenant))
    .text(" AND ")
    .then(users.live("u.", tenant))
    .text(" AND ")
}

/// The condition that a group has one of these members. Ids are folded unless they are compared exactly; the store issues none that
/// folding changes.
pub(super) fn groups_with(related: Related<'_>, tenant: &str, case_exact: bool, members: &[&str]) -> Sql {
    let (group, user) = (&related.groups.table.id, &related.users.table.id);
    let found = Sql::new(format!("{ROW}.{group} IN (")).then(pairs(related, tenant, &format!("g.{group}")));
    let found = found.text(&format!("u.{user} IN ")).then(Sql::list(members.iter().copied()));
    let found = match &related.membership.others {
        Some(others) => {
            let column = if case_exact { "member_id" } else { "member_folded" };
            let others = Sql::new(format!(" UNION ALL SELECT o.group_id FROM {others} o WHERE o.{column} IN "));
            found.then(others).then(Sql::list(members.iter().copied()))
        }
        None => found,
    };
    found.text(")")
}

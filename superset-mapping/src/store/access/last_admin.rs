//! The last active administrator stays. Superset itself has no such guard.

use scim_service::StoreError;

use crate::protected_role::last_holder;
use crate::sql::Fragment;
use crate::store::access::grants::{GROUP_ROLES, Pairs, Relation, USER_GROUPS};
use crate::store::session::CHUNK;
use crate::store::session::Session;

/// Superset's name for the role that may do everything.
const ADMIN: &str = "Admin";

impl Session<'_> {
    /// Whether an active user holds the role, in person or by a group.
    async fn has_admin(&mut self) -> Result<bool, StoreError> {
        Ok(self.admin().await?.is_some())
    }

    /// An active user who holds the role. Whoever did the last time is asked for first, because that is an index look-up, and
    /// Superset's tables have no index on who holds a role.
    async fn admin(&mut self) -> Result<Option<i64>, StoreError> {
        if let Some(before) = self.known.admin_before()
            && let Some(row) = self.find_admin(Some(&[before])).await?
        {
            return Ok(Some(row));
        }
        let found = self.find_admin(None).await?;
        if let Some(row) = found {
            self.known.saw_admin(row);
        }
        Ok(found)
    }

    async fn find_admin(&mut self, among: Option<&[i64]>) -> Result<Option<i64>, StoreError> {
        let in_person = "SELECT u.id FROM ab_role r JOIN ab_user_role ur ON ur.role_id = r.id \
                         JOIN ab_user u ON u.id = ur.user_id WHERE u.active IS TRUE AND r.name = ?";
        let by_group = "SELECT u.id FROM ab_role r JOIN ab_group_role gr ON gr.role_id = r.id \
                        JOIN ab_user_group ug ON ug.group_id = gr.group_id \
                        JOIN ab_user u ON u.id = ug.user_id WHERE u.active IS TRUE AND r.name = ?";
        let ways = if self.tables.group_roles { vec![in_person, by_group] } else { vec![in_person] };
        let ways = ways.into_iter().map(|way| {
            let way = Fragment::new(way).bind(ADMIN);
            match among {
                Some(rows) => way.then(Fragment::new(" AND u.id IN ")).then(Fragment::list(rows.iter().copied())),
                None => way,
            }
        });
        let statement = Fragment::joined(ways.collect(), " UNION ALL ").then(Fragment::new(" LIMIT 1"));
        Ok(self.transaction.row(statement).await?.map(|row| row.integer(0)).transpose()?)
    }

    /// Remembers whether there is an administrator. To be called before anything is taken from anybody.
    pub(crate) async fn note_admin(&mut self) -> Result<(), StoreError> {
        if self.had_admin.is_none() {
            self.had_admin = Some(self.has_admin().await?);
        }
        Ok(())
    }

    /// The same before something is taken from these users alone: it matters where one of them is administrator, which an index tells.
    pub(crate) async fn note_admin_among(&mut self, users: &[i64]) -> Result<(), StoreError> {
        if self.had_admin.is_some() {
            return Ok(());
        }
        let asked: Vec<i64> = users.iter().copied().filter(|user| !self.no_admins.contains(user)).collect();
        for users in asked.chunks(CHUNK) {
            if self.find_admin(Some(users)).await?.is_some() {
                self.had_admin = Some(true);
                return Ok(());
            }
        }
        self.no_admins.extend(asked);
        Ok(())
    }

    /// The same before a group gives no roles any more: it matters where it gives the role of administrators.
    pub(in crate::store) async fn note_admin_by(&mut self, group: i64) -> Result<(), StoreError> {
        if self.had_admin.is_some() || !self.tables.group_roles {
            return Ok(());
        }
        let gives = "SELECT count(*) FROM ab_group_role gr JOIN ab_role r ON r.id = gr.role_id WHERE gr.group_id = ? AND r.name = ?";
        if self.transaction.number(Fragment::new(gives).bind(group).bind(ADMIN)).await? > 0 {
            self.note_admin().await?;
        }
        Ok(())
    }

    /// The same before these pairs are taken back.
    pub(in crate::store) async fn note_admin_before(
        &mut self,
        relation: &Relation,
        take: &Pairs,
    ) -> Result<(), StoreError> {
        if take.is_empty() {
            return Ok(());
        }
        let gives_groups = relation.table.name == USER_GROUPS.table.name;
        let admin = self.role_ids().await?.get(ADMIN).copied();
        let matters: Pairs = take.iter().filter(|(_, held)| gives_groups || Some(*held) == admin).copied().collect();
        if matters.is_empty() {
            return Ok(());
        }
        if relation.table.name == GROUP_ROLES.table.name {
            return self.note_admin().await;
        }
        let users: Vec<i64> = matters.into_iter().map(|(user, _)| user).collect();
        self.note_admin_among(&users).await
    }

    /// Refuses a write after which nobody is administrator any more, if somebody was before it. Of a call that is part of a transaction
    /// the transaction sees to that at its end: between two calls there may be none.
    pub(crate) async fn ensure_admin_remains(&mut self) -> Result<(), StoreError> {
        if self.had_admin == Some(true) && self.transaction.lasts() && !self.has_admin().await? {
            return Err(last_holder(ADMIN));
        }
        Ok(())
    }
}

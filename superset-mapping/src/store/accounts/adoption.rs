//! Local accounts, and whether a client may have them.

use scim_service::StoreError;

use crate::rules::protects;
use crate::sql::Fragment;
use crate::store::accounts::candidates::Reuse;
use crate::store::session::Session;

/// What has a name or an address that a client wants, in words.
fn held(attribute: &'static str, what: &str) -> StoreError {
    StoreError::HeldElsewhere { attribute: attribute.to_owned(), holder: what.to_owned() }
}

impl Session<'_> {
    /// Adopts a local account that stands in the way of a new user, or says why not. `attribute` is what was found to be the
    /// same, and `allowed` whether the host has people adopted by it.
    pub(in crate::store) async fn adopt_or_refuse(
        &mut self,
        row: i64,
        attribute: &'static str,
        allowed: bool,
    ) -> Result<Reuse, StoreError> {
        if !allowed {
            let how = "a local account of Superset, which is no SCIM resource: it can be taken over by a POST where the host \
                       allows adoption (`--adopt`), or be renamed in Superset";
            return Err(held(attribute, how));
        }
        if let Some(role) = self.protected_role_of(row).await? {
            tracing::warn!(ab_user = row, role, "a local account with a protected role is not adopted");
            let why = format!(
                "a local account of Superset with the protected role `{role}`, which is taken over only where the host names \
                 the account (`--adopt-protected`)"
            );
            return Err(held(attribute, &why));
        }
        if self.options.adoption_is_dry_run() {
            tracing::warn!(ab_user = row, by = attribute, "a local account would be adopted: this is a dry run");
            return Err(held(attribute, "a local account of Superset that would be taken over; this is a dry run"));
        }
        Ok(Reuse::Local { row, by: attribute })
    }

    /// A protected role that a local account holds, in person or by a group, unless the host lets the account be adopted all the
    /// same.
    async fn protected_role_of(&mut self, row: i64) -> Result<Option<String>, StoreError> {
        let mut statement = Fragment::new(
            "SELECT u.username, r.name FROM ab_user u JOIN ab_user_role ur ON ur.user_id = u.id \
             JOIN ab_role r ON r.id = ur.role_id WHERE u.id = ?",
        )
        .bind(row);
        if self.tables.group_roles {
            let by_group = " UNION SELECT u.username, r.name FROM ab_user u JOIN ab_user_group ug ON ug.user_id = u.id \
                            JOIN ab_group_role gr ON gr.group_id = ug.group_id JOIN ab_role r ON r.id = gr.role_id \
                            WHERE u.id = ?";
            statement = statement.then(Fragment::new(by_group)).bind(row);
        }
        let protected = self.rules.protected_roles();
        for row in self.transaction.rows(statement).await? {
            let (username, role) = (row.text(0)?, row.text(1)?);
            if protects(&protected, &role) && !self.options.adopts_protected(&username) {
                return Ok(Some(role));
            }
        }
        Ok(None)
    }

    /// The row of a group that a new SCIM group of its name takes over: of a local one that gives no protected role.
    pub(in crate::store) async fn group_to_adopt(&mut self, row: i64) -> Result<Option<i64>, StoreError> {
        if !self.group_is_local(row).await? {
            return Ok(None);
        }
        if self.tables.group_roles {
            let roles = "SELECT r.name FROM ab_group_role gr JOIN ab_role r ON r.id = gr.role_id WHERE gr.group_id = ?";
            let rows = self.transaction.rows(Fragment::new(roles).bind(row)).await?;
            let protected = self.rules.protected_roles();
            for role in rows.iter().map(|row| row.text(0)) {
                let role = role?;
                if protects(&protected, &role) {
                    tracing::warn!(ab_group = row, role, "a local group with a protected role is not adopted");
                    return Ok(None);
                }
            }
        }
        Ok(Some(row))
    }

    /// Whether no SCIM group of any tenant has the row.
    pub(in crate::store) async fn group_is_local(&mut self, row: i64) -> Result<bool, StoreError> {
        let mark = self.dialect().group_mark();
        let ours = Fragment::new(
            "SELECT 1 FROM scim_resource r JOIN ab_group g ON g.id = r.local_id WHERE r.resource_type = 'Group' \
             AND r.local_id = ? AND r.local_mark = ",
        );
        Ok(self.transaction.row(ours.bind(row).then(Fragment::new(mark))).await?.is_none())
    }
}

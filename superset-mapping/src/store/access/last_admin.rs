//! The last active administrator stays. Superset itself has no such guard.

use scim_service::StoreError;

use crate::protected_role::last_holder;
use crate::sql::Fragment;
use crate::store::session::Session;

/// Superset's name for the role that may do everything.
const ADMIN: &str = "Admin";

impl Session<'_> {
    /// Whether an active user holds the role, in person or by a group.
    pub(crate) async fn has_admin(&mut self) -> Result<bool, StoreError> {
        let mut statement = Fragment::new(
            "SELECT 1 FROM ab_user u WHERE u.active IS TRUE AND (u.id IN (SELECT ur.user_id FROM ab_user_role ur \
             JOIN ab_role r ON r.id = ur.role_id WHERE r.name = ?)",
        )
        .bind(ADMIN);
        if self.tables.group_roles {
            statement = statement.then(
                Fragment::new(
                    " OR u.id IN (SELECT ug.user_id FROM ab_user_group ug JOIN ab_group_role gr ON gr.group_id = ug.group_id \
                     JOIN ab_role r ON r.id = gr.role_id WHERE r.name = ?)",
                )
                .bind(ADMIN),
            );
        }
        Ok(self.transaction.row(statement.then(Fragment::new(") LIMIT 1"))).await?.is_some())
    }

    /// Remembers whether there is an administrator. To be called before anything is taken from anybody; a call that is part
    /// of a transaction leaves it to the transaction.
    pub(crate) async fn note_admin(&mut self) -> Result<(), StoreError> {
        if self.had_admin.is_none() && self.transaction.lasts() {
            self.had_admin = Some(self.has_admin().await?);
        }
        Ok(())
    }

    /// Refuses a write after which nobody is administrator any more, if somebody was before it.
    pub(crate) async fn ensure_admin_remains(&mut self) -> Result<(), StoreError> {
        if self.had_admin == Some(true) && !self.has_admin().await? {
            return Err(last_holder(ADMIN));
        }
        Ok(())
    }
}

//! Superset's users as a table that people can read.

use std::collections::BTreeMap;

use scim_service::StoreError;

use crate::sql::Fragment;
use crate::store::connect::SupersetStore;

/// A user as Superset sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// `ab_user.username`.
    pub username: String,
    /// `ab_user.first_name`.
    pub first_name: String,
    /// `ab_user.last_name`.
    pub last_name: String,
    /// `ab_user.email`.
    pub email: String,
    /// Whether the user can log in.
    pub active: bool,
    /// The names of the user's groups in Superset, sorted.
    pub groups: Vec<String>,
    /// The names of the roles granted to the user in person, sorted.
    pub roles: Vec<String>,
}

impl SupersetStore {
    /// All users of Superset, provisioned and local, in the order of their usernames.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let mut transaction = self.database.read().await?;
        let roles = "SELECT ur.user_id, r.name FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id \
                     WHERE ur.user_id IS NOT NULL ORDER BY r.name";
        let groups = "SELECT ug.user_id, g.name FROM ab_user_group ug JOIN ab_group g ON g.id = ug.group_id \
                      WHERE ug.user_id IS NOT NULL ORDER BY g.name";
        let mut names = [BTreeMap::<i64, Vec<String>>::new(), BTreeMap::new()];
        for (names, statement, there) in names
            .iter_mut()
            .zip([(roles, true), (groups, self.tables.groups)])
            .map(|(names, (text, there))| (names, text, there))
        {
            if there {
                for row in transaction.rows(Fragment::new(statement)).await? {
                    names.entry(row.integer(0)?).or_default().push(row.text(1)?);
                }
            }
        }
        let [mut roles, mut groups] = names;
        let users =
            "SELECT id, username, first_name, last_name, email, coalesce(active, 0) FROM ab_user ORDER BY username";
        let mut accounts = Vec::new();
        for row in transaction.rows(Fragment::new(users)).await? {
            let id = row.integer(0)?;
            accounts.push(Account {
                username: row.text(1)?,
                first_name: row.text(2)?,
                last_name: row.text(3)?,
                email: row.text(4)?,
                active: row.integer(5)? != 0,
                groups: groups.remove(&id).unwrap_or_default(),
                roles: roles.remove(&id).unwrap_or_default(),
            });
        }
        Ok(accounts)
    }
}

//! Superset's users as a table that people can read.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::ResourceId;
use scim_service::{Context, StoreError};

use crate::driver::Transaction;
use crate::sql::Fragment;
use crate::store::session::SupersetStore;
use crate::store::session::tenant_of;

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
    /// The names of the roles that the user has, in person or by a group, sorted.
    pub roles: Vec<String>,
}

/// What a session in front of Superset rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountSession {
    /// `ab_user.username`.
    pub username: String,
    /// Which generation of the user it is. A session that was opened under another one is over.
    pub generation: i64,
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
                     WHERE ur.user_id IS NOT NULL";
        let by_group = "SELECT ug.user_id, r.name FROM ab_user_group ug JOIN ab_group_role gr ON gr.group_id = ug.group_id \
                        JOIN ab_role r ON r.id = gr.role_id WHERE ug.user_id IS NOT NULL";
        let groups = "SELECT ug.user_id, g.name FROM ab_user_group ug JOIN ab_group g ON g.id = ug.group_id \
                      WHERE ug.user_id IS NOT NULL";
        let mut role_names = BTreeMap::<i64, BTreeSet<String>>::new();
        let mut group_names = role_names.clone();
        for (names, statement, there) in
            [(&mut role_names, roles, true), (&mut group_names, groups, self.tables.groups)]
        {
            if there {
                collect(&mut transaction, names, statement).await?;
            }
        }
        if self.tables.group_roles {
            collect(&mut transaction, &mut role_names, by_group).await?;
        }
        let mut names_of = |id: i64| {
            let list = |names: Option<BTreeSet<String>>| names.unwrap_or_default().into_iter().collect::<Vec<_>>();
            (list(group_names.remove(&id)), list(role_names.remove(&id)))
        };
        let users = "SELECT id, username, first_name, last_name, email, active FROM ab_user";
        let mut accounts = Vec::new();
        for row in transaction.rows(Fragment::new(users)).await? {
            let (groups, roles) = names_of(row.integer(0)?);
            accounts.push(Account {
                username: row.text(1)?,
                first_name: row.text(2)?,
                last_name: row.text(3)?,
                email: row.text(4)?,
                active: row.boolean(5)?,
                groups,
                roles,
            });
        }
        accounts.sort_by(|a, b| a.username.cmp(&b.username));
        Ok(accounts)
    }

    /// The username by which Superset knows a user, for as long as the user may log in: what a gateway in front of Superset asks
    /// before each request. It may differ from `userName`, for instance after an adoption.
    ///
    /// `None` for somebody who is inactive, deleted or of another tenant, and where the row of `ab_user` is no longer the one
    /// that was written for this user.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn username_of(&self, cx: &Context, id: &ResourceId) -> Result<Option<String>, StoreError> {
        Ok(self.session_of(cx, id).await?.map(|session| session.username))
    }

    /// The same, with the generation that a session of the user has to be of: who opened one keeps it for as long as both stay what
    /// they were.
    ///
    /// The generation moves when another source comes to assert the user, and when SCIM deactivates the user or lets them in again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn session_of(&self, cx: &Context, id: &ResourceId) -> Result<Option<AccountSession>, StoreError> {
        let mut transaction = self.database.read().await?;
        let statement = Fragment::new(
            "SELECT u.username, u.active, r.generation FROM scim_resource r JOIN ab_user u ON u.id = r.local_id AND r.local_mark = ",
        )
        .then(Fragment::new(self.database.dialect().user_mark()))
        .then(Fragment::new(" WHERE r.resource_type = 'User' AND r.tenant = "))
        .then(Fragment::new("?").bind(tenant_of(cx)))
        .then(Fragment::new(" AND r.id = ?").bind(id.as_str()));
        let Some(row) = transaction.row(statement).await? else { return Ok(None) };
        if !row.boolean(1)? {
            return Ok(None);
        }
        Ok(Some(AccountSession { username: row.text(0)?, generation: row.integer(2)? }))
    }
}

async fn collect(
    transaction: &mut Transaction,
    names: &mut BTreeMap<i64, BTreeSet<String>>,
    statement: &'static str,
) -> Result<(), StoreError> {
    for row in transaction.rows(Fragment::new(statement)).await? {
        names.entry(row.integer(0)?).or_default().insert(row.text(1)?);
    }
    Ok(())
}

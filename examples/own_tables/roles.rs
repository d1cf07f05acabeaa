//! The application's table `user_roles`, which follows what SCIM clients write: in the same transaction, by the rules.

use async_trait::async_trait;
use scim_core::{ResourceId, Source};
use scim_service::StoreError;
use scim_service::tables::{Cell, CellKind, Statement, TableTransaction};
use superset_mapping::{RoleContext, RoleGrant, RoleTarget};

use crate::store::Application;

/// The roles in `user_roles`.
pub(crate) struct UserRoles;

#[async_trait]
impl RoleTarget for UserRoles {
    fn in_transaction(&self) -> bool {
        true
    }

    async fn held(&self, cx: &RoleContext<'_>, user: &ResourceId) -> Result<Vec<RoleGrant>, StoreError> {
        let sql = "SELECT r.role, r.given_by FROM user_roles r JOIN users u ON u.id = r.user_id WHERE u.scim_id = ?";
        let mut statement = statement(sql, [user.as_str().into()]);
        statement.columns = vec![CellKind::Text; 2];
        cx.transaction::<TableTransaction<Application>>()?.query(statement).await?.into_iter().map(grant).collect()
    }

    async fn give(&self, cx: &RoleContext<'_>, user: &ResourceId, grants: &[RoleGrant]) -> Result<(), StoreError> {
        let sql = "INSERT INTO user_roles (user_id, role, given_by) SELECT id, ?, ? FROM users WHERE scim_id = ? \
                   ON CONFLICT (user_id, role) DO UPDATE SET given_by = excluded.given_by";
        for grant in grants {
            let given_by = Cell::Text(grant.source.as_ref().map(Source::to_string));
            let statement = statement(sql, [grant.role.as_str().into(), given_by, user.as_str().into()]);
            cx.transaction::<TableTransaction<Application>>()?.execute(statement).await?;
        }
        Ok(())
    }

    async fn take(&self, cx: &RoleContext<'_>, user: &ResourceId, roles: &[String]) -> Result<(), StoreError> {
        let sql = "DELETE FROM user_roles WHERE role = ? AND user_id = (SELECT id FROM users WHERE scim_id = ?)";
        for role in roles {
            let statement = statement(sql, [role.as_str().into(), user.as_str().into()]);
            cx.transaction::<TableTransaction<Application>>()?.execute(statement).await?;
        }
        Ok(())
    }
}

fn statement(sql: &str, values: impl IntoIterator<Item = Cell>) -> Statement {
    let mut statement = Statement::new(sql);
    statement.values.extend(values);
    statement
}

fn grant(row: Vec<Cell>) -> Result<RoleGrant, StoreError> {
    match <[Cell; 2]>::try_from(row) {
        Ok([Cell::Text(Some(role)), Cell::Text(None)]) => Ok(RoleGrant::manual(role)),
        Ok([Cell::Text(Some(role)), Cell::Text(Some(source))]) => {
            Ok(RoleGrant::by_rules(role, source.parse().map_err(StoreError::internal)?))
        }
        _ => Err(StoreError::internal("a row of `user_roles` holds no role")),
    }
}

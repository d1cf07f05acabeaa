//! The rows of `ab_group`, where Superset has groups.

use scim_core::Resource;
use scim_filter::fold;
use scim_service::StoreError;

use crate::sql::Fragment;
use crate::store::profile::fits;
use crate::store::record::{LocalRow, display};
use crate::store::session::Session;

/// The width of `ab_group.name`, in characters.
const MAX_GROUP_NAME: usize = 100;

impl Session<'_> {
    /// Makes the row of a group follow its `displayName`; a new row for a new group, and where somebody deleted or renamed
    /// the old one in Superset.
    pub(super) async fn write_group(
        &mut self,
        local: Option<LocalRow>,
        body: &Resource,
    ) -> Result<Option<LocalRow>, StoreError> {
        if !self.tables.groups {
            return Ok(None);
        }
        let name = display(body).unwrap_or_default();
        fits("displayName", name, MAX_GROUP_NAME)?;
        let own = match local {
            Some(local) if self.group_is_ours(&local).await? => Some(local),
            _ => None,
        };
        self.refuse_taken_group_name(name, own.as_ref().map(|local| local.id)).await?;
        let id = match own {
            Some(local) if local.mark == name => return Ok(Some(local)),
            Some(local) => {
                let statement = Fragment::new("UPDATE ab_group SET name = ?, label = ? WHERE id = ?");
                self.transaction.execute(statement.bind(name).bind(name).bind(local.id)).await?;
                local.id
            }
            None => {
                let id = self.unused_id("Group", "SELECT max(id) FROM ab_group").await?;
                let statement = Fragment::new("INSERT INTO ab_group (id, name, label) VALUES (?, ?, ?)");
                self.transaction.execute(statement.bind(id).bind(name).bind(name)).await?;
                id
            }
        };
        Ok(Some(LocalRow { id, mark: name.to_owned() }))
    }

    /// Deletes the row of a group, with what hangs on it.
    pub(super) async fn drop_group(&mut self, local: &LocalRow) -> Result<(), StoreError> {
        if !self.tables.groups || !self.group_is_ours(local).await? {
            return Ok(());
        }
        let mut statements = vec![
            Fragment::new("DELETE FROM ab_user_group WHERE group_id = ?"),
            Fragment::new("DELETE FROM ab_group WHERE id = ?"),
        ];
        if self.tables.group_roles {
            statements.insert(0, Fragment::new("DELETE FROM ab_group_role WHERE group_id = ?"));
        }
        for statement in statements {
            self.transaction.execute(statement.bind(local.id)).await?;
        }
        Ok(())
    }

    /// Whether the row is still the one that we wrote.
    pub(super) async fn group_is_ours(&mut self, local: &LocalRow) -> Result<bool, StoreError> {
        let statement = Fragment::new("SELECT 1 FROM ab_group WHERE id = ? AND name = ?");
        Ok(self.transaction.row(statement.bind(local.id).bind(local.mark.as_str())).await?.is_some())
    }

    /// Refuses a name that another group of Superset has, in whatever case: it may hold roles.
    async fn refuse_taken_group_name(&mut self, name: &str, own: Option<i64>) -> Result<(), StoreError> {
        let statement = Fragment::new(
            "SELECT name FROM ab_group WHERE (lower(name) = ? OR name GLOB '*[^ -~]*') AND (? IS NULL OR id <> ?)",
        );
        let folded = fold(name);
        for row in self.transaction.rows(statement.bind(&*folded).bind(own).bind(own)).await? {
            if fold(&row.text(0)?) == folded {
                return Err(StoreError::Uniqueness { attribute: "displayName".to_owned() });
            }
        }
        Ok(())
    }
}

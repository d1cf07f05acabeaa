//! Removing a deleted user's row from Superset, once everything that refers to it refers to somebody else or to nobody.

use scim_core::ResourceId;
use scim_service::StoreError;
use serde_json::json;

use crate::sql::{Dialect, Fragment};
use crate::store::audit::Action;
use crate::store::record::LocalRow;
use crate::store::session::Session;

/// A column that refers to `ab_user.id`, as the catalogue has it.
struct Reference {
    table: String,
    column: String,
    nullable: bool,
}

/// What is the user's own and goes with the row.
const OWN: [&str; 6] =
    ["ab_user_role", "ab_user_group", "ab_api_key", "user_attribute", "favstar", "user_favorite_tag"];

/// Who made a row and who changed it last: history, which then says that nobody did.
const HISTORY: [&str; 3] = ["created_by_fk", "changed_by_fk", "last_saved_by_fk"];

const POSTGRES_REFERENCES: &str = "SELECT t.relname::text, a.attname::text, NOT a.attnotnull \
     FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] \
     WHERE c.contype = 'f' AND c.confrelid = 'ab_user'::regclass AND array_length(c.conkey, 1) = 1 ORDER BY 1, 2";

const MYSQL_REFERENCES: &str = "SELECT k.table_name, k.column_name, c.is_nullable = 'YES' \
     FROM information_schema.key_column_usage k JOIN information_schema.columns c ON c.table_schema = k.table_schema \
     AND c.table_name = k.table_name AND c.column_name = k.column_name \
     WHERE k.table_schema = database() AND k.referenced_table_name = 'ab_user' AND k.referenced_column_name = 'id' \
     ORDER BY 1, 2";

impl Session<'_> {
    /// Removes the row of a user. `successor` gets what the user owned.
    pub(super) async fn purge_account(
        &mut self,
        id: &ResourceId,
        local: &LocalRow,
        successor: &str,
    ) -> Result<(), StoreError> {
        if !self.account_is_ours(local).await? {
            return Ok(());
        }
        let heir = Fragment::new("SELECT id FROM ab_user WHERE username = ?").bind(successor);
        let heir = self.transaction.row(heir).await?.map(|row| row.integer(0)).transpose()?;
        let Some(heir) = heir.filter(|heir| *heir != local.id) else {
            let reason = format!("there is nobody to inherit from the user: `{successor}` is missing or the user");
            return Err(StoreError::Refused { reason });
        };
        let references = self.references().await?;
        let mut inherited = Vec::new();
        for reference in &references {
            if self.let_go(reference, local.id, heir).await? {
                inherited.push(format!("{}.{}", reference.table, reference.column));
            }
        }
        self.transaction.execute(Fragment::new("DELETE FROM ab_user WHERE id = ?").bind(local.id)).await?;
        let forget = "UPDATE scim_tombstone SET local_id = NULL WHERE resource_type = 'User' AND local_id = ?";
        self.transaction.execute(Fragment::new(forget).bind(local.id)).await?;
        self.note(Action::Purge, "User", id, None, json!({"ab_user": local.id, "inherited": inherited}));
        Ok(())
    }

    async fn references(&mut self) -> Result<Vec<Reference>, StoreError> {
        let statement = match self.dialect() {
            Dialect::Postgres => POSTGRES_REFERENCES,
            Dialect::MySql => MYSQL_REFERENCES,
            Dialect::Sqlite => return Err(StoreError::internal("no row is removed on SQLite")),
        };
        let mut references = Vec::new();
        for row in self.transaction.rows(Fragment::new(statement)).await? {
            references.push(Reference { table: row.text(0)?, column: row.text(1)?, nullable: row.boolean(2)? });
        }
        Ok(references)
    }

    /// Makes one column refer to somebody else or to nobody, and says whether the heir got something.
    async fn let_go(&mut self, reference: &Reference, user: i64, heir: i64) -> Result<bool, StoreError> {
        let dialect = self.dialect();
        let (table, column) = (Fragment::name(dialect, &reference.table), Fragment::name(dialect, &reference.column));
        let of_user = || Fragment::new(" WHERE ").then(column.clone()).then(Fragment::new(" = ?").bind(user));
        let set = |value: Option<i64>| {
            let update = Fragment::new("UPDATE ").then(table.clone()).then(Fragment::new(" SET ")).then(column.clone());
            update.then(Fragment::new(" = ?").bind(value)).then(of_user())
        };
        let name = reference.table.as_str();
        if OWN.contains(&name) && reference.column == "user_id" {
            self.transaction.execute(Fragment::new("DELETE FROM ").then(table.clone()).then(of_user())).await?;
            return Ok(false);
        }
        let history = HISTORY.contains(&reference.column.as_str()) || name == "logs";
        if history && reference.nullable {
            self.transaction.execute(set(None)).await?;
            return Ok(false);
        }
        self.leave_shared(reference, user, heir).await?;
        Ok(self.transaction.execute(set(Some(heir))).await? > 0)
    }

    /// What both own, as `dashboard_user` has it, stays the heir's: the user's row goes.
    async fn leave_shared(&mut self, reference: &Reference, user: i64, heir: i64) -> Result<(), StoreError> {
        let object = match reference.table.as_str() {
            "dashboard_user" => "dashboard_id",
            "slice_user" => "slice_id",
            "sqlatable_user" => "table_id",
            "report_schedule_user" => "report_schedule_id",
            _ => return Ok(()),
        };
        let dialect = self.dialect();
        let (table, object) = (Fragment::name(dialect, &reference.table), Fragment::name(dialect, object));
        // Through a derived table, because MySQL does not read from the table that it deletes from.
        let delete = Fragment::new("DELETE FROM ")
            .then(table.clone())
            .then(Fragment::new(" WHERE user_id = ? AND ").bind(user))
            .then(object.clone())
            .then(Fragment::new(" IN (SELECT o FROM (SELECT "))
            .then(object)
            .then(Fragment::new(" AS o FROM "))
            .then(table)
            .then(Fragment::new(" WHERE user_id = ?) AS heirs)").bind(heir));
        self.transaction.execute(delete).await?;
        Ok(())
    }
}

//! Removing a deleted user's row from Superset, once everything that refers to it refers to somebody else or to nobody.

use std::collections::BTreeSet;

use scim_core::ResourceId;
use scim_service::StoreError;
use serde_json::{Map, Value, json};

use crate::sql::{Dialect, Fragment};
use crate::store::names::forget;
use crate::store::resources::LocalRow;
use crate::store::session::Action;
use crate::store::session::Session;

/// A column that refers to `ab_user.id`, as the catalogue has it.
struct Reference {
    table: String,
    column: String,
    nullable: bool,
}

/// What is the user's own and goes with the row.
const OWN: [&str; 7] =
    ["ab_user_role", "ab_user_group", "ab_api_key", "user_attribute", "favstar", "user_favorite_tag", "subjects"];

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
    pub(in crate::store) async fn purge_account(
        &mut self,
        id: &ResourceId,
        local: &LocalRow,
        successor: &str,
    ) -> Result<(), StoreError> {
        if !self.account_is_ours(local).await? {
            return Ok(());
        }
        let Some(heir) = self.heir(successor, local.id).await? else {
            let reason = format!("there is nobody to inherit from the user: `{successor}` is missing or the user");
            return Err(StoreError::Refused { reason });
        };
        let mut inherited = Map::new();
        for (table, _) in self.tables.owners.clone() {
            let objects = self.pass_on_ownership(table, local.id, heir).await?;
            keep(&mut inherited, table, objects);
        }
        for (table, objects) in self.pass_on_editing(None, local.id, heir).await? {
            keep(&mut inherited, &table, objects);
        }
        for reference in &self.references().await? {
            let rows = self.let_go(reference, local.id, heir).await?;
            if rows > 0 {
                inherited.insert(format!("{}.{}", reference.table, reference.column), rows.into());
            }
        }
        self.transaction.execute(Fragment::new("DELETE FROM ab_user WHERE id = ?").bind(local.id)).await?;
        forget(&mut self.transaction, local.id).await?;
        let taken = "UPDATE scim_tombstone SET local_id = NULL WHERE resource_type = 'User' AND local_id = ?";
        self.transaction.execute(Fragment::new(taken).bind(local.id)).await?;
        self.record_audit(
            Action::Purge,
            "User",
            id,
            None,
            json!({"ab_user": local.id, "heir": heir, "inherited": inherited}),
        );
        Ok(())
    }

    /// The row of whoever takes over what a user leaves; nobody inherits from themselves.
    pub(in crate::store) async fn heir(&mut self, username: &str, user: i64) -> Result<Option<i64>, StoreError> {
        let heir = Fragment::new("SELECT id FROM ab_user WHERE username = ?").bind(username);
        let heir = self.transaction.row(heir).await?.map(|row| row.integer(0)).transpose()?;
        Ok(heir.filter(|heir| *heir != user))
    }

    /// Makes the heir the owner of what the user owns by a table of owners, such as `dashboard_user`, and says of what. What both
    /// own stays the heir's: the user's row goes.
    pub(in crate::store) async fn pass_on_ownership(
        &mut self,
        table: &str,
        user: i64,
        heir: i64,
    ) -> Result<BTreeSet<i64>, StoreError> {
        match self.tables.owners.iter().find(|(owners, _)| *owners == table) {
            Some((table, object)) => self.pass_on(table, "user_id", object, user, heir).await,
            None => Ok(BTreeSet::new()),
        }
    }

    /// The same for what the user may edit as a subject: in one table, or in all of them.
    pub(in crate::store) async fn pass_on_editing(
        &mut self,
        only: Option<&str>,
        user: i64,
        heir: i64,
    ) -> Result<Vec<(String, BTreeSet<i64>)>, StoreError> {
        let tables = self.tables;
        if tables.editors.is_empty() {
            return Ok(Vec::new());
        }
        let (user, heir) = (self.subject_of_user(user).await?, self.subject_of_user(heir).await?);
        let (Some(user), Some(heir)) = (user, heir) else { return Ok(Vec::new()) };
        let mut passed = Vec::new();
        for (table, object) in tables.editors.iter().filter(|(table, _)| only.is_none_or(|only| only == table)) {
            passed.push((table.clone(), self.pass_on(table, "subject_id", object, user, heir).await?));
        }
        Ok(passed)
    }

    async fn pass_on(
        &mut self,
        table: &str,
        holder: &'static str,
        object: &str,
        from: i64,
        to: i64,
    ) -> Result<BTreeSet<i64>, StoreError> {
        let dialect = self.dialect();
        let (table, object) = (Fragment::name(dialect, table), Fragment::name(dialect, object));
        let holds =
            |value: i64| Fragment::new(" WHERE ").then(Fragment::new(holder)).then(Fragment::new(" = ?").bind(value));
        // Through a derived table, because MySQL does not read from the table that it deletes from.
        let shared = Fragment::new("DELETE FROM ")
            .then(table.clone())
            .then(holds(from))
            .then(Fragment::new(" AND "))
            .then(object.clone())
            .then(Fragment::new(" IN (SELECT o FROM (SELECT "))
            .then(object.clone())
            .then(Fragment::new(" AS o FROM "))
            .then(table.clone())
            .then(holds(to))
            .then(Fragment::new(") AS shared)"));
        self.transaction.execute(shared).await?;
        let select = Fragment::new("SELECT ").then(object).then(Fragment::new(" FROM ")).then(table.clone());
        let mut objects = BTreeSet::new();
        for row in self.transaction.rows(select.then(holds(from))).await? {
            // Folders are known by UUIDs, which are not numbers: they are passed on, and not told.
            objects.extend(row.optional_integer(0).ok().flatten());
        }
        let set = Fragment::new("UPDATE ").then(table).then(Fragment::new(" SET ")).then(Fragment::new(holder));
        self.transaction.execute(set.then(Fragment::new(" = ?").bind(to)).then(holds(from))).await?;
        Ok(objects)
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

    /// Makes one column refer to somebody else or to nobody, and says how many rows the heir got by it.
    async fn let_go(&mut self, reference: &Reference, user: i64, heir: i64) -> Result<u64, StoreError> {
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
            return Ok(0);
        }
        let history = HISTORY.contains(&reference.column.as_str()) || name == "logs";
        if history && reference.nullable {
            self.transaction.execute(set(None)).await?;
            return Ok(0);
        }
        Ok(self.transaction.execute(set(Some(heir))).await?)
    }
}

/// Adds what the heir got by a table, under the name that people know it by.
fn keep(inherited: &mut Map<String, Value>, table: &str, objects: BTreeSet<i64>) {
    let name = match table {
        "dashboard_user" | "dashboard_editors" => "dashboards",
        "slice_user" | "chart_editors" => "charts",
        "sqlatable_user" | "sqlatable_editors" => "datasets",
        "report_schedule_user" | "report_schedule_editors" => "reports",
        other => other,
    };
    if !objects.is_empty() {
        let entry = inherited.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Some(known) = entry.as_array_mut() {
            known.extend(objects.into_iter().map(Value::from));
        }
    }
}

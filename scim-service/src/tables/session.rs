//! A transaction at work for one caller: rows are read and written.

use scim_core::json::format_date_time;
use scim_core::{Resource, ResourceTypeName, Source, TypeSchema, ValueRef};

use super::database::{Connection, DatabaseError, Fault};
use super::layout::{Layout, Layouts, ROW};
use super::record::Record;
use super::statement::{Cell, CellKind, Sql};
use crate::context::Context;
use crate::store::{AuthorityChange, StoreError, unique_values};

/// Most values in one list of a statement.
pub(super) const CHUNK: usize = 200;

/// An open transaction, as one caller uses it.
pub(super) struct Session<'a, C> {
    pub(super) connection: &'a mut C,
    pub(super) layouts: &'a Layouts,
    pub(super) cx: &'a Context,
    /// Empty where the request has none.
    pub(super) tenant: &'a str,
}

pub(super) fn is_group(of: &TypeSchema) -> bool {
    *of.resource_type().name() == ResourceTypeName::group()
}

pub(super) fn is_user(of: &TypeSchema) -> bool {
    *of.resource_type().name() == ResourceTypeName::user()
}

impl<C: Connection> Session<'_, C> {
    /// The condition that a row is a resource of the caller's tenant. `prefix` is an alias with a dot, or nothing.
    pub(super) fn live(&self, layout: &Layout, prefix: &str) -> Sql {
        layout.live(prefix, self.tenant)
    }

    /// `SELECT` of whole rows that are live.
    pub(super) fn select(&self, layout: &Layout) -> Sql {
        let select = format!("SELECT {} FROM {} {ROW} WHERE ", layout.select(ROW), layout.table.name);
        Sql::new(select).then(self.live(layout, &format!("{ROW}.")))
    }

    /// The rows of a query of whole rows.
    pub(super) async fn records(&mut self, layout: &Layout, of: &TypeSchema, query: Sql) -> Result<Vec<Record>, Fault> {
        let rows = self.connection.query(query.returning(layout.kinds())).await?;
        let records: Result<Vec<_>, _> = rows.into_iter().map(|row| Record::read(layout, of, row)).collect();
        Ok(records?)
    }

    /// The row of a resource.
    pub(super) async fn find(&mut self, of: &TypeSchema, id: &str) -> Result<Record, Fault> {
        let layout = self.layouts.of(of)?;
        if id.contains('\0') {
            return Err(StoreError::NotFound.into());
        }
        let query = self.select(layout).text(&format!(" AND {ROW}.{} = ?", layout.table.id)).bind(id);
        let found = self.records(layout, of, query).await?.pop();
        Ok(found.ok_or(StoreError::NotFound)?)
    }

    /// Refuses content with a value that must be unique and that another resource has.
    pub(super) async fn claim(&mut self, of: &TypeSchema, content: &Resource, id: &str) -> Result<(), Fault> {
        let layout = self.layouts.of(of)?;
        for (mapped, column) in layout.unique() {
            let key = match content.at(&mapped.target) {
                Some(value) => match (mapped.kind, value.as_str(), value.to_value()) {
                    (CellKind::Text, Some(text), _) if mapped.folded.as_deref() == Some(column) => {
                        Cell::from(&*scim_filter::fold(&text))
                    }
                    (CellKind::Text, Some(text), _) => Cell::from(&*text),
                    (CellKind::Integer, _, serde_json::Value::Number(number)) => Cell::Integer(number.as_i64()),
                    _ => continue,
                },
                None => continue,
            };
            let table = &layout.table;
            let query =
                Sql::new(format!("SELECT {0} FROM {1} WHERE {column} = ? AND {0} <> ? AND ", table.id, table.name));
            let query = query.bind(key).bind(id).then(self.live(layout, ""));
            if !self.connection.query(query.returning(vec![CellKind::Text])).await?.is_empty() {
                return Err(StoreError::Uniqueness { attribute: mapped.target.to_string() }.into());
            }
        }
        Ok(())
    }

    /// Inserts the row of a new resource.
    pub(super) async fn insert(&mut self, of: &TypeSchema, id: &str, content: &Resource) -> Result<(), Fault> {
        let layout = self.layouts.of(of)?;
        self.claim(of, content, id).await?;
        let table = &layout.table;
        let now = format_date_time(self.cx.now);
        let (mut cells, rest) = Record::cells(layout, content)?;
        cells.push((table.id.clone(), id.into()));
        cells.push((table.version.clone(), 1.into()));
        cells.push((table.created.clone(), now.clone().into()));
        cells.push((table.modified.clone(), now.into()));
        cells.push((table.rest.clone(), rest.into()));
        cells.extend(table.tenant.clone().map(|column| (column, self.tenant.into())));
        cells.extend(self.source_cell(layout));
        let (names, values): (Vec<String>, Vec<Cell>) = cells.into_iter().unzip();
        let insert = Sql::new(format!("INSERT INTO {} ({}) VALUES ", table.name, names.join(", ")));
        let inserted = self.connection.execute(insert.then(Sql::list(values)).statement()).await;
        inserted.map_err(|error| refused(layout, error))?;
        Ok(())
    }

    /// The caller as the source of a row.
    fn source_cell(&self, layout: &Layout) -> Option<(String, Cell)> {
        let source = self.cx.principal.source();
        let text = (*source != Source::Host).then(|| source.to_string());
        layout.table.source.clone().map(|column| (column, Cell::Text(text)))
    }

    /// Puts new content in the row of a resource, and says who asserts it from now on. Returns the version that it has now.
    pub(super) async fn update(&mut self, of: &TypeSchema, record: &Record, content: &Resource) -> Result<i64, Fault> {
        let layout = self.layouts.of(of)?;
        if unique_values(of, &record.content) != unique_values(of, content) || !layout.table.unique.is_empty() {
            self.claim(of, content, &record.id).await?;
        }
        let (mut cells, rest) = Record::cells(layout, content)?;
        cells.push((layout.table.rest.clone(), rest.into()));
        if let Some(owner) = &record.source {
            match AuthorityChange::of(self.cx.principal.source(), owner, &record.content, content) {
                AuthorityChange::Stays => {}
                AuthorityChange::TakesOver => return Err(AuthorityChange::refusal(owner).into()),
                AuthorityChange::Named | AuthorityChange::Moves => cells.extend(self.source_cell(layout)),
            }
        }
        self.put(layout, record, cells).await
    }

    /// Writes to the row of a resource whose representation has changed, if it is still as it was read.
    pub(super) async fn put(
        &mut self,
        layout: &Layout,
        record: &Record,
        mut cells: Vec<(String, Cell)>,
    ) -> Result<i64, Fault> {
        let table = &layout.table;
        let version = record.version.saturating_add(1);
        cells.push((table.version.clone(), version.into()));
        cells.push((table.modified.clone(), record.modified_at(self.cx.now).into()));
        let assignments = cells.into_iter().map(|(name, cell)| Sql::new(format!("{name} = ?")).bind(cell));
        let update = Sql::new(format!("UPDATE {} SET ", table.name))
            .then(Sql::joined(assignments, ", "))
            .text(&format!(" WHERE {} = ? AND {} = ? AND ", table.id, table.version))
            .bind(&record.id)
            .bind(record.version)
            .then(self.live(layout, ""));
        let matched = self.connection.execute(update.statement()).await.map_err(|error| refused(layout, error))?;
        if matched == 1 { Ok(version) } else { Err(Fault::overtaken()) }
    }

    /// Moves the version of resources that show something else because another resource has changed. With `modified`, they have
    /// changed themselves.
    pub(super) async fn touch(&mut self, layout: &Layout, ids: &[String], modified: bool) -> Result<(), Fault> {
        let table = &layout.table;
        for ids in ids.chunks(CHUNK) {
            let update = Sql::new(format!("UPDATE {0} SET {1} = {1} + 1", table.name, table.version));
            let update = if modified {
                update.text(&format!(", {} = ?", table.modified)).bind(format_date_time(self.cx.now))
            } else {
                update
            };
            let update = update.text(&format!(" WHERE {} IN ", table.id)).then(Sql::list(ids)).text(" AND ");
            let update = update.then(self.live(layout, ""));
            self.connection.execute(update.statement()).await?;
        }
        Ok(())
    }

    /// Tells the host of a change, inside of the transaction.
    pub(super) async fn tell(&mut self, change: &crate::change::Change) -> Result<(), Fault> {
        if change.is_unchanged() { Ok(()) } else { Ok(self.connection.written(change).await?) }
    }
}

/// The refusal of a unique index, as clients understand it.
fn refused(layout: &Layout, error: DatabaseError) -> Fault {
    match error {
        DatabaseError::Unique { what } => match layout.attribute_of_index(&what) {
            Some(attribute) => StoreError::Uniqueness { attribute }.into(),
            // What the driver says is for the log.
            None => StoreError::internal(format!("a unique index that belongs to no attribute: {what}")).into(),
        },
        other => other.into(),
    }
}

/// The string of a sub-attribute.
pub(super) fn text_of(value: ValueRef<'_>, name: &str) -> Option<String> {
    value.get(name).and_then(ValueRef::as_str).map(Into::into)
}

//! In which order the database sorts, and where a page begins in it.

use scim_core::message::SortOrder;
use scim_core::schema::Mutability;
use scim_filter::Sort;
use serde_json::Value;

use super::layout::{Layout, NO_TIME, ROW};
use super::statement::{Cell, CellKind, Sql};
use crate::store::{Position, Start};

/// An order that the database can produce: by a column, missing values at the end that SCIM asks for, then by id.
#[derive(Debug)]
pub(super) struct Order {
    id: String,
    key: Option<Key>,
}

#[derive(Debug)]
struct Key {
    column: String,
    kind: CellKind,
    is_folded: bool,
    /// Whether a resource may lack the value. Where none does, an index on the column has the order.
    nullable: bool,
    descending: bool,
}

impl Order {
    /// By id.
    pub(super) fn by_id(layout: &Layout) -> Self {
        Self { id: format!("{ROW}.{}", layout.table.id), key: None }
    }

    /// The order of a sort; `None` where no column has it.
    pub(super) fn of(layout: &Layout, sort: Option<&Sort>) -> Option<Self> {
        let by_id = Self::by_id(layout);
        let Some(sort) = sort else { return Some(by_id) };
        let (path, table) = (sort.path(), &layout.table);
        let descending = sort.order() == SortOrder::Descending;
        let text = |column: &str, is_folded| Key {
            column: format!("{ROW}.{column}"),
            kind: CellKind::Text,
            is_folded,
            nullable: false,
            descending,
        };
        let time =
            |column: &str| Key { column: format!("COALESCE({ROW}.{column}, '{NO_TIME}')"), ..text(column, false) };
        let key = match (path.is_in("meta"), path.sub()) {
            (true, Some("created")) => time(&table.created),
            (true, Some("lastModified")) => time(&table.modified),
            _ if path.top_level() == Some("id") && sort.case_exact() => text(&table.id, false),
            _ => {
                let (mapped, column) = layout.comparable(path, sort.case_exact())?;
                let is_folded = mapped.folded.as_deref() == Some(column);
                // Every resource has a required attribute, but for one of an attribute or an extension that it need not have.
                let always = path.top_level().is_some()
                    && path.leaf().required()
                    && path.leaf().mutability() != Mutability::ReadOnly;
                Key { kind: mapped.kind, nullable: !always, ..text(column, is_folded) }
            }
        };
        Some(Self { key: Some(key), ..by_id })
    }

    /// `ORDER BY`, the other way round for a page before a position.
    pub(super) fn clause(&self, backwards: bool) -> String {
        let way = |descending: bool| if descending == backwards { "ASC" } else { "DESC" };
        let by_id = format!("{} {}", self.id, way(false));
        match &self.key {
            None => format!(" ORDER BY {by_id}"),
            Some(Key { column, descending, nullable: false, .. }) => {
                format!(" ORDER BY {column} {}, {by_id}", way(*descending))
            }
            Some(Key { column, descending, .. }) => {
                let way = way(*descending);
                format!(" ORDER BY CASE WHEN {column} IS NULL THEN 1 ELSE 0 END {way}, {column} {way}, {by_id}")
            }
        }
    }

    /// The condition that a row is on the side of the position where the page is.
    pub(super) fn bound(&self, start: &Start) -> Option<Sql> {
        let (position, backwards) = match start {
            Start::Index(_) => return None,
            Start::After(position) => (position, false),
            Start::Before(position) => (position, true),
        };
        let id = &self.id;
        let sign = if backwards { "<" } else { ">" };
        let behind = Sql::new(format!("{id} {sign} ?")).bind(&position.id);
        let Some(key) = &self.key else { return Some(behind) };
        let column = &key.column;
        // Missing values come last when ascending and first when descending.
        let missing_follow = key.descending == backwards;
        Some(match key.cell(position) {
            None if missing_follow => Sql::new(format!("({column} IS NULL AND ")).then(behind).text(")"),
            None => Sql::new(format!("({column} IS NOT NULL OR ({column} IS NULL AND ")).then(behind).text("))"),
            Some(cell) => {
                let sign = if missing_follow { ">" } else { "<" };
                let follows =
                    Sql::new(format!("({column} {sign} ? OR ({column} = ? AND ")).bind(cell.clone()).bind(cell);
                let follows = follows.then(behind).text(")");
                let missing_follow = missing_follow && key.nullable;
                if missing_follow { follows.text(&format!(" OR {column} IS NULL)")) } else { follows.text(")") }
            }
        })
    }
}

impl Key {
    /// The key of a position as the column has it.
    fn cell(&self, position: &Position) -> Option<Cell> {
        match (self.kind, position.key.as_ref()?) {
            (CellKind::Text, Value::String(text)) if self.is_folded => Some(scim_filter::fold(text).as_ref().into()),
            (CellKind::Text, Value::String(text)) => Some(text.into()),
            (CellKind::Bool, Value::Bool(value)) => Some((*value).into()),
            (CellKind::Integer, Value::Number(number)) => number.as_i64().map(Cell::from),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use scim_core::{SchemaSet, Tolerance};

    use super::super::layout::Layouts;
    use super::super::table::Table;
    use super::*;

    fn sorted(path: &str, order: SortOrder) -> Option<Order> {
        let schemas = SchemaSet::builtin();
        let users = Table::new("User", "users")
            .with_column("userName", "login")
            .with_folded("userName", "login_folded")
            .with_column("title", "title")
            .with_column("active", "active");
        let layouts = Layouts::new([users], None, &schemas).unwrap();
        let user = schemas.user().unwrap();
        let sort = Sort::check(&path.parse().unwrap(), order, user, &mut Tolerance::rfc()).unwrap();
        Order::of(layouts.of(user).unwrap(), Some(&sort))
    }

    #[test]
    fn missing_values_are_last_when_ascending_and_first_when_descending() {
        let order = sorted("active", SortOrder::Ascending).unwrap();
        assert_eq!(
            order.clause(false),
            " ORDER BY CASE WHEN t.active IS NULL THEN 1 ELSE 0 END ASC, t.active ASC, t.scim_id ASC"
        );
        let order = sorted("active", SortOrder::Descending).unwrap();
        assert!(order.clause(false).ends_with("END DESC, t.active DESC, t.scim_id ASC"));
        assert!(order.clause(true).ends_with("END ASC, t.active ASC, t.scim_id DESC"));
    }

    #[test]
    fn only_a_column_that_compares_as_scim_does_is_sorted_by() {
        let by_name = sorted("userName", SortOrder::Ascending).unwrap();
        assert_eq!(by_name.clause(false), " ORDER BY t.login_folded ASC, t.scim_id ASC");
        assert!(sorted("title", SortOrder::Ascending).is_none());
        assert!(sorted("nickName", SortOrder::Ascending).is_none());
    }

    #[test]
    fn a_position_folds_its_key_as_the_column_does() {
        let position = Position::new(Some("ADA".into()), "7");
        let bound = sorted("userName", SortOrder::Ascending).unwrap().bound(&Start::After(position)).unwrap();
        let statement = bound.statement();
        assert_eq!(statement.text, "(t.login_folded > ? OR (t.login_folded = ? AND t.scim_id > ?))");
        assert_eq!(statement.values, ["ada", "ada", "7"].map(Cell::from));
    }
}

//! A statement: text with a `?` for each value, and the values beside it.

use std::fmt;

/// A value that a statement binds, or that a row has in a column. An absent one keeps its type, which some drivers ask for. There will be
/// no others.
#[derive(Clone, PartialEq, Eq)]
pub enum Cell {
    /// A boolean.
    Bool(Option<bool>),
    /// An integer.
    Integer(Option<i64>),
    /// A string.
    Text(Option<String>),
}

/// The type of a [`Cell`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellKind {
    /// A boolean; a driver may read it from an integer column.
    Bool,
    /// An integer of up to 64 bits.
    Integer,
    /// A string.
    Text,
}

/// Hides strings: one may be the hash of a password.
impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(Some(value)) => write!(f, "{value}"),
            Self::Integer(Some(number)) => write!(f, "{number}"),
            Self::Text(Some(_)) => f.write_str("text"),
            Self::Bool(None) | Self::Integer(None) | Self::Text(None) => f.write_str("null"),
        }
    }
}

impl Cell {
    /// An absent value of this type.
    pub(super) fn null(kind: CellKind) -> Self {
        match kind {
            CellKind::Bool => Self::Bool(None),
            CellKind::Integer => Self::Integer(None),
            CellKind::Text => Self::Text(None),
        }
    }

    pub(super) fn kind(&self) -> CellKind {
        match self {
            Self::Bool(_) => CellKind::Bool,
            Self::Integer(_) => CellKind::Integer,
            Self::Text(_) => CellKind::Text,
        }
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Bool(Some(value))
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

/// A statement for the database. Values are never part of the text, which holds nothing but SQL of
/// [`TableStore`](super::TableStore) and the names of tables and columns that the host gave.
///
/// ```
/// use scim_service::tables::Statement;
///
/// let statement = Statement::new("SELECT id FROM users WHERE login = ? AND active = ?");
/// assert_eq!(statement.numbered(), "SELECT id FROM users WHERE login = $1 AND active = $2");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// The SQL, with a `?` in the place of each value.
    pub text: String,
    /// The values, in the order of their places.
    pub values: Vec<Cell>,
    /// The types of the columns that a query returns, in their order.
    pub columns: Vec<CellKind>,
}

impl Statement {
    /// A statement without values, that returns no columns.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new(), columns: Vec::new() }
    }

    /// The text with `$1`, `$2`, ... in the place of each `?`, for PostgreSQL.
    pub fn numbered(&self) -> String {
        let mut numbered = String::with_capacity(self.text.len() + 2 * self.values.len());
        for (number, part) in self.text.split('?').enumerate() {
            if number > 0 {
                numbered.push('$');
                numbered.push_str(&number.to_string());
            }
            numbered.push_str(part);
        }
        numbered
    }
}

/// A piece of SQL with its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sql {
    text: String,
    values: Vec<Cell>,
}

impl Sql {
    /// Text without a value, or with values that follow by [`bind`](Self::bind).
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// Binds the next value.
    pub(super) fn bind(mut self, value: impl Into<Cell>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Appends text.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Appends another piece.
    pub(super) fn then(mut self, other: Self) -> Self {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
        self
    }

    /// Pieces with `separator` between them.
    pub(super) fn joined(parts: impl IntoIterator<Item = Self>, separator: &str) -> Self {
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or_default();
        parts.fold(first, |joined, part| joined.text(separator).then(part))
    }

    /// `(?, ?, ?)` with these values.
    pub(super) fn list<T: Into<Cell>>(values: impl IntoIterator<Item = T>) -> Self {
        let places = Self::joined(values.into_iter().map(|value| Self::new("?").bind(value)), ", ");
        Self::new("(").then(places).text(")")
    }

    /// A statement that returns nothing.
    pub(super) fn statement(self) -> Statement {
        self.returning(Vec::new())
    }

    /// A query that returns columns of these types.
    pub(super) fn returning(self, columns: Vec<CellKind>) -> Statement {
        Statement { text: self.text, values: self.values, columns }
    }

    #[cfg(test)]
    pub(super) fn as_text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_out_of_the_text() {
        let in_list = Sql::new("SELECT 1 WHERE a = ? AND b IN ").bind(1).then(Sql::list(["x'", "y"]));
        let statement = in_list.returning(vec![CellKind::Integer]);
        assert_eq!(statement.text, "SELECT 1 WHERE a = ? AND b IN (?, ?)");
        assert_eq!(statement.numbered(), "SELECT 1 WHERE a = $1 AND b IN ($2, $3)");
        assert_eq!(statement.values, [Cell::from(1), Cell::from("x'"), Cell::from("y")]);
    }

    #[test]
    fn debug_hides_strings() {
        assert_eq!(
            format!("{:?}", [Cell::from("secret"), Cell::null(CellKind::Text), true.into()]),
            "[text, null, true]"
        );
    }
}

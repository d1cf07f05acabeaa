//! A piece of SQL with its values.

use std::fmt;

use chrono::NaiveDateTime;

use crate::sql::dialect::Dialect;

/// A value to bind. An absent one still has its type, because `PostgreSQL` asks for it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Param {
    Bool(bool),
    Integer(Option<i64>),
    Text(Option<String>),
    /// A point in time, for columns of Superset: without zone.
    Time(NaiveDateTime),
}

/// Shows no text: it may be a password hash.
impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(Some(number)) => write!(f, "{number}"),
            Self::Text(Some(_)) => f.write_str("text"),
            Self::Integer(None) | Self::Text(None) => f.write_str("null"),
            Self::Time(time) => write!(f, "{time}"),
        }
    }
}

impl From<i64> for Param {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<Option<i64>> for Param {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Param {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<&str>> for Param {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<NaiveDateTime> for Param {
    fn from(time: NaiveDateTime) -> Self {
        Self::Time(time)
    }
}

/// A statement, or a part of one: the text with a `?` for each value, and the values in order. Values are never part of the
/// text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    text: String,
    params: Vec<Param>,
}

impl Fragment {
    /// A fragment whose text is ours; values follow by [`bind`](Self::bind).
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), params: Vec::new() }
    }

    /// A name that the database told us, such as that of a table, in quotes.
    pub(crate) fn name(dialect: Dialect, name: &str) -> Self {
        Self { text: dialect.quoted(name), params: Vec::new() }
    }

    /// The text, with a `?` in place of each value.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Binds the next value.
    pub(crate) fn bind(mut self, value: impl Into<Param>) -> Self {
        self.params.push(value.into());
        self
    }

    /// Puts another fragment behind this one.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.text.push_str(&other.text);
        self.params.extend(other.params);
        self
    }

    /// Fragments with `separator` between them.
    pub(crate) fn joined(parts: Vec<Self>, separator: &'static str) -> Self {
        let mut joined = Self::new("");
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                joined.text.push_str(separator);
            }
            joined = joined.then(part);
        }
        joined
    }

    /// Fragments in brackets, with `separator` between them.
    pub(crate) fn bracketed(parts: Vec<Self>, separator: &'static str) -> Self {
        Self::new("(").then(Self::joined(parts, separator)).then(Self::new(")"))
    }

    /// `(?, ?, ?)` with these values.
    pub(crate) fn list<T: Into<Param>>(values: impl IntoIterator<Item = T>) -> Self {
        Self::bracketed(values.into_iter().map(|value| Self::new("?").bind(value)).collect(), ", ")
    }

    /// Writes to different tables, as few statements as the engine lets them be: one in `PostgreSQL`, whose statements may hold others.
    /// None of them sees what another one does, and no table may be written to twice.
    pub(crate) fn together(dialect: Dialect, mut writes: Vec<Self>) -> Vec<Self> {
        let Some(last) = writes.pop_if(|_| dialect == Dialect::Postgres) else { return writes };
        let others = writes.into_iter().enumerate().map(|(index, write)| {
            let mut named = Self::new("");
            named.text = format!("w{index} AS (");
            named.then(write).then(Self::new(")"))
        });
        let others: Vec<Self> = others.collect();
        if others.is_empty() {
            return vec![last];
        }
        vec![Self::new("WITH ").then(Self::joined(others, ", ")).then(Self::new(" ")).then(last)]
    }

    /// The text as the engine reads it, and the values.
    pub(crate) fn into_parts(self, dialect: Dialect) -> (String, Vec<Param>) {
        let text = dialect.placeholders(self.text);
        // Without the values, which may be secret.
        tracing::trace!(target: "superset_mapping::sql", statement = text, "a statement is run");
        (text, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_out_of_the_text() {
        let statement = Fragment::new("SELECT 1 WHERE a = ? AND b IN ").bind(1_i64).then(Fragment::list(["x'", "y"]));
        assert_eq!(statement.text(), "SELECT 1 WHERE a = ? AND b IN (?, ?)");
        let (_, params) = statement.into_parts(Dialect::Sqlite);
        assert_eq!(params, [Param::from(1), Param::from("x'"), Param::from("y")]);
        assert_eq!(format!("{params:?}"), "[1, text, text]");
    }

    #[test]
    fn writes_are_one_statement_where_the_engine_lets_them_be() {
        let writes = || vec![Fragment::new("DELETE FROM a WHERE b = ?").bind(1_i64), Fragment::new("DELETE FROM c")];
        let together = |dialect, writes| Fragment::together(dialect, writes);
        let [one] = &together(Dialect::Postgres, writes())[..] else { panic!() };
        assert_eq!(one.text(), "WITH w0 AS (DELETE FROM a WHERE b = ?) DELETE FROM c");
        assert_eq!(together(Dialect::Sqlite, writes()).len(), 2);
        assert_eq!(together(Dialect::Postgres, writes().split_off(1))[0].text(), "DELETE FROM c");
        assert!(together(Dialect::Postgres, Vec::new()).is_empty());
    }

    #[test]
    fn absent_values_have_a_type() {
        assert_eq!(Param::from(None::<i64>), Param::Integer(None));
        assert_eq!(Param::from(None::<&str>), Param::Text(None));
    }
}

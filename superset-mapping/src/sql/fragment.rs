//! A piece of SQL with its values.

use std::fmt;

/// A value to bind.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Param {
    Null,
    Integer(i64),
    Text(String),
}

/// Shows no text: it may be a password hash.
impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Text(_) => f.write_str("text"),
        }
    }
}

impl From<i64> for Param {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// Superset's booleans are integers where the database has no type for them.
impl From<bool> for Param {
    fn from(value: bool) -> Self {
        Self::Integer(value.into())
    }
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
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

    /// `(?, ?, ?)` with these values.
    pub(crate) fn list<T: Into<Param>>(values: impl IntoIterator<Item = T>) -> Self {
        let values = values.into_iter().map(|value| Self::new("?").bind(value)).collect();
        Self::new("(").then(Self::joined(values, ", ")).then(Self::new(")"))
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_parts(self) -> (String, Vec<Param>) {
        (self.text, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_out_of_the_text() {
        let statement = Fragment::new("SELECT 1 WHERE a = ? AND b IN ").bind(1_i64).then(Fragment::list(["x'", "y"]));
        assert_eq!(statement.text(), "SELECT 1 WHERE a = ? AND b IN (?, ?)");
        let (_, params) = statement.into_parts();
        assert_eq!(params, [Param::Integer(1), Param::Text("x'".into()), Param::Text("y".into())]);
        assert_eq!(format!("{params:?}"), "[1, text, text]");
    }

    #[test]
    fn absent_values_are_null() {
        assert_eq!(Param::from(None::<i64>), Param::Null);
        assert_eq!(Param::from(Some("a")), Param::Text("a".into()));
    }
}

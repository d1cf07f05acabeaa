//! What differs between the three engines, as text.

/// The SQL that a database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
    /// `MySQL` and `MariaDB`.
    MySql,
}

impl Dialect {
    /// What OpenTelemetry calls the engine.
    pub(crate) fn system_name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
            Self::MySql => "mysql",
        }
    }

    /// The statement with its `?` in the form of the engine. Our text has no `?` but those that stand for values.
    pub(crate) fn placeholders(self, text: String) -> String {
        if self != Self::Postgres {
            return text;
        }
        let mut numbered = String::with_capacity(text.len() + 16);
        for (index, part) in text.split('?').enumerate() {
            if index > 0 {
                numbered.push('$');
                numbered.push_str(&index.to_string());
            }
            numbered.push_str(part);
        }
        numbered
    }

    /// A name in quotes.
    pub(crate) fn quoted(self, name: &str) -> String {
        let quote = if self == Self::MySql { '`' } else { '"' };
        let mut quoted = String::from(quote);
        for c in name.chars() {
            if c == quote {
                quoted.push(quote);
            }
            quoted.push(c);
        }
        quoted.push(quote);
        quoted
    }

    /// A UUID from its 32 hexadecimal digits (`?`), as Superset's columns hold it.
    pub(crate) fn uuid(self) -> &'static str {
        match self {
            Self::Postgres => "CAST(? AS uuid)",
            Self::Sqlite | Self::MySql => "unhex(?)",
        }
    }

    /// What `ab_user u` must have besides its id for being the row that we wrote. `SQLite` gives ids of deleted rows out
    /// again; the other engines never do.
    pub(crate) fn user_mark(self) -> &'static str {
        if self == Self::Sqlite { "coalesce(u.created_on, '')" } else { "''" }
    }

    /// The same for `ab_group g`.
    pub(crate) fn group_mark(self) -> &'static str {
        if self == Self::Sqlite { "g.name" } else { "''" }
    }

    /// The newest row of `ab_user` up to which `scim_account` knows all rows: those beyond it are looked at. Ids grow, so it is the
    /// newest that is recorded; in `SQLite`, which gives ids of deleted rows out again, the newest that is still the same row.
    pub(crate) fn newest_known_account(self) -> &'static str {
        if self == Self::Sqlite {
            "(SELECT coalesce(max(k.id), 0) FROM (SELECT u.id FROM ab_user u JOIN scim_account a ON a.local_id = u.id \
             AND a.local_mark = coalesce(u.created_on, '') ORDER BY u.id DESC LIMIT 1) AS k)"
        } else {
            "(SELECT coalesce(max(k.local_id), 0) FROM scim_account k)"
        }
    }

    /// Makes an insert into `scim_account` write over what was recorded of the same ids.
    pub(crate) fn account_known_already(self) -> &'static str {
        match self {
            Self::Sqlite | Self::Postgres => {
                " ON CONFLICT (local_id) DO UPDATE SET local_mark = excluded.local_mark, name_key = excluded.name_key, \
                 email_key = excluded.email_key"
            }
            Self::MySql => {
                " ON DUPLICATE KEY UPDATE local_mark = VALUES(local_mark), name_key = VALUES(name_key), \
                 email_key = VALUES(email_key)"
            }
        }
    }

    /// Finds the rows of `ab_group g` whose name (`?`) may be folded to a given one. The engines fold ASCII alike, so every row with
    /// more than ASCII is a candidate, and the fold of this library decides. The last value is the name as it is: `MySQL` may hold more
    /// names to be equal than the fold does, and then refuses them.
    pub(crate) fn group_candidates(self) -> &'static str {
        match self {
            Self::Sqlite => "(lower(g.name) = ? OR length(CAST(g.name AS BLOB)) <> length(g.name) OR g.name = ?)",
            Self::Postgres => {
                "(lower(g.name COLLATE \"C\") = ? OR octet_length(g.name) <> char_length(g.name) OR g.name = ?)"
            }
            Self::MySql => "(lower(g.name) = ? OR length(g.name) <> char_length(g.name) OR g.name = ?)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_where_the_engine_wants_numbers() {
        let text = "SELECT 1 WHERE a = ? AND b IN (?, ?)";
        assert_eq!(Dialect::Postgres.placeholders(text.to_owned()), "SELECT 1 WHERE a = $1 AND b IN ($2, $3)");
        assert_eq!(Dialect::MySql.placeholders(text.to_owned()), text);
        assert_eq!(Dialect::Postgres.placeholders("SELECT 1".to_owned()), "SELECT 1");
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(Dialect::Postgres.quoted("a\"; drop"), "\"a\"\"; drop\"");
        assert_eq!(Dialect::MySql.quoted("a`\""), "`a``\"`");
    }
}

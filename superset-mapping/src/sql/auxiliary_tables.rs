//! The versions of our auxiliary tables.

use crate::sql::dialect::Dialect;

/// The version whose columns and counts are filled by code: folding is beyond SQL.
pub(crate) const FILLED: i64 = 4;

/// The statements that bring the auxiliary tables from each version to the next. Versions count from 1; a step is never changed
/// once released. On `MySQL`, which commits each definition by itself, a step can be repeated.
pub(crate) fn auxiliary_tables(dialect: Dialect) -> [&'static str; 6] {
    match dialect {
        Dialect::Sqlite => [
            include_str!("../../sql/auxiliary_tables_1.sqlite.sql"),
            include_str!("../../sql/auxiliary_tables_2.sqlite.sql"),
            include_str!("../../sql/auxiliary_tables_3.sqlite.sql"),
            include_str!("../../sql/auxiliary_tables_4.sqlite.sql"),
            include_str!("../../sql/5/sqlite.sql"),
            include_str!("../../sql/6/sqlite.sql"),
        ],
        Dialect::Postgres => [
            include_str!("../../sql/auxiliary_tables_1.postgres.sql"),
            include_str!("../../sql/auxiliary_tables_2.postgres.sql"),
            include_str!("../../sql/auxiliary_tables_3.postgres.sql"),
            include_str!("../../sql/auxiliary_tables_4.postgres.sql"),
            include_str!("../../sql/5/postgres.sql"),
            include_str!("../../sql/6/postgres.sql"),
        ],
        Dialect::MySql => [
            include_str!("../../sql/auxiliary_tables_1.mysql.sql"),
            include_str!("../../sql/auxiliary_tables_2.mysql.sql"),
            include_str!("../../sql/auxiliary_tables_3.mysql.sql"),
            include_str!("../../sql/auxiliary_tables_4.mysql.sql"),
            include_str!("../../sql/5/mysql.sql"),
            include_str!("../../sql/6/mysql.sql"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The names of what the statements create, and the columns of the tables.
    fn created(dialect: Dialect) -> (BTreeSet<String>, BTreeSet<String>) {
        let (mut names, mut columns) = (BTreeSet::new(), BTreeSet::new());
        let mut table = String::new();
        for line in
            auxiliary_tables(dialect).iter().flat_map(|step| step.lines()).filter(|line| !line.starts_with("--"))
        {
            let words: Vec<&str> = line.split([' ', '(']).collect();
            if let Some((_, altered)) = line.split_once("ALTER TABLE ") {
                let altered = altered.split(' ').next().unwrap();
                let added = line.split("ADD COLUMN ").skip(1).map(|added| added.split(' ').next().unwrap());
                columns.extend(added.map(|column| format!("{altered}.{column}")));
            } else if words[0] == "CREATE" {
                let at = words.iter().position(|word| word.starts_with("scim_")).unwrap();
                names.insert(words[at].to_owned());
                table = words[at].to_owned();
            } else if let Some(column) = line.strip_prefix("    ").and_then(|line| line.split(' ').next())
                && column.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            {
                columns.insert(format!("{table}.{column}"));
            }
        }
        (names, columns)
    }

    #[test]
    fn every_object_that_we_create_is_ours_by_name() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql] {
            let (names, _) = created(dialect);
            assert!(names.iter().all(|name| name.starts_with("scim_")), "{names:?}");
        }
    }

    #[test]
    fn the_engines_have_the_same_columns() {
        let columns = |dialect| created(dialect).1;
        let mut mysql = columns(Dialect::MySql);
        mysql.retain(|column| !column.starts_with("scim_lock."));
        assert_eq!(columns(Dialect::Sqlite), columns(Dialect::Postgres));
        assert_eq!(columns(Dialect::Sqlite), mysql);
        assert!(mysql.len() > 30);
    }
}

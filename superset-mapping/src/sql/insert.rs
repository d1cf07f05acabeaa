//! New rows in Superset's tables, whose ids come from where Superset's own inserts take them.

use crate::sql::dialect::Dialect;
use crate::sql::fragment::Fragment;

/// A table of Superset that we write rows to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The sequence that ids come from where the column has no default.
    pub(crate) sequence: &'static str,
    insert: &'static str,
    next_id_postgres: &'static str,
    next_id_mysql: &'static str,
}

macro_rules! table {
    ($name:literal) => {
        Table {
            name: $name,
            sequence: concat!($name, "_id_seq"),
            insert: concat!("INSERT INTO ", $name, " ("),
            next_id_postgres: concat!("nextval('", $name, "_id_seq')"),
            next_id_mysql: concat!("nextval(", $name, "_id_seq)"),
        }
    };
}

pub(crate) static AB_USER: Table = table!("ab_user");
pub(crate) static AB_GROUP: Table = table!("ab_group");
pub(crate) static AB_USER_ROLE: Table = table!("ab_user_role");
pub(crate) static AB_USER_GROUP: Table = table!("ab_user_group");
pub(crate) static AB_GROUP_ROLE: Table = table!("ab_group_role");
pub(crate) static AB_ROLE: Table = table!("ab_role");
pub(crate) static AB_PERMISSION_VIEW_ROLE: Table = table!("ab_permission_view_role");
pub(crate) static USER_ATTRIBUTE: Table = table!("user_attribute");
pub(crate) static SUBJECTS: Table = table!("subjects");

/// Where the ids of a table come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ids {
    /// From the column itself.
    #[default]
    Column,
    /// From a sequence that every insert has to ask. Any other source makes Superset's own next insert fail.
    Sequence,
}

impl Table {
    /// The next id of the sequence, as an expression.
    pub(crate) fn next_id(&self, dialect: Dialect) -> &'static str {
        if dialect == Dialect::Postgres { self.next_id_postgres } else { self.next_id_mysql }
    }

    /// A statement that inserts one row whose id, the first value, is known.
    pub(crate) fn insert_with_id(&self, columns: &'static str, values: Fragment) -> Fragment {
        let columns = Fragment::new(self.insert).then(Fragment::new("id, ")).then(Fragment::new(columns));
        columns.then(Fragment::new(") VALUES (")).then(values).then(Fragment::new(")"))
    }

    /// A statement that inserts the rows of a selection: what stands after `SELECT`, without the id.
    pub(crate) fn insert_selected(
        &self,
        dialect: Dialect,
        ids: Ids,
        columns: &'static str,
        rows: Fragment,
    ) -> Fragment {
        let (id, next) = match ids {
            Ids::Column => ("", Fragment::new("")),
            Ids::Sequence => ("id, ", Fragment::new(self.next_id(dialect)).then(Fragment::new(", "))),
        };
        let into = Fragment::new(self.insert).then(Fragment::new(id)).then(Fragment::new(columns));
        into.then(Fragment::new(") SELECT ")).then(next).then(rows)
    }

    /// One statement that inserts several rows. Each fragment is the values of a row, without brackets.
    pub(crate) fn insert(&self, dialect: Dialect, ids: Ids, columns: &'static str, rows: Vec<Fragment>) -> Fragment {
        let rows = rows.into_iter().map(|row| {
            let start = Fragment::new("(");
            let start = match ids {
                Ids::Column => start,
                Ids::Sequence => start.then(Fragment::new(self.next_id(dialect))).then(Fragment::new(", ")),
            };
            start.then(row).then(Fragment::new(")"))
        });
        Fragment::new(self.insert)
            .then(Fragment::new(if ids == Ids::Sequence { "id, " } else { "" }))
            .then(Fragment::new(columns))
            .then(Fragment::new(") VALUES "))
            .then(Fragment::joined(rows.collect(), ", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_from_the_column_or_from_the_sequence() {
        let rows =
            || vec![Fragment::new("?, ?").bind(1_i64).bind(2_i64), Fragment::new("?, ?").bind(1_i64).bind(3_i64)];
        let text = |dialect, ids| AB_USER_ROLE.insert(dialect, ids, "user_id, role_id", rows()).text().to_owned();
        assert_eq!(
            text(Dialect::Sqlite, Ids::Column),
            "INSERT INTO ab_user_role (user_id, role_id) VALUES (?, ?), (?, ?)"
        );
        assert_eq!(
            text(Dialect::Postgres, Ids::Sequence),
            "INSERT INTO ab_user_role (id, user_id, role_id) VALUES (nextval('ab_user_role_id_seq'), ?, ?), \
             (nextval('ab_user_role_id_seq'), ?, ?)"
        );
        assert!(text(Dialect::MySql, Ids::Sequence).contains("(nextval(ab_user_role_id_seq), ?, ?)"));
    }
}

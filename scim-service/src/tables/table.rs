//! Which column of a host's table has which attribute.

use scim_core::ResourceTypeName;
use thiserror::Error;

use super::statement::{Cell, CellKind};

/// A table of the host, and which of its columns have which attributes of a resource type.
///
/// Attributes without a column are kept together as JSON in the rest column, so the resource type keeps all of its attributes whatever
/// columns there are. Besides the host's own columns the table needs these, whose names can be changed:
///
/// | column | type | holds |
/// |---|---|---|
/// | `id` | any | the host's own primary key; memberships refer to it |
/// | `scim_id` | text, unique | the `id` of the resource, issued by the store; a row where it is `NULL` is no resource |
/// | `scim_version` | integer | counts the changes of the resource |
/// | `scim_created`, `scim_modified` | text | `meta.created` and `meta.lastModified` |
/// | none by default | text | who asserts the resource, where [`with_source`](Self::with_source) names a column |
/// | `scim_rest` | text | the attributes without a column, as a JSON object; `NULL` for none |
///
/// Whoever else writes to columns with attributes adds 1 to `scim_version`, or `ETag` and `If-Match` do not notice. `scim_id`, exact
/// columns and [folded columns](Self::with_folded) have to compare by bytes: as they do in SQLite, with `COLLATE "C"` in PostgreSQL,
/// with `COLLATE
/// utf8mb4_0900_bin` in MySQL, `utf8mb4_nopad_bin` in MariaDB (`utf8mb4_bin` takes no account of spaces at the end).
///
/// ```
/// use scim_service::tables::Table;
///
/// let users = Table::new("User", "users")
///     .with_column("userName", "login")
///     .with_folded("userName", "login_folded")
///     .with_column("externalId", "external_id")
///     .with_column("name.givenName", "first")
///     .with_column("emails.value", "email")
///     .with_column_or("active", "active", true);
/// # let _ = users;
/// ```
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) of: ResourceTypeName,
    pub(super) name: String,
    pub(super) key: String,
    pub(super) id: String,
    pub(super) version: String,
    pub(super) created: String,
    pub(super) modified: String,
    pub(super) rest: String,
    pub(super) tenant: Option<String>,
    pub(super) source: Option<String>,
    pub(super) columns: Vec<Column>,
    pub(super) folded: Vec<(String, String)>,
    pub(super) unique: Vec<String>,
}

/// A column with an attribute, as the host says it.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) path: String,
    pub(super) name: String,
    /// What the column has where the attribute is absent, if that is not `NULL`.
    pub(super) absent: Option<Cell>,
}

impl Table {
    /// The table with the resources of a type, which the name of the type finds in the schemas. `name` is put into statements as it is,
    /// so it may have a schema before it or quotes around it.
    pub fn new(of: impl Into<ResourceTypeName>, name: impl Into<String>) -> Self {
        let column = |name: &str| name.to_owned();
        Self {
            of: of.into(),
            name: name.into(),
            key: column("id"),
            id: column("scim_id"),
            version: column("scim_version"),
            created: column("scim_created"),
            modified: column("scim_modified"),
            rest: column("scim_rest"),
            tenant: None,
            source: None,
            columns: Vec::new(),
            folded: Vec::new(),
            unique: Vec::new(),
        }
    }

    /// Names the host's primary key, `id` by default. It may be of any type.
    #[must_use]
    pub fn with_key(self, column: impl Into<String>) -> Self {
        Self { key: column.into(), ..self }
    }

    /// Names the column with the `id` of the resource, `scim_id` by default. A table whose primary key is a string that the host lets the
    /// store issue may name that.
    #[must_use]
    pub fn with_id(self, column: impl Into<String>) -> Self {
        Self { id: column.into(), ..self }
    }

    /// Names the column that counts changes, `scim_version` by default.
    #[must_use]
    pub fn with_version(self, column: impl Into<String>) -> Self {
        Self { version: column.into(), ..self }
    }

    /// Names the columns with the times of creation and of the last change, `scim_created` and `scim_modified` by default.
    #[must_use]
    pub fn with_times(self, created: impl Into<String>, modified: impl Into<String>) -> Self {
        Self { created: created.into(), modified: modified.into(), ..self }
    }

    /// Names the column with the attributes that have no other, `scim_rest` by default.
    #[must_use]
    pub fn with_rest(self, column: impl Into<String>) -> Self {
        Self { rest: column.into(), ..self }
    }

    /// Names the column with the tenant, a string; it is empty for requests without a tenant. Every statement of the store has a
    /// condition on it. Without the column the table belongs to a service without tenants: a request that has one is refused.
    #[must_use]
    pub fn with_tenant(self, column: impl Into<String>) -> Self {
        Self { tenant: Some(column.into()), ..self }
    }

    /// Names the column with who asserts the resource, a string that is `NULL` for rows that the application made: the SCIM client or the
    /// identity provider that wrote its content last, such as `client:okta`. Resources then have a
    /// [provenance](scim_core::Resource::provenance), which is what rules ask for before they give a role.
    #[must_use]
    pub fn with_source(self, column: impl Into<String>) -> Self {
        Self { source: Some(column.into()), ..self }
    }

    /// Keeps an attribute in a column: `userName`, `name.givenName`, `active`, or with the URI of an extension before it. The column is a
    /// boolean or an integer for attributes of these types, else a string; `NULL` where the attribute is absent.
    ///
    /// Of a complex multi-valued attribute a column can have the `value` of one element, the primary one or else the first:
    /// `emails.value`. A write-only attribute such as `password` comes as its [hash](super::Database::hash).
    #[must_use]
    pub fn with_column(mut self, path: impl Into<String>, column: impl Into<String>) -> Self {
        self.columns.push(Column { path: path.into(), name: column.into(), absent: None });
        self
    }

    /// The same of a column that is never `NULL`: it has this value where the attribute is absent. The attribute is still absent for
    /// SCIM clients, until the column changes. Filters on it are not evaluated by the database.
    #[must_use]
    pub fn with_column_or(
        mut self,
        path: impl Into<String>,
        column: impl Into<String>,
        absent: impl Into<Cell>,
    ) -> Self {
        self.columns.push(Column { path: path.into(), name: column.into(), absent: Some(absent.into()) });
        self
    }

    /// Keeps the [folded](scim_filter::fold) form of an attribute in a column of its own, beside the one that has the attribute.
    ///
    /// SCIM compares most strings without regard to case, by the rules of Unicode, which no database's own comparison follows: this column
    /// is what filters are pushed down to. An attribute that must be unique needs it, unless it is case-sensitive. Give it an index.
    #[must_use]
    pub fn with_folded(mut self, path: impl Into<String>, column: impl Into<String>) -> Self {
        self.folded.push((path.into(), column.into()));
        self
    }

    /// Keeps the values of an attribute unique although its schema does not ask for it, because an index of the table does. `/Schemas`
    /// then shows it.
    #[must_use]
    pub fn with_unique(mut self, path: impl Into<String>) -> Self {
        self.unique.push(path.into());
        self
    }
}

impl Table {
    /// Every name that comes into a statement.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let own = [&self.name, &self.key, &self.id, &self.version, &self.created, &self.modified, &self.rest];
        let mapped = self.columns.iter().map(|column| &column.name).chain(self.folded.iter().map(|(_, name)| name));
        own.into_iter().chain(&self.tenant).chain(&self.source).chain(mapped).map(String::as_str)
    }
}

/// The host's table of who is in which group.
///
/// ```
/// use scim_service::tables::MemberTable;
///
/// let members = MemberTable::new("team_members", "team_id", "user_id").with_others("scim_team_members");
/// # let _ = members;
/// ```
#[derive(Clone, Debug)]
pub struct MemberTable {
    pub(super) table: String,
    pub(super) group: String,
    pub(super) user: String,
    pub(super) others: Option<String>,
}

impl MemberTable {
    /// The table whose column `group` has the primary key of a group, and `user` that of a user. Both together should be unique. The store
    /// inserts and deletes rows of these two columns alone.
    pub fn new(table: impl Into<String>, group: impl Into<String>, user: impl Into<String>) -> Self {
        Self { table: table.into(), group: group.into(), user: user.into(), others: None }
    }

    /// Names a table for members that are no users: groups in groups, and ids that no resource has, which RFC 7643 lets a client
    /// name. Its columns are strings: `group_id` and `member_id`, which are ids of resources, `member_folded`, and `member_type`, which may be
    /// `NULL`; they compare by bytes too.
    ///
    /// Without it, a write that names such a member is [refused](crate::StoreError::InvalidValue).
    #[must_use]
    pub fn with_others(self, table: impl Into<String>) -> Self {
        Self { others: Some(table.into()), ..self }
    }
}

/// Why tables do not fit the schemas.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("table `{table}`: {problem}")]
pub struct TableMappingError {
    pub(super) table: String,
    pub(super) problem: String,
}

impl TableMappingError {
    pub(super) fn new(table: &str, problem: impl Into<String>) -> Self {
        Self { table: table.to_owned(), problem: problem.into() }
    }
}

pub(super) fn kind_name(kind: CellKind) -> &'static str {
    match kind {
        CellKind::Bool => "a boolean",
        CellKind::Integer => "an integer",
        CellKind::Text => "a string",
    }
}

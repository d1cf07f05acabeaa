//! Tables as the store works with them: every path looked up in the schemas once, when the store is made.

use scim_core::schema::{AttributeType, Resolved, Uniqueness};
use scim_core::{AttrPath, AttributeRef, ResourceTypeName, SchemaSet, Tolerance, TypeSchema};

use super::statement::{Cell, CellKind, Sql};
use super::table::{MemberTable, Table, TableMappingError, kind_name};
use crate::store::{StoreCapabilities, StoreError};

/// The alias of the table in every query.
pub(super) const ROW: &str = "t";

/// The time of a row that has none, as responses show it.
pub(super) const NO_TIME: &str = "1970-01-01T00:00:00.000Z";

/// All tables of a store.
#[derive(Clone, Debug)]
pub(super) struct Layouts {
    layouts: Vec<Layout>,
    pub(super) membership: Option<MemberTable>,
}

/// The table of one resource type.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) table: Table,
    pub(super) columns: Vec<Mapped>,
}

/// A column with an attribute.
#[derive(Clone, Debug)]
pub(super) struct Mapped {
    pub(super) target: AttributeRef,
    pub(super) name: String,
    pub(super) kind: CellKind,
    /// What the column has where the attribute is absent, if that is not `NULL`.
    pub(super) absent: Option<Cell>,
    /// The column with the folded form.
    pub(super) folded: Option<String>,
    /// Whether no two resources may have the same value.
    unique: bool,
}

impl Layouts {
    pub(super) fn new(
        tables: impl IntoIterator<Item = Table>,
        membership: Option<MemberTable>,
        schemas: &SchemaSet,
    ) -> Result<Self, TableMappingError> {
        let layouts = tables.into_iter().map(|table| Layout::new(&table, schemas)).collect::<Result<Vec<_>, _>>()?;
        for (index, layout) in layouts.iter().enumerate() {
            if layouts.iter().take(index).any(|other| other.table.of == layout.table.of) {
                return Err(TableMappingError::new(
                    &layout.table.name,
                    format!("`{}` has two tables", layout.table.of),
                ));
            }
        }
        let layouts = Self { layouts, membership };
        if let Some(membership) = &layouts.membership {
            for name in [ResourceTypeName::user(), ResourceTypeName::group()] {
                layouts.find(&name).ok_or_else(|| {
                    TableMappingError::new(&membership.table, format!("memberships need a table of `{name}`"))
                })?;
            }
        }
        Ok(layouts)
    }

    pub(super) fn of(&self, of: &TypeSchema) -> Result<&Layout, StoreError> {
        self.find(of.resource_type().name())
            .ok_or(StoreError::Unsupported { what: "has no table for this resource type" })
    }

    pub(super) fn find(&self, name: &ResourceTypeName) -> Option<&Layout> {
        self.layouts.iter().find(|layout| layout.table.of == *name)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Layout> {
        self.layouts.iter()
    }

    /// The memberships, with the tables of groups and of users.
    pub(super) fn related(&self) -> Option<Related<'_>> {
        let membership = self.membership.as_ref()?;
        let groups = self.find(&ResourceTypeName::group())?;
        Some(Related { membership, groups, users: self.find(&ResourceTypeName::user())? })
    }

    /// Whether every table tells tenants apart.
    pub(super) fn has_tenants(&self) -> bool {
        self.layouts.iter().all(|layout| layout.table.tenant.is_some())
    }

    pub(super) fn capabilities(&self) -> StoreCapabilities {
        let unique = self.layouts.iter().flat_map(|layout| {
            let paths = layout.table.unique.iter().filter_map(|path| path.parse().ok());
            paths.map(|path| (layout.table.of.clone(), path))
        });
        let capabilities = StoreCapabilities::default().with_patch().with_transactions();
        unique.fold(capabilities, |capabilities, (of, path)| capabilities.with_unique(&of, path))
    }
}

/// The tables of memberships.
#[derive(Clone, Copy, Debug)]
pub(super) struct Related<'a> {
    pub(super) membership: &'a MemberTable,
    pub(super) groups: &'a Layout,
    pub(super) users: &'a Layout,
}

impl Layout {
    fn new(table: &Table, schemas: &SchemaSet) -> Result<Self, TableMappingError> {
        let fail = |problem: String| TableMappingError::new(&table.name, problem);
        let of = schemas.of(&table.of).ok_or_else(|| fail(format!("no schema has the type `{}`", table.of)))?;
        // A `?` stands for a value.
        if let Some(name) = table.names().find(|name| name.is_empty() || name.contains('?')) {
            return Err(fail(format!("`{name}` cannot be the name of a table or a column")));
        }
        let mut columns: Vec<Mapped> = Vec::new();
        for column in &table.columns {
            let target = resolve(of, &column.path).map_err(&fail)?;
            let kind = kind_of(&target, &column.path).map_err(&fail)?;
            if let Some(absent) = column.absent.as_ref().filter(|absent| absent.kind() != kind) {
                let (found, expected) = (kind_name(absent.kind()), kind_name(kind));
                return Err(fail(format!("`{}`: {found} where it is absent, expected {expected}", column.path)));
            }
            if columns.iter().any(|other| other.target.overlaps(&target) && !is_beside(&other.target, &target)) {
                return Err(fail(format!("`{}` has two columns", column.path)));
            }
            let unique = target.leaf().uniqueness() != Uniqueness::None;
            let (name, absent) = (column.name.clone(), column.absent.clone());
            columns.push(Mapped { target, name, kind, absent, folded: None, unique });
        }
        let mut mapped = |path: &str, change: &dyn Fn(&mut Mapped)| {
            let target = resolve(of, path)?;
            let found = columns.iter_mut().find(|mapped| mapped.target == target);
            found.map(change).ok_or_else(|| format!("`{path}` has no column"))
        };
        for (path, name) in &table.folded {
            mapped(path, &|mapped| mapped.folded = Some(name.clone())).map_err(&fail)?;
        }
        for path in &table.unique {
            mapped(path, &|mapped| mapped.unique = true).map_err(&fail)?;
        }
        let layout = Self { columns, table: table.clone() };
        for target in unique_attributes(of).chain(table.unique.iter().filter_map(|path| resolve(of, path).ok())) {
            layout.comparable(&target, target.leaf().case_exact()).ok_or_else(|| {
                fail(format!("`{target}` must be unique: expected a column, and a folded one unless case-sensitive"))
            })?;
        }
        Ok(layout)
    }

    /// The column whose bytes compare as values of an attribute do, with whether it is folded.
    pub(super) fn comparable(&self, target: &AttributeRef, case_exact: bool) -> Option<(&Mapped, &str)> {
        let mapped = self.columns.iter().find(|mapped| mapped.target == *target)?;
        if mapped.absent.is_some() || mapped.target.attribute().multi_valued() {
            return None;
        }
        let is_text = matches!(target.leaf().kind(), AttributeType::String | AttributeType::Reference);
        match mapped.kind {
            CellKind::Bool | CellKind::Integer => Some((mapped, &mapped.name)),
            CellKind::Text if !is_text => None,
            CellKind::Text if case_exact => Some((mapped, &mapped.name)),
            CellKind::Text => Some((mapped, mapped.folded.as_deref()?)),
        }
    }

    /// The columns whose values must be unique.
    pub(super) fn unique(&self) -> impl Iterator<Item = (&Mapped, &str)> {
        let unique = self.columns.iter().filter(|mapped| mapped.unique);
        unique.filter_map(|mapped| self.comparable(&mapped.target, mapped.target.leaf().case_exact()))
    }

    /// The columns of a row, in the order in which [`Record`](super::record::Record) reads them, with `alias` before each.
    pub(super) fn select(&self, alias: &str) -> String {
        let table = &self.table;
        let own = [&table.id, &table.version, &table.created, &table.modified, &table.rest];
        let names = own.into_iter().chain(&table.source).chain(self.columns.iter().map(|column| &column.name));
        names.map(|name| format!("{alias}.{name}")).collect::<Vec<_>>().join(", ")
    }

    /// The types of these columns.
    pub(super) fn kinds(&self) -> Vec<CellKind> {
        use CellKind::{Integer, Text};
        let source = self.table.source.as_ref().map(|_| Text);
        [Text, Integer, Text, Text, Text]
            .into_iter()
            .chain(source)
            .chain(self.columns.iter().map(|column| column.kind))
            .collect()
    }

    /// The condition that a row is a resource of the tenant. `prefix` is an alias with a dot, or nothing.
    pub(super) fn live(&self, prefix: &str, tenant: &str) -> Sql {
        // In this form no planner takes the condition for a range of the index on ids, which holds every row.
        let is_resource = Sql::new(format!("COALESCE({prefix}{}, '') <> ''", self.table.id));
        match &self.table.tenant {
            Some(column) => is_resource.text(&format!(" AND {prefix}{column} = ?")).bind(tenant),
            None => is_resource,
        }
    }

    /// Which attribute a unique index means: that of the longest name of a column in what the driver says.
    /// `None` where it is about no column of these.
    pub(super) fn attribute_of_index(&self, what: &str) -> Option<String> {
        let names = self.columns.iter().flat_map(|mapped| {
            [Some(mapped.name.as_str()), mapped.folded.as_deref()].into_iter().flatten().map(move |name| (name, mapped))
        });
        let found = names.filter(|(name, _)| what.contains(name)).max_by_key(|(name, _)| name.len());
        found.map(|(_, mapped)| mapped.target.to_string())
    }
}

/// A column of one sub-attribute beside that of another.
fn is_beside(a: &AttributeRef, b: &AttributeRef) -> bool {
    a.sub().is_some() && b.sub().is_some() && a.sub() != b.sub()
}

fn resolve(of: &TypeSchema, path: &str) -> Result<AttributeRef, String> {
    let parsed: AttrPath = path.parse().map_err(|_| format!("`{path}` is no path of an attribute"))?;
    match of.resolve(&parsed, &mut Tolerance::rfc()).map_err(|error| error.to_string())? {
        Resolved::Attribute(target) => Ok(target),
        Resolved::Extension(_) => Err(format!("`{path}` is an extension: expected an attribute of it")),
    }
}

/// What a column with an attribute holds.
fn kind_of(target: &AttributeRef, path: &str) -> Result<CellKind, String> {
    let is_own = ["id", "meta", "schemas", "groups", "members"].iter().any(|name| target.is_in(name));
    if is_own {
        return Err(format!("`{path}` is kept by the store itself"));
    }
    let one_value = !target.attribute().multi_valued() || target.sub() == Some("value");
    if !one_value || target.leaf().multi_valued() {
        return Err(format!("`{path}` has many values: expected one, such as `emails.value`"));
    }
    match target.leaf().kind() {
        AttributeType::Boolean => Ok(CellKind::Bool),
        AttributeType::Integer => Ok(CellKind::Integer),
        AttributeType::String | AttributeType::DateTime | AttributeType::Binary | AttributeType::Reference => {
            Ok(CellKind::Text)
        }
        AttributeType::Complex => Err(format!("`{path}` is complex: expected one of its sub-attributes")),
        AttributeType::Decimal => Err(format!("`{path}` is a decimal, which only the rest column can hold")),
    }
}

/// The attributes whose values the schemas want to be unique, but for `id`.
fn unique_attributes(of: &TypeSchema) -> impl Iterator<Item = AttributeRef> {
    let own = of.base().attributes().iter().map(|attribute| AttributeRef::new(None, attribute));
    let extended = of.extensions().iter().flat_map(|extension| {
        extension.schema.attributes().iter().map(|attribute| AttributeRef::new(Some(&extension.schema), attribute))
    });
    let all = own.chain(extended).flat_map(|whole| {
        let subs: Vec<_> = whole.attribute().sub_attributes().iter().map(|sub| whole.clone().with_sub(sub)).collect();
        std::iter::once(whole).chain(subs)
    });
    all.filter(|target| target.leaf().uniqueness() != Uniqueness::None && target.name() != "id")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(tables: impl IntoIterator<Item = Table>, membership: Option<MemberTable>) -> String {
        Layouts::new(tables, membership, &SchemaSet::builtin()).unwrap_err().to_string()
    }

    fn users() -> Table {
        Table::new("User", "users").with_column("userName", "login").with_folded("userName", "login_folded")
    }

    #[test]
    fn a_mapping_that_cannot_work_is_refused_when_the_store_is_made() {
        for (table, problem) in [
            (Table::new("Robot", "robots"), "no schema has the type `Robot`"),
            (Table::new("User", "users"), "`userName` must be unique: expected a column, and a folded one unless"),
            (
                Table::new("User", "users").with_column("userName", "login"),
                "`userName` must be unique: expected a column",
            ),
            (users().with_column("nikcName", "n"), "did you mean `nickName`?"),
            (users().with_column("name", "n"), "`name` is complex: expected one of its sub-attributes"),
            (
                users().with_column("emails.type", "n"),
                "`emails.type` has many values: expected one, such as `emails.value`",
            ),
            (users().with_column("emails", "n"), "has many values"),
            (users().with_column("id", "n"), "`id` is kept by the store itself"),
            (users().with_column("groups.value", "n"), "is kept by the store itself"),
            (users().with_column("USERNAME", "n"), "`USERNAME` has two columns"),
            (
                users().with_column_or("active", "active", 1),
                "`active`: an integer where it is absent, expected a boolean",
            ),
            (users().with_folded("title", "t"), "`title` has no column"),
            (users().with_column("title", "t").with_unique("title"), "`title` must be unique: expected a column"),
            (users().with_column_or("title", "t?", ""), "`t?` cannot be the name"),
            (users().with_column("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "e"), "is an extension"),
        ] {
            let told = refused([table], None);
            assert!(told.contains(problem), "{told}");
        }
        assert!(refused([users(), users()], None).contains("`User` has two tables"));
        let members = MemberTable::new("team_members", "team_id", "user_id");
        assert!(refused([users()], Some(members)).contains("memberships need a table of `Group`"));
    }

    #[test]
    fn a_unique_index_is_told_by_the_attribute_of_its_column() {
        let layouts = Layouts::new([users().with_column("title", "log")], None, &SchemaSet::builtin()).unwrap();
        let layout = layouts.all().next().unwrap();
        assert_eq!(
            layout.attribute_of_index("UNIQUE constraint failed: users.org, users.login_folded").unwrap(),
            "userName"
        );
        assert_eq!(layout.attribute_of_index("duplicate key in users_log").unwrap(), "title");
        assert_eq!(layout.attribute_of_index("other"), None);
    }
}

//! The rows of `scim_resource`.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim_core::json::{format_date_time, parse_date_time};
use scim_core::{Meta, Provenance, Resource, ResourceId, Source, TypeSchema, Version};
use scim_service::{Context, Precondition, StoreError};
use serde_json::Value;

use crate::driver::{DatabaseError, Row};
use crate::sql::{Active, Fragment, Param, display_name_key, index_key};
use crate::store::resources::identity::Identity;
use crate::store::session::CHUNK;
use crate::store::session::fits;
use crate::store::session::{Session, tenant_of};
use crate::store::session::{provenance, read_source, source_text};

/// The row of a table of Superset that belongs to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalRow {
    pub(crate) id: i64,
    /// What the row with this id must have for being the same row: SQLite gives ids out again.
    pub(crate) mark: String,
}

/// The longest text that has a column of ours, in characters: four bytes each still fit `MEDIUMTEXT` of `MySQL`.
const MAX_TEXT: usize = 4_000_000;

/// A stored resource.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: ResourceId,
    pub(crate) local: Option<LocalRow>,
    /// Without `id`, `meta` and what is computed or kept elsewhere.
    pub(crate) body: Resource,
    /// Who asserts it.
    pub(crate) source: Source,
    /// Moves when a user's sessions have to end.
    pub(crate) generation: i64,
    tenant: String,
    version: i64,
    created: DateTime<Utc>,
    last_modified: DateTime<Utc>,
}

fn corrupt(what: &str) -> DatabaseError {
    DatabaseError::corrupt(format!("`scim_resource` holds an unreadable {what}"))
}

/// The document in a row.
pub(in crate::store) fn body_of(text: String) -> Result<Resource, DatabaseError> {
    Resource::from_json(text).ok_or_else(|| corrupt("body"))
}

/// The resource in a row of [`seen_columns`], for a filter or a sort: with `id` and `meta` where `names` say so.
pub(in crate::store) fn seen(row: &Row, of: &TypeSchema, names: &HashSet<String>) -> Result<Resource, DatabaseError> {
    let mut resource = body_of(row.text(1)?)?;
    let sees_meta = names.contains(META);
    if sees_meta || names.contains("id") {
        // The location in `meta` is made of the id.
        let id = Value::from(row.text(0)?).to_string();
        let meta = if sees_meta {
            Some(meta(of, row.integer(2)?, time(&row.text(3)?)?, time(&row.text(4)?)?).to_value().to_string())
        } else {
            None
        };
        resource.set_json(&[("id", Some(&id)), (META, meta.as_deref())]);
    }
    Ok(resource)
}

/// The columns that [`seen`] reads, of a table called `r`: each costs time in every row.
pub(in crate::store) fn seen_columns(names: &HashSet<String>) -> &'static str {
    if names.contains(META) {
        "SELECT r.id, r.body, r.version, r.created, r.last_modified FROM scim_resource r "
    } else {
        "SELECT r.id, r.body FROM scim_resource r "
    }
}

/// The attribute whose value stands in columns of its own.
const META: &str = "meta";

fn meta(of: &TypeSchema, version: i64, created: DateTime<Utc>, last_modified: DateTime<Utc>) -> Meta {
    let mut meta = Meta::created_at(created, of.resource_type().name().clone(), Version::new(version));
    meta.last_modified = last_modified;
    meta
}

fn time(text: &str) -> Result<DateTime<Utc>, DatabaseError> {
    parse_date_time(text).map_err(|_| corrupt("time"))
}

/// The columns that [`Record::read`] reads, of a table called `r`.
macro_rules! record_columns {
    () => {
        "SELECT r.id, r.local_id, r.local_mark, r.body, r.version, r.created, r.last_modified, r.source, r.generation, r.tenant "
    };
}

/// Those columns of rows that are found by another statement, `FROM` which they come.
pub(in crate::store) const RECORD_ALONE: &str = record_columns!();

/// Those columns of `scim_resource`.
pub(in crate::store) const RECORD_COLUMNS: &str = concat!(record_columns!(), "FROM scim_resource r ");

/// How many columns those are.
pub(crate) const RECORD_WIDTH: usize = 10;

/// What other resources call this one.
pub(crate) fn display(body: &Resource) -> Option<Cow<'_, str>> {
    ["displayName", "userName"].into_iter().find_map(|name| body.text(name))
}

impl Record {
    pub(in crate::store) fn new(id: ResourceId, body: Resource, local: Option<LocalRow>, by: &Context) -> Self {
        Self {
            id,
            local,
            body,
            source: by.principal.source().clone(),
            generation: 0,
            tenant: tenant_of(by).to_owned(),
            version: 1,
            created: by.now,
            last_modified: by.now,
        }
    }

    /// The same, as the version after this one.
    pub(in crate::store) fn going_on_after(self, version: i64) -> Self {
        Self { version: version.saturating_add(1), ..self }
    }

    pub(crate) fn read(row: &Row) -> Result<Self, DatabaseError> {
        let body = body_of(row.text(3)?)?;
        let local = row.optional_integer(1)?.zip(row.optional_text(2)?);
        Ok(Self {
            id: row.text(0)?.parse().map_err(|_| corrupt("id"))?,
            local: local.map(|(id, mark)| LocalRow { id, mark }),
            body,
            source: read_source(&row.text(7)?)?,
            generation: row.integer(8)?,
            tenant: row.text(9)?,
            version: row.integer(4)?,
            created: time(&row.text(5)?)?,
            last_modified: time(&row.text(6)?)?,
        })
    }

    pub(in crate::store) fn check(&self, when: &Precondition) -> Result<(), StoreError> {
        if when.holds(&self.tag()) { Ok(()) } else { Err(StoreError::PreconditionFailed) }
    }

    /// Counts a change of the resource itself.
    pub(in crate::store) fn modified(&mut self, now: DateTime<Utc>) {
        // A clock that went back still orders the times.
        self.last_modified = self.last_modified.max(now);
        self.version += 1;
    }

    /// The resource with `id` and `meta`.
    pub(in crate::store) fn shown(&self, of: &TypeSchema) -> Resource {
        let mut resource = self.body.clone();
        resource.set_head(self.id.as_str(), &meta(of, self.version, self.created, self.last_modified));
        resource.asserted_by(Arc::new(self.provenance()))
    }

    /// Who the user is to whoever provisions them.
    pub(crate) fn identity(&self) -> Identity {
        Identity { source: self.source.clone(), external_id: self.external_id().map(Cow::into_owned) }
    }

    /// Who asserts it.
    pub(crate) fn provenance(&self) -> Provenance {
        provenance(self.source.clone(), &self.tenant)
    }

    /// The document, and who asserts it.
    pub(crate) fn asserted(&self) -> Resource {
        self.body.clone().asserted_by(Arc::new(self.provenance()))
    }

    /// Whether the values that have columns of their own fit them.
    fn check_columns(&self) -> Result<(), StoreError> {
        for name in ["externalId", "displayName", "userName"] {
            if let Some(text) = self.body.text(name) {
                fits(name, &text, MAX_TEXT)?;
            }
        }
        Ok(())
    }

    fn body_text(&self) -> Cow<'_, str> {
        self.body.to_json()
    }

    /// What other resources call this one.
    pub(crate) fn display_name(&self) -> Cow<'_, str> {
        display(&self.body).unwrap_or_default()
    }

    /// The version, as clients have it.
    pub(in crate::store) fn tag(&self) -> Version {
        Version::new(self.version)
    }

    pub(in crate::store) fn version(&self) -> i64 {
        self.version
    }

    pub(crate) fn external_id(&self) -> Option<Cow<'_, str>> {
        self.body.text("externalId")
    }
}

impl Session<'_> {
    /// The resource of this type and id in the caller's tenant.
    pub(crate) async fn find(&mut self, of: &TypeSchema, id: &ResourceId) -> Result<Record, StoreError> {
        let statement = Fragment::new(RECORD_COLUMNS)
            .then(Fragment::new("WHERE r.id = ? AND r.tenant = ? AND r.resource_type = ?"))
            .bind(id.as_str())
            .bind(self.tenant)
            .bind(of.resource_type().name().as_str());
        if id.as_str().contains('\0') {
            // No engine need know such an id, and one can't be asked for it.
            return Err(StoreError::NotFound);
        }
        let row = self.transaction.row(statement).await?.ok_or(StoreError::NotFound)?;
        Ok(Record::read(&row)?)
    }

    /// The statement that stores a new resource.
    pub(in crate::store) fn insertion(&self, of: &TypeSchema, record: &Record) -> Result<Fragment, StoreError> {
        record.check_columns()?;
        let statement = Fragment::new(
            "INSERT INTO scim_resource (id, tenant, resource_type, local_id, local_mark, external_id, external_key, display, \
             body, version, created, last_modified, source, generation, active, display_name_key) VALUES ",
        )
        .then(Fragment::list([
            record.id.as_str().into(),
            self.tenant.into(),
            of.resource_type().name().as_str().into(),
            record.local.as_ref().map(|local| local.id).into(),
            record.local.as_ref().map(|local| local.mark.as_str()).into(),
            record.external_id().as_deref().into(),
            record.external_id().as_deref().map(index_key).as_deref().into(),
            display(&record.body).as_deref().into(),
            (&*record.body_text()).into(),
            record.version.into(),
            format_date_time(record.created).into(),
            format_date_time(record.last_modified).into(),
            source_text(&record.source)?.into(),
            Param::from(record.generation),
            Active::of(&record.body).number().into(),
            display_name_key(&record.body).into(),
        ]));
        Ok(statement)
    }

    /// Writes the row. Who changes the document [counts](Self::recount) it, too.
    pub(crate) async fn update(&mut self, record: &Record) -> Result<(), StoreError> {
        record.check_columns()?;
        let statement = Fragment::new(
            "UPDATE scim_resource SET local_id = ?, local_mark = ?, external_id = ?, external_key = ?, display = ?, body = ?, \
             version = ?, last_modified = ?, source = ?, generation = ?, active = ?, display_name_key = ? WHERE id = ?",
        )
        .bind(record.local.as_ref().map(|local| local.id))
        .bind(record.local.as_ref().map(|local| local.mark.as_str()))
        .bind(record.external_id().as_deref())
        .bind(record.external_id().as_deref().map(index_key).as_deref())
        .bind(display(&record.body).as_deref())
        .bind(&*record.body_text())
        .bind(record.version)
        .bind(format_date_time(record.last_modified))
        .bind(source_text(&record.source)?)
        .bind(record.generation)
        .bind(Active::of(&record.body).number())
        .bind(display_name_key(&record.body))
        .bind(record.id.as_str());
        self.transaction.execute(statement).await?;
        Ok(())
    }

    /// Moves the deleted resource to the tombstones, once the call [flushes](Session::flush).
    pub(in crate::store) fn bury(&mut self, of: &TypeSchema, record: &Record) -> Result<(), StoreError> {
        let id = record.id.as_str();
        let tombstone = Fragment::new(
            "INSERT INTO scim_tombstone (id, tenant, resource_type, local_id, local_mark, user_name, source, external_id, \
             deleted_at) VALUES ",
        )
        .then(Fragment::list([
            id.into(),
            self.tenant.into(),
            of.resource_type().name().as_str().into(),
            record.local.as_ref().map(|local| local.id).into(),
            record.local.as_ref().map(|local| local.mark.as_str()).into(),
            record.body.text("userName").as_deref().into(),
            source_text(&record.source)?.into(),
            record.external_id().as_deref().into(),
            Param::from(format_date_time(self.now)),
        ]));
        let deletions = [
            "DELETE FROM scim_unique WHERE resource_id = ?",
            "DELETE FROM scim_value WHERE resource_id = ?",
            "DELETE FROM scim_resource WHERE id = ?",
        ];
        self.later([tombstone]);
        self.later(deletions.map(|deletion| Fragment::new(deletion).bind(id)));
        self.recount(of, Some(&record.body), None);
        Ok(())
    }

    /// Gives resources a new version, because their representation changed with that of another.
    pub(in crate::store) async fn touch(&mut self, ids: &[String]) -> Result<(), StoreError> {
        for ids in ids.chunks(CHUNK) {
            let statement = Fragment::new("UPDATE scim_resource SET version = version + 1 WHERE id IN ");
            self.transaction.execute(statement.then(Fragment::list(ids.iter().map(String::as_str)))).await?;
        }
        Ok(())
    }

    /// Gives groups that lost a member a new version and time.
    pub(in crate::store) async fn touch_as_modified(&mut self, ids: &[String]) -> Result<(), StoreError> {
        let now = format_date_time(self.now);
        for ids in ids.chunks(CHUNK) {
            let statement = Fragment::new(
                "UPDATE scim_resource SET version = version + 1, \
                 last_modified = CASE WHEN last_modified < ? THEN ? ELSE last_modified END WHERE id IN ",
            )
            .bind(now.as_str())
            .bind(now.as_str());
            self.transaction.execute(statement.then(Fragment::list(ids.iter().map(String::as_str)))).await?;
        }
        Ok(())
    }
}

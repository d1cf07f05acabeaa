//! A row as a resource, and a resource as a row.

use std::sync::Arc;

use chrono::DateTime;
use scim_core::json::{format_date_time, parse_date_time};
use scim_core::{
    AttributeRef, Meta, Provenance, Resource, ResourceId, ResourceTypeName, Source, TypeSchema, ValueRef, Version,
};
use scim_filter::fold;
use serde_json::{Map, Value};

use super::layout::{Layout, Mapped};
use super::statement::{Cell, CellKind};
use crate::store::{Precondition, StoreError, write_only};

/// A resource as its row has it.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) created: String,
    pub(super) modified: String,
    /// All attributes but `id`, `meta` and references to other resources. Secrets are among them, as they are stored.
    pub(super) content: Resource,
    /// Who asserts it, where the table tells.
    pub(super) source: Option<Source>,
}

impl Record {
    /// Reads a row of the [selected](Layout::select) columns.
    pub(super) fn read(layout: &Layout, of: &TypeSchema, row: Vec<Cell>) -> Result<Self, StoreError> {
        let mut cells = row.into_iter();
        let mut text = || match cells.next() {
            Some(Cell::Text(text)) => Ok(text.unwrap_or_default()),
            Some(Cell::Integer(number)) => Ok(number.unwrap_or_default().to_string()),
            _ => Err(unexpected(layout)),
        };
        let [id, version, created, modified, rest] = [text()?, text()?, text()?, text()?, text()?];
        let mut attributes = match rest.as_str() {
            "" => Map::new(),
            rest => serde_json::from_str(rest).map_err(StoreError::internal)?,
        };
        let source = match &layout.table.source {
            Some(_) => Some(match cells.next() {
                Some(Cell::Text(Some(source))) => source.parse().map_err(StoreError::internal)?,
                Some(Cell::Text(None)) => Source::Host,
                _ => return Err(unexpected(layout)),
            }),
            None => None,
        };
        for (mapped, cell) in layout.columns.iter().zip(cells) {
            restore(&mut attributes, mapped, cell).map_err(|()| unexpected(layout))?;
        }
        let mut content = Resource::from_attributes(attributes);
        let schemas = of.schemas_of(content.as_value());
        content.set("schemas", Some(schemas));
        Ok(Self { id, version: version.parse().unwrap_or_default(), created, modified, content, source })
    }

    /// The values of the columns with attributes, folded ones behind, and the text of the rest column.
    ///
    /// A column holds no U+0000: one database takes it for the end of a string, another refuses it.
    pub(super) fn cells(layout: &Layout, content: &Resource) -> Result<(Vec<(String, Cell)>, String), StoreError> {
        let mut rest = content.clone().into_attributes();
        for own in ["id", "meta", "schemas"].into_iter().chain(references_of(&layout.table.of)) {
            rest.remove(own);
        }
        let mut cells = Vec::new();
        for mapped in &layout.columns {
            let cell = take(&mut rest, mapped);
            if matches!(&cell, Cell::Text(Some(text)) if text.contains('\0')) {
                let (attribute, expected) = (mapped.target.to_string(), "a string without U+0000".to_owned());
                return Err(StoreError::InvalidValue { attribute, expected });
            }
            if let (Some(folded), Cell::Text(text)) = (&mapped.folded, &cell) {
                cells.push((folded.clone(), Cell::Text(text.as_deref().map(|text| fold(text).into_owned()))));
            }
            cells.push((mapped.name.clone(), cell));
        }
        Ok((cells, Value::Object(rest).to_string()))
    }

    pub(super) fn version(&self) -> Version {
        Version::new(self.version)
    }

    pub(super) fn check(&self, when: &Precondition) -> Result<(), StoreError> {
        if when.holds(&self.version()) { Ok(()) } else { Err(StoreError::PreconditionFailed) }
    }

    /// The resource as clients see it, but for references to other resources.
    pub(super) fn shown(&self, of: &TypeSchema, tenant: &str) -> Resource {
        let time = |text: &str| parse_date_time(text).unwrap_or(DateTime::UNIX_EPOCH);
        let mut meta =
            Meta::created_at(time(&self.created), of.resource_type().name().clone(), Version::new(self.version));
        meta.last_modified = time(&self.modified);
        let mut resource = self.content.clone();
        for secret in write_only(of) {
            set(resource.attributes_mut(), &secret, None);
        }
        resource.set_head(&self.id, &meta);
        match &self.source {
            Some(source) => {
                let provenance = Provenance::new(source.clone()).in_tenant((!tenant.is_empty()).then_some(tenant));
                resource.asserted_by(Arc::new(provenance))
            }
            None => resource,
        }
    }

    /// The time of a change that happens now: two changes within a tick of the clock, or a clock that went back, still order the times.
    pub(super) fn modified_at(&self, now: DateTime<chrono::Utc>) -> String {
        format_date_time(now).max(self.modified.clone())
    }

    pub(super) fn resource_id(&self) -> Result<ResourceId, StoreError> {
        self.id.parse().map_err(StoreError::internal)
    }
}

/// The attribute that is computed from memberships.
pub(super) fn references_of(of: &ResourceTypeName) -> Option<&'static str> {
    if *of == ResourceTypeName::group() {
        Some("members")
    } else if *of == ResourceTypeName::user() {
        Some("groups")
    } else {
        None
    }
}

fn unexpected(layout: &Layout) -> StoreError {
    StoreError::internal(format!("a row of `{}` has other columns than were asked for", layout.table.name))
}

/// Gives an attribute a value; `None` takes it away, and its extension where nothing is left of it.
pub(super) fn set(attributes: &mut Map<String, Value>, target: &AttributeRef, value: Option<Value>) {
    let mut path: Vec<&str> = target.uri().into_iter().chain([target.name()]).chain(target.sub()).collect();
    let Some(last) = path.pop() else { return };
    set_at(attributes, &path, last, value);
}

fn set_at(within: &mut Map<String, Value>, path: &[&str], last: &str, value: Option<Value>) {
    let Some((first, path)) = path.split_first() else {
        match value {
            Some(value) => within.insert(last.to_owned(), value),
            None => within.remove(last),
        };
        return;
    };
    if value.is_none() && !within.contains_key(*first) {
        return;
    }
    let inner = within.entry((*first).to_owned()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        set_at(inner, path, last, value);
        if inner.is_empty() {
            within.remove(*first);
        }
    }
}

/// Takes the value of a column out of what becomes the rest.
fn take(rest: &mut Map<String, Value>, mapped: &Mapped) -> Cell {
    if mapped.target.attribute().multi_valued() {
        let element = one_of(rest, &mapped.target);
        let value = element.and_then(|element| element.remove("value"));
        return value.and_then(|value| cell_of(&value, mapped.kind)).unwrap_or_else(|| Cell::null(mapped.kind));
    }
    let found = value_in(rest, &mapped.target).and_then(|value| cell_of(value, mapped.kind));
    match (found, &mapped.absent) {
        (Some(cell), _) => {
            set(rest, &mapped.target, None);
            cell
        }
        // Says that the column's value is nobody's.
        (None, Some(absent)) => {
            set(rest, &mapped.target, Some(Value::Null));
            absent.clone()
        }
        (None, None) => Cell::null(mapped.kind),
    }
}

/// Puts the value of a column back to where it was.
fn restore(attributes: &mut Map<String, Value>, mapped: &Mapped, cell: Cell) -> Result<(), ()> {
    if cell.kind() != mapped.kind {
        return Err(());
    }
    let is_absent = || value_in(attributes, &mapped.target).is_some_and(Value::is_null);
    let value = match (&mapped.absent, cell) {
        (Some(absent), cell) if *absent == cell && is_absent() => None,
        (_, Cell::Bool(value)) => value.map(Value::from),
        (_, Cell::Integer(number)) => number.map(Value::from),
        (_, Cell::Text(text)) => text.map(Value::from),
    };
    if !mapped.target.attribute().multi_valued() {
        // What has no column value may still be in the rest, where it did not fit the column.
        if value.is_some() || mapped.absent.is_some() {
            set(attributes, &mapped.target, value);
        }
        return Ok(());
    }
    match (one_of(attributes, &mapped.target), value) {
        (Some(element), Some(value)) => {
            element.insert("value".to_owned(), value);
        }
        // A row that was there before SCIM, or whose column another program has filled.
        (None, Some(value)) => {
            let element = Map::from_iter([("value".to_owned(), value)]);
            set(attributes, &mapped.target.whole(), Some(Value::Array(vec![Value::Object(element)])));
        }
        (_, None) => {}
    }
    Ok(())
}

/// The element of a multi-valued attribute that a column has the value of: the primary one, or else the first.
fn one_of<'m>(attributes: &'m mut Map<String, Value>, target: &AttributeRef) -> Option<&'m mut Map<String, Value>> {
    let within = match target.uri() {
        Some(uri) => attributes.get_mut(uri)?.as_object_mut()?,
        None => attributes,
    };
    let elements = within.get_mut(target.name())?.as_array_mut()?;
    let is_primary = |element: &Value| element.get("primary").and_then(Value::as_bool) == Some(true);
    let index = elements.iter().position(is_primary).unwrap_or_default();
    elements.get_mut(index)?.as_object_mut()
}

fn value_in<'m>(attributes: &'m Map<String, Value>, target: &AttributeRef) -> Option<&'m Value> {
    let attribute = match target.uri() {
        Some(uri) => attributes.get(uri)?.get(target.name())?,
        None => attributes.get(target.name())?,
    };
    match target.sub() {
        Some(sub) => attribute.get(sub),
        None => Some(attribute),
    }
}

/// The value as a column has it; `None` for one of another type, which stays in the rest.
fn cell_of(value: &Value, kind: CellKind) -> Option<Cell> {
    match kind {
        CellKind::Bool => value.as_bool().map(Cell::from),
        CellKind::Integer => value.as_i64().map(Cell::from),
        CellKind::Text => value.as_str().map(Cell::from),
    }
}

/// What others call a resource.
pub(super) fn display_of(resource: &Resource) -> Option<String> {
    ["displayName", "userName"]
        .into_iter()
        .find_map(|name| resource.get(name).and_then(ValueRef::as_str))
        .map(Into::into)
}

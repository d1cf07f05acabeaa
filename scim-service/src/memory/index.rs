//! Which resources have a value: the index behind uniqueness and equality filters.

use std::sync::Arc;

use imbl::OrdSet;
use scim_core::{Attribute, AttributeRef, Resource, TypeSchema, Uniqueness};
use scim_filter::fold;
use serde_json::Value;

use super::Id;
use crate::store::{UniqueValue, unique_values};

/// Attributes that clients look resources up by, indexed wherever a type has them as one text.
const LOOKED_UP_BY: &[&str] = &["externalId", "displayName", "employeeNumber"];

/// Values and the resources that have them, in the order of the ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Index(OrdSet<(Arc<str>, Id)>);

impl Index {
    pub(super) fn insert(&mut self, of: &TypeSchema, resource: &Resource, id: &Id) {
        for value in indexed_values(of, resource) {
            self.0.insert((key(&value), id.clone()));
        }
    }

    pub(super) fn remove(&mut self, of: &TypeSchema, resource: &Resource, id: &Id) {
        for value in indexed_values(of, resource) {
            self.0.remove(&(key(&value), id.clone()));
        }
    }

    /// A resource that has the value.
    pub(super) fn holder(&self, value: &UniqueValue) -> Option<&Id> {
        self.holders(key(value)).next()
    }

    /// All resources that have the value; `None` where the attribute has no index.
    pub(super) fn find(&self, path: &AttributeRef, value: String) -> Option<impl Iterator<Item = &Id>> {
        let value = UniqueValue { attribute: path.to_string(), key: value };
        is_indexed(path).then(|| self.holders(key(&value)))
    }

    fn holders(&self, key: Arc<str>) -> impl Iterator<Item = &Id> {
        let rows = self.0.range((key.clone(), Id::default())..);
        rows.take_while(move |(found, _)| *found == key).map(|(_, id)| id)
    }
}

/// Attribute and value in one text: no attribute has NUL in its name.
fn key(value: &UniqueValue) -> Arc<str> {
    format!("{}\0{}", value.attribute, value.key).into()
}

fn indexed_values(of: &TypeSchema, resource: &Resource) -> Vec<UniqueValue> {
    let mut found = unique_values(of, resource);
    let mut add = |attribute: &Attribute, path: String, value: Option<&Value>| {
        if is_looked_up_by(attribute)
            && let Some(Value::String(text)) = value
        {
            let key = if attribute.case_exact() { text.clone() } else { fold(text).into_owned() };
            found.push(UniqueValue { attribute: path, key });
        }
    };
    for attribute in of.common().iter().chain(of.base().attributes()) {
        add(attribute, attribute.name().to_owned(), resource.get(attribute.name()));
    }
    for extension in of.extensions() {
        let Some(container) = resource.get(extension.schema.id()) else { continue };
        for attribute in extension.schema.attributes() {
            let path = format!("{}:{}", extension.schema.id(), attribute.name());
            add(attribute, path, container.get(attribute.name()));
        }
    }
    found
}

fn is_looked_up_by(attribute: &Attribute) -> bool {
    LOOKED_UP_BY.contains(&attribute.name())
        && attribute.uniqueness() == Uniqueness::None
        && attribute.sub_attributes().is_empty()
        && !attribute.multi_valued()
}

/// Whether every value of the path is in the index.
fn is_indexed(path: &AttributeRef) -> bool {
    let attribute = path.attribute();
    // `id` is the store's own; it is no value among others.
    if attribute.multi_valued() || path.is_in("id") {
        return false;
    }
    match path.sub_attribute() {
        None => {
            let unique = attribute.uniqueness() != Uniqueness::None && attribute.sub_attributes().is_empty();
            unique || is_looked_up_by(attribute)
        }
        Some(sub) => sub.uniqueness() != Uniqueness::None && !sub.multi_valued(),
    }
}

//! Which resources have a value: the index behind uniqueness and equality filters.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};

use imbl::OrdSet;
use scim_core::schema::{AttributeType, Schema, Uniqueness};
use scim_core::{Attribute, AttributeRef, Resource, TypeSchema, ValueRef};

use super::id::Id;
use crate::store::comparison_key;

/// Attributes that clients look resources up by, indexed wherever a type has them as strings.
const LOOKED_UP_BY: &[&str] = &["externalId", "displayName", "employeeNumber"];

/// Multi-valued attributes that clients look resources up by the `value` of.
const LOOKED_UP_BY_VALUE: &[&str] = &["emails"];

/// Hashes of values and the resources that have them, in the order of the ids. Two values may share a hash: whoever asks looks at the
/// resource itself, too.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    rows: OrdSet<(u64, Id)>,
    /// With keys of its own: nobody outside can choose values that share a hash.
    hasher: RandomState,
}

/// A value of a resource that is in the index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Indexed<'a> {
    uri: Option<&'a str>,
    name: &'a str,
    sub: Option<&'a str>,
    key: Cow<'a, str>,
}

/// Values that are indexed, and whether each is unique.
type Found<'a> = Vec<(Indexed<'a>, bool)>;

impl Index {
    pub(super) fn insert(&mut self, value: &Indexed<'_>, id: &Id) {
        self.rows.insert((self.hasher.hash_one(value), id.clone()));
    }

    pub(super) fn remove(&mut self, value: &Indexed<'_>, id: &Id) {
        self.rows.remove(&(self.hasher.hash_one(value), id.clone()));
    }

    /// The resources that may have the value: all that do, and perhaps others.
    pub(super) fn candidates(&self, value: &Indexed<'_>) -> impl Iterator<Item = &Id> {
        let hash = self.hasher.hash_one(value);
        let rows = self.rows.range((hash, Id::default())..);
        rows.take_while(move |(found, _)| *found == hash).map(|(_, id)| id)
    }
}

impl<'a> Indexed<'a> {
    /// A value that a filter asks for, in the form in which it compares; `None` where the attribute has no index.
    pub(super) fn asked(path: &'a AttributeRef, key: Cow<'a, str>) -> Option<Self> {
        let (uri, name, sub) = (path.uri(), path.name(), path.sub());
        is_indexed(path.attribute(), path.sub_attribute().map(AsRef::as_ref)).then_some(Self { uri, name, sub, key })
    }

    /// Whether a resource has the value.
    pub(super) fn is_of(&self, of: &TypeSchema, resource: &Resource) -> bool {
        let own = |schema: &Schema| resource.get(schema.id()).and_then(|container| container.get(self.name));
        let (attribute, value) = match self.uri {
            None => (of.top_level(self.name), resource.get(self.name)),
            Some(uri) => match of.extension(uri) {
                Some(schema) => (schema.attribute(self.name), own(schema)),
                None => (None, None),
            },
        };
        let mut found = Vec::new();
        if let (Some(attribute), Some(value)) = (attribute, value) {
            collect(self.uri, attribute, value, &mut found);
        }
        found.iter().any(|(held, _)| held == self)
    }

    /// The path of the attribute.
    pub(super) fn path(&self) -> String {
        let uri = self.uri.map(|uri| format!("{uri}:")).unwrap_or_default();
        let sub = self.sub.map(|sub| format!(".{sub}")).unwrap_or_default();
        format!("{uri}{}{sub}", self.name)
    }
}

/// The values of a resource that are in the index, each once, and whether no other resource may have it.
pub(super) fn indexed<'a>(of: &'a TypeSchema, resource: &'a Resource) -> Found<'a> {
    let mut found = Vec::new();
    for (name, value) in resource.members() {
        collect_member(of, &name, value, &mut found);
    }
    found
}

/// The same of two states of a resource, as far as their values may differ.
pub(super) fn indexed_unlike<'a>(of: &'a TypeSchema, old: &'a Resource, new: &'a Resource) -> (Found<'a>, Found<'a>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    // A write changes `meta`, which has no index, and little else.
    for (name, old, new) in old.members_unlike(new, |name| name != "meta") {
        for (value, found) in [(old, &mut before), (new, &mut after)] {
            if let Some(value) = value {
                collect_member(of, &name, value, found);
            }
        }
    }
    (before, after)
}

fn collect_member<'a>(of: &'a TypeSchema, name: &str, value: ValueRef<'a>, found: &mut Found<'a>) {
    if let Some(attribute) = of.top_level(name) {
        if attribute.name() == name && holds_indexed(attribute) {
            collect(None, attribute, value, found);
        }
        return;
    }
    let mut schemas = of.extensions().iter().map(|extension| &extension.schema);
    let Some(schema) = schemas.find(|schema| schema.id() == name) else { return };
    for attribute in schema.attributes().iter().filter(|attribute| holds_indexed(attribute)) {
        if let Some(value) = value.get(attribute.name()) {
            collect(Some(schema.id()), attribute, value, found);
        }
    }
}

fn collect<'a>(uri: Option<&'a str>, attribute: &'a Attribute, value: ValueRef<'a>, found: &mut Found<'a>) {
    for element in value.values() {
        if attribute.sub_attributes().is_empty() {
            add(uri, attribute, None, element, found);
        }
        for sub in attribute.sub_attributes().iter().filter(|sub| is_indexed(attribute, Some(sub))) {
            for value in element.get(sub.name()).into_iter().flat_map(ValueRef::values) {
                add(uri, attribute, Some(sub), value, found);
            }
        }
    }
}

fn add<'a>(
    uri: Option<&'a str>,
    attribute: &'a Attribute,
    sub: Option<&'a Attribute>,
    value: ValueRef<'a>,
    found: &mut Found<'a>,
) {
    let leaf = sub.unwrap_or(attribute);
    let is_unique = leaf.uniqueness() != Uniqueness::None;
    // Nearly all are active: unless values are unique, only who is not is looked up.
    if value.is_null() || (!is_unique && value.as_bool() == Some(true)) {
        return;
    }
    let key = comparison_key(leaf, value);
    let value = Indexed { uri, name: attribute.name(), sub: sub.map(Attribute::name), key };
    if !found.iter().any(|(known, _)| *known == value) {
        found.push((value, is_unique));
    }
}

fn holds_indexed(attribute: &Attribute) -> bool {
    is_indexed(attribute, None) || attribute.sub_attributes().iter().any(|sub| is_indexed(attribute, Some(sub)))
}

/// Whether the values of an attribute, or of a sub-attribute of it, are in the index.
fn is_indexed(attribute: &Attribute, sub: Option<&Attribute>) -> bool {
    // `id` is the store's own; it is no value among others.
    if attribute.name() == "id" {
        return false;
    }
    let Some(sub) = sub else {
        let looked_up = match attribute.kind() {
            AttributeType::Boolean => attribute.name() == "active",
            AttributeType::String => LOOKED_UP_BY.contains(&attribute.name()),
            _ => false,
        };
        return attribute.sub_attributes().is_empty()
            && !attribute.multi_valued()
            && (looked_up || attribute.uniqueness() != Uniqueness::None);
    };
    let by_value = sub.name() == "value" && LOOKED_UP_BY_VALUE.contains(&attribute.name());
    sub.uniqueness() != Uniqueness::None || (by_value && !sub.multi_valued())
}

#[cfg(test)]
mod tests {
    use scim_core::{Resource, SchemaSet};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_true_that_must_be_unique_is_indexed_and_active_is_not() {
        let schema = json!({"id": "urn:e:1.0:T", "name": "T", "attributes": [
            {"name": "active", "type": "boolean"}, {"name": "default", "type": "boolean", "uniqueness": "server"}
        ]});
        let of = json!({"name": "T", "endpoint": "/Ts", "schema": "urn:e:1.0:T"});
        let read = (serde_json::from_value(schema).unwrap(), serde_json::from_value(of).unwrap());
        let schemas = SchemaSet::default().with([read.0], [read.1]).unwrap();
        let of = schemas.of(&"T".into()).unwrap();
        let names = |resource| {
            let resource: Resource = serde_json::from_value(resource).unwrap();
            indexed(of, &resource).iter().map(|(value, unique)| (value.path(), *unique)).collect::<Vec<_>>()
        };
        assert_eq!(names(json!({"active": true, "default": true})), [("default".to_owned(), true)]);
        assert_eq!(names(json!({"active": false})), [("active".to_owned(), false)]);
    }
}

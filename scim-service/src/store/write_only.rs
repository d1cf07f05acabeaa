//! What a client writes and never reads back (RFC 7643 section 7): promise 9.

use std::sync::Arc;

use scim_core::{Attribute, Mutability, Resource, TypeSchema, ValueRef};
use serde_json::{Map, Value};

/// Settles the write-only attributes of the content that replaces `current`: what `new` lacks is kept, what it has as `null` is
/// removed. `schemas` follows.
///
/// For stores that keep resources as documents, as promise 9 of [`Store`](crate::Store) asks.
///
/// ```
/// use scim_core::{Resource, SchemaSet};
/// use scim_service::keep_write_only;
/// use serde_json::{from_value, json};
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().ok_or("no users")?;
/// let stored: Resource = from_value(json!({"userName": "ada", "password": "secret"}))?;
///
/// let mut new: Resource = from_value(json!({"userName": "ada", "title": "Dr"}))?;
/// keep_write_only(user, &stored, &mut new);
/// assert_eq!(new.get("password").unwrap(), "secret");
///
/// let mut new: Resource = from_value(json!({"userName": "ada", "password": null}))?;
/// keep_write_only(user, &stored, &mut new);
/// assert_eq!(new.get("password"), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn keep_write_only(of: &TypeSchema, current: &Resource, new: &mut Resource) {
    let attributes = new.attributes_mut();
    settle(of.base().attributes(), Some(current.as_value()), attributes);
    for extension in of.extensions() {
        let uri = extension.schema.id();
        let old = current.get(uri);
        let container = attributes.entry(uri).or_insert_with(|| Value::Object(Map::new()));
        if let Some(container) = container.as_object_mut() {
            settle(extension.schema.attributes(), old, container);
            if container.is_empty() {
                attributes.remove(uri);
            }
        }
    }
    let schemas = of.schemas_of(&*attributes);
    attributes.insert("schemas".to_owned(), schemas);
}

fn settle(attributes: &[Arc<Attribute>], old: Option<ValueRef<'_>>, new: &mut Map<String, Value>) {
    for attribute in attributes.iter().filter(|attribute| is_write_only(attribute)) {
        let name = attribute.name();
        match (new.get(name), old.and_then(|old| old.get(name))) {
            (Some(Value::Null), _) => drop(new.remove(name)),
            (None, Some(old)) => drop(new.insert(name.to_owned(), old.to_value())),
            _ => {}
        }
    }
}

pub(crate) fn is_write_only(attribute: &Attribute) -> bool {
    attribute.mutability() == Mutability::WriteOnly
}

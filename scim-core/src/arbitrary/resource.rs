//! Resources of a type: as a client sends them, as a check leaves them, as a store keeps them.

use std::sync::Arc;

use ::arbitrary::{Error, Result, Unstructured};
use serde_json::{Map, Value, json};

use crate::arbitrary::odds::happens;
use crate::arbitrary::simple::date_time;
use crate::arbitrary::value::{Author, value, whole};
use crate::check::Checker;
use crate::identity::ResourceId;
use crate::identity::Version;
use crate::resource::Resource;
use crate::schema::{Attribute, Mutability, TypeSchema};
use crate::tolerance::Tolerance;

/// The body by which a client creates a resource of the type: JSON that [`Checker`] takes under every profile.
///
/// About a third of the attributes that a client may write have a value, those that are required always. Names come in the
/// case of the schema or in capitals, and some attributes are `null`, which is to say unassigned.
///
/// # Errors
///
/// None, where a client can write everything that the type requires.
///
/// # Examples
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::{Checker, SchemaSet, Tolerance};
///
/// let schemas = SchemaSet::builtin();
/// let groups = schemas.group().unwrap();
/// let body = scim_core::arbitrary::body(groups, &mut Unstructured::new(&[9; 100]))?;
/// assert!(Checker::new(groups, &mut Tolerance::rfc()).resource(body).is_ok());
/// # Ok::<(), arbitrary::Error>(())
/// ```
pub fn body(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<Value> {
    let own = of.common().iter().chain(of.base().attributes());
    let mut members = members(own.filter(|attribute| attribute.name() != "schemas"), u)?;
    let mut schemas = vec![of.base().id().to_owned()];
    for extension in of.extensions() {
        if extension.required || happens(u, 1, 2)? {
            let (uri, attributes) = (extension.schema.id(), extension.schema.attributes());
            let mut container = self::members(attributes.iter(), u)?;
            // A container without values would count as none.
            if extension.required && container.values().all(Value::is_null) {
                let written: Vec<_> = attributes.iter().filter(|attribute| Author::Client.writes(attribute)).collect();
                let one = u.choose(&written)?;
                container = Map::from_iter([(one.name().to_owned(), value(one, u)?)]);
            }
            members.insert(uri.to_owned(), container.into());
            schemas.push(uri.to_owned());
        }
    }
    members.insert("schemas".to_owned(), schemas.into());
    Ok(Value::Object(members))
}

fn members<'a>(
    attributes: impl Iterator<Item = &'a Arc<Attribute>>,
    u: &mut Unstructured<'_>,
) -> Result<Map<String, Value>> {
    let mut members = Map::new();
    for attribute in attributes.filter(|attribute| Author::Client.writes(attribute)) {
        let value = if attribute.required() || happens(u, 3, 8)? {
            value(attribute, u)?
        } else if happens(u, 1, 16)? {
            Value::Null
        } else {
            continue;
        };
        let name = attribute.name();
        let name = if happens(u, 1, 16)? { name.to_ascii_uppercase() } else { name.to_owned() };
        members.insert(name, value);
    }
    Ok(members)
}

/// A resource of the type, as [`Checker`] makes it of the [`body`] that a client sends: without `id`, `meta` and whatever else
/// is read-only.
///
/// # Errors
///
/// [`Error::IncorrectFormat`] for a type of which no client can create a resource, because what it requires is read-only.
///
/// # Examples
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::SchemaSet;
///
/// let schemas = SchemaSet::builtin();
/// let users = schemas.user().unwrap();
/// let ada = scim_core::arbitrary::resource(users, &mut Unstructured::new(b"Ada"))?;
/// assert!(ada.get("userName").is_some() && ada.id().is_none());
/// # Ok::<(), arbitrary::Error>(())
/// ```
pub fn resource(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<Resource> {
    let body = body(of, u)?;
    Checker::new(of, &mut Tolerance::rfc()).resource(body).map_err(|_| Error::IncorrectFormat)
}

/// A resource of the type as a store keeps it: a [`resource`] with its `id`, its `meta`, and some of the other attributes that
/// only the service writes.
///
/// # Errors
///
/// As [`resource`].
///
/// # Examples
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::SchemaSet;
///
/// let schemas = SchemaSet::builtin();
/// let users = schemas.user().unwrap();
/// let ada = scim_core::arbitrary::stored(users, &mut Unstructured::new(b"Ada"))?;
/// assert!(ada.id().is_some() && ada.meta().is_some());
/// # Ok::<(), arbitrary::Error>(())
/// ```
pub fn stored(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<Resource> {
    let mut attributes = resource(of, u)?.into_attributes();
    complete(&mut attributes, of.base().attributes(), u)?;
    for extension in of.extensions() {
        if let Some(Value::Object(container)) = attributes.get_mut(extension.schema.id()) {
            complete(container, extension.schema.attributes(), u)?;
        }
    }
    attributes.insert("id".to_owned(), u.arbitrary::<ResourceId>()?.as_str().into());
    attributes.insert("meta".to_owned(), meta(of, u)?);
    Ok(Resource::from_attributes(attributes))
}

/// Adds some of what is read-only to the attributes of a schema.
fn complete(container: &mut Map<String, Value>, attributes: &[Arc<Attribute>], u: &mut Unstructured<'_>) -> Result<()> {
    for attribute in attributes {
        if attribute.mutability() == Mutability::ReadOnly {
            if happens(u, 3, 8)? {
                container.insert(attribute.name().to_owned(), whole(attribute, Author::Service, u)?);
            }
            continue;
        }
        match container.get_mut(attribute.name()) {
            Some(Value::Array(values)) => {
                for value in values.iter_mut().filter_map(Value::as_object_mut) {
                    complete(value, attribute.sub_attributes(), u)?;
                }
            }
            Some(Value::Object(value)) => complete(value, attribute.sub_attributes(), u)?,
            _ => {}
        }
    }
    Ok(())
}

fn meta(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<Value> {
    Ok(json!({
        "resourceType": of.resource_type().name().as_str(),
        "created": date_time(u)?,
        "lastModified": date_time(u)?,
        "version": Version::new(u.arbitrary::<u8>()?).as_str(),
    }))
}

//! Where an operation can write, and what.

use std::sync::Arc;

use ::arbitrary::{Error, Result, Unstructured};
use scim_core::arbitrary::{element, spelling, value};
use scim_core::schema::{AttributeType, Mutability, Schema};
use scim_core::{Attribute, AttributeRef, TypeSchema};
use scim_filter::arbitrary::element_filter;
use serde_json::{Map, Value};

/// An operation's path, and what it means there.
pub(super) struct Place {
    pub(super) path: String,
    /// A value that `add` and `replace` may write there.
    pub(super) value: Value,
    /// Whether `remove` may take away what is there.
    pub(super) removable: bool,
}

/// Whether a client may write the attribute, or some of it.
pub(super) fn is_written(attribute: &Attribute) -> bool {
    let simple = attribute.kind() != AttributeType::Complex;
    let sub_written = || attribute.sub_attributes().iter().any(|sub| is_written(sub));
    attribute.mutability() != Mutability::ReadOnly && (simple || sub_written())
}

/// The attributes of a type that a client may write.
pub(super) fn written(of: &TypeSchema) -> Vec<AttributeRef> {
    of.attributes().filter(|whole| is_written(whole.attribute()) && !whole.is_in("schemas")).collect()
}

/// A place in a type that a client may write.
pub(super) fn place(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<Place> {
    if !of.extensions().is_empty() && u.int_in_range(0..=15)? == 15 {
        let extension = u.choose(of.extensions())?;
        if let Some(value) = container(&extension.schema, u)? {
            return Ok(Place { path: extension.schema.id().to_owned(), value, removable: !extension.required });
        }
    }
    let written = written(of);
    let attribute = u.choose(&written)?;
    match u.int_in_range(0..=7)? {
        0..=2 => sub_attribute(of, attribute, u),
        3..=4 => selected(of, attribute, u),
        _ => whole(of, attribute, u),
    }
}

/// Some of the attributes of an extension that a client may write; none where it may write none.
pub(super) fn container(extension: &Arc<Schema>, u: &mut Unstructured<'_>) -> Result<Option<Value>> {
    let written: Vec<_> = extension.attributes().iter().filter(|attribute| is_written(attribute)).collect();
    let mut members = Map::new();
    if !written.is_empty() {
        for _ in 0..u.int_in_range(1..=3)? {
            let attribute = u.choose(&written)?;
            members.insert(attribute.name().to_owned(), value(attribute, u)?);
        }
    }
    Ok((!members.is_empty()).then_some(Value::Object(members)))
}

fn whole(of: &TypeSchema, attribute: &AttributeRef, u: &mut Unstructured<'_>) -> Result<Place> {
    let removable = !attribute.attribute().required();
    Ok(Place { path: spelling(of, attribute, u)?.to_string(), value: value(attribute.attribute(), u)?, removable })
}

/// A sub-attribute, of the value or of all values; the attribute where it has none.
fn sub_attribute(of: &TypeSchema, attribute: &AttributeRef, u: &mut Unstructured<'_>) -> Result<Place> {
    let Some(sub) = written_sub(attribute, u)? else { return whole(of, attribute, u) };
    let path = spelling(of, &attribute.clone().with_sub(sub), u)?;
    Ok(Place { path: path.to_string(), value: value(sub, u)?, removable: !sub.required() })
}

fn written_sub<'a>(attribute: &'a AttributeRef, u: &mut Unstructured<'_>) -> Result<Option<&'a Arc<Attribute>>> {
    let subs: Vec<_> = attribute.attribute().sub_attributes().iter().filter(|sub| is_written(sub)).collect();
    if subs.is_empty() { Ok(None) } else { u.choose(&subs).map(|sub| Some(*sub)) }
}

/// The values that brackets select, or a sub-attribute of them; the attribute where brackets do not apply to it.
fn selected(of: &TypeSchema, attribute: &AttributeRef, u: &mut Unstructured<'_>) -> Result<Place> {
    let definition = attribute.attribute();
    // Brackets behind a sub-attribute select among its values, where the attribute itself has one value.
    if !definition.multi_valued()
        && let Some(sub) = written_sub(attribute, u)?
        && sub.multi_valued()
    {
        let values = attribute.clone().with_sub(sub);
        return match element_filter(&values, u) {
            Ok(filter) => {
                let path = format!("{}[{filter}]", spelling(of, &values, u)?);
                Ok(Place { path, value: element(sub, u)?, removable: true })
            }
            Err(Error::EmptyChoose) => whole(of, attribute, u),
            Err(error) => Err(error),
        };
    }
    let filter = match element_filter(attribute, u) {
        Ok(filter) => filter,
        // What is never returned cannot be selected by, and one simple value not at all.
        Err(Error::EmptyChoose) => return whole(of, attribute, u),
        Err(error) => return Err(error),
    };
    let path = format!("{}[{filter}]", spelling(of, attribute, u)?);
    match written_sub(attribute, u)? {
        Some(sub) if u.arbitrary()? => {
            let path = format!("{path}.{}", sub.name());
            Ok(Place { path, value: value(sub, u)?, removable: !sub.required() })
        }
        _ => Ok(Place { path, value: element(definition, u)?, removable: true }),
    }
}

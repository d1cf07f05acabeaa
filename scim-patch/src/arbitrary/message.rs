//! Messages that a check takes.

use ::arbitrary::{Result, Unstructured};
use scim_core::TypeSchema;
use scim_core::arbitrary::value;
use scim_core::message::{PatchOp, PatchOperation};
use serde_json::{Map, Value};

use crate::arbitrary::place::{Place, container, place, written};

/// Most operations of a message that is made.
pub const MAX_OPERATIONS: usize = 5;

/// A message that [`Patch::check`](crate::Patch::check) takes for the type, under
/// [`Profile::rfc`](scim_core::Profile::rfc) and [`Profile::compatible`](scim_core::Profile::compatible).
///
/// It adds, replaces and removes what a client may write: attributes, sub-attributes, values that brackets select and
/// sub-attributes of those, extensions as a whole; with a path, or as the members of a value without one.
///
/// # Errors
///
/// [`Error::EmptyChoose`](::arbitrary::Error::EmptyChoose) for a type of which a client may write nothing,
/// [`Error::IncorrectFormat`](::arbitrary::Error::IncorrectFormat) for one with attributes whose paths are longer than
/// [`MAX_ATTR_PATH_LEN`](scim_core::MAX_ATTR_PATH_LEN).
///
/// # Examples
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::{Profile, SchemaSet};
/// use scim_patch::Patch;
///
/// let schemas = SchemaSet::builtin();
/// let groups = schemas.group().unwrap();
/// let message = scim_patch::arbitrary::message(groups, &mut Unstructured::new(&[77; 50]))?;
/// assert!(Patch::check(&message, groups, &Profile::rfc()).is_ok());
/// # Ok::<(), arbitrary::Error>(())
/// ```
pub fn message(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<PatchOp> {
    let operations = (0..u.int_in_range(1..=MAX_OPERATIONS)?).map(|_| operation(of, u));
    Ok(PatchOp { operations: operations.collect::<Result<_>>()? })
}

fn operation(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<PatchOperation> {
    let verb = u.int_in_range(0..=5)?;
    if verb == 5 {
        let op = if u.arbitrary()? { "add" } else { "replace" };
        return Ok(PatchOperation { op: op.to_owned(), path: None, value: Some(members(of, u)?) });
    }
    let Place { path, value, removable } = place(of, u)?;
    Ok(match verb {
        0 | 1 if removable => PatchOperation::remove(path),
        2 | 3 => PatchOperation::replace(path, value),
        _ => PatchOperation::add(path, added(value, u)?),
    })
}

/// R145: where one value is added to a multi-valued attribute, it need not be in an array.
fn added(value: Value, u: &mut Unstructured<'_>) -> Result<Value> {
    match value {
        Value::Array(mut values) if values.len() == 1 && u.arbitrary()? => match values.pop() {
            Some(single) if single != "" => Ok(single),
            single => Ok(Value::Array(single.into_iter().collect())),
        },
        value => Ok(value),
    }
}

/// The value of an operation without a path: attributes by their names, those of an extension under its URI.
fn members(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<Value> {
    let mut members = Map::new();
    let written: Vec<_> = written(of).into_iter().filter(|attribute| attribute.extension().is_none()).collect();
    if !written.is_empty() {
        for _ in 0..u.int_in_range(1..=3)? {
            let attribute = u.choose(&written)?.attribute();
            members.insert(attribute.name().to_owned(), value(attribute, u)?);
        }
    }
    if !of.extensions().is_empty() && u.int_in_range(0..=3)? == 3 {
        let extension = u.choose(of.extensions())?;
        members.extend(container(&extension.schema, u)?.map(|value| (extension.schema.id().to_owned(), value)));
    }
    Ok(Value::Object(members))
}

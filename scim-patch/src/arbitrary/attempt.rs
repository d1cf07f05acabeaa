//! Messages that a client may try.

use ::arbitrary::{Error, Result, Unstructured};
use scim_core::arbitrary::{attribute, element, json, near_miss, spelling, text, value};
use scim_core::message::{PatchOp, PatchOperation};
use scim_core::{AttributeRef, TypeSchema};
use scim_filter::Filter;
use scim_filter::arbitrary::element_filter;
use serde_json::{Map, Value};

use crate::arbitrary::message::MAX_OPERATIONS;
use crate::arbitrary::place::place;

/// A message that aims at the attributes of a type, in the spellings and with the mistakes of clients: also at read-only
/// attributes and at ones that there are not, with values that may not fit, by paths or by keys, with and without values. The
/// check refuses many of them; what it takes should keep every guarantee of [`apply`](crate::apply()).
///
/// # Errors
///
/// As [`message`](crate::arbitrary::message).
///
/// # Examples
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::{Profile, SchemaSet};
/// use scim_patch::Patch;
///
/// let schemas = SchemaSet::builtin();
/// let users = schemas.user().unwrap();
/// let message = scim_patch::arbitrary::attempt(users, &mut Unstructured::new(&[52; 80]))?;
/// match Patch::check(&message, users, &Profile::compatible()) {
///     Ok(patch) => println!("taken, with {:?}", patch.quirks()),
///     Err(error) => println!("refused: {error}"),
/// }
/// # Ok::<(), arbitrary::Error>(())
/// ```
pub fn attempt(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<PatchOp> {
    let operations = (0..u.int_in_range(1..=MAX_OPERATIONS)?).map(|_| operation(of, u));
    Ok(PatchOp { operations: operations.collect::<Result<_>>()? })
}

fn operation(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<PatchOperation> {
    const WORDS: [&str; 7] = ["add", "add", "remove", "replace", "replace", "Replace", "move"];
    let op = (*u.choose(&WORDS)?).to_owned();
    let (path, value) = aimed(of, u)?;
    // With a path and a value; with the path as a key of the value; or with one of the two alone.
    Ok(match u.int_in_range(0..=7)? {
        0 => PatchOperation { op, path: Some(path), value: None },
        1 => PatchOperation { op, path: None, value: Some(value) },
        2..=4 => {
            let mut members = Map::from_iter([(path, value)]);
            if u.arbitrary()? {
                members.extend([aimed(of, u)?]);
            }
            PatchOperation { op, path: None, value: Some(Value::Object(members)) }
        }
        _ => PatchOperation { op, path: Some(path), value: Some(value) },
    })
}

/// A path, and a value that may fit it.
fn aimed(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<(String, Value)> {
    if u.int_in_range(0..=3)? == 0 {
        let place = place(of, u)?;
        return Ok((place.path, sent(place.value, u)?));
    }
    let attribute = attribute(of, u)?;
    let leaf = attribute.leaf();
    let fitting = match u.int_in_range(0..=2)? {
        0 => element(leaf, u),
        _ => value(leaf, u),
    };
    let value = match fitting {
        Ok(value) => sent(value, u)?,
        // Nothing of it is a client's to write.
        Err(Error::EmptyChoose) => json(u)?,
        Err(error) => return Err(error),
    };
    let path = match u.int_in_range(0..=15)? {
        0 => near_miss(of, u)?.to_string(),
        1 => text(u)?,
        2 => leaf.name().to_owned(),
        3..=7 => bracketed(of, &attribute, u)?,
        _ => spelling(of, &attribute, u)?.to_string(),
    };
    Ok((path, value))
}

/// The value, or something else in its place.
fn sent(value: Value, u: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match u.int_in_range(0..=15)? {
        0 => Value::Null,
        1 | 2 => json(u)?,
        3 => Value::Array(vec![value]),
        4 => Value::String(value.to_string()),
        _ => value,
    })
}

/// A value path about the attribute, whose brackets may be of something else.
fn bracketed(of: &TypeSchema, attribute: &AttributeRef, u: &mut Unstructured<'_>) -> Result<String> {
    let filter = match element_filter(&attribute.whole(), u) {
        Ok(filter) if u.int_in_range(0..=7)? < 7 => filter,
        Ok(_) | Err(Error::EmptyChoose) => u.arbitrary::<Filter>()?,
        Err(error) => return Err(error),
    };
    let path = format!("{}[{filter}]", spelling(of, &attribute.whole(), u)?);
    Ok(match attribute.sub() {
        Some(sub) => format!("{path}.{sub}"),
        None => path,
    })
}

//! Values of an attribute: what a client may send, and what the service adds.

use ::arbitrary::{Result, Unstructured};
use serde_json::{Map, Value};

use crate::arbitrary::odds::happens;
use crate::arbitrary::simple::simple;
use crate::schema::{Attribute, AttributeType, Mutability};

/// Most values of a multi-valued attribute that are made.
pub const MAX_VALUES: usize = 4;

/// Who writes a value. The service writes what is read-only, too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    Client,
    Service,
}

impl Author {
    /// Whether the author has something to write there.
    pub(super) fn writes(self, attribute: &Attribute) -> bool {
        let simple = attribute.kind() != AttributeType::Complex;
        self == Self::Service
            || (attribute.mutability() != Mutability::ReadOnly
                && (simple || attribute.sub_attributes().iter().any(|sub| self.writes(sub))))
    }
}

/// The whole value that a client may give an attribute: an array of one to [`MAX_VALUES`] values, no two of them the same and
/// at most one `primary`, where the attribute is multi-valued, else one value. A check leaves it as it is.
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::{Checker, SchemaSet, Tolerance};
///
/// let schemas = SchemaSet::builtin();
/// let users = schemas.user().unwrap();
/// let emails = users.top_level("emails").unwrap();
/// let value = scim_core::arbitrary::value(emails, &mut Unstructured::new(&[200; 64]))?;
/// let checked = Checker::new(users, &mut Tolerance::rfc()).value(emails, "emails", value.clone());
/// assert_eq!(checked, Ok(Some(value)));
/// # Ok::<(), arbitrary::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::EmptyChoose`](::arbitrary::Error::EmptyChoose) for a complex attribute of which a client may write no sub-attribute.
pub fn value(attribute: &Attribute, u: &mut Unstructured<'_>) -> Result<Value> {
    whole(attribute, Author::Client, u)
}

/// One value that a client may give an attribute: the value of a singular attribute, or one of several.
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::SchemaSet;
///
/// let schemas = SchemaSet::builtin();
/// let emails = schemas.user().unwrap().top_level("emails").unwrap();
/// assert!(scim_core::arbitrary::element(emails, &mut Unstructured::new(&[1, 2, 3]))?.is_object());
/// # Ok::<(), arbitrary::Error>(())
/// ```
///
/// # Errors
///
/// As [`value`].
pub fn element(attribute: &Attribute, u: &mut Unstructured<'_>) -> Result<Value> {
    one(attribute, Author::Client, u)
}

pub(super) fn whole(attribute: &Attribute, author: Author, u: &mut Unstructured<'_>) -> Result<Value> {
    if !attribute.multi_valued() {
        return one(attribute, author, u);
    }
    let mut values: Vec<Value> = Vec::new();
    let mut has_primary = false;
    for _ in 0..u.int_in_range(1..=MAX_VALUES)? {
        let mut value = one(attribute, author, u)?;
        if let Some(primary) = value.get_mut("primary").filter(|primary| **primary == Value::Bool(true))
            && std::mem::replace(&mut has_primary, true)
        {
            *primary = Value::Bool(false);
        }
        if !values.iter().any(|known| is_same(attribute, known, &value)) {
            values.push(value);
        }
    }
    Ok(Value::Array(values))
}

/// R021, R146: values are the same where they are equal, or name the same resource.
fn is_same(attribute: &Attribute, one: &Value, other: &Value) -> bool {
    let id = |value: &Value| value.get("value").filter(|_| attribute.is_multi_valued_reference()).cloned();
    one == other || id(one).is_some_and(|id| other.get("value") == Some(&id))
}

fn one(attribute: &Attribute, author: Author, u: &mut Unstructured<'_>) -> Result<Value> {
    if attribute.kind() != AttributeType::Complex {
        return simple(attribute, u);
    }
    let subs: Vec<&Attribute> =
        attribute.sub_attributes().iter().map(AsRef::as_ref).filter(|sub| author.writes(sub)).collect();
    // An object without members would count as no value.
    let always = u.choose_index(subs.len())?;
    let mut members = Map::new();
    for (index, sub) in subs.iter().enumerate() {
        if index == always || sub.required() || happens(u, 3, 8)? {
            members.insert(sub.name().to_owned(), whole(sub, author, u)?);
        }
    }
    Ok(Value::Object(members))
}

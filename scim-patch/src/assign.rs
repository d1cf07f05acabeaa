//! Effects on singular attributes.

use scim_core::{Attribute, Mutability};
use scim_filter::equal_values;
use serde_json::{Map, Value};

use crate::error::PatchProblem;
use crate::journal::put;

/// Gives an attribute a value, or none (R143, R149, R157).
pub(crate) fn assign(
    container: &mut Map<String, Value>,
    attribute: &Attribute,
    value: Option<Value>,
) -> Result<(), PatchProblem> {
    let before = container.get(attribute.name());
    if let (Some(before), Some(after)) = (before, &value)
        && before.is_object()
    {
        // An object keeps what a client cannot send.
        let mut merged = after.clone();
        keep_read_only(attribute, before, &mut merged);
        return guarded(container, attribute, Some(merged));
    }
    guarded(container, attribute, value)
}

/// Gives a part of a complex attribute a value, or none (R144, R158). An object without parts is unassigned (R024).
pub(crate) fn assign_sub(
    container: &mut Map<String, Value>,
    attribute: &Attribute,
    sub: &Attribute,
    value: Option<Value>,
) -> Result<(), PatchProblem> {
    let mut object = match container.get(attribute.name()) {
        Some(Value::Object(object)) => object.clone(),
        _ => Map::new(),
    };
    guarded(&mut object, sub, value)?;
    let value = (!object.is_empty()).then_some(Value::Object(object));
    guarded(container, attribute, value)
}

/// Writes a member, unless that would change an immutable value (R169). A value that means the same stays as it is
/// spelled only where the attribute is immutable: a client may correct the case of a name.
pub(crate) fn guarded(
    object: &mut Map<String, Value>,
    attribute: &Attribute,
    value: Option<Value>,
) -> Result<(), PatchProblem> {
    if attribute.mutability() == Mutability::Immutable
        && let Some(before) = object.get(attribute.name())
    {
        return match &value {
            Some(after) if equal_values(attribute, before, after) => Ok(()),
            _ => Err(PatchProblem::Immutable),
        };
    }
    put(object, attribute.name(), value);
    Ok(())
}

/// Carries the read-only parts of an object over to the one that takes its place.
pub(crate) fn keep_read_only(attribute: &Attribute, before: &Value, after: &mut Value) {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object_mut()) else { return };
    for sub in attribute.sub_attributes() {
        if sub.mutability() == Mutability::ReadOnly
            && let Some(value) = before.get(sub.name())
        {
            after.entry(sub.name()).or_insert_with(|| value.clone());
        }
    }
}

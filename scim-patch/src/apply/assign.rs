//! Effects on singular attributes.

use scim_core::Attribute;
use scim_core::schema::{AttributeType, Mutability};
use scim_filter::{Budget, equal_values};
use serde_json::{Map, Value};

use crate::apply::journal::put;
use crate::error::PatchErrorKind;
use crate::plan::Selector;
use crate::plan::{Part, Write};

/// Gives an attribute a value, or none (R143, R149, R157).
pub(crate) fn assign(
    container: &mut Map<String, Value>,
    attribute: &Attribute,
    value: Option<&Value>,
) -> Result<(), PatchErrorKind> {
    let mut value = value.cloned();
    if attribute.kind() == AttributeType::Complex
        && let Some(before) = container.get(attribute.name())
    {
        refuse_immutable_change(attribute, before, value.as_ref())?;
        if let Some(after) = &mut value {
            keep_fixed(attribute, before, after);
        }
    }
    guarded(container, attribute, value)
}

/// Writes parts of a complex attribute (R144, R158). An object without parts is unassigned (R024).
pub(crate) fn assign_parts(
    container: &mut Map<String, Value>,
    attribute: &Attribute,
    parts: &[Part],
    budget: &Budget,
) -> Result<(), PatchErrorKind> {
    let name = attribute.name();
    let Some(Value::Object(object)) = container.get_mut(name) else {
        let mut object = Map::new();
        write_parts(&mut object, parts, budget)?;
        if !object.is_empty() {
            container.insert(name.to_owned(), Value::Object(object));
        }
        return Ok(());
    };
    if attribute.mutability() == Mutability::Immutable {
        let mut after = object.clone();
        write_parts(&mut after, parts, budget)?;
        return guarded(container, attribute, (!after.is_empty()).then_some(Value::Object(after)));
    }
    write_parts(object, parts, budget)?;
    if object.is_empty() {
        container.remove(name);
    }
    Ok(())
}

/// Writes parts of one object.
pub(crate) fn write_parts(
    object: &mut Map<String, Value>,
    parts: &[Part],
    budget: &Budget,
) -> Result<(), PatchErrorKind> {
    for Part { sub, write } in parts {
        budget.spend(steps(write, object.get(sub.name())))?;
        match write {
            Write::Set(value) => guarded(object, sub, value.clone())?,
            Write::Append(added) => {
                let mut values = values_of(object, sub);
                for value in added {
                    if !values.iter().any(|known| equal_values(sub, known, value)) {
                        values.push(value.clone());
                    }
                }
                guarded(object, sub, (!values.is_empty()).then_some(Value::Array(values)))?;
            }
            Write::Remove(gone) => {
                let mut values = values_of(object, sub);
                values.retain(|value| !gone.iter().any(|gone| equal_values(sub, value, gone)));
                guarded(object, sub, (!values.is_empty()).then_some(Value::Array(values)))?;
            }
            Write::Select { selector, becomes } => {
                let values = select(sub, values_of(object, sub), selector, becomes.as_ref())?;
                guarded(object, sub, (!values.is_empty()).then_some(Value::Array(values)))?;
            }
        }
    }
    Ok(())
}

/// The looks at values that a write takes: each is compared with each.
fn steps(write: &Write, current: Option<&Value>) -> u64 {
    let current = current.and_then(Value::as_array).map_or(0, Vec::len);
    let looks = match write {
        Write::Set(_) => 1,
        Write::Append(added) => added.len().saturating_mul(current + added.len()),
        Write::Remove(gone) => gone.len().saturating_mul(current),
        Write::Select { .. } => current.saturating_mul(current),
    };
    looks as u64
}

/// The values of a multi-valued part.
fn values_of(object: &Map<String, Value>, sub: &Attribute) -> Vec<Value> {
    match object.get(sub.name()) {
        Some(Value::Array(values)) => values.clone(),
        _ => Vec::new(),
    }
}

/// Puts a value in the place of those selected, or removes them (R151, R159). Equal values are one.
fn select(
    sub: &Attribute,
    values: Vec<Value>,
    selector: &Selector,
    becomes: Option<&Value>,
) -> Result<Vec<Value>, PatchErrorKind> {
    let selected = values.iter().any(|value| selector.selects(value));
    if !selected && becomes.is_some() {
        return Err(PatchErrorKind::NoTarget);
    }
    let mut after: Vec<Value> = Vec::with_capacity(values.len());
    for value in values {
        let value = if selector.selects(&value) { becomes.cloned() } else { Some(value) };
        if let Some(value) = value
            && !after.iter().any(|known| equal_values(sub, known, &value))
        {
            after.push(value);
        }
    }
    Ok(after)
}

/// Writes a member, unless that would change an immutable value (R169). A value that means the same stays as it is
/// spelled only where the attribute is immutable: a client may correct the case of a name.
pub(crate) fn guarded(
    object: &mut Map<String, Value>,
    attribute: &Attribute,
    value: Option<Value>,
) -> Result<(), PatchErrorKind> {
    if attribute.mutability() == Mutability::Immutable
        && let Some(before) = object.get(attribute.name())
    {
        return match &value {
            Some(after) if equal_values(attribute, before, after) => Ok(()),
            _ => Err(PatchErrorKind::Immutable),
        };
    }
    put(object, attribute.name(), value);
    Ok(())
}

/// Carries what a client cannot change over to the object that takes another's place: read-only parts, and immutable ones
/// as they were spelled.
pub(crate) fn keep_fixed(attribute: &Attribute, before: &Value, after: &mut Value) {
    keep(attribute, before, after, |mutability| matches!(mutability, Mutability::ReadOnly | Mutability::Immutable));
}

/// Carries the read-only parts of an object over to another.
pub(crate) fn keep_read_only(attribute: &Attribute, before: &Value, after: &mut Value) {
    keep(attribute, before, after, |mutability| mutability == Mutability::ReadOnly);
}

fn keep(attribute: &Attribute, before: &Value, after: &mut Value, kept: impl Fn(Mutability) -> bool) {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object_mut()) else { return };
    for sub in attribute.sub_attributes() {
        if kept(sub.mutability())
            && let Some(value) = before.get(sub.name())
        {
            after.insert(sub.name().to_owned(), value.clone());
        }
    }
}

/// R159, R169: the immutable parts of an object stay when another takes its place, or none.
pub(crate) fn refuse_immutable_change(
    attribute: &Attribute,
    before: &Value,
    after: Option<&Value>,
) -> Result<(), PatchErrorKind> {
    for sub in attribute.sub_attributes() {
        if sub.mutability() != Mutability::Immutable {
            continue;
        }
        if let Some(before) = before.get(sub.name())
            && !after.and_then(|after| after.get(sub.name())).is_some_and(|after| equal_values(sub, before, after))
        {
            return Err(PatchErrorKind::Immutable);
        }
    }
    Ok(())
}

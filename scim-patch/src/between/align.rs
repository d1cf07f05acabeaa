//! How one list of elements becomes another, element by element.

use std::collections::HashMap;

use scim_core::Attribute;
use scim_core::message::PatchOperation;
use scim_core::schema::{AttributeType, Mutability};
use scim_filter::equal_values;
use serde_json::Value;

use crate::between::parts::{by_parts, size};

/// Longest lists of differing elements that are compared each with each.
const MAX_COMPARED: usize = 100;

/// Operations that change, remove and add elements one by one; `None` where that cannot be told or is not worth it.
/// Whether they lead to the new list, in its order, is for the caller to try.
pub(super) fn by_elements(
    path: &str,
    attribute: &Attribute,
    before: &[Value],
    after: &[Value],
) -> Option<Vec<PatchOperation>> {
    let (old, new) = unequal(before, after);
    if old.len() > MAX_COMPARED || new.len() > MAX_COMPARED {
        return None;
    }
    let mut operations = Vec::new();
    let mut come = Vec::new();
    let mut gone = old;
    for new in new {
        match gone.iter().position(|old| is_akin(attribute, old, new)) {
            Some(at) => operations.extend(change(path, attribute, gone.remove(at), new, before)?),
            None => come.push(new.clone()),
        }
    }
    let mut all: Vec<PatchOperation> = Vec::new();
    for old in gone {
        all.push(PatchOperation::remove(selected(path, attribute, old, before)?));
    }
    all.append(&mut operations);
    match come.len() {
        0 => {}
        1 if attribute.kind() == AttributeType::Complex => all.push(PatchOperation::add(path, come.pop()?)),
        _ => all.push(PatchOperation::add(path, come)),
    }
    Some(all)
}

/// The elements that only one of the lists has.
fn unequal<'v>(before: &'v [Value], after: &'v [Value]) -> (Vec<&'v Value>, Vec<&'v Value>) {
    let mut count: HashMap<&Value, isize> = HashMap::new();
    for element in before {
        *count.entry(element).or_default() += 1;
    }
    for element in after {
        *count.entry(element).or_default() -= 1;
    }
    let mut take = |element: &&Value, sign: isize| match count.get_mut(*element) {
        Some(left) if *left * sign > 0 => {
            *left -= sign;
            true
        }
        _ => false,
    };
    let old = before.iter().filter(|element| take(element, 1)).collect();
    let new = after.iter().filter(|element| take(element, -1)).collect();
    (old, new)
}

/// Whether an element can be taken for a changed one: type or value is the same, and nothing immutable differs.
fn is_akin(attribute: &Attribute, old: &Value, new: &Value) -> bool {
    let equal = |name: &str| old.get(name).is_some() && old.get(name) == new.get(name);
    let immutable = attribute.sub_attributes().iter().filter(|sub| sub.mutability() == Mutability::Immutable);
    let mut immutable = immutable.filter(|sub| old.get(sub.name()).is_some());
    (equal("type") || equal("value")) && immutable.all(|sub| old.get(sub.name()) == new.get(sub.name()))
}

/// The shorter of changing the parts of an element and putting another in its place.
fn change(path: &str, attribute: &Attribute, old: &Value, new: &Value, all: &[Value]) -> Option<Vec<PatchOperation>> {
    let selected = selected(path, attribute, old, all)?;
    let parts = by_parts(&selected, attribute, old.as_object()?, new.as_object()?, false);
    let whole = PatchOperation::replace(selected, new.clone());
    if parts.iter().map(size).sum::<usize>() <= size(&whole) { Some(parts) } else { Some(vec![whole]) }
}

/// The shortest value path that selects this element alone.
fn selected(path: &str, attribute: &Attribute, element: &Value, all: &[Value]) -> Option<String> {
    let texts =
        attribute.sub_attributes().iter().filter(|sub| sub.kind() == AttributeType::String && !sub.multi_valued());
    let known: Vec<&Attribute> = texts.map(AsRef::as_ref).filter(|sub| element.get(sub.name()).is_some()).collect();
    let term = |sub: &Attribute| Some(format!("{} eq {}", sub.name(), element.get(sub.name())?));
    let only = |subs: &[&Attribute]| {
        let same = |other: &&Value| {
            subs.iter().all(|sub| match (element.get(sub.name()), other.get(sub.name())) {
                (Some(a), Some(b)) => equal_values(sub, a, b),
                _ => false,
            })
        };
        all.iter().filter(same).count() == 1
    };
    let single = known.iter().filter(|sub| only(&[sub])).filter_map(|sub| term(sub)).min_by_key(String::len);
    let filter = match single {
        Some(filter) => filter,
        None if only(&known) => known.iter().filter_map(|sub| term(sub)).collect::<Vec<_>>().join(" and "),
        None => return None,
    };
    Some(format!("{path}[{filter}]"))
}

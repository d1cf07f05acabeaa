//! What a replacement makes of the old content and the new (RFC 7644 section 3.5.1).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use scim_core::{Attribute, Mutability, Resource, TypeSchema, ValueRef};
use scim_filter::equal_values;
use scim_patch::{Patch, PatchError, apply};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::store::is_write_only;

/// Why content cannot replace the old: the value of an immutable attribute differs (R188).
#[derive(Debug, Error)]
#[error("`{attribute}` is immutable: expected the value it has, or none")]
pub(crate) struct ImmutableDiffers {
    attribute: String,
}

/// The outcome.
#[derive(Debug)]
pub(crate) enum Replacement {
    /// The new content says what the old says: nothing is to be written (R192).
    Unchanged,
    /// The content to store.
    Changed(Resource),
}

/// What a patch makes of a resource, for a store that does not patch. A write-only attribute that the patch has removed is
/// `null` in it, whether `current` shows it or not: absent, it would be kept (promise 9 of [`Store`](crate::Store)).
pub(crate) fn patched(current: &Resource, patch: &Patch) -> Result<Resource, PatchError> {
    let mut patched = current.clone();
    apply(patch, &mut patched)?;
    let attributes = patched.attributes_mut();
    for target in patch.targets().iter().filter(|target| is_write_only(target.attribute())) {
        let container = match target.uri() {
            None => Some(&mut *attributes),
            Some(uri) => attributes.entry(uri).or_insert_with(|| Value::Object(Map::new())).as_object_mut(),
        };
        if let Some(container) = container {
            container.entry(target.name()).or_insert(Value::Null);
        }
    }
    Ok(patched)
}

/// Puts together what to store: the new content, with what a client cannot clear by leaving it out (R187-R190).
///
/// An immutable value stays where the new content has none, and must be equal where it has one (R188).
pub(crate) fn replacement(
    of: &TypeSchema,
    current: &Resource,
    draft: Resource,
) -> Result<Replacement, ImmutableDiffers> {
    let mut draft = draft.into_attributes();
    for name in ["id", "meta"] {
        draft.remove(name);
    }
    let mut changed = carry_over(of.base().attributes(), Some(current.as_value()), &mut draft)?;
    for extension in of.extensions() {
        let uri = extension.schema.id();
        let mut new = match draft.remove(uri) {
            Some(Value::Object(new)) => new,
            _ => Map::new(),
        };
        changed |= carry_over(extension.schema.attributes(), current.get(uri), &mut new)?;
        if !new.is_empty() {
            draft.insert(uri.to_owned(), Value::Object(new));
        }
    }
    changed |= draft.get("externalId").map(ValueRef::from) != current.get("externalId");
    if !changed {
        return Ok(Replacement::Unchanged);
    }
    let mut schemas = of.schemas_of(&draft);
    if let Value::Array(uris) = &mut schemas {
        // An extension of which only secrets were left, and those are removed.
        let empty = |uri: &str| draft.get(uri)?.as_object().map(|values| values.values().all(Value::is_null));
        uris.retain(|uri| !uri.as_str().and_then(empty).unwrap_or(false));
    }
    draft.insert("schemas".into(), schemas);
    Ok(Replacement::Changed(Resource::from_attributes(draft)))
}

/// Carries immutable and read-only values over, and tells whether a client's value differs.
fn carry_over(
    attributes: &[Arc<Attribute>],
    old: Option<ValueRef<'_>>,
    new: &mut Map<String, Value>,
) -> Result<bool, ImmutableDiffers> {
    let mut changed = false;
    for attribute in attributes {
        let name = attribute.name();
        let (before, after) = (old.and_then(|old| old.get(name)), new.get(name));
        match (attribute.mutability(), before, after) {
            (Mutability::Immutable, Some(before), Some(after)) => {
                if !equal_values(attribute, before, after) {
                    return Err(ImmutableDiffers { attribute: name.to_owned() });
                }
                new.insert(name.to_owned(), before.to_value());
            }
            (Mutability::ReadOnly, Some(before), _) | (Mutability::Immutable, Some(before), None) => {
                new.insert(name.to_owned(), before.to_value());
            }
            // Whether a secret is the same as before cannot be told, nor whether there is one: setting and removing it is a
            // change, unless the store knows better.
            (Mutability::Immutable, None, after) | (Mutability::WriteOnly, _, after) => changed |= after.is_some(),
            (_, before, after) => changed |= !same(attribute, before, after),
        }
    }
    Ok(changed)
}

/// Whether two values say the same. References among resources are compared by their target: `type`, `display` and
/// `$ref` of a member are what the server makes of it, and the order of members means nothing.
fn same(attribute: &Attribute, before: Option<ValueRef<'_>>, after: Option<&Value>) -> bool {
    let after = after.map(ValueRef::from);
    if attribute.is_relation() {
        return targets(before) == targets(after);
    }
    before == after
}

fn targets(value: Option<ValueRef<'_>>) -> BTreeSet<Cow<'_, str>> {
    let elements = value.into_iter().flat_map(ValueRef::elements);
    elements.filter_map(|element| element.get("value")?.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::{Schema, SchemaSet};
    use serde_json::json;

    fn outcome(of: &TypeSchema, current: Value, draft: Value) -> Result<Option<Value>, ImmutableDiffers> {
        let read = |value| serde_json::from_value::<Resource>(value).unwrap();
        Ok(match replacement(of, &read(current), read(draft))? {
            Replacement::Unchanged => None,
            Replacement::Changed(resource) => Some(Value::Object(resource.into_attributes())),
        })
    }

    fn thing() -> Arc<TypeSchema> {
        let schema: Arc<Schema> = serde_json::from_value(json!({"id": "urn:e:1.0:T", "name": "T", "attributes": [
            {"name": "rw"}, {"name": "ro", "mutability": "readOnly"},
            {"name": "imm", "mutability": "immutable"}, {"name": "wo", "mutability": "writeOnly"}
        ]}))
        .unwrap();
        let of = serde_json::from_value(json!({"name": "T", "endpoint": "/Ts", "schema": "urn:e:1.0:T"})).unwrap();
        SchemaSet::default().with([schema], [of]).unwrap().of(&"T".into()).unwrap().clone()
    }

    #[test]
    fn r190_read_write_values_are_cleared_and_immutable_ones_kept() {
        let current = json!({"id": "1", "rw": "a", "ro": "b", "imm": "c"});
        let stored = outcome(&thing(), current, json!({})).unwrap().unwrap();
        assert_eq!(stored, json!({"schemas": ["urn:e:1.0:T"], "ro": "b", "imm": "c"}));
    }

    #[test]
    fn r188_an_immutable_value_must_match() {
        let current = json!({"imm": "c"});
        assert!(outcome(&thing(), current.clone(), json!({"imm": "d"})).is_err());
        assert_eq!(outcome(&thing(), current, json!({"imm": "C"})).unwrap(), None, "caseless equality is equality");
        assert!(outcome(&thing(), json!({}), json!({"imm": "d"})).unwrap().is_some(), "setting it is a change");
    }

    #[test]
    fn r192_equal_content_is_no_change_and_a_secret_always_is() {
        let current = json!({"rw": "a", "ro": "b", "schemas": ["urn:e:1.0:T"]});
        assert_eq!(outcome(&thing(), current.clone(), json!({"rw": "a"})).unwrap(), None);
        assert!(outcome(&thing(), current, json!({"rw": "a", "wo": "s"})).unwrap().is_some());
    }

    #[test]
    fn members_are_compared_as_a_set_of_ids() {
        let schemas = SchemaSet::builtin();
        let group = schemas.group().unwrap();
        let current =
            json!({"displayName": "g", "members": [{"value": "1", "type": "User", "display": "x"}, {"value": "2"}]});
        let same = json!({"displayName": "g", "members": [{"value": "2"}, {"value": "1"}]});
        assert_eq!(outcome(group, current.clone(), same).unwrap(), None);
        assert!(outcome(group, current, json!({"displayName": "g", "members": [{"value": "1"}]})).unwrap().is_some());
    }
}

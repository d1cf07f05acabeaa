//! What a replacement makes of the old content and the new (RFC 7644 section 3.5.1).

use std::collections::BTreeSet;
use std::sync::Arc;

use scim_core::schema::Mutability;
use scim_core::{Attribute, AttributeRef, Resource, TypeSchema, ValueRef};
use scim_filter::equal_values;
use scim_patch::{Difference, Differences};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::store::write_only::write_only;

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

/// Puts together what to store: the new content, with what a client cannot clear by leaving it out (R187-R190).
///
/// An immutable value stays where the new content has none, and must be equal where it has one (R188).
pub(crate) fn replacement(
    of: &TypeSchema,
    current: &Resource,
    mut draft: Resource,
) -> Result<Replacement, ImmutableDiffers> {
    let mut changed: Vec<(&str, Option<String>)> = Vec::new();
    for name in ["id", "meta"] {
        if draft.get(name).is_some() {
            changed.push((name, None));
        }
    }
    let carried = carried_over(of.base().attributes(), Some(current.as_value()), Some(draft.as_value()))?;
    changed.extend(carried.into_iter().map(|(name, value)| (name, Some(value.to_string()))));
    for extension in of.extensions() {
        let (uri, attributes) = (extension.schema.id(), extension.schema.attributes());
        let carried = carried_over(attributes, current.get(uri), draft.get(uri))?;
        let new = draft.get(uri);
        if !carried.is_empty() {
            let mut new = match new.map(ValueRef::to_value) {
                Some(Value::Object(new)) => new,
                _ => Map::new(),
            };
            new.extend(carried.into_iter().map(|(name, value)| (name.to_owned(), value.to_value())));
            changed.push((uri, Some(Value::Object(new).to_string())));
        } else if new.is_some_and(|new| new.members().next().is_none()) {
            changed.push((uri, None));
        }
    }
    let changed: Vec<(&str, Option<&str>)> = changed.iter().map(|(name, value)| (*name, value.as_deref())).collect();
    draft.compact_as(of);
    if !changed.is_empty() {
        draft.set_json(&changed);
    }
    if !differs(of, current, &draft) {
        return Ok(Replacement::Unchanged);
    }
    let mut schemas = of.schemas_of(draft.as_value());
    if let Value::Array(uris) = &mut schemas {
        // An extension of which only secrets were left, and those are removed.
        let empty = |uri: &str| Some(draft.get(uri)?.members().all(|(_, value)| value.is_null()));
        uris.retain(|uri| !uri.as_str().and_then(empty).unwrap_or(false));
    }
    if draft.get("schemas") != Some((&schemas).into()) {
        draft.set("schemas", Some(schemas));
    }
    Ok(Replacement::Changed(draft))
}

/// The immutable and read-only values that are carried over.
fn carried_over<'v>(
    attributes: &'v [Arc<Attribute>],
    old: Option<ValueRef<'v>>,
    new: Option<ValueRef<'_>>,
) -> Result<Vec<(&'v str, ValueRef<'v>)>, ImmutableDiffers> {
    let mut carried = Vec::new();
    let kept =
        |attribute: &&Arc<Attribute>| matches!(attribute.mutability(), Mutability::Immutable | Mutability::ReadOnly);
    for attribute in attributes.iter().filter(kept) {
        let name = attribute.name();
        let Some(before) = old.and_then(|old| old.get(name)) else { continue };
        if attribute.mutability() == Mutability::Immutable
            && let Some(after) = new.and_then(|new| new.get(name))
            && !equal_values(attribute, before, after)
        {
            return Err(ImmutableDiffers { attribute: name.to_owned() });
        }
        carried.push((name, before));
    }
    Ok(carried)
}

/// Whether the new content says something else. Whether a secret is the same as before cannot be told, nor whether there is one:
/// setting and removing it is a change, unless the store knows better; leaving it out is none.
fn differs(of: &TypeSchema, current: &Resource, new: &Resource) -> bool {
    let is_secret = |target: &AttributeRef| target.attribute().mutability() == Mutability::WriteOnly;
    let differences = Differences::between(of, current, new);
    let mut seen = differences.all().iter().filter(|difference| !is_secret(difference.target()));
    seen.any(says_something_else) || write_only(of).any(|target| new.at(&target).is_some())
}

/// References among resources are compared by their target: `type`, `display` and `$ref` of a member are what the server makes of it.
fn says_something_else(difference: &Difference) -> bool {
    let targets = |value: Option<&Value>| -> BTreeSet<String> {
        let elements = value.and_then(Value::as_array).into_iter().flatten();
        elements.filter_map(|element| element.get("value")?.as_str().map(str::to_owned)).collect()
    };
    !difference.tells_elements() || targets(difference.before()) != targets(difference.after())
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::SchemaSet;
    use scim_core::schema::Schema;
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

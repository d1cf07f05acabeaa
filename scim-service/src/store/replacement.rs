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
    draft: Resource,
) -> Result<Replacement, ImmutableDiffers> {
    let mut draft = draft.into_attributes();
    for name in ["id", "meta"] {
        draft.remove(name);
    }
    carry_over(of.base().attributes(), Some(current.as_value()), &mut draft)?;
    for extension in of.extensions() {
        let uri = extension.schema.id();
        let mut new = match draft.remove(uri) {
            Some(Value::Object(new)) => new,
            _ => Map::new(),
        };
        carry_over(extension.schema.attributes(), current.get(uri), &mut new)?;
        if !new.is_empty() {
            draft.insert(uri.to_owned(), Value::Object(new));
        }
    }
    let mut draft = Resource::from_attributes(draft);
    if !differs(of, current, &draft) {
        return Ok(Replacement::Unchanged);
    }
    let mut schemas = of.schemas_of(draft.as_value());
    if let Value::Array(uris) = &mut schemas {
        // An extension of which only secrets were left, and those are removed.
        let empty = |uri: &str| Some(draft.get(uri)?.members().all(|(_, value)| value.is_null()));
        uris.retain(|uri| !uri.as_str().and_then(empty).unwrap_or(false));
    }
    draft.set("schemas", Some(schemas));
    Ok(Replacement::Changed(draft))
}

/// Carries immutable and read-only values over.
fn carry_over(
    attributes: &[Arc<Attribute>],
    old: Option<ValueRef<'_>>,
    new: &mut Map<String, Value>,
) -> Result<(), ImmutableDiffers> {
    for attribute in attributes {
        let name = attribute.name();
        match (attribute.mutability(), old.and_then(|old| old.get(name)), new.get(name)) {
            (Mutability::Immutable, Some(before), Some(after)) => {
                if !equal_values(attribute, before, after) {
                    return Err(ImmutableDiffers { attribute: name.to_owned() });
                }
                new.insert(name.to_owned(), before.to_value());
            }
            (Mutability::ReadOnly, Some(before), _) | (Mutability::Immutable, Some(before), None) => {
                new.insert(name.to_owned(), before.to_value());
            }
            _ => {}
        }
    }
    Ok(())
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

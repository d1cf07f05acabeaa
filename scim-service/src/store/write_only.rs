//! What a client writes and never reads back (RFC 7643 section 7): promise 9.
//!
//! In the content that replaces a resource a write-only attribute is absent, which keeps the value; `null`, which removes it; or a
//! value, which sets it. PUT and PATCH both come to this form, and stores settle it by [`keep_write_only`].

use std::sync::Arc;

use scim_core::{Attribute, AttributeRef, Mutability, Resource, TypeSchema};
use scim_patch::{Difference, Differences, Patch, PatchError, Secret, apply};
use serde_json::{Map, Value};

/// Settles the write-only attributes of the content that replaces `current`: what `new` lacks is kept, what it has as `null` is
/// removed. `schemas` follows. Says which values were set or removed, for the [`Change`](crate::Change).
///
/// For stores that keep resources as documents, as promise 9 of [`Store`](crate::Store) asks.
///
/// ```
/// use scim_core::{Resource, SchemaSet};
/// use scim_patch::Secret;
/// use scim_service::keep_write_only;
/// use serde_json::{from_value, json};
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().ok_or("no users")?;
/// let stored: Resource = from_value(json!({"userName": "ada", "password": "secret"}))?;
///
/// let mut new: Resource = from_value(json!({"userName": "ada", "title": "Dr"}))?;
/// assert!(keep_write_only(user, &stored, &mut new).is_empty());
/// assert_eq!(new.get("password"), Some(&json!("secret")));
///
/// let mut new: Resource = from_value(json!({"userName": "ada", "password": null}))?;
/// assert_eq!(keep_write_only(user, &stored, &mut new)[0].secret(), Some(Secret::Removed));
/// assert_eq!(new.get("password"), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn keep_write_only(of: &TypeSchema, current: &Resource, new: &mut Resource) -> Vec<Difference> {
    let mut differences = Vec::new();
    for target in write_only(of) {
        let old = current.at(&target);
        let becomes = match new.at(&target) {
            Some(Value::Null) => {
                remove(new, &target);
                old.map(|_| Secret::Removed)
            }
            Some(_) => Some(Secret::Set),
            None => {
                if let Some(old) = old {
                    insert(new, &target, old.clone());
                }
                None
            }
        };
        differences.extend(becomes.map(|becomes| Difference::of_secret(target, becomes)));
    }
    let schemas = of.schemas_of(new.attributes());
    new.attributes_mut().insert("schemas".to_owned(), schemas);
    differences
}

/// What a patch makes of a resource, as the content of a [`Replace`](crate::Replace): a write-only attribute that the patch leaves
/// alone is absent, one that it removes is `null`, whether `current` shows it or not.
///
/// The differences are those of all other attributes, with the leniencies that applying needed.
///
/// # Errors
///
/// [`PatchError`] where the patch cannot be applied to the resource.
///
/// ```
/// use scim_core::{PatchOp, PatchOperation, Profile, Resource, SchemaSet};
/// use scim_patch::Patch;
/// use scim_service::patched_content;
/// use serde_json::{Value, from_value, json};
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().ok_or("no users")?;
/// let message = PatchOp { operations: vec![PatchOperation::remove("password")] };
/// let patch = Patch::check(&message, user, &Profile::rfc())?;
/// let current: Resource = from_value(json!({"userName": "ada"}))?;
/// let (content, differences) = patched_content(user, &current, &patch)?;
/// assert_eq!(content.get("password"), Some(&Value::Null));
/// assert!(differences.is_unchanged());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn patched_content(
    of: &TypeSchema,
    current: &Resource,
    patch: &Patch,
) -> Result<(Resource, Differences), PatchError> {
    let mut patched = current.clone();
    for target in write_only(of) {
        remove(&mut patched, &target);
    }
    let differences = apply(patch, &mut patched)?;
    for target in patch.targets().iter().filter(|target| is_write_only(target.attribute())) {
        if patched.at(target).is_none() {
            insert(&mut patched, target, Value::Null);
        }
    }
    Ok((patched, differences.with_secrets(None)))
}

/// The write-only attributes that a body has as `null`, which a check drops: PUT removes what they stand for.
pub(crate) fn removed_by(of: &TypeSchema, body: &Value) -> Vec<AttributeRef> {
    let null = |members: &Value, name: &str| {
        let mut members = members.as_object().into_iter().flatten();
        members.any(|(key, value)| value.is_null() && key.eq_ignore_ascii_case(name))
    };
    let container = |uri: &str| {
        let mut members = body.as_object().into_iter().flatten();
        members.find_map(|(key, value)| key.eq_ignore_ascii_case(uri).then_some(value))
    };
    let removed = |target: &AttributeRef| match target.uri() {
        None => null(body, target.name()),
        Some(uri) => container(uri).is_some_and(|members| null(members, target.name())),
    };
    write_only(of).filter(removed).collect()
}

/// Has content say that the value of an attribute is removed.
pub(crate) fn say_removed(content: &mut Resource, target: &AttributeRef) {
    insert(content, target, Value::Null);
}

fn write_only(of: &TypeSchema) -> impl Iterator<Item = AttributeRef> {
    of.attributes().filter(|target| is_write_only(target.attribute()))
}

fn is_write_only(attribute: &Arc<Attribute>) -> bool {
    attribute.mutability() == Mutability::WriteOnly
}

/// Gives a resource the value of an attribute.
fn insert(resource: &mut Resource, target: &AttributeRef, value: Value) {
    let attributes = resource.attributes_mut();
    let container = match target.uri() {
        None => Some(attributes),
        Some(uri) => attributes.entry(uri).or_insert_with(|| Value::Object(Map::new())).as_object_mut(),
    };
    if let Some(container) = container {
        container.insert(target.name().to_owned(), value);
    }
}

/// Takes the value of an attribute out of a resource, and its extension where nothing is left of it.
fn remove(resource: &mut Resource, target: &AttributeRef) {
    let attributes = resource.attributes_mut();
    let Some(uri) = target.uri() else { return drop(attributes.remove(target.name())) };
    if let Some(container) = attributes.get_mut(uri).and_then(Value::as_object_mut) {
        container.remove(target.name());
        if container.is_empty() {
            attributes.remove(uri);
        }
    }
}

#[cfg(test)]
mod tests {
    use scim_core::SchemaSet;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_says_by_null_that_a_secret_goes() {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        for (body, removed) in [
            (json!({"userName": "a", "PASSWORD": null, "title": null}), 1),
            (json!({"userName": "a", "password": "x"}), 0),
            (json!({"userName": "a"}), 0),
            (json!(null), 0),
        ] {
            assert_eq!(removed_by(user, &body).len(), removed, "{body}");
        }
    }
}

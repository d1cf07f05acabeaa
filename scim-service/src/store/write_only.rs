//! What a client writes and never reads back (RFC 7643 section 7): guarantee 9.
//!
//! In the content that replaces a resource a write-only attribute is absent, which keeps the value; `null`, which removes it; or a
//! value, which sets it. A PATCH comes to this form, and stores settle it by [`keep_write_only`].

use std::sync::Arc;

use scim_core::schema::Mutability;
use scim_core::{Attribute, AttributeRef, Resource, TypeSchema, ValueRef};
use scim_patch::{Difference, Differences, Patch, PatchError, Secret, apply};
use serde_json::{Map, Value};

/// Settles the write-only attributes of the content that replaces `current`: what `new` lacks is kept, what it has as `null` is
/// removed. `schemas` follows. Says which values were set or removed, for the [`Change`](crate::Change).
///
/// For stores that keep resources as documents, as guarantee 9 of [`Store`](crate::Store) asks.
///
/// ```
/// use scim_core::{Resource, SchemaSet};
/// use scim_patch::Secret;
/// use scim_service::store::keep_write_only;
/// use serde_json::{from_value, json};
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().ok_or("no users")?;
/// let stored: Resource = from_value(json!({"userName": "ada", "password": "secret"}))?;
///
/// let mut new: Resource = from_value(json!({"userName": "ada", "title": "Dr"}))?;
/// assert!(keep_write_only(user, &stored, &mut new).is_empty());
/// assert_eq!(new.get("password").unwrap(), "secret");
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
        let becomes = match new.at(&target).map(ValueRef::is_null) {
            Some(true) => {
                set(new, &target, None);
                old.map(|_| Secret::Removed)
            }
            Some(false) => Some(Secret::Set),
            None => {
                if let Some(old) = old {
                    set(new, &target, Some(old.to_value()));
                }
                None
            }
        };
        differences.extend(becomes.map(|becomes| Difference::of_secret(target, becomes)));
    }
    if !of.lists_schemas_of(new) {
        new.set("schemas", Some(of.schemas_of(new.as_value())));
    }
    differences
}

/// What a patch makes of a resource, as the content of a [`Replace`](crate::Replace): a write-only attribute that the patch leaves
/// alone is absent, one that it removes is `null`, whether `current` shows it or not.
///
/// The differences are those of all other attributes, with the quirks that applying needed.
///
/// # Errors
///
/// [`PatchError`] where the patch cannot be applied to the resource.
///
/// ```
/// use scim_core::{Profile, Resource, SchemaSet};
/// use scim_core::message::{PatchOp, PatchOperation};
/// use scim_patch::Patch;
/// use scim_service::store::patched_content;
/// use serde_json::{from_value, json};
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().ok_or("no users")?;
/// let message = PatchOp { operations: vec![PatchOperation::remove("password")] };
/// let patch = Patch::check(&message, user, &Profile::rfc())?;
/// let current: Resource = from_value(json!({"userName": "ada"}))?;
/// let (content, differences) = patched_content(user, &current, &patch)?;
/// assert!(content.get("password").is_some_and(|password| password.is_null()));
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
        if patched.at(&target).is_some() {
            set(&mut patched, &target, None);
        }
    }
    let differences = apply(patch, &mut patched)?;
    let targets = patch.targets();
    for target in write_only(of).filter(|target| targets.contains(target)) {
        if patched.at(&target).is_none() {
            set(&mut patched, &target, Some(Value::Null));
        }
    }
    Ok((patched, differences.with_secrets(None)))
}

/// The write-only attributes of a type.
pub(crate) fn write_only(of: &TypeSchema) -> impl Iterator<Item = AttributeRef> {
    let is_write_only = |attribute: &&Arc<Attribute>| attribute.mutability() == Mutability::WriteOnly;
    let own = of.base().attributes().iter().filter(is_write_only).map(|attribute| AttributeRef::new(None, attribute));
    own.chain(of.extensions().iter().flat_map(move |extension| {
        let attributes = extension.schema.attributes().iter().filter(is_write_only);
        attributes.map(|attribute| AttributeRef::new(Some(&extension.schema), attribute))
    }))
}

/// Gives a resource the value of an attribute; `None` takes it away, and its extension where nothing is left of it.
fn set(resource: &mut Resource, target: &AttributeRef, value: Option<Value>) {
    let Some(uri) = target.uri() else { return resource.set(target.name(), value) };
    let mut container = match resource.get(uri).map(ValueRef::to_value) {
        Some(Value::Object(container)) => container,
        _ => Map::new(),
    };
    match value {
        Some(value) => container.insert(target.name().to_owned(), value),
        None => container.remove(target.name()),
    };
    resource.set(uri, (!container.is_empty()).then_some(Value::Object(container)));
}

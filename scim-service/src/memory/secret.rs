//! Secrets are not kept: a mark stands in the place of each.

use std::sync::Arc;

use scim_core::schema::{Mutability, Uniqueness};
use scim_core::{Attribute, Resource, TypeSchema, ValueRef};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Puts a mark in the place of every secret: of every write-only value, which nobody can ask for. All that is ever wanted of one is
/// whether it is set, and whether it was set anew; so marks differ, and one that `old` has stays. A value that must be
/// unique is kept, or it could not be compared.
pub(super) fn mark_secrets(of: &TypeSchema, old: Option<&Resource>, new: &mut Resource) {
    if has_new(of.base().attributes(), old.map(Resource::as_value), Some(new.as_value())) {
        mark(of.base().attributes(), old.map(Resource::as_value), new.attributes_mut());
    }
    for extension in of.extensions() {
        let (uri, attributes) = (extension.schema.id(), extension.schema.attributes());
        let old = old.and_then(|old| old.get(uri));
        if has_new(attributes, old, new.get(uri))
            && let Some(Value::Object(container)) = new.attributes_mut().get_mut(uri)
        {
            mark(attributes, old, container);
        }
    }
}

/// Whether there is a secret that `old` has not.
fn has_new(of: &[Arc<Attribute>], old: Option<ValueRef<'_>>, new: Option<ValueRef<'_>>) -> bool {
    let of_value = |value: Option<ValueRef<'_>>, secret: &Attribute| {
        value.and_then(|value| value.get(secret.name()).map(ValueRef::to_value))
    };
    of.iter().filter(|attribute| is_secret(attribute)).any(|secret| {
        let now = of_value(new, secret);
        now.is_some() && now != of_value(old, secret)
    })
}

fn is_secret(attribute: &Attribute) -> bool {
    attribute.mutability() == Mutability::WriteOnly && attribute.uniqueness() == Uniqueness::None
}

fn mark(of: &[Arc<Attribute>], old: Option<ValueRef<'_>>, new: &mut Map<String, Value>) {
    for secret in of.iter().filter(|attribute| is_secret(attribute)) {
        let kept = old.and_then(|old| old.get(secret.name()));
        if let Some(value) = new.get_mut(secret.name()).filter(|value| kept != Some(ValueRef::from(&**value))) {
            *value = Value::String(Uuid::new_v4().to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use scim_core::SchemaSet;
    use serde_json::json;

    use super::*;
    use crate::{Context, Create, MemoryStore, Read, Replace, Store};

    #[tokio::test]
    async fn x14_the_memory_store_keeps_no_password() {
        let schemas = SchemaSet::builtin();
        let of: &TypeSchema = schemas.user().unwrap();
        let (store, cx) = (MemoryStore::new(), Context::internal("test", Utc::now()));
        let user = |value: Value| serde_json::from_value::<Resource>(value).unwrap();
        let secret = json!({"schemas": [scim_core::urn::USER], "userName": "ada", "password": "s3cret"});
        let created = store.create(&cx, Create::new(of, user(secret.clone()))).await.unwrap().resource;
        let id = created.id().unwrap().parse().unwrap();
        let kept = async || store.read(&cx, Read::new(of, &id)).await.unwrap().get("password").map(ValueRef::to_value);
        let first = kept().await.unwrap();
        assert_ne!(first, "s3cret");

        let without = json!({"schemas": [scim_core::urn::USER], "userName": "ada", "title": "Dr", "password": first});
        store.replace(&cx, Replace::new(of, &id, user(without))).await.unwrap();
        assert_eq!(kept().await.unwrap(), first, "what is kept stays as it is");
        store.replace(&cx, Replace::new(of, &id, user(secret))).await.unwrap();
        let second = kept().await.unwrap();
        assert!(second != first && second != "s3cret", "it was set anew, and nobody can tell to what");
    }
}

//! Values that fit a schema, for attributes that the suite knows nothing of.

use std::hash::{DefaultHasher, Hash, Hasher};

use scim_core::schema::{AttributeType, Mutability, Returned};
use scim_core::{Attribute, AttributeRef, TypeSchema};
use serde_json::{Map, Value, json};

/// A value that fits an attribute. The same seed makes the same value, another seed another one where the type has many.
pub(super) fn value_for(attribute: &Attribute, seed: &str) -> Value {
    let one = one_value(attribute, seed);
    if attribute.multi_valued() { json!([one]) } else { one }
}

fn one_value(attribute: &Attribute, seed: &str) -> Value {
    if let Some(canonical) = attribute.canonical_values().first() {
        return json!(canonical);
    }
    match attribute.kind() {
        AttributeType::String => match attribute.name() {
            "country" => json!("DE"),
            "locale" | "preferredLanguage" => json!("de-DE"),
            "timezone" => json!("Europe/Berlin"),
            name => json!(format!("{name} of {seed}")),
        },
        AttributeType::Boolean => json!(true),
        AttributeType::Integer => json!(number(seed)),
        AttributeType::Decimal => json!(f64::from(number(seed)) + 0.5),
        AttributeType::DateTime => json!("2026-01-01T00:00:00Z"),
        AttributeType::Binary => json!("AAECAw=="),
        AttributeType::Reference => json!(format!("https://example.com/{:x}", number(seed))),
        AttributeType::Complex => {
            let subs = attribute.sub_attributes().iter().filter(|sub| is_written(sub) && sub.name() != "$ref");
            Value::Object(subs.map(|sub| (sub.name().to_owned(), value_for(sub, seed))).collect::<Map<_, _>>())
        }
    }
}

fn number(seed: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    u32::try_from(hasher.finish() % 1_000_000).unwrap_or_default()
}

/// Whether a client writes the attribute and sees what it wrote.
pub(super) fn is_written(attribute: &Attribute) -> bool {
    let is_own = ["id", "meta", "schemas", "groups", "members", "$ref"].contains(&attribute.name());
    let writes = matches!(attribute.mutability(), Mutability::ReadWrite | Mutability::Immutable);
    writes && !is_own && matches!(attribute.returned(), Returned::Always | Returned::Default)
}

/// The attributes of a type that clients write and see, those of extensions too.
pub(super) fn written(of: &TypeSchema) -> Vec<AttributeRef> {
    of.attributes().filter(|target| is_written(target.attribute())).collect()
}

/// Adds a value to an object, in the extension that the attribute belongs to.
pub(super) fn put(resource: &mut Value, target: &AttributeRef, value: Value) {
    match target.uri() {
        Some(uri) => resource[uri][target.name()] = value,
        None => resource[target.name()] = value,
    }
}

/// Takes out what a type does not have: attributes, sub-attributes, extensions.
pub(super) fn prune(of: &TypeSchema, resource: &mut Value) {
    let Some(members) = resource.as_object_mut() else { return };
    members.retain(|name, value| {
        if let Some(extension) = of.extension(name) {
            prune_attributes(value, |name| extension.attribute(name).cloned());
            return value.as_object().is_some_and(|container| !container.is_empty());
        }
        name == "schemas" || prune_value(of.top_level(name).map(|attribute| &**attribute), value)
    });
}

fn prune_attributes(value: &mut Value, find: impl Fn(&str) -> Option<std::sync::Arc<Attribute>>) {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, value| prune_value(find(name).as_deref(), value));
    }
}

/// Whether anything is left of a value that an attribute can have.
fn prune_value(attribute: Option<&Attribute>, value: &mut Value) -> bool {
    let Some(attribute) = attribute else { return false };
    if value.is_null() {
        return true;
    }
    if attribute.multi_valued() != value.is_array() {
        return false;
    }
    let mut elements: Vec<&mut Value> = match value {
        Value::Array(elements) => elements.iter_mut().collect(),
        one => vec![one],
    };
    let fits = |value: &Value| match attribute.kind() {
        AttributeType::Boolean => value.is_boolean(),
        AttributeType::Integer => value.is_i64(),
        AttributeType::Decimal => value.is_number(),
        AttributeType::Complex => value.is_object(),
        AttributeType::String | AttributeType::DateTime | AttributeType::Binary | AttributeType::Reference => {
            value.is_string()
        }
    };
    if attribute.kind() == AttributeType::Complex {
        for element in &mut elements {
            prune_attributes(element, |name| attribute.sub_attribute(name).cloned());
        }
    }
    let is_empty_object = |value: &Value| value.as_object().is_some_and(Map::is_empty);
    elements.iter().all(|element| fits(element) && !is_empty_object(element))
}

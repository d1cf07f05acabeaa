//! Which values of a resource must be unique (RFC 7643 section 7).

use scim_core::{Attribute, Resource, TypeSchema, Uniqueness};
use scim_filter::fold;
use serde_json::Value;

/// A value that no other live resource of the type and tenant may have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueValue {
    /// The path of the attribute: `userName`, `emails.value`, or with the URI of an extension before it.
    pub attribute: String,
    /// The value in the form that is compared: folded unless the attribute is case exact.
    pub key: String,
}

/// The values of a resource that promise 3 of [`Store`](crate::Store) speaks of. `id` is not among them: the store issues
/// it.
pub fn unique_values(of: &TypeSchema, resource: &Resource) -> Vec<UniqueValue> {
    let mut found = Vec::new();
    for attribute in of.base().attributes() {
        collect(attribute, attribute.name(), resource.get(attribute.name()), &mut found);
    }
    for extension in of.extensions() {
        let Some(container) = resource.get(extension.schema.id()) else { continue };
        for attribute in extension.schema.attributes() {
            let path = format!("{}:{}", extension.schema.id(), attribute.name());
            collect(attribute, &path, container.get(attribute.name()), &mut found);
        }
    }
    found.sort();
    found.dedup();
    found
}

fn collect(attribute: &Attribute, path: &str, value: Option<&Value>, found: &mut Vec<UniqueValue>) {
    match value {
        None => {}
        Some(Value::Array(elements)) => {
            for element in elements {
                collect(attribute, path, Some(element), found);
            }
        }
        Some(Value::Object(object)) => {
            for sub in attribute.sub_attributes() {
                collect(sub, &format!("{path}.{}", sub.name()), object.get(sub.name()), found);
            }
        }
        Some(_) if attribute.uniqueness() == Uniqueness::None => {}
        Some(value) => {
            let key = match value {
                Value::String(text) if attribute.case_exact() => text.clone(),
                Value::String(text) => fold(text).into_owned(),
                other => other.to_string(),
            };
            found.push(UniqueValue { attribute: path.to_owned(), key });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::SchemaSet;
    use serde_json::json;

    fn of_user(user: Value) -> Vec<(String, String)> {
        let schemas = SchemaSet::builtin();
        let resource: Resource = serde_json::from_value(user).unwrap();
        let values = unique_values(schemas.user().unwrap(), &resource);
        values.into_iter().map(|value| (value.attribute, value.key)).collect()
    }

    #[test]
    fn r047_the_user_name_is_unique_whatever_its_case() {
        assert_eq!(of_user(json!({"userName": "BJensen", "title": "T"})), [("userName".into(), "bjensen".into())]);
    }

    #[test]
    fn r059_the_user_name_is_compared_composed() {
        assert_eq!(of_user(json!({"userName": "\u{c5}sa"})), of_user(json!({"userName": "A\u{30a}SA"})));
    }
}

//! Which values of a resource must be unique (RFC 7643 section 7).

use std::borrow::Cow;

use scim_core::resource::ValueKind;
use scim_core::schema::Uniqueness;
use scim_core::{Attribute, Resource, TypeSchema, ValueRef};
use scim_filter::fold;

/// A value that no other live resource of the type and tenant may have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueValue {
    /// The path of the attribute: `userName`, `emails.value`, or with the URI of an extension before it.
    pub attribute: String,
    /// The value in the form that is compared: folded unless the attribute is case exact.
    pub key: String,
}

/// The values of a resource that guarantee 3 of [`Store`](crate::Store) speaks of. `id` is not among them: the store issues
/// it.
pub fn unique_values(of: &TypeSchema, resource: &Resource) -> Vec<UniqueValue> {
    let mut found = Vec::new();
    for attribute in of.base().attributes().iter().filter(|attribute| holds_unique(attribute)) {
        collect(attribute, attribute.name(), resource.get(attribute.name()), &mut found);
    }
    for extension in of.extensions() {
        let Some(container) = resource.get(extension.schema.id()) else { continue };
        for attribute in extension.schema.attributes().iter().filter(|attribute| holds_unique(attribute)) {
            let path = format!("{}:{}", extension.schema.id(), attribute.name());
            collect(attribute, &path, container.get(attribute.name()), &mut found);
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether the attribute or a sub-attribute of it must be unique.
fn holds_unique(attribute: &Attribute) -> bool {
    let is_unique = |attribute: &Attribute| attribute.uniqueness() != Uniqueness::None;
    is_unique(attribute) || attribute.sub_attributes().iter().any(|sub| is_unique(sub))
}

fn collect(attribute: &Attribute, path: &str, value: Option<ValueRef<'_>>, found: &mut Vec<UniqueValue>) {
    let Some(value) = value else { return };
    match value.kind() {
        ValueKind::Array(elements) => {
            for element in elements {
                collect(attribute, path, Some(element), found);
            }
        }
        ValueKind::Object(_) => {
            for sub in attribute.sub_attributes() {
                collect(sub, &format!("{path}.{}", sub.name()), value.get(sub.name()), found);
            }
        }
        _ if attribute.uniqueness() == Uniqueness::None => {}
        _ => {
            let key = comparison_key(attribute, value).into_owned();
            found.push(UniqueValue { attribute: path.to_owned(), key });
        }
    }
}

/// The form in which a value is compared: folded unless the attribute is case exact.
pub(crate) fn comparison_key<'v>(attribute: &Attribute, value: ValueRef<'v>) -> Cow<'v, str> {
    match value.as_str() {
        Some(text) if attribute.case_exact() => text,
        Some(Cow::Borrowed(text)) => fold(text),
        Some(Cow::Owned(text)) => Cow::Owned(fold(&text).into_owned()),
        None => Cow::Owned(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::SchemaSet;
    use serde_json::{Value, json};

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

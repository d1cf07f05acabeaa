//! References among resources: `value` and `$ref` of members, managers and the like (RFC 7643 sections 2.3.7 and 2.4).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scim_core::{AttrPath, Attribute, Resource, SchemaSet, Tolerance, TypeSchema, ValueRef};
use serde_json::{Map, Value};

use crate::config::{ServiceConfig, path_of};
use crate::wire::Route;

/// Completes references that a client gives by URL alone: `{"$ref": "../Users/2"}` gets its `value` (R014).
///
/// Only URLs of this service count, with or without the protocol version (R016).
pub(crate) fn complete(body: &mut Value, of: &TypeSchema, schemas: &SchemaSet, config: &ServiceConfig) {
    // An attribute with `$ref` and no `value` would be given one that it does not have.
    if holds_reference(body) && references(of).all(|(_, attribute)| attribute.sub_attribute("value").is_some()) {
        complete_below(body, schemas, config);
    }
}

/// Turns operations of a PATCH message that write the URL of a reference, `manager.$ref`, into those that write its id: the
/// URL follows from it.
pub(crate) fn complete_paths(message: &mut Value, of: &TypeSchema, schemas: &SchemaSet, config: &ServiceConfig) {
    let members = message.as_object_mut().into_iter().flatten();
    let operations = members.filter(|(name, _)| name.eq_ignore_ascii_case("Operations")).map(|(_, value)| value);
    for operation in operations.filter_map(Value::as_array_mut).flatten().filter_map(Value::as_object_mut) {
        let member = |wanted: &str| operation.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let (Some((path_key, Value::String(path))), Some((value_key, Value::String(url)))) =
            (member("path"), member("value"))
        else {
            continue;
        };
        if let (Some(path), Some(id)) = (id_path(path, of, config), target(url, schemas, config)) {
            let (path_key, value_key) = (path_key.clone(), value_key.clone());
            operation.insert(path_key, path.into());
            operation.insert(value_key, id.into());
        }
    }
}

/// The path of the id beside that of the URL: `manager.value` for `manager.$ref`.
fn id_path(path: &str, of: &TypeSchema, config: &ServiceConfig) -> Option<String> {
    let path: AttrPath = path.parse().ok()?;
    let found = of.resolve(&path, &mut Tolerance::new(config.profile())).ok()?;
    let target = found.attribute()?;
    let value = target.attribute().sub_attribute("value")?.name().parse().ok()?;
    let is_url = target.sub() == Some("$ref");
    is_url.then(|| path.parent()?.with_sub(&value)).flatten().map(|path| path.as_str().to_owned())
}

/// Whether `$ref` is a member of an object somewhere.
fn holds_reference(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(holds_reference),
        Value::Object(members) => {
            members.iter().any(|(name, value)| name.eq_ignore_ascii_case("$ref") || holds_reference(value))
        }
        _ => false,
    }
}

fn complete_below(value: &mut Value, schemas: &SchemaSet, config: &ServiceConfig) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                complete_below(element, schemas, config);
            }
        }
        Value::Object(members) => {
            if let Some(id) = missing_value(members, schemas, config) {
                members.insert("value".to_owned(), id.into());
            }
            for member in members.values_mut() {
                complete_below(member, schemas, config);
            }
        }
        _ => {}
    }
}

fn missing_value(members: &Map<String, Value>, schemas: &SchemaSet, config: &ServiceConfig) -> Option<String> {
    let member = |name: &str| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    match (member("$ref"), member("value")) {
        (Some(Value::String(url)), None | Some(Value::Null)) => target(url, schemas, config),
        _ => None,
    }
}

/// The id of the resource that a URL names. What is relative starts at the base URL; RFC 7643 section 8.3 has `../Users/2`
/// for it.
fn target(url: &str, schemas: &SchemaSet, config: &ServiceConfig) -> Option<String> {
    let base_url = config.base_url();
    let path = if url.contains("://") {
        let rest = url.strip_prefix(base_url).or_else(|| url.strip_prefix(base_url.strip_suffix("/v2")?))?;
        rest.strip_prefix('/')?
    } else {
        let bases = [path_of(base_url), config.base_path()];
        let below = bases.into_iter().find_map(|base| url.strip_prefix(base).filter(|_| !base.is_empty()));
        let url = below.unwrap_or(url).trim_start_matches('/');
        let mut path = url;
        while let Some(rest) = path.strip_prefix("../").or_else(|| path.strip_prefix("./")) {
            path = rest;
        }
        path
    };
    // What the name of an endpoint needed is told of the request's own path; here it only leads to the resource.
    match Route::of(&format!("/{path}"), schemas, &mut Tolerance::new(config.profile())) {
        Ok(Route::Resource(_, id)) => Some(id),
        _ => None,
    }
}

/// Whether the elements are the members of the resource, of which there may be very many. The groups of a user are the same
/// relation from its other end.
pub(crate) fn holds_members(attribute: &Attribute) -> bool {
    attribute.is_multi_valued_reference() && attribute.name() != "groups"
}

/// The attributes of a type that refer to resources, with the extension that has them.
pub(crate) fn references(of: &TypeSchema) -> impl Iterator<Item = (Option<&str>, &Arc<Attribute>)> {
    let base = of.base().attributes().iter().map(|attribute| (None, attribute));
    let extended = of.extensions().iter().flat_map(|extension| {
        extension.schema.attributes().iter().map(move |attribute| (Some(extension.schema.id()), attribute))
    });
    base.chain(extended).filter(|(_, attribute)| attribute.sub_attribute("$ref").is_some())
}

/// What a resource refers to: the ids under each attribute, with the types that they may be of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct References(pub(crate) BTreeMap<String, (Vec<String>, BTreeSet<String>)>);

impl References {
    /// What `resource` refers to and `before` did not.
    pub(crate) fn added(of: &TypeSchema, resource: &Resource, before: Option<&Resource>) -> Self {
        let mut found = BTreeMap::new();
        for (extension, attribute) in references(of) {
            let Some(reference) = attribute.sub_attribute("$ref") else { continue };
            let mut new = ids(extension, attribute, resource);
            for old in before.map(|before| ids(extension, attribute, before)).unwrap_or_default() {
                new.remove(&old);
            }
            if !new.is_empty() {
                let types = reference.reference_types().to_vec();
                found.insert(format!("{}.value", attribute.name()), (types, new));
            }
        }
        Self(found)
    }
}

fn ids(extension: Option<&str>, attribute: &Attribute, resource: &Resource) -> BTreeSet<String> {
    let value = match extension {
        None => resource.get(attribute.name()),
        Some(uri) => resource.get(uri).and_then(|container| container.get(attribute.name())),
    };
    let elements = value.into_iter().flat_map(ValueRef::values);
    elements.filter_map(|element| element.get("value")?.as_str().map(Cow::into_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn completed(member: &Value) -> Value {
        let schemas = SchemaSet::builtin();
        let config = ServiceConfig::new("https://h/scim/v2").unwrap();
        let mut body = json!({"Operations": [{"value": [member]}]});
        complete(&mut body, schemas.group().unwrap(), &schemas, &config);
        body["Operations"][0]["value"][0]["value"].take()
    }

    #[test]
    fn r014_a_relative_reference_starts_at_the_service_root() {
        for url in ["Users/2", "../Users/2", "/Users/2", "/scim/v2/Users/2", "./Users/2", "v2/Users/2"] {
            assert_eq!(completed(&json!({ "$ref": url })), "2", "{url}");
        }
        assert_eq!(completed(&json!({"$REF": "Users/a%2Fb", "value": null})), "a/b");
    }

    #[test]
    fn r016_the_version_in_a_reference_makes_no_difference() {
        for url in ["https://h/scim/v2/Users/2", "https://h/scim/Users/2", "https://h/scim/v2/v2/Users/2"] {
            assert_eq!(completed(&json!({ "$ref": url })), "2", "{url}");
        }
    }

    #[test]
    fn what_names_no_resource_of_the_service_stays_as_it_is() {
        for url in
            ["https://other/scim/v2/Users/2", "https://h/scim/v2x/Users/2", "Nope/2", "Users", "Users/2/3", "urn:x:y"]
        {
            assert_eq!(completed(&json!({ "$ref": url })), Value::Null, "{url}");
        }
        assert_eq!(completed(&json!({"$ref": "Users/2", "value": "3"})), "3", "the value goes before the URL");
    }
}

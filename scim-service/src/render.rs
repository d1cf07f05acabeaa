//! What a resource gets on its way out: URLs made of the configured base (R014, R045, R050, R056).

use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, PercentEncode, utf8_percent_encode};
use scim_core::{Attribute, AttributeRef, Resource, ResourceTypeName, SchemaSet, TypeSchema};
use scim_filter::View;
use serde_json::{Map, Value};

/// What cannot stand in a path segment as it is (RFC 3986 section 3.3).
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A text as a path segment has it.
pub(crate) fn segment(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, SEGMENT)
}

/// The URL of a resource.
pub(crate) fn location(base_url: &str, endpoint: &str, id: &str) -> String {
    format!("{base_url}{endpoint}/{}", segment(id))
}

/// Adds `meta.location`, and `$ref` to every value that names another resource.
pub(crate) fn render(resource: &mut Resource, of: &TypeSchema, schemas: &SchemaSet, base_url: &str) {
    let location = resource.id().map(|id| location(base_url, of.resource_type().endpoint(), id));
    let attributes = resource.attributes_mut();
    if let (Some(Value::Object(meta)), Some(location)) = (attributes.get_mut("meta"), location) {
        meta.insert("location".into(), location.into());
    }
    let references = References { schemas, base_url };
    references.add(of.base().attributes().iter().map(AsRef::as_ref), attributes);
    for extension in of.extensions() {
        if let Some(Value::Object(container)) = attributes.get_mut(extension.schema.id()) {
            references.add(extension.schema.attributes().iter().map(AsRef::as_ref), container);
        }
    }
}

/// What [`render`] adds to resources of a type, for filters, sorts and paths: what is shown can be asked for.
#[derive(Debug)]
pub(crate) struct Rendering {
    of: ResourceTypeName,
    schemas: SchemaSet,
    base_url: String,
}

impl Rendering {
    pub(crate) fn view(of: &TypeSchema, schemas: &SchemaSet, base_url: &str) -> Arc<dyn View> {
        let of = of.resource_type().name().clone();
        Arc::new(Self { of, schemas: schemas.clone(), base_url: base_url.to_owned() })
    }
}

impl View for Rendering {
    fn adds(&self, target: &AttributeRef) -> bool {
        (target.is_in("meta") && target.sub() == Some("location")) || target.sub() == Some("$ref")
    }

    fn complete(&self, id: Option<&str>, attribute: &AttributeRef, value: &mut Value) {
        if let (true, Value::Object(meta), Some(id)) = (attribute.is_in("meta"), &mut *value, id) {
            // At the root the view of one type sees resources of others.
            let named = meta.get("resourceType").and_then(Value::as_str).and_then(|of| self.schemas.of(&of.into()));
            let Some(of) = named.or_else(|| self.schemas.of(&self.of)) else { return };
            meta.insert("location".into(), location(&self.base_url, of.resource_type().endpoint(), id).into());
        } else {
            References { schemas: &self.schemas, base_url: &self.base_url }.complete(attribute.attribute(), value);
        }
    }
}

struct References<'a> {
    schemas: &'a SchemaSet,
    base_url: &'a str,
}

impl References<'_> {
    fn add<'a>(&self, attributes: impl Iterator<Item = &'a Attribute>, values: &mut Map<String, Value>) {
        for attribute in attributes {
            if let Some(value) = values.get_mut(attribute.name()) {
                self.complete(attribute, value);
            }
        }
    }

    /// Gives a value, or each of its elements, its `$ref`, if the attribute has one.
    fn complete(&self, attribute: &Attribute, value: &mut Value) {
        let Some(reference) = attribute.sub_attribute("$ref") else { return };
        let elements = match value {
            Value::Array(elements) => elements.as_mut_slice(),
            single => std::slice::from_mut(single),
        };
        for element in elements.iter_mut().filter_map(Value::as_object_mut) {
            self.add_to(attribute, reference, element);
        }
    }

    /// R014: a relative URL of something else starts at the base URL.
    fn resolve(&self, value: &mut Map<String, Value>) {
        if let Some(Value::String(url)) = value.get_mut("$ref")
            && !url.starts_with('/')
            && !url.split('/').next().is_some_and(|start| start.contains(':'))
        {
            *url = format!("{}/{}", self.base_url, url.trim_start_matches("./").trim_start_matches("../"));
        }
    }

    fn add_to(&self, attribute: &Attribute, reference: &Attribute, value: &mut Map<String, Value>) {
        let Some(id) = value.get("value").and_then(Value::as_str) else {
            return self.resolve(value);
        };
        let of = match (reference.reference_types(), value.get("type").and_then(Value::as_str)) {
            ([only], _) => Some(only.as_str()),
            (types, Some(named)) if types.iter().any(|of| of == named) => Some(named),
            // `type` of a user's groups says direct or indirect; the target is a Group either way.
            (types, _) if attribute.name() == "groups" && types.iter().any(|of| of == "Group") => Some("Group"),
            _ => None,
        };
        let endpoint = of.and_then(|of| self.schemas.of(&of.into())).map(|of| of.resource_type().endpoint());
        match endpoint {
            Some(endpoint) => {
                let url = location(self.base_url, endpoint, id);
                value.insert("$ref".into(), url.into());
            }
            None => self.resolve(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendered(of: &ResourceTypeName, resource: Value) -> Value {
        let schemas = SchemaSet::builtin();
        let mut resource: Resource = serde_json::from_value(resource).unwrap();
        render(&mut resource, schemas.of(of).unwrap(), &schemas, "https://h/scim");
        Value::Object(resource.into_attributes())
    }

    #[test]
    fn r045_meta_location_is_the_url_of_the_resource() {
        let user = rendered(&ResourceTypeName::user(), json!({"id": "a/b c", "meta": {}}));
        assert_eq!(user["meta"]["location"], "https://h/scim/Users/a%2Fb%20c");
    }

    #[test]
    fn r050_r056_references_get_their_url() {
        let group = rendered(
            &ResourceTypeName::group(),
            json!({"members": [
                {"value": "1", "type": "User"}, {"value": "2", "type": "Group"}, {"value": "3"}
            ]}),
        );
        assert_eq!(group["members"][0]["$ref"], "https://h/scim/Users/1");
        assert_eq!(group["members"][1]["$ref"], "https://h/scim/Groups/2");
        assert_eq!(group["members"][2].get("$ref"), None, "nobody knows what 3 is");
        let user = rendered(
            &ResourceTypeName::user(),
            json!({
                "groups": [{"value": "g", "type": "indirect"}],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "m"}}
            }),
        );
        assert_eq!(user["groups"][0]["$ref"], "https://h/scim/Groups/g");
        let extension = &user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"];
        assert_eq!(extension["manager"]["$ref"], "https://h/scim/Users/m");
    }
}

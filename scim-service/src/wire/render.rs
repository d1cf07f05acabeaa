//! What a resource gets on its way out: URLs made of the configured base (R014, R045, R050, R056).

use std::sync::Arc;

use scim_core::{Additions, Attribute, AttributeRef, ResourceTypeName, SchemaSet, TypeSchema, ValueRef};
use scim_filter::View;
use serde_json::Value;

use crate::config::segment;

/// The bytes that stand for themselves in a URL, whatever else does.
#[expect(clippy::indexing_slicing, reason = "a byte is smaller than the length")]
const PLAIN: [bool; 256] = {
    let (mut plain, mut byte) = ([false; 256], 0_u8);
    while byte < 128 {
        plain[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'-';
        byte += 1;
    }
    plain
};

/// The URL of a resource.
pub(crate) fn location(base_url: &str, endpoint: &str, id: &str) -> String {
    let mut url = String::with_capacity(base_url.len() + endpoint.len() + 1 + id.len());
    url.push_str(base_url);
    url.push_str(endpoint);
    url.push('/');
    if id.bytes().all(|byte| PLAIN.get(usize::from(byte)).is_some_and(|is_plain| *is_plain)) {
        url.push_str(id);
    } else {
        url.extend(segment(id));
    }
    url
}

/// What responses show beyond what is stored: URLs made of the configured base.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Urls<'a> {
    pub(crate) schemas: &'a SchemaSet,
    pub(crate) base_url: &'a str,
    /// Whether resources have versions.
    pub(crate) versions: bool,
}

impl Additions for Urls<'_> {
    fn location(&self, of: &TypeSchema, id: &str) -> String {
        location(self.base_url, of.resource_type().endpoint(), id)
    }

    fn reference(&self, attribute: &Attribute, value: ValueRef<'_>) -> Option<String> {
        let reference = attribute.sub_attribute("$ref")?;
        let Some(id) = value.get("value").and_then(ValueRef::as_str) else { return self.resolved(value) };
        let kind = value.get("type").and_then(ValueRef::as_str);
        let of = match (reference.reference_types(), kind.as_deref()) {
            ([only], _) => Some(only.as_str()),
            (types, Some(named)) if types.iter().any(|of| of == named) => Some(named),
            // `type` of a user's groups says direct or indirect; the target is a Group either way.
            (types, _) if attribute.name() == "groups" && types.iter().any(|of| of == "Group") => Some("Group"),
            _ => None,
        };
        match of.and_then(|of| self.schemas.of(&of.into())) {
            Some(of) => Some(self.location(of, &id)),
            None => self.resolved(value),
        }
    }

    fn shows_versions(&self) -> bool {
        self.versions
    }
}

impl Urls<'_> {
    /// The bytes of the URL of a resource whose id is not escaped.
    pub(crate) fn location_len(&self, of: &TypeSchema, id: &str) -> usize {
        self.base_url.len() + of.resource_type().endpoint().len() + 1 + id.len()
    }

    /// R014: a relative URL of something else starts at the base URL.
    fn resolved(&self, value: ValueRef<'_>) -> Option<String> {
        let url = value.get("$ref")?.as_str()?;
        let is_relative = !url.starts_with('/') && !url.split('/').next().is_some_and(|start| start.contains(':'));
        let path = url.trim_start_matches("./").trim_start_matches("../");
        is_relative.then(|| format!("{}/{path}", self.base_url))
    }
}

/// What [`Urls`] add to resources of a type, for filters, sorts and paths: what is shown can be asked for.
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
            return;
        }
        let urls = Urls { schemas: &self.schemas, base_url: &self.base_url, versions: true };
        let elements = match value {
            Value::Array(elements) => elements.as_mut_slice(),
            single => std::slice::from_mut(single),
        };
        for element in elements {
            let url = urls.reference(attribute.attribute(), (&*element).into());
            if let (Some(element), Some(url)) = (element.as_object_mut(), url) {
                element.insert("$ref".to_owned(), url.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_core::{Projection, Resource};
    use serde_json::json;

    fn rendered(of: &ResourceTypeName, resource: Value) -> Value {
        let schemas = SchemaSet::builtin();
        let resource: Resource = serde_json::from_value(resource).unwrap();
        let urls = Urls { schemas: &schemas, base_url: "https://h/scim", versions: true };
        let mut json = String::new();
        Projection::default().write(schemas.of(of).unwrap(), &resource, &urls, &mut json);
        serde_json::from_str(&json).unwrap()
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

//! Resource types: what kinds of resource a service has, and where (RFC 7643 section 6).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schema::error::{RegistrationError, refuse_unknown};
use crate::urn;

/// The name of a resource type, such as `User`. Names regard case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceTypeName(Arc<str>);

impl ResourceTypeName {
    /// The type of RFC 7643 section 4.1.
    pub fn user() -> Self {
        Self("User".into())
    }

    /// The type of RFC 7643 section 4.2.
    pub fn group() -> Self {
        Self("Group".into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ResourceTypeName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for ResourceTypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A schema extension of a resource type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaExtension {
    /// The URI of the extension's schema.
    pub schema: String,
    /// Whether every resource of the type must carry the extension (R034).
    #[serde(default)]
    pub required: bool,
}

/// A resource type: a name, an endpoint, a base schema and extensions (RFC 7643 section 6). Read from the wire format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Definition", into = "Definition")]
pub struct ResourceType {
    id: Option<String>,
    name: ResourceTypeName,
    description: Option<String>,
    endpoint: String,
    schema: String,
    extensions: Vec<SchemaExtension>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    #[serde(default = "resource_type_schemas")]
    schemas: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    name: ResourceTypeName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    endpoint: String,
    schema: String,
    #[serde(default)]
    schema_extensions: Vec<SchemaExtension>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// The members of a resource type; `meta` is what a service adds.
const MEMBERS: [&str; 7] = ["schemas", "id", "name", "description", "endpoint", "schema", "schemaExtensions"];

fn resource_type_schemas() -> Vec<String> {
    vec![urn::RESOURCE_TYPE.to_owned()]
}

impl ResourceType {
    /// The identifier under `/ResourceTypes`; the name where none is given.
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or(self.name.as_str())
    }

    /// The name that `meta.resourceType` shows.
    pub fn name(&self) -> &ResourceTypeName {
        &self.name
    }

    /// What the type is, for people.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The endpoint below the base URL, such as `/Users`: one segment, with its slash.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The URI of the base schema.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The schema extensions.
    pub fn extensions(&self) -> &[SchemaExtension] {
        &self.extensions
    }

    /// The same type with these extensions.
    pub(crate) fn with_extensions(self, extensions: Vec<SchemaExtension>) -> Self {
        Self { extensions, ..self }
    }
}

/// First path segments that mean something else.
const RESERVED_ENDPOINTS: [&str; 8] =
    ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/Bulk", "/Me", "/.search", "/health", "/v2"];

impl TryFrom<Definition> for ResourceType {
    type Error = RegistrationError;

    fn try_from(definition: Definition) -> Result<Self, Self::Error> {
        refuse_unknown(|| format!("resource type `{}`", definition.name), &definition.unknown, &MEMBERS)?;
        let endpoint = definition.endpoint;
        let legal = endpoint.strip_prefix('/').is_some_and(|segment| {
            !segment.is_empty()
                && segment.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '~' | '.'))
        });
        if !legal || RESERVED_ENDPOINTS.iter().any(|reserved| reserved.eq_ignore_ascii_case(&endpoint)) {
            return Err(RegistrationError::Endpoint { endpoint });
        }
        Ok(Self {
            id: definition.id,
            name: definition.name,
            description: definition.description,
            endpoint,
            schema: definition.schema,
            extensions: definition.schema_extensions,
        })
    }
}

impl From<ResourceType> for Definition {
    fn from(resource_type: ResourceType) -> Self {
        Self {
            schemas: resource_type_schemas(),
            id: Some(resource_type.id().to_owned()),
            name: resource_type.name,
            description: resource_type.description,
            endpoint: resource_type.endpoint,
            schema: resource_type.schema,
            schema_extensions: resource_type.extensions,
            unknown: Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_endpoint_is_one_free_segment() {
        let read = |endpoint| {
            serde_json::from_value::<ResourceType>(json!({"name": "T", "endpoint": endpoint, "schema": "urn:a:b"}))
        };
        assert!(read("/Things").is_ok());
        for bad in ["Things", "/", "/a/b", "/Schemas", "/bulk", "/.search", "/a?b", "/ä"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a8_a_member_that_no_resource_type_has_is_refused() {
        let read = |member: &str, value: Value| {
            let mut definition = json!({"name": "T", "endpoint": "/Ts", "schema": "urn:a:b"});
            definition[member] = value;
            serde_json::from_value::<ResourceType>(definition).map(drop).map_err(|error| error.to_string())
        };
        let error = read("schemaExtension", json!([])).unwrap_err();
        assert_eq!(error, "resource type `T`: unknown member `schemaExtension`; did you mean `schemaExtensions`?");
        assert!(read("extensions", json!([])).unwrap_err().contains("unknown member `extensions`"));
        let error = read("schemaExtensions", json!([{"schema": "urn:e:x", "require": true}])).unwrap_err();
        assert!(error.contains("`require`") && error.contains("`required`"), "{error}");
        assert_eq!(read("meta", json!({"location": "x"})), Ok(()));
    }

    #[test]
    fn r227_the_wire_format_names_schema_and_extensions() {
        let read: ResourceType =
            serde_json::from_value(json!({"name": "T", "endpoint": "/Ts", "schema": "urn:a:b"})).unwrap();
        let shown = serde_json::to_value(&read).unwrap();
        assert_eq!(
            shown,
            json!({
                "schemas": [urn::RESOURCE_TYPE], "id": "T", "name": "T", "endpoint": "/Ts", "schema": "urn:a:b",
                "schemaExtensions": []
            })
        );
    }
}

//! A schema: a URI and the attributes it defines.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schema::attribute::{Attribute, find, refuse_duplicates};
use crate::schema::common_attributes;
use crate::schema::error::{RegistrationError, refuse_unknown};
use crate::urn;

/// A schema in the sense of RFC 7643 section 7: an identifying URI, a name and attribute definitions.
///
/// Schemas are data in the wire format; a new one needs no code. Reading checks everything that
/// [`Attribute`] guarantees, and that no two attributes share a name.
///
/// ```
/// use scim_core::schema::Schema;
///
/// let badge: Schema = serde_json::from_str(r#"{
///     "id": "urn:example:scim:1.0:Badge",
///     "name": "Badge",
///     "attributes": [{"name": "number", "type": "integer", "required": true}]
/// }"#)?;
/// assert!(badge.attribute("NUMBER").is_some());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Definition", into = "Definition")]
pub struct Schema {
    id: String,
    name: String,
    description: Option<String>,
    attributes: Vec<Arc<Attribute>>,
}

/// The members of a schema; `meta` is what a service adds.
const MEMBERS: [&str; 5] = ["schemas", "id", "name", "description", "attributes"];

#[derive(Serialize, Deserialize)]
struct Definition {
    #[serde(default = "schema_schemas")]
    schemas: Vec<String>,
    id: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    attributes: Vec<Attribute>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

fn schema_schemas() -> Vec<String> {
    vec![urn::SCHEMA.to_owned()]
}

impl Schema {
    /// The URI that identifies the schema.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the schema describes.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The attributes in the order of the definition.
    pub fn attributes(&self) -> &[Arc<Attribute>] {
        &self.attributes
    }

    /// The attribute of this name, in any case.
    pub fn attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        find(&self.attributes, name)
    }

    /// The same schema with another definition of an attribute, or without it.
    pub(super) fn with_attribute(&self, name: &str, definition: Option<Attribute>) -> Self {
        let mut schema = self.clone();
        let place = schema.attributes.iter().position(|attribute| attribute.name().eq_ignore_ascii_case(name));
        match (place, definition) {
            (Some(place), None) => drop(schema.attributes.remove(place)),
            (Some(place), Some(definition)) => {
                if let Some(attribute) = schema.attributes.get_mut(place) {
                    *attribute = Arc::new(definition);
                }
            }
            (None, _) => {}
        }
        schema
    }

    /// Refuses attributes that every resource has already: as the base schema of a type, it would define them again.
    pub(crate) fn refuse_common(&self) -> Result<(), RegistrationError> {
        let common = |attribute: &&Arc<Attribute>| find(common_attributes(), attribute.name()).is_some();
        match self.attributes.iter().find(common) {
            None => Ok(()),
            Some(attribute) => {
                Err(RegistrationError::CommonAttribute { schema: self.id.clone(), name: attribute.name().to_owned() })
            }
        }
    }

    /// Refuses complex attributes inside complex ones (R018). Only the schema of schemas may have them.
    pub(crate) fn refuse_nesting(&self) -> Result<(), RegistrationError> {
        for attribute in &self.attributes {
            if let Some(sub) = attribute.sub_attributes().iter().find(|sub| !sub.sub_attributes().is_empty()) {
                let name = format!("{}.{}", attribute.name(), sub.name());
                return Err(RegistrationError::NestedComplex { name });
            }
        }
        Ok(())
    }
}

impl TryFrom<Definition> for Schema {
    type Error = RegistrationError;

    fn try_from(definition: Definition) -> Result<Self, Self::Error> {
        if !urn::is_schema_uri(&definition.id) {
            return Err(RegistrationError::SchemaUri { uri: definition.id });
        }
        refuse_unknown(|| format!("schema `{}`", definition.id), &definition.unknown, &MEMBERS)?;
        let attributes: Vec<Arc<Attribute>> = definition.attributes.into_iter().map(Arc::new).collect();
        refuse_duplicates(&attributes)?;
        Ok(Self { id: definition.id, name: definition.name, description: definition.description, attributes })
    }
}

impl From<Schema> for Definition {
    fn from(schema: Schema) -> Self {
        Self {
            schemas: schema_schemas(),
            id: schema.id,
            name: schema.name,
            description: schema.description,
            attributes: schema.attributes.iter().map(|attribute| Attribute::clone(attribute)).collect(),
            unknown: Map::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn r018_complex_inside_complex_is_refused_at_registration() {
        let inner = json!({"name": "in", "type": "complex", "subAttributes": [{"name": "x"}]});
        let schema: Schema = serde_json::from_value(json!({
            "id": "urn:example:1.0:A", "name": "A",
            "attributes": [{"name": "out", "type": "complex", "subAttributes": [inner]}]
        }))
        .unwrap();
        assert_eq!(
            schema.refuse_nesting().unwrap_err().to_string(),
            "attribute `out.in` is complex inside a complex attribute"
        );
    }

    #[test]
    fn a8_a_member_that_no_schema_has_is_refused() {
        let read = |value| serde_json::from_value::<Schema>(value).map_err(|error| error.to_string());
        let schema = json!({"id": "urn:a:b", "name": "A", "attributes": [], "attribute": []});
        assert_eq!(
            read(schema).unwrap_err(),
            "schema `urn:a:b`: unknown member `attribute`; did you mean `attributes`?"
        );
        assert!(read(json!({"id": "urn:a:b", "name": "A", "attributes": [], "meta": {"location": "x"}})).is_ok());
        let text =
            "{\"id\": \"urn:a:b\", \"name\": \"A\",\n\"attributes\": [{\"name\": \"x\", \"multivalued\": true}]}";
        let error = serde_json::from_str::<Schema>(text).unwrap_err().to_string();
        assert!(error.contains("attribute `x`") && error.contains("line 2"), "{error}");
    }

    #[test]
    fn a_schema_needs_a_uri_and_distinct_names() {
        let read = |value| serde_json::from_value::<Schema>(value);
        assert!(read(json!({"id": "nope", "name": "A", "attributes": []})).is_err());
        assert!(read(json!({"id": "urn:a:b", "name": "A", "attributes": [{"name": "x"}, {"name": "X"}]})).is_err());
    }
}

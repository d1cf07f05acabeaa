//! Resources: schema-checked JSON objects (RFC 7643 section 3).

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::external_id::ExternalId;
use crate::meta::Meta;
use crate::provenance::Provenance;
use crate::resource_id::ResourceId;
use crate::schema::AttributeRef;
use crate::version::Version;

/// A resource: its attributes under their registered names, extensions under the URI of their schema.
///
/// [`Checker::resource`](crate::Checker::resource) makes resources from client input; from then on names are exact,
/// values have their schema's types, and nothing is `null` or empty. The type itself does not enforce this for
/// [`Resource::from_attributes`]: the caller answers for the content, such as a store for what it stored.
///
/// Beside the attributes a store tells who asserts the resource ([`provenance`](Self::provenance)). That is no part of its
/// content: it is neither serialised nor compared.
///
/// `Debug` hides the value of `password`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resource {
    attributes: Map<String, Value>,
    #[serde(skip)]
    provenance: Option<Arc<Provenance>>,
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.attributes == other.attributes
    }
}

impl Resource {
    /// The resource with these attributes, which must be as a check leaves them.
    pub fn from_attributes(attributes: Map<String, Value>) -> Self {
        Self { attributes, provenance: None }
    }

    /// Who asserts the resource, where a store has told.
    pub fn provenance(&self) -> Option<&Arc<Provenance>> {
        self.provenance.as_ref()
    }

    /// The same resource, asserted by `provenance`. For stores.
    #[must_use]
    pub fn asserted_by(self, provenance: Arc<Provenance>) -> Self {
        Self { provenance: Some(provenance), ..self }
    }

    /// The attributes by registered name.
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// The attributes, to change. The caller keeps names and types as the schemas have them.
    pub fn attributes_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.attributes
    }

    /// The attributes alone.
    pub fn into_attributes(self) -> Map<String, Value> {
        self.attributes
    }

    /// The value of a common or base attribute, or an extension's container, by its registered name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name)
    }

    /// The value of an attribute, or of a sub-attribute of a singular complex attribute.
    ///
    /// ```
    /// use scim_core::{AttributeRef, Resource, SchemaSet};
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.user().unwrap();
    /// let ada: Resource = serde_json::from_str(r#"{"name": {"givenName": "Ada"}}"#)?;
    /// let name = AttributeRef::new(None, user.top_level("name").unwrap());
    /// let given_name = name.clone().with_sub(name.attribute().sub_attribute("givenName").unwrap());
    /// assert_eq!(ada.at(&given_name).unwrap(), "Ada");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn at(&self, target: &AttributeRef) -> Option<&Value> {
        target.sub_in(target.attribute_in(&self.attributes)?)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(Value::as_str)
    }

    /// The `id`, once issued.
    pub fn id(&self) -> Option<&str> {
        self.text("id")
    }

    /// The client's identifier.
    pub fn external_id(&self) -> Option<ExternalId> {
        self.text("externalId").map(ExternalId::from)
    }

    /// The URIs in `schemas`.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        self.attributes.get("schemas").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The metadata, once complete.
    pub fn meta(&self) -> Option<Meta> {
        self.attributes.get("meta").and_then(Meta::from_value)
    }

    /// The version in `meta.version`.
    pub fn version(&self) -> Option<Version> {
        self.attributes.get("meta")?.get("version")?.as_str().and_then(Version::from_tag)
    }

    /// Sets the `id`.
    pub fn set_id(&mut self, id: &ResourceId) {
        self.attributes.insert("id".into(), id.as_str().into());
    }

    /// Sets `meta`.
    pub fn set_meta(&mut self, meta: &Meta) {
        self.attributes.insert("meta".into(), meta.to_value());
    }

    /// Reads the resource as a typed view such as [`User`](crate::User), or as the host's own struct.
    ///
    /// # Errors
    ///
    /// What serde says where the resource does not fit the type.
    pub fn view<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.attributes)
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_map();
        for (name, value) in &self.attributes {
            if name == "password" {
                shown.entry(name, &format_args!("(hidden)"));
            } else {
                shown.entry(name, &format_args!("{value}"));
            }
        }
        shown.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provenance::Source;
    use serde_json::json;

    fn resource(value: Value) -> Resource {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn debug_hides_the_password() {
        let shown = format!("{:?}", resource(json!({"userName": "a", "password": "s3cret"})));
        assert!(shown.contains("userName") && shown.contains("(hidden)"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn who_asserts_a_resource_is_no_part_of_its_content() {
        let plain = resource(json!({"userName": "a"}));
        let asserted = plain.clone().asserted_by(Arc::new(Provenance::new(Source::client("okta"))));
        assert_eq!(asserted, plain);
        assert_eq!(serde_json::to_value(&asserted).unwrap(), json!({"userName": "a"}));
    }

    #[test]
    fn accessors_read_the_common_attributes() {
        let user =
            resource(json!({"schemas": ["urn:a:b"], "id": "1", "externalId": "x", "meta": {"version": "W/\"3\""}}));
        assert_eq!(user.id(), Some("1"));
        assert_eq!(user.external_id(), Some(ExternalId::from("x")));
        assert_eq!(user.schemas().collect::<Vec<_>>(), ["urn:a:b"]);
        assert_eq!(user.version(), Some(Version::new(3)));
        assert_eq!(user.meta(), None);
    }
}

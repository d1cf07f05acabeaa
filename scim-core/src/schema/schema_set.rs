//! The registered schemas and resource types of a service.

use std::collections::HashSet;
use std::sync::Arc;

use crate::schema::builtin::{ENTERPRISE_USER_SCHEMA, GROUP_SCHEMA, RESOURCE_TYPES, USER_SCHEMA};
use crate::schema::error::RegistrationError;
use crate::schema::resource_type::{ResourceType, ResourceTypeName};
use crate::schema::{Schema, TypeExtension, TypeSchema};

/// The schemas and resource types that a service knows.
///
/// ```
/// use scim_core::{ResourceTypeName, SchemaSet};
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.of(&ResourceTypeName::user()).unwrap();
/// assert_eq!(user.resource_type().endpoint(), "/Users");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaSet {
    pub(super) schemas: Vec<Arc<Schema>>,
    pub(super) types: Vec<Arc<TypeSchema>>,
}

impl SchemaSet {
    /// User with the enterprise extension, and Group (RFC 7643 section 4).
    #[expect(clippy::missing_panics_doc, reason = "it cannot panic: the data is part of the crate")]
    pub fn builtin() -> Self {
        let schemas = vec![USER_SCHEMA.clone(), GROUP_SCHEMA.clone(), ENTERPRISE_USER_SCHEMA.clone()];
        #[expect(clippy::expect_used, reason = "the built-in data is part of the crate, and every test reads it")]
        Self::default().with(schemas, RESOURCE_TYPES.clone()).expect("built-in resource types")
    }

    /// Adds schemas and resource types. Resource types may use schemas registered before.
    ///
    /// # Errors
    ///
    /// [`RegistrationError`] for a complex attribute inside a complex one, a schema, name or endpoint that is taken, a base
    /// schema that defines what every resource has (`id`, `meta`), or a resource type whose schema is not registered.
    pub fn with(
        mut self,
        schemas: impl IntoIterator<Item = Arc<Schema>>,
        resource_types: impl IntoIterator<Item = ResourceType>,
    ) -> Result<Self, RegistrationError> {
        for schema in schemas {
            schema.refuse_nesting()?;
            if self.schema(schema.id()).is_some() {
                return Err(RegistrationError::DuplicateSchema { uri: schema.id().to_owned() });
            }
            self.schemas.push(schema);
        }
        for resource_type in resource_types {
            let type_schema = self.type_schema(resource_type)?;
            self.types.push(Arc::new(type_schema));
        }
        Ok(self)
    }

    fn type_schema(&self, resource_type: ResourceType) -> Result<TypeSchema, RegistrationError> {
        let name = resource_type.name();
        let taken = self.types.iter().any(|other| {
            other.resource_type().name() == name
                || other.resource_type().endpoint().eq_ignore_ascii_case(resource_type.endpoint())
        });
        if taken {
            return Err(RegistrationError::DuplicateResourceType { resource_type: name.to_string() });
        }
        let named = |uri: &str| {
            let missing = || RegistrationError::MissingSchema { resource_type: name.to_string(), uri: uri.to_owned() };
            self.schema(uri).cloned().ok_or_else(missing)
        };
        let base = named(resource_type.schema())?;
        base.refuse_common()?;
        let mut seen = HashSet::from([base.id().to_ascii_lowercase()]);
        let mut extensions = Vec::new();
        for extension in resource_type.extensions() {
            let schema = named(&extension.schema)?;
            if !seen.insert(schema.id().to_ascii_lowercase()) {
                return Err(RegistrationError::DuplicateSchema { uri: extension.schema.clone() });
            }
            extensions.push(TypeExtension { schema, required: extension.required });
        }
        Ok(TypeSchema::new(resource_type, base, extensions))
    }

    /// Makes `groups` of a User what clients write, as a service does that allows
    /// [`Quirk::GroupsOnUser`](crate::Quirk::GroupsOnUser).
    ///
    /// ```
    /// use scim_core::{ResourceTypeName, SchemaSet};
    /// use scim_core::schema::Mutability;
    ///
    /// let schemas = SchemaSet::builtin().with_written_groups();
    /// let user = schemas.of(&ResourceTypeName::user()).unwrap();
    /// assert_eq!(user.top_level("groups").unwrap().mutability(), Mutability::ReadWrite);
    /// ```
    #[must_use]
    pub fn with_written_groups(mut self) -> Self {
        let Some(user) = self.of(&ResourceTypeName::user()).map(|of| of.base().clone()) else { return self };
        let Some(groups) = user.attribute("groups") else { return self };
        let changed = Arc::new(user.with_attribute(groups.name(), Some(groups.as_written_reference())));
        for schema in self.schemas.iter_mut().filter(|schema| schema.id() == user.id()) {
            *schema = changed.clone();
        }
        for of in &mut self.types {
            *of = Arc::new(of.redefining(&changed));
        }
        self
    }

    /// What is known of a resource type.
    pub fn of(&self, name: &ResourceTypeName) -> Option<&Arc<TypeSchema>> {
        self.types.iter().find(|schema| schema.resource_type().name() == name)
    }

    /// The type `User`, where there is one.
    pub fn user(&self) -> Option<&Arc<TypeSchema>> {
        self.of(&ResourceTypeName::user())
    }

    /// The type `Group`, where there is one.
    pub fn group(&self) -> Option<&Arc<TypeSchema>> {
        self.of(&ResourceTypeName::group())
    }

    /// The resource types in the order of registration.
    pub fn types(&self) -> impl ExactSizeIterator<Item = &Arc<TypeSchema>> {
        self.types.iter()
    }

    /// The resource type served at an endpoint such as `/Users`. Endpoints regard case, as URLs do.
    pub fn by_endpoint(&self, endpoint: &str) -> Option<&Arc<TypeSchema>> {
        self.types.iter().find(|schema| schema.resource_type().endpoint() == endpoint)
    }

    /// The schemas in the order of registration.
    pub fn schemas(&self) -> impl ExactSizeIterator<Item = &Arc<Schema>> {
        self.schemas.iter()
    }

    /// The schema with this URI, in any case.
    pub fn schema(&self, uri: &str) -> Option<&Arc<Schema>> {
        self.schemas.iter().find(|schema| schema.id().eq_ignore_ascii_case(uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn thing(endpoint: &str, schema: &str) -> ResourceType {
        serde_json::from_value(json!({"name": "Thing", "endpoint": endpoint, "schema": schema})).unwrap()
    }

    fn schema(id: &str) -> Arc<Schema> {
        serde_json::from_value(json!({"id": id, "name": "Thing", "attributes": [{"name": "x"}]})).unwrap()
    }

    #[test]
    fn r230_a_new_resource_type_needs_only_data() {
        let set = SchemaSet::builtin().with([schema("urn:e:1.0:T")], [thing("/Things", "urn:e:1.0:T")]).unwrap();
        assert_eq!(set.by_endpoint("/Things").unwrap().resource_type().name().as_str(), "Thing");
        assert_eq!(set.types().len(), 3);
    }

    #[test]
    fn p21_only_groups_of_users_become_what_clients_write() {
        let (before, after) = (SchemaSet::builtin(), SchemaSet::builtin().with_written_groups());
        for (before, after) in before.types().zip(after.types()) {
            assert_eq!(before.resource_type(), after.resource_type());
            assert_eq!(before.extensions(), after.extensions());
            for (before, after) in before.base().attributes().iter().zip(after.base().attributes()) {
                assert_eq!(before == after, before.name() != "groups", "{}", before.name());
            }
        }
        let groups = after.of(&ResourceTypeName::user()).unwrap().top_level("groups").unwrap();
        assert!(groups.is_multi_valued_reference());
        assert!(groups.sub_attribute("value").unwrap().required());
        assert_eq!(groups.sub_attribute("type").unwrap().mutability(), crate::schema::Mutability::ReadOnly);
        assert_eq!(after.schema(crate::urn::USER), Some(after.of(&ResourceTypeName::user()).unwrap().base()));
    }

    #[test]
    fn a8_what_cannot_work_is_refused_at_registration() {
        let set = || SchemaSet::builtin().with([schema("urn:e:1.0:T")], []).unwrap();
        assert!(matches!(set().with([schema("URN:E:1.0:t")], []), Err(RegistrationError::DuplicateSchema { .. })));
        assert!(matches!(set().with([], [thing("/T", "urn:none:x")]), Err(RegistrationError::MissingSchema { .. })));
        for name in ["id", "META", "schemas", "externalid"] {
            let schema = json!({"id": "urn:e:1.0:U", "name": "U", "attributes": [{"name": "x"}, {"name": name}]});
            let error =
                set().with([serde_json::from_value(schema).unwrap()], [thing("/T", "urn:e:1.0:U")]).unwrap_err();
            assert!(error.to_string().starts_with(&format!("schema `urn:e:1.0:U`: attribute `{name}`")), "A8: {error}");
        }
        assert!(matches!(
            set().with([], [thing("/Users", "urn:e:1.0:T")]),
            Err(RegistrationError::DuplicateResourceType { .. })
        ));
    }
}

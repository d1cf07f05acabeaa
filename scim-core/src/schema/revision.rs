//! What a host changes of registered schemas: what a type has more, what it does without, what is unique in it.

use std::sync::Arc;

use crate::name::AttrPath;
use crate::schema::error::RegistrationError;
use crate::schema::resource_type::{ResourceTypeName, SchemaExtension};
use crate::schema::{Attribute, AttributeRef, Resolved, Schema, SchemaSet, Uniqueness};
use crate::tolerance::Tolerance;

impl SchemaSet {
    /// Adds an extension, whose schema is registered, to a resource type.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use scim_core::{ResourceTypeName, SchemaSet};
    /// use scim_core::schema::{Schema, SchemaExtension};
    ///
    /// let badge: Arc<Schema> = serde_json::from_str(r#"{
    ///     "id": "urn:example:scim:1.0:Badge", "name": "Badge", "attributes": [{"name": "number", "type": "integer"}]
    /// }"#)?;
    /// let extension = SchemaExtension { schema: badge.id().to_owned(), required: false };
    /// let schemas = SchemaSet::builtin().with([badge], [])?.with_extension(&ResourceTypeName::user(), extension)?;
    /// let user = schemas.user().ok_or("no users")?;
    /// assert_eq!(user.extensions().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RegistrationError`] where the type or the schema is not registered, or the type has the extension already.
    pub fn with_extension(self, of: &ResourceTypeName, extension: SchemaExtension) -> Result<Self, RegistrationError> {
        self.known(of)?;
        self.with_extensions_of(of, |extensions| extensions.push(extension))
    }

    /// Leaves an attribute, a sub-attribute, or an extension as a whole out of a resource type. It is then undefined
    /// everywhere: in `/Schemas`, bodies, paths, filters and responses. Other types that share the schema lose it too.
    ///
    /// ```
    /// use scim_core::{ResourceTypeName, SchemaSet};
    ///
    /// let user = ResourceTypeName::user();
    /// let schemas = SchemaSet::builtin().without(&user, &"password".parse()?)?.without(&user, &"emails.display".parse()?)?;
    /// let user = schemas.of(&user).ok_or("no users")?;
    /// assert!(user.top_level("password").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RegistrationError::Revision`] where the path leads nowhere, or to what a resource cannot do without: what every
    /// resource has, what is required, or the last part of a complex attribute.
    pub fn without(self, of: &ResourceTypeName, path: &AttrPath) -> Result<Self, RegistrationError> {
        let refused = |reason: &str| Err(revision(of, format!("`{path}` cannot be left out: {reason}")));
        let target = match self.target(of, path)? {
            Resolved::Attribute(target) => target,
            Resolved::Extension(schema) => {
                let uri = schema.id();
                let required = self.of(of).into_iter().flat_map(|known| known.extensions());
                if required.into_iter().any(|extension| extension.schema.id() == uri && extension.required) {
                    return refused("the extension is required");
                }
                return self.with_extensions_of(of, |extensions| {
                    extensions.retain(|extension| !extension.schema.eq_ignore_ascii_case(uri));
                });
            }
        };
        if target.leaf().required() {
            return refused("it is required");
        }
        let definition = match target.sub() {
            None => None,
            Some(sub) => match target.attribute().without(sub) {
                Some(rest) => Some(rest),
                None => return refused("nothing of the attribute would be left"),
            },
        };
        self.with_definition(of, &target, definition.as_ref())
    }

    /// Says that the values of an attribute or sub-attribute are unique, whatever its schema says: for stores in front of a
    /// system that keeps more unique than the RFCs ask.
    ///
    /// # Errors
    ///
    /// [`RegistrationError::Revision`] where the path leads to no attribute of the type's schemas.
    pub fn with_uniqueness(
        self,
        of: &ResourceTypeName,
        path: &AttrPath,
        uniqueness: Uniqueness,
    ) -> Result<Self, RegistrationError> {
        let target = self.target(of, path)?;
        let Resolved::Attribute(target) = target else {
            return Err(revision(of, format!("`{path}` is an extension, expected an attribute")));
        };
        let definition = target.attribute().with_uniqueness(target.sub(), uniqueness);
        self.with_definition(of, &target, Some(&definition))
    }

    fn known(&self, of: &ResourceTypeName) -> Result<(), RegistrationError> {
        let known = self.of(of).is_some();
        if known { Ok(()) } else { Err(revision(of, "no such resource type is registered".to_owned())) }
    }

    /// What a path leads to in the schemas of a type.
    fn target(&self, of: &ResourceTypeName, path: &AttrPath) -> Result<Resolved, RegistrationError> {
        self.known(of)?;
        let found = self.of(of).map(|known| known.resolve(path, &mut Tolerance::rfc()));
        match found {
            Some(Ok(found)) => {
                let is_own = |name: &str| self.of(of).is_some_and(|known| known.base().attribute(name).is_some());
                match &found {
                    Resolved::Attribute(target) if target.extension().is_none() && !is_own(target.name()) => {
                        Err(revision(of, format!("`{path}` is what every resource has")))
                    }
                    _ => Ok(found),
                }
            }
            Some(Err(error)) => Err(revision(of, error.to_string())),
            None => Err(revision(of, "no such resource type is registered".to_owned())),
        }
    }

    /// The set with another definition of the target's attribute, or without it.
    fn with_definition(
        self,
        of: &ResourceTypeName,
        target: &AttributeRef,
        definition: Option<&Attribute>,
    ) -> Result<Self, RegistrationError> {
        let base = self.of(of).map(|known| known.base().id().to_owned()).unwrap_or_default();
        let uri = target.uri().map_or(base, str::to_owned);
        let name = target.name();
        let revised = |schema: &Arc<Schema>| {
            if schema.id() == uri { Arc::new(schema.with_attribute(name, definition.cloned())) } else { schema.clone() }
        };
        let schemas: Vec<_> = self.schemas.iter().map(revised).collect();
        let types: Vec<_> = self.types.iter().map(|known| known.resource_type().clone()).collect();
        Self::default().with(schemas, types)
    }

    /// The set with other extensions of a type. Extensions that no type has any more are not registered any longer.
    fn with_extensions_of(
        self,
        of: &ResourceTypeName,
        change: impl FnOnce(&mut Vec<SchemaExtension>),
    ) -> Result<Self, RegistrationError> {
        let mut change = Some(change);
        let mut types = Vec::with_capacity(self.types.len());
        let mut dropped = Vec::new();
        for known in &self.types {
            let of_type = known.resource_type().clone();
            let mut extensions = of_type.extensions().to_vec();
            if of_type.name() == of
                && let Some(change) = change.take()
            {
                change(&mut extensions);
                dropped = of_type.extensions().iter().filter(|old| !extensions.contains(old)).cloned().collect();
            }
            types.push(of_type.with_extensions(extensions));
        }
        let unused = |schema: &Arc<Schema>| {
            let is = |uri: &str| schema.id().eq_ignore_ascii_case(uri);
            dropped.iter().any(|extension| is(&extension.schema))
                && !types.iter().any(|of_type| {
                    is(of_type.schema()) || of_type.extensions().iter().any(|extension| is(&extension.schema))
                })
        };
        let schemas: Vec<_> = self.schemas.into_iter().filter(|schema| !unused(schema)).collect();
        Self::default().with(schemas, types)
    }
}

fn revision(of: &ResourceTypeName, problem: String) -> RegistrationError {
    RegistrationError::Revision { resource_type: of.to_string(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::urn;

    fn without(paths: &[&str]) -> Result<SchemaSet, String> {
        paths.iter().try_fold(SchemaSet::builtin(), |set, path| {
            set.without(&ResourceTypeName::user(), &path.parse().unwrap()).map_err(|error| error.to_string())
        })
    }

    #[test]
    fn p20_what_is_left_out_is_undefined() {
        let set = without(&["PASSWORD", "emails.display", &format!("{}:department", urn::ENTERPRISE_USER)]).unwrap();
        let user = set.of(&ResourceTypeName::user()).unwrap();
        assert!(user.top_level("password").is_none());
        assert!(user.top_level("emails").unwrap().sub_attribute("display").is_none());
        assert!(user.top_level("emails").unwrap().sub_attribute("value").is_some());
        assert!(user.extension(urn::ENTERPRISE_USER).unwrap().attribute("department").is_none());
        let shown = serde_json::to_string(set.schema(urn::USER).unwrap()).unwrap();
        assert!(!shown.contains("\"password\""), "{shown}");
        assert_eq!(set.types().len(), 2);
        assert_eq!(set.schemas().len(), 3);
    }

    #[test]
    fn p20_an_extension_can_be_left_out_and_added_again() {
        let set = without(&[urn::ENTERPRISE_USER]).unwrap();
        assert!(set.schema(urn::ENTERPRISE_USER).is_none(), "nobody has it any more");
        assert!(set.of(&ResourceTypeName::user()).unwrap().extensions().is_empty());
        let schema = SchemaSet::builtin().schema(urn::ENTERPRISE_USER).unwrap().clone();
        let extension = SchemaExtension { schema: schema.id().to_owned(), required: true };
        let set = set.with([schema], []).unwrap().with_extension(&ResourceTypeName::user(), extension.clone()).unwrap();
        assert!(set.of(&ResourceTypeName::user()).unwrap().extensions()[0].required);
        let user = ResourceTypeName::user();
        assert!(set.clone().with_extension(&user, extension.clone()).is_err(), "it has it already");
        assert!(set.clone().with_extension(&"Nope".into(), extension).is_err());
        let error = set.without(&user, &urn::ENTERPRISE_USER.parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("the extension is required"), "{error}");
    }

    #[test]
    fn p20_what_a_resource_cannot_do_without_stays() {
        for (path, told) in [
            ("userName", "it is required"),
            ("id", "what every resource has"),
            ("meta.version", "what every resource has"),
            ("nope", "unknown attribute `nope`"),
            ("emails.nope", "unknown attribute"),
            ("urn:x:y:z", "unknown attribute"),
        ] {
            let error = without(&[path]).unwrap_err();
            assert!(error.starts_with("resource type `User`: ") && error.contains(told), "{path}: {error}");
        }
        let subs = ["emails.value", "emails.display", "emails.type"];
        assert!(without(&subs).is_ok());
        assert!(without(&[&subs[..], &["emails.primary"]].concat()).unwrap_err().contains("nothing of the attribute"));
    }

    #[test]
    fn p6_a_store_may_keep_more_unique() {
        let (user, group) = (ResourceTypeName::user(), ResourceTypeName::group());
        let set = SchemaSet::builtin();
        let set = set.with_uniqueness(&user, &"emails.value".parse().unwrap(), Uniqueness::Server).unwrap();
        let set = set.with_uniqueness(&group, &"displayName".parse().unwrap(), Uniqueness::Server).unwrap();
        let emails = set.of(&user).unwrap().top_level("emails").unwrap().clone();
        assert_eq!(emails.sub_attribute("value").unwrap().uniqueness(), Uniqueness::Server);
        assert_eq!(emails.uniqueness(), Uniqueness::None);
        let shown = serde_json::to_value(set.schema(urn::GROUP).unwrap()).unwrap();
        assert_eq!(shown["attributes"][0]["uniqueness"], "server");
        assert!(set.with_uniqueness(&group, &"nope".parse().unwrap(), Uniqueness::Server).is_err());
    }
}

//! Everything the schemas say of one resource type, and the one place where a path is looked up in them.

use std::sync::Arc;

use thiserror::Error;

use crate::name::AttrPath;
use crate::schema::attribute::{Attribute, nearest};
use crate::schema::known::Known;
use crate::schema::members::{Member, MemberKind, Members, TypeStamp, member_order};
use crate::schema::resource_type::ResourceType;
use crate::schema::{AttributeRef, Resolved, Schema, common_attributes};
use crate::tolerance::Quirk;
use crate::tolerance::Tolerance;

/// A resource type with its base schema and extensions, ready for look-ups.
///
/// Obtained from a [`SchemaSet`](crate::SchemaSet), which has made sure that every schema exists. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeSchema {
    parts: Arc<Parts>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    resource_type: ResourceType,
    base: Arc<Schema>,
    extensions: Vec<TypeExtension>,
    /// In the order in which compact resources have them.
    members: Vec<Member>,
    known: Known,
    stamp: Stamp,
}

/// The stamp of a definition, which is no part of what it says.
#[derive(Clone, Copy, Debug)]
struct Stamp(TypeStamp);

impl Stamp {
    fn next() -> Self {
        Self(TypeStamp::next())
    }
}

impl PartialEq for Stamp {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Stamp {}

/// A schema extension of a resource type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeExtension {
    /// The extension's schema.
    pub schema: Arc<Schema>,
    /// Whether every resource must carry it.
    pub required: bool,
}

/// A path that leads to no attribute of the resource type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown attribute `{path}` of resource type `{resource_type}`{}", hint(.suggestion.as_deref()))]
pub struct UnknownAttribute {
    /// The path as the client wrote it.
    pub path: String,
    /// The resource type that lacks it.
    pub resource_type: String,
    /// An attribute whose name is one edit away.
    pub suggestion: Option<String>,
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

impl Parts {
    fn order_members(&mut self) {
        let attributes = common_attributes().iter().chain(self.base.attributes()).cloned().map(MemberKind::Attribute);
        let extensions = self.extensions.iter().map(|extension| MemberKind::Extension(extension.schema.clone()));
        let mut members: Vec<Member> = attributes.chain(extensions).map(Member::new).collect();
        members.sort_by(|a, b| member_order(a.name(), b.name()));
        self.members = members;
        let extensions: Vec<&Schema> = self.extensions.iter().map(|extension| &*extension.schema).collect();
        self.known = Known::of(&self.base, &extensions);
        self.stamp = Stamp::next();
    }
}

impl TypeSchema {
    pub(crate) fn new(resource_type: ResourceType, base: Arc<Schema>, extensions: Vec<TypeExtension>) -> Self {
        let mut parts = Parts {
            resource_type,
            base,
            extensions,
            members: Vec::new(),
            known: Known::default(),
            stamp: Stamp::next(),
        };
        parts.order_members();
        Self { parts: Arc::new(parts) }
    }

    /// The base attributes that a resource must have.
    pub(crate) fn required(&self) -> &[Arc<Attribute>] {
        &self.parts.known.required
    }

    /// The names of the multi-valued references, such as `members`.
    pub(crate) fn multi_valued_references(&self) -> &[String] {
        &self.parts.known.multi_valued_references
    }

    /// Whether there are attributes that are returned on request.
    #[doc(hidden)]
    pub fn has_requested(&self) -> bool {
        self.parts.known.has_requested
    }

    /// The members that can hold what no response shows.
    pub(crate) fn secret_members(&self) -> &[String] {
        &self.parts.known.secret
    }

    /// What tells this definition from others.
    pub(crate) fn stamp(&self) -> TypeStamp {
        self.parts.stamp.0
    }

    /// The members that resources can have.
    pub(crate) fn members(&self) -> Members<'_> {
        Members::of(&self.parts.members)
    }

    /// The same with another definition of a schema, wherever it stands.
    pub(crate) fn redefining(&self, schema: &Arc<Schema>) -> Self {
        let mut parts = Parts::clone(&self.parts);
        let schemas = parts.extensions.iter_mut().map(|extension| &mut extension.schema);
        for known in std::iter::once(&mut parts.base).chain(schemas).filter(|known| known.id() == schema.id()) {
            *known = schema.clone();
        }
        parts.order_members();
        Self { parts: Arc::new(parts) }
    }

    /// The resource type.
    pub fn resource_type(&self) -> &ResourceType {
        &self.parts.resource_type
    }

    /// The base schema.
    pub fn base(&self) -> &Arc<Schema> {
        &self.parts.base
    }

    /// The extensions in the order of the resource type.
    pub fn extensions(&self) -> &[TypeExtension] {
        &self.parts.extensions
    }

    /// The attributes that every resource has: `schemas`, `id`, `externalId`, `meta`.
    pub fn common(&self) -> &'static [Arc<Attribute>] {
        common_attributes()
    }

    /// All attributes: the common ones, those of the base schema and those of the extensions.
    pub fn attributes(&self) -> impl Iterator<Item = AttributeRef> {
        let own = self
            .common()
            .iter()
            .chain(self.parts.base.attributes())
            .map(|attribute| AttributeRef::new(None, attribute));
        let of_extension = |extension: &TypeExtension| Resolved::Extension(extension.schema.clone()).attributes();
        own.chain(self.parts.extensions.iter().flat_map(of_extension))
    }

    /// The common or base attribute of this name, in any case.
    pub fn top_level(&self, name: &str) -> Option<&Arc<Attribute>> {
        self.parts.known.top_level(name)
    }

    /// The extension with this URI, in any case (R033).
    pub fn extension(&self, uri: &str) -> Option<&Arc<Schema>> {
        self.parts
            .extensions
            .iter()
            .map(|extension| &extension.schema)
            .find(|schema| schema.id().eq_ignore_ascii_case(uri))
    }

    /// Looks a path up (R065-R068, R110, R171).
    ///
    /// A qualified path belongs to the schema it names; a bare name is searched among the common attributes, then in the
    /// base schema, then, with [`Quirk::BareExtensionAttribute`], in the extensions if just one has it. A path that
    /// is the URI of an extension names the extension as a whole. `tags.value` is `tags` where that is a simple multi-valued
    /// attribute ([`Attribute::is_own_value`]).
    ///
    /// # Errors
    ///
    /// [`UnknownAttribute`] when nothing is there, with the nearest name as a suggestion.
    pub fn resolve(&self, path: &AttrPath, tolerance: &mut Tolerance) -> Result<Resolved, UnknownAttribute> {
        if let Some(extension) = self.extension(path.as_str()) {
            return Ok(Resolved::Extension(extension.clone()));
        }
        let unknown = || self.unknown(path);
        let name = path.name().ok_or_else(unknown)?;
        let (extension, attribute) = match path.uri() {
            Some(uri) if uri.eq_ignore_ascii_case(self.parts.base.id()) => {
                (None, self.top_level(name).ok_or_else(unknown)?)
            }
            Some(uri) => {
                let schema = self.extension(uri).ok_or_else(unknown)?;
                (Some(schema), schema.attribute(name).ok_or_else(unknown)?)
            }
            None => match self.top_level(name) {
                Some(attribute) => (None, attribute),
                None => self.bare_extension_attribute(name, tolerance).ok_or_else(unknown)?,
            },
        };
        let found = AttributeRef::new(extension, attribute);
        Ok(Resolved::Attribute(match path.sub() {
            Some(sub) if !attribute.is_own_value(sub) => {
                found.with_sub(attribute.sub_attribute(sub).ok_or_else(unknown)?)
            }
            _ => found,
        }))
    }

    /// Whether a path is of a schema that the type does not have ([`Quirk::ForeignAttribute`]). A misspelt attribute of
    /// a schema that it has is unknown, not foreign.
    ///
    /// ```
    /// use scim_core::SchemaSet;
    ///
    /// let schemas = SchemaSet::builtin();
    /// let users = schemas.user().unwrap();
    /// let is_foreign = |path: &str| users.is_foreign(&path.parse().unwrap());
    /// assert!(is_foreign("urn:example:scim:Custom:2.0:User:badge"));
    /// assert!(!is_foreign("urn:ietf:params:scim:schemas:core:2.0:User:bagde"));
    /// assert!(!is_foreign("badge"));
    /// ```
    pub fn is_foreign(&self, path: &AttrPath) -> bool {
        let Some(uri) = path.uri() else { return false };
        let known = |uri: &str| uri.eq_ignore_ascii_case(self.parts.base.id()) || self.extension(uri).is_some();
        // `urn:...:User.department` is a slip of the pen, and `urn:...:User` the extension as a whole.
        let begins_as_known = path.name().is_some_and(|name| known(&format!("{uri}:{name}")));
        !known(uri) && !begins_as_known
    }

    fn bare_extension_attribute(
        &self,
        name: &str,
        tolerance: &mut Tolerance,
    ) -> Option<(Option<&Arc<Schema>>, &Arc<Attribute>)> {
        let mut found = self.parts.extensions.iter().filter_map(|extension| {
            extension.schema.attribute(name).map(|attribute| (Some(&extension.schema), attribute))
        });
        let only = found.next()?;
        (found.next().is_none() && tolerance.take(Quirk::BareExtensionAttribute)).then_some(only)
    }

    fn unknown(&self, path: &AttrPath) -> UnknownAttribute {
        let wanted = path.name().unwrap_or_default();
        let near = |attributes: &[Arc<Attribute>], wanted: &str, prefix: &str| {
            nearest(attributes, wanted).map(|attribute| format!("{prefix}{}", attribute.name()))
        };
        let suggestion = match (self.top_level(wanted), path.sub()) {
            (Some(attribute), Some(sub)) => near(attribute.sub_attributes(), sub, &format!("{}.", attribute.name())),
            _ => near(self.parts.base.attributes(), wanted, "")
                .or_else(|| near(common_attributes(), wanted, ""))
                .or_else(|| {
                    let schemas = self.parts.extensions.iter().map(|extension| &extension.schema);
                    schemas
                        .into_iter()
                        .find_map(|schema| near(schema.attributes(), wanted, &format!("{}:", schema.id())))
                }),
        };
        UnknownAttribute {
            path: path.as_str().to_owned(),
            resource_type: self.parts.resource_type.name().as_str().to_owned(),
            suggestion,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Profile, SchemaSet};

    fn resolve_with(path: &str, profile: &Profile) -> Result<String, String> {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let path = path.parse().map_err(|error: crate::AttrPathError| error.to_string())?;
        user.resolve(&path, &mut Tolerance::new(profile))
            .map(|resolved| match resolved {
                Resolved::Attribute(attribute) => attribute.to_string(),
                Resolved::Extension(schema) => schema.id().to_owned(),
            })
            .map_err(|error| error.to_string())
    }

    fn resolve(path: &str) -> Result<String, String> {
        resolve_with(path, &Profile::rfc())
    }

    #[test]
    fn paths_resolve_to_the_registered_spelling() {
        assert_eq!(resolve("USERNAME").unwrap(), "userName");
        assert_eq!(resolve("Name.GIVENname").unwrap(), "name.givenName");
        assert_eq!(resolve("meta.lastmodified").unwrap(), "meta.lastModified");
        assert_eq!(resolve("URN:ietf:params:scim:schemas:CORE:2.0:user:userName").unwrap(), "userName");
        let ent = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        assert_eq!(resolve(&format!("{ent}:manager.displayname")).unwrap(), format!("{ent}:manager.displayName"));
        assert_eq!(resolve(&ent.to_uppercase()).unwrap(), ent, "R171: the URI alone is the container");
    }

    #[test]
    fn r068_an_unknown_uri_is_an_unknown_attribute() {
        let error = resolve("urn:nope:1.0:X:userName").unwrap_err();
        assert_eq!(error, "unknown attribute `urn:nope:1.0:X:userName` of resource type `User`");
    }

    #[test]
    fn an_unknown_name_gets_a_suggestion() {
        for (wrong, right) in [
            ("dispalyName", "displayName"),
            ("emial", ""),
            ("userNam", "userName"),
            ("name.givenNam", "name.givenName"),
        ] {
            let error = resolve(wrong).unwrap_err();
            assert_eq!(error.contains("did you mean"), !right.is_empty(), "{error}");
            assert!(error.contains(right), "{error}");
        }
    }

    #[test]
    fn a_bare_extension_attribute_needs_the_quirk() {
        assert!(resolve("manager").is_err());
        assert!(resolve_with("manager", &Profile::compatible()).unwrap().ends_with(":manager"));
    }
}

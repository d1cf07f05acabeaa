//! Everything the schemas say of one resource type, and the one place where a path is looked up in them.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

use crate::attr_path::AttrPath;
use crate::profile::Leniency;
use crate::resource::{Resource, ValueRef, rank};
use crate::resource_type::ResourceType;
use crate::schema::nearest::nearest;
use crate::schema::{Attribute, AttributeRef, Mutability, Resolved, Returned, Schema, common_attributes};
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
    /// The common and base attributes, by their names.
    top_level: Vec<(NameKey, Arc<Attribute>)>,
    /// The attributes that a resource must have.
    required: Vec<Arc<Attribute>>,
    /// The attributes that refer to other resources as a set does, by name.
    relations: Vec<String>,
    /// The members that can hold what no response shows.
    secret: Vec<String>,
    /// Whether there are attributes that are returned on request.
    has_requested: bool,
    stamp: Stamp,
}

/// Tells most names from each other, whatever their case: the length, the first byte and the last.
type NameKey = u32;

fn name_key(name: &str) -> NameKey {
    let bytes = name.as_bytes();
    let fold = |byte: Option<&u8>| NameKey::from(byte.map_or(0, u8::to_ascii_lowercase));
    let length = NameKey::from(u16::try_from(bytes.len()).unwrap_or(u16::MAX));
    length << 16 | fold(bytes.first()) << 8 | fold(bytes.last())
}

/// Tells the definitions of types from each other: two that have the same number are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypeStamp(NonZeroU64);

/// The stamp of a definition, which is no part of what it says.
#[derive(Clone, Copy, Debug)]
struct Stamp(TypeStamp);

impl Stamp {
    fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let next = LAST.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        Self(TypeStamp(NonZeroU64::new(next).unwrap_or(NonZeroU64::MAX)))
    }
}

impl PartialEq for Stamp {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Stamp {}

/// A member that resources of a type can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) kind: MemberKind,
    /// Whether all of it is returned by default, and nothing added, unless one of the attributes has a value that are not so: of a
    /// value that fits, the text is copied.
    is_plain: bool,
    /// The attributes of an extension that are not returned by default, or have something added.
    others: Vec<Arc<Attribute>>,
}

/// What a member of a resource can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MemberKind {
    /// A common or base attribute.
    Attribute(Arc<Attribute>),
    /// The container of an extension.
    Extension(Arc<Schema>),
}

impl Member {
    fn new(kind: MemberKind) -> Self {
        match &kind {
            MemberKind::Attribute(attribute) => {
                let is_plain = attribute.name() != "meta" && is_plain(attribute);
                Self { is_plain, others: Vec::new(), kind }
            }
            MemberKind::Extension(schema) => {
                let others = schema.attributes().iter().filter(|attribute| !is_plain(attribute)).cloned().collect();
                Self { is_plain: true, others, kind }
            }
        }
    }

    /// Whether a value that fits is returned by default as it is.
    pub(crate) fn is_plain(&self, value: ValueRef<'_>) -> bool {
        self.is_plain && !self.others.iter().any(|attribute| value.has(attribute.name()))
    }

    fn name(&self) -> &str {
        match &self.kind {
            MemberKind::Attribute(attribute) => attribute.name(),
            MemberKind::Extension(schema) => schema.id(),
        }
    }
}

/// Whether an attribute and all its sub-attributes are returned by default, and none is a `$ref`, which is made on the way out.
fn is_plain(attribute: &Attribute) -> bool {
    let is_returned = |attribute: &Attribute| matches!(attribute.returned(), Returned::Always | Returned::Default);
    let subs = attribute.sub_attributes();
    is_returned(attribute) && subs.iter().all(|sub| is_returned(sub) && sub.name() != "$ref")
}

/// Finds members of resources by their registered names, quickest in the order of a compact resource.
pub(crate) struct Members<'a> {
    members: &'a [Member],
    next: usize,
}

impl<'a> Members<'a> {
    pub(crate) fn find(&mut self, name: &str) -> Option<&'a Member> {
        let (before, after) = self.members.split_at_checked(self.next)?;
        let found = after.iter().position(|member| member.name() == name).map(|found| self.next + found);
        let found = found.or_else(|| before.iter().position(|member| member.name() == name))?;
        self.next = found + 1;
        self.members.get(found)
    }
}

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
        members.sort_by(|a, b| rank(a.name()).cmp(&rank(b.name())));
        self.members = members;
        let own: Vec<&Arc<Attribute>> = common_attributes().iter().chain(self.base.attributes()).collect();
        self.top_level = own.iter().map(|attribute| (name_key(attribute.name()), Arc::clone(attribute))).collect();
        let required = self.base.attributes().iter().filter(|attribute| attribute.required());
        self.required = required.cloned().collect();
        let relations = own.iter().filter(|attribute| attribute.is_relation());
        self.relations = relations.map(|attribute| attribute.name().to_owned()).collect();
        let parts = |attribute: &Attribute, is: fn(&Attribute) -> bool| {
            is(attribute) || attribute.sub_attributes().iter().any(|sub| is(sub))
        };
        let secret = |attribute: &Arc<Attribute>| {
            parts(attribute, |part| part.mutability() == Mutability::WriteOnly || part.returned() == Returned::Never)
        };
        let requested = |attribute: &Arc<Attribute>| parts(attribute, |part| part.returned() == Returned::Request);
        let schemas = self.extensions.iter().map(|extension| &extension.schema);
        let extended = |is: &dyn Fn(&Arc<Attribute>) -> bool| -> Vec<String> {
            let having = schemas.clone().filter(|schema| schema.attributes().iter().any(is));
            having.map(|schema| schema.id().to_owned()).collect()
        };
        self.has_requested = own.iter().any(|attribute| requested(attribute)) || !extended(&requested).is_empty();
        let own_secret = own.iter().filter(|attribute| secret(attribute)).map(|attribute| attribute.name().to_owned());
        self.secret = own_secret.chain(extended(&secret)).collect();
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
            top_level: Vec::new(),
            required: Vec::new(),
            relations: Vec::new(),
            secret: Vec::new(),
            has_requested: false,
            stamp: Stamp::next(),
        };
        parts.order_members();
        Self { parts: Arc::new(parts) }
    }

    /// What tells this definition from others.
    pub(crate) fn stamp(&self) -> TypeStamp {
        self.parts.stamp.0
    }

    /// The members that resources can have.
    pub(crate) fn members(&self) -> Members<'_> {
        Members { members: &self.parts.members, next: 0 }
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
        let wanted = name_key(name);
        let is_it = |(key, attribute): &&(NameKey, Arc<Attribute>)| {
            *key == wanted && attribute.name().eq_ignore_ascii_case(name)
        };
        self.parts.top_level.iter().find(is_it).map(|(_, attribute)| attribute)
    }

    /// The base attributes that a resource must have.
    pub(crate) fn required(&self) -> &[Arc<Attribute>] {
        &self.parts.required
    }

    /// The names of attributes that refer to other resources as a set does, such as `members`.
    pub(crate) fn relations(&self) -> &[String] {
        &self.parts.relations
    }

    /// Whether there are attributes that are returned on request.
    #[doc(hidden)]
    pub fn has_requested(&self) -> bool {
        self.parts.has_requested
    }

    /// Whether a resource has a member that can hold what no response shows.
    #[doc(hidden)]
    pub fn may_hold_secret(&self, resource: &Resource) -> bool {
        self.parts.secret.iter().any(|name| resource.get(name).is_some())
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
    /// base schema, then, with [`Leniency::BareExtensionAttribute`], in the extensions if just one has it. A path that
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

    /// Whether a path is of a schema that the type does not have ([`Leniency::ForeignAttribute`]). A misspelt attribute of
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
        (found.next().is_none() && tolerance.take(Leniency::BareExtensionAttribute)).then_some(only)
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
    fn a_bare_extension_attribute_needs_the_leniency() {
        assert!(resolve("manager").is_err());
        assert!(resolve_with("manager", &Profile::compatible()).unwrap().ends_with(":manager"));
    }
}

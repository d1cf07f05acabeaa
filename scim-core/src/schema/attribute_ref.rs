//! References to attributes: what a path means in the schemas of a resource type.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::schema::{Attribute, Schema};

/// A reference to an attribute or a sub-attribute of a resource type: an [`AttrPath`](crate::AttrPath) that has been looked up.
///
/// It holds the definitions themselves, so whoever has one asks no schema again. References are equal when they name the same
/// attribute; they are ordered by the schema, the attribute and the sub-attribute, an attribute before its sub-attributes.
/// `Display` is the path in the registered spelling: `emails.value`, or with the URI for an attribute of an extension.
///
/// ```
/// use scim_core::SchemaSet;
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().unwrap();
/// let name = user.attributes().find(|attribute| attribute.name() == "name").unwrap();
/// let given_name = name.clone().with_sub(name.attribute().sub_attribute("givenName").unwrap());
/// assert_eq!(given_name.to_string(), "name.givenName");
/// assert!(name.overlaps(&given_name) && given_name != name);
/// ```
#[derive(Clone)]
pub struct AttributeRef {
    extension: Option<Arc<Schema>>,
    attribute: Arc<Attribute>,
    sub: Option<Arc<Attribute>>,
}

impl AttributeRef {
    /// A common or base attribute, or one of an extension.
    pub fn new(extension: Option<&Arc<Schema>>, attribute: &Arc<Attribute>) -> Self {
        Self { extension: extension.cloned(), attribute: attribute.clone(), sub: None }
    }

    /// The sub-attribute of the same attribute.
    #[must_use]
    pub fn with_sub(self, sub: &Arc<Attribute>) -> Self {
        Self { sub: Some(sub.clone()), ..self }
    }

    /// The attribute as a whole.
    #[must_use]
    pub fn whole(&self) -> Self {
        Self { sub: None, ..self.clone() }
    }

    /// The extension that defines the attribute; `None` for common and base attributes.
    pub fn extension(&self) -> Option<&Arc<Schema>> {
        self.extension.as_ref()
    }

    /// The attribute.
    pub fn attribute(&self) -> &Arc<Attribute> {
        &self.attribute
    }

    /// The sub-attribute, where the reference is to one.
    pub fn sub_attribute(&self) -> Option<&Arc<Attribute>> {
        self.sub.as_ref()
    }

    /// The sub-attribute, or else the attribute: what defines the values.
    pub fn leaf(&self) -> &Arc<Attribute> {
        self.sub.as_ref().unwrap_or(&self.attribute)
    }

    /// The URI of the extension, in the registered spelling.
    pub fn uri(&self) -> Option<&str> {
        self.extension.as_ref().map(|schema| schema.id())
    }

    /// The name of the attribute, in the registered spelling.
    pub fn name(&self) -> &str {
        self.attribute.name()
    }

    /// The name of the sub-attribute, in the registered spelling.
    pub fn sub(&self) -> Option<&str> {
        self.sub.as_ref().map(|sub| sub.name())
    }

    /// The name of a common or base attribute as a whole, such as `userName` or `id`: what a store with a column or an index
    /// for each attribute asks first.
    pub fn top_level(&self) -> Option<&str> {
        if self.extension.is_none() && self.sub.is_none() { Some(self.name()) } else { None }
    }

    /// Whether this is the common or base attribute of this registered name, or a sub-attribute of it.
    pub fn is_in(&self, name: &str) -> bool {
        self.extension.is_none() && self.name() == name
    }

    /// Whether one of the two is the other, or a sub-attribute of it.
    pub fn overlaps(&self, other: &Self) -> bool {
        let same = self.uri() == other.uri() && self.name() == other.name();
        same && (self.sub.is_none() || other.sub.is_none() || self.sub() == other.sub())
    }

    fn key(&self) -> (Option<&str>, &str, Option<&str>) {
        (self.uri(), self.name(), self.sub())
    }
}

impl PartialEq for AttributeRef {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for AttributeRef {}

impl PartialOrd for AttributeRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AttributeRef {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for AttributeRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for AttributeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(uri) = self.uri() {
            write!(f, "{uri}:")?;
        }
        f.write_str(self.name())?;
        match self.sub() {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

/// The path, without the definitions.
impl fmt::Debug for AttributeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttributeRef({self})")
    }
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    /// An attribute or a sub-attribute.
    Attribute(AttributeRef),
    /// An extension as a whole, by its URI (R171).
    Extension(Arc<Schema>),
}

impl Resolved {
    /// The attributes that this is about: one, or all of the extension.
    pub fn attributes(&self) -> Vec<AttributeRef> {
        match self {
            Self::Attribute(attribute) => vec![attribute.clone()],
            Self::Extension(schema) => {
                schema.attributes().iter().map(|attribute| AttributeRef::new(Some(schema), attribute)).collect()
            }
        }
    }

    /// The attribute; `None` for an extension as a whole.
    pub fn attribute(self) -> Option<AttributeRef> {
        match self {
            Self::Attribute(attribute) => Some(attribute),
            Self::Extension(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{SchemaSet, Tolerance};

    use super::*;

    fn reference(path: &str) -> AttributeRef {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let resolved = user.resolve(&path.parse().unwrap(), &mut Tolerance::rfc()).unwrap();
        resolved.attribute().unwrap()
    }

    const ENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    #[test]
    fn an_attribute_overlaps_its_sub_attributes_alone() {
        let overlap = |a: &str, b: &str| reference(a).overlaps(&reference(b));
        assert!(overlap("name", "NAME.givenname") && overlap("name.givenName", "name"));
        assert!(!overlap("name.givenName", "name.familyName") && !overlap("name", "nickName"));
        let manager = format!("{ENT}:manager");
        assert!(overlap(&manager, &format!("{manager}.value")) && !overlap(&manager, &format!("{ENT}:division")));
    }

    #[test]
    fn references_are_ordered_with_an_attribute_before_its_sub_attributes() {
        let mut all = [&format!("{ENT}:division"), "name.givenName", "title", "name"].map(reference);
        all.sort();
        assert_eq!(all.map(|one| one.to_string()), ["name", "name.givenName", "title", &format!("{ENT}:division")]);
        assert_eq!(format!("{:?}", reference("USERNAME")), "AttributeRef(userName)");
    }
}

//! Resources: schema-checked JSON objects (RFC 7643 section 3).

mod active;
mod comparison;
mod document;
mod json_text;
mod meta;
mod reference;
mod size;
mod value_ref;
mod whole;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::identity::ExternalId;
use crate::identity::Provenance;
use crate::identity::ResourceId;
use crate::identity::Version;
use crate::schema::{AttributeRef, TypeSchema};

#[doc(hidden)]
pub use comparison::Unlike;
pub(crate) use document::Document;
pub(crate) use json_text::write_string;
pub use meta::Meta;
#[doc(hidden)]
pub use size::members_size;
pub use value_ref::{ValueElements, ValueKind, ValueMembers, ValueRef};

/// A resource: its attributes under their registered names, extensions under the URI of their schema.
///
/// [`Checker::resource`](crate::Checker::resource) makes resources from client input; from then on names are exact,
/// values have their schema's types, and nothing is `null` or empty. The type itself does not enforce this for
/// [`Resource::from_attributes`]: the caller answers for the content, such as a store for what it stored.
///
/// A resource that is being made is a tree of values. [`compact`](Self::compact) turns it into one shared piece of JSON text with an
/// index of its members: much less memory, cloned at no cost, written as it is. What reads a resource sees no
/// difference, and what [changes](Self::attributes_mut) a compact one gets a tree of its own.
///
/// Beside the attributes a store tells who asserts the resource ([`provenance`](Self::provenance)). That is no part of its
/// content: it is neither serialised nor compared.
///
/// `Debug` hides the value of `password`.
///
/// ```
/// use scim_core::Resource;
/// use serde_json::json;
///
/// let mut ada: Resource = serde_json::from_str(r#"{"userName": "ada", "name": {"givenName": "Ada"}}"#)?;
/// ada.compact();
/// assert_eq!(ada.get("name").and_then(|name| name.get("givenName")).unwrap(), "Ada");
/// ada.set("active", Some(true.into()));
/// assert_eq!(ada.to_json(), r#"{"active":true,"name":{"givenName":"Ada"},"userName":"ada"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Resource {
    content: Content,
    provenance: Option<Arc<Provenance>>,
}

/// Both forms hold the same.
#[derive(Clone)]
enum Content {
    Tree(Map<String, Value>),
    Document(Arc<Document>),
}

impl Default for Resource {
    fn default() -> Self {
        Self::from_attributes(Map::new())
    }
}

/// The same attributes with the same values, whatever their order.
impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Content::Tree(a), Content::Tree(b)) => a == b,
            (Content::Document(a), Content::Document(b)) if a.text() == b.text() => true,
            _ => self.as_value() == other.as_value(),
        }
    }
}

impl Resource {
    /// The resource with these attributes, which must be as a check leaves them.
    pub fn from_attributes(attributes: Map<String, Value>) -> Self {
        Self { content: Content::Tree(attributes), provenance: None }
    }

    /// The resource whose attributes [`to_json`](Self::to_json) has written, compact; `None` where the text is no JSON object.
    ///
    /// For stores that keep the text. Compact text is not looked at further than to find the members: a value in it that is no JSON
    /// reads as `null`. Other text, which another program has written, is parsed.
    pub fn from_json(text: String) -> Option<Self> {
        let content = match Document::read(text) {
            Ok(document) => Content::Document(Arc::new(document)),
            Err(text) => Content::Tree(serde_json::from_str(&text).ok()?),
        };
        let mut resource = Self { content, provenance: None };
        resource.compact();
        Some(resource)
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

    /// Sets `id` and `meta`.
    pub fn set_head(&mut self, id: &str, meta: &Meta) {
        match &mut self.content {
            Content::Tree(attributes) => {
                attributes.insert("id".to_owned(), id.into());
                attributes.insert("meta".to_owned(), meta.to_value());
            }
            Content::Document(_) => {
                let mut json = String::with_capacity(id.len() + 2);
                write_string(&mut json, id);
                self.set_json(&[("id", Some(&json)), ("meta", Some(&meta.to_json()))]);
            }
        }
    }

    /// Makes the resource one shared piece of text, which clones share.
    pub fn compact(&mut self) {
        if let Content::Tree(attributes) = &self.content
            && let Some(document) = Document::of(attributes)
        {
            self.content = Content::Document(Arc::new(document));
        }
    }

    /// Whether the resource is one piece of text, so that a clone costs nothing.
    pub fn is_compact(&self) -> bool {
        matches!(self.content, Content::Document(_))
    }

    /// [Compacts](Self::compact) a resource that a check against the schemas of this type has made, which is remembered: responses copy what needs
    /// no second look. For stores.
    pub fn compact_as(&mut self, of: &TypeSchema) {
        let document = match &self.content {
            Content::Tree(attributes) => Document::of(attributes),
            Content::Document(document) if document.stamp() == Some(of.stamp()) => return,
            Content::Document(document) => document.with(&[]),
        };
        if let Some(document) = document {
            self.content = Content::Document(Arc::new(document.fitting(Some(of.stamp()))));
        }
    }

    /// The document, if the resource is compact and known to fit the schemas of this type.
    pub(crate) fn fitting(&self, of: &TypeSchema) -> Option<&Document> {
        match &self.content {
            Content::Document(document) if document.stamp() == Some(of.stamp()) => Some(document),
            _ => None,
        }
    }

    /// The attributes as compact JSON.
    pub fn to_json(&self) -> Cow<'_, str> {
        match &self.content {
            Content::Tree(attributes) => Cow::Owned(serde_json::to_string(attributes).unwrap_or_default()),
            Content::Document(document) => Cow::Borrowed(document.text()),
        }
    }

    /// The attributes as one value, an object.
    pub fn as_value(&self) -> ValueRef<'_> {
        match &self.content {
            Content::Tree(attributes) => attributes.into(),
            Content::Document(document) => ValueRef::of_document(document),
        }
    }

    /// The attributes by registered name, and extensions by their URI.
    pub fn members(&self) -> ValueMembers<'_> {
        self.as_value().members()
    }

    /// The attributes, to change. The caller keeps names and types as the schemas have them.
    ///
    /// A compact resource becomes a tree for it. Who changes a few attributes as a whole [sets](Self::set) them.
    pub fn attributes_mut(&mut self) -> &mut Map<String, Value> {
        if let Content::Document(_) = self.content {
            self.content = Content::Tree(std::mem::take(self).into_attributes());
        }
        match &mut self.content {
            Content::Tree(attributes) => attributes,
            Content::Document(_) => unreachable!("the content has become a tree"),
        }
    }

    /// The attributes alone.
    pub fn into_attributes(self) -> Map<String, Value> {
        match self.content {
            Content::Tree(attributes) => attributes,
            Content::Document(document) => serde_json::from_str(document.text()).unwrap_or_default(),
        }
    }

    /// Gives a common or base attribute, or an extension's container, a value; `None` takes it away.
    pub fn set(&mut self, name: &str, value: Option<Value>) {
        match &mut self.content {
            Content::Tree(attributes) => {
                match value {
                    Some(value) => attributes.insert(name.to_owned(), value),
                    None => attributes.remove(name),
                };
            }
            Content::Document(_) => {
                let value = value.map(|value| value.to_string());
                self.set_json(&[(name, value.as_deref())]);
            }
        }
    }

    /// The same for several attributes at once, each with a value that is compact JSON.
    #[doc(hidden)]
    pub fn set_json(&mut self, changed: &[(&str, Option<&str>)]) {
        if let Content::Document(document) = &self.content
            && let Some(document) = document.with(changed)
        {
            self.content = Content::Document(Arc::new(document));
            return;
        }
        for (name, value) in changed {
            let value = value.map(|value| serde_json::from_str(value).unwrap_or_default());
            let attributes = self.attributes_mut();
            match value {
                Some(value) => attributes.insert((*name).to_owned(), value),
                None => attributes.remove(*name),
            };
        }
    }

    /// Takes these members out, as values to be changed and [put back](Self::put_members). A compact resource keeps its own.
    #[doc(hidden)]
    pub fn take_members(&mut self, names: &[&str]) -> Map<String, Value> {
        match &mut self.content {
            Content::Tree(attributes) => names.iter().filter_map(|name| attributes.remove_entry(*name)).collect(),
            Content::Document(document) => {
                let value = |name: &&str| Some(((*name).to_owned(), ValueRef::of_text(document.get(name)?).to_value()));
                names.iter().filter_map(value).collect()
            }
        }
    }

    /// Puts members back that were taken out, and tells whether they differ.
    #[doc(hidden)]
    pub fn put_members(&mut self, names: &[&str], members: Map<String, Value>, differ: bool) {
        match &mut self.content {
            Content::Tree(attributes) => attributes.extend(members),
            Content::Document(_) if differ => {
                let json: Vec<Option<String>> =
                    names.iter().map(|name| members.get(*name).map(ToString::to_string)).collect();
                let changed: Vec<(&str, Option<&str>)> =
                    names.iter().zip(&json).map(|(name, json)| (*name, json.as_deref())).collect();
                self.set_json(&changed);
            }
            Content::Document(_) => {}
        }
    }

    /// The value of a common or base attribute, or an extension's container, by its registered name.
    pub fn get(&self, name: &str) -> Option<ValueRef<'_>> {
        match &self.content {
            Content::Tree(attributes) => attributes.get(name).map(ValueRef::from),
            Content::Document(document) => document.get(name).map(ValueRef::of_text),
        }
    }

    /// The values of some members at once. The names are in the [order](member_order) of a compact resource.
    #[doc(hidden)]
    pub fn get_all<'r>(&'r self, names: &[Box<str>], values: &mut [Option<ValueRef<'r>>]) {
        match &self.content {
            Content::Document(document) => document.get_all(names, |number, value| {
                if let Some(place) = values.get_mut(number) {
                    *place = value.map(ValueRef::of_text);
                }
            }),
            Content::Tree(attributes) => {
                for (name, value) in names.iter().zip(values) {
                    *value = attributes.get(&**name).map(ValueRef::from);
                }
            }
        }
    }

    /// The members whose values are not the same in another resource, with both, as far as somebody asks for members of their name.
    #[doc(hidden)]
    pub fn members_unlike<'r>(&'r self, other: &'r Self, asks: impl Fn(&str) -> bool) -> Vec<Unlike<'r>> {
        if let (Content::Document(a), Content::Document(b)) = (&self.content, &other.content)
            && let Some(unlike) = comparison::unlike(a, b, &asks)
        {
            return unlike;
        }
        let mut unlike = Vec::new();
        for (name, value) in self.members().filter(|(name, _)| asks(name)) {
            let others = other.get(&name);
            if others != Some(value) {
                unlike.push((name, Some(value), others));
            }
        }
        let added = other.members().filter(|(name, _)| asks(name) && self.get(name).is_none());
        unlike.extend(added.map(|(name, value)| (name, None, Some(value))));
        unlike
    }

    /// A string that is the value of a common or base attribute.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).and_then(ValueRef::as_str)
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
    pub fn at(&self, target: &AttributeRef) -> Option<ValueRef<'_>> {
        target.sub_in(target.attribute_in(self)?)
    }

    /// The `id`, once issued.
    pub fn id(&self) -> Option<Cow<'_, str>> {
        self.text("id")
    }

    /// The client's identifier.
    pub fn external_id(&self) -> Option<ExternalId> {
        self.text("externalId").map(ExternalId::from)
    }

    /// The URIs in `schemas`.
    pub fn schemas(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.get("schemas").into_iter().flat_map(ValueRef::elements).filter_map(ValueRef::as_str)
    }

    /// The metadata, once complete.
    pub fn meta(&self) -> Option<Meta> {
        self.get("meta").and_then(Meta::from_value)
    }

    /// The version in `meta.version`.
    pub fn version(&self) -> Option<Version> {
        Version::from_tag(&self.get("meta")?.get("version")?.as_str()?)
    }

    /// Sets the `id`.
    pub fn set_id(&mut self, id: &ResourceId) {
        self.set("id", Some(id.as_str().into()));
    }

    /// Sets `meta`.
    pub fn set_meta(&mut self, meta: &Meta) {
        match &self.content {
            Content::Tree(_) => self.set("meta", Some(meta.to_value())),
            Content::Document(_) => self.set_json(&[("meta", Some(&meta.to_json()))]),
        }
    }

    /// Reads the resource as a typed view such as [`User`](crate::User), or as the host's own struct.
    ///
    /// # Errors
    ///
    /// What serde says where the resource does not fit the type.
    pub fn view<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        self.as_value().read()
    }
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from_attributes)
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.content {
            Content::Tree(attributes) => attributes.serialize(serializer),
            Content::Document(_) => {
                serializer.collect_map(self.members().map(|(name, value)| (name, value.to_value())))
            }
        }
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_map();
        for (name, value) in self.members() {
            if name == "password" {
                shown.entry(&name, &format_args!("(hidden)"));
            } else {
                shown.entry(&name, &format_args!("{value}"));
            }
        }
        shown.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Source;
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
    fn text_of_another_program_is_read_too() {
        let stored = resource(json!({"userName": "a", "emails": [{"value": "a@x", "primary": true}], "active": false}));
        let pretty = serde_json::to_string_pretty(&stored).unwrap();
        for text in [
            stored.to_json().into_owned(),
            pretty,
            r#"{"userName":"a","emails":[{"value": "a@x","primary":true}],"active":false}"#.to_owned(),
        ] {
            let read = Resource::from_json(text).unwrap();
            assert_eq!(read, stored);
            assert_eq!(read.get("emails").unwrap().elements().next().unwrap().get("value").unwrap(), "a@x");
        }
        for text in ["", "[]", "{", "{\"a\":", "null"] {
            assert!(Resource::from_json(text.to_owned()).is_none(), "{text}");
        }
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
        assert_eq!(user.id().as_deref(), Some("1"));
        assert_eq!(user.external_id(), Some(ExternalId::from("x")));
        assert_eq!(user.schemas().collect::<Vec<_>>(), ["urn:a:b"]);
        assert_eq!(user.version(), Some(Version::new(3)));
        assert_eq!(user.meta(), None);
    }
}

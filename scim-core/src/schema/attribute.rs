//! One attribute definition of a schema.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::name::{AttrName, is_one_edit_apart};
use crate::schema::characteristic::{AttributeType, Mutability, Returned, Uniqueness};
use crate::schema::error::{RegistrationError, refuse_unknown};

/// The definition of an attribute: its name, type and characteristics (RFC 7643 section 7).
///
/// Definitions come from JSON in the wire format and are checked when they are read, so that a value of this type always
/// has a legal name (R002) and never a complex attribute inside a complex one (R018). What the JSON leaves out has the
/// default of R004.
///
/// ```
/// use scim_core::Attribute;
/// use scim_core::schema::{AttributeType, Mutability};
///
/// let attribute: Attribute = serde_json::from_str(r#"{"name": "nickName"}"#)?;
/// assert_eq!(attribute.kind(), AttributeType::String);
/// assert_eq!(attribute.mutability(), Mutability::ReadWrite);
/// assert!(!attribute.case_exact());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Definition", into = "Definition")]
pub struct Attribute {
    name: AttrName,
    definition: Definition,
    sub_attributes: Vec<Arc<Attribute>>,
}

/// The wire format of an attribute definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Definition {
    name: String,
    #[serde(rename = "type", default)]
    kind: AttributeType,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reference_types: Vec<String>,
    #[serde(default)]
    multi_valued: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    canonical_values: Vec<String>,
    #[serde(default)]
    case_exact: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sub_attributes: Vec<Definition>,
    #[serde(default)]
    mutability: Mutability,
    #[serde(default)]
    returned: Returned,
    #[serde(default)]
    uniqueness: Uniqueness,
    /// What the wire format does not have.
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// The members of an attribute definition (RFC 7643 section 7).
const MEMBERS: [&str; 12] = [
    "name",
    "type",
    "referenceTypes",
    "multiValued",
    "description",
    "required",
    "canonicalValues",
    "caseExact",
    "subAttributes",
    "mutability",
    "returned",
    "uniqueness",
];

impl Attribute {
    /// The name in the spelling of the schema.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The data type.
    pub fn kind(&self) -> AttributeType {
        self.definition.kind
    }

    /// Whether the value is an array.
    pub fn multi_valued(&self) -> bool {
        self.definition.multi_valued
    }

    /// What the attribute means, for people.
    pub fn description(&self) -> Option<&str> {
        self.definition.description.as_deref()
    }

    /// Whether a resource must have it.
    pub fn required(&self) -> bool {
        self.definition.required
    }

    /// Whether comparisons regard case. Binary values and references always do, whatever the schema says (R013).
    pub fn case_exact(&self) -> bool {
        self.definition.case_exact || matches!(self.definition.kind, AttributeType::Binary | AttributeType::Reference)
    }

    /// Who may write it, and when.
    pub fn mutability(&self) -> Mutability {
        self.definition.mutability
    }

    /// When responses hold it.
    pub fn returned(&self) -> Returned {
        self.definition.returned
    }

    /// Among which values its value is unique.
    pub fn uniqueness(&self) -> Uniqueness {
        self.definition.uniqueness
    }

    /// Suggested values (R025).
    pub fn canonical_values(&self) -> &[String] {
        &self.definition.canonical_values
    }

    /// The resource types that a reference may point at, or `external` or `uri`.
    pub fn reference_types(&self) -> &[String] {
        &self.definition.reference_types
    }

    /// The sub-attributes of a complex attribute.
    pub fn sub_attributes(&self) -> &[Arc<Attribute>] {
        &self.sub_attributes
    }

    /// The sub-attribute of this name, in any case.
    pub fn sub_attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        find(&self.sub_attributes, name)
    }

    /// Whether the elements stand for other resources, as the members of a group do: they have an id that a client cannot
    /// change, and a `$ref`. Such an attribute is a set: an id is in it once, whatever else its element says.
    ///
    /// ```
    /// use scim_core::SchemaSet;
    ///
    /// let schemas = SchemaSet::builtin();
    /// let group = schemas.group().unwrap();
    /// assert!(group.top_level("members").unwrap().is_multi_valued_reference());
    /// assert!(!schemas.user().unwrap().top_level("emails").unwrap().is_multi_valued_reference());
    /// ```
    pub fn is_multi_valued_reference(&self) -> bool {
        self.multi_valued()
            && self.sub_attribute("$ref").is_some()
            && self.sub_attribute("primary").is_none()
            && self.sub_attribute("value").is_some_and(|value| value.mutability() == Mutability::Immutable)
    }

    /// Whether `name` names the value itself: `value` of a simple multi-valued attribute, in any case. Filters and paths may
    /// say `tags[value eq "x"]` and `tags.value` of an array of strings.
    ///
    /// ```
    /// use scim_core::Attribute;
    ///
    /// let tags: Attribute = serde_json::from_str(r#"{"name": "tags", "multiValued": true}"#)?;
    /// assert!(tags.is_own_value("value"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn is_own_value(&self, name: &str) -> bool {
        self.multi_valued() && self.kind() != AttributeType::Complex && name.eq_ignore_ascii_case("value")
    }

    /// The same attribute as a reference to resources that clients write: they may set and clear it, and an element names
    /// its resource by `value`, which it can't do without.
    pub(crate) fn as_written_reference(&self) -> Self {
        let mut attribute = self.clone();
        attribute.definition.mutability = Mutability::ReadWrite;
        for sub in attribute.sub_attributes.iter_mut().filter(|sub| matches!(sub.name(), "value" | "$ref" | "display"))
        {
            let sub = Arc::make_mut(sub);
            sub.definition.mutability = Mutability::Immutable;
            sub.definition.required = sub.name() == "value";
        }
        attribute
    }

    /// The sub-attribute whose name is one edit away: what somebody may have meant who wrote `name`.
    pub fn nearest_sub_attribute(&self, name: &str) -> Option<&Arc<Self>> {
        nearest(&self.sub_attributes, name)
    }
}

/// The attribute of this name in any case, among `attributes`.
pub(crate) fn find<'a>(attributes: &'a [Arc<Attribute>], name: &str) -> Option<&'a Arc<Attribute>> {
    attributes.iter().find(|attribute| attribute.name().eq_ignore_ascii_case(name))
}

/// Refuses two attributes whose names are equal up to case.
pub(crate) fn refuse_duplicates(attributes: &[Arc<Attribute>]) -> Result<(), RegistrationError> {
    let mut seen = std::collections::HashSet::new();
    match attributes.iter().find(|attribute| !seen.insert(attribute.name().to_ascii_lowercase())) {
        Some(attribute) => Err(RegistrationError::DuplicateAttribute { name: attribute.name().to_owned() }),
        None => Ok(()),
    }
}

impl TryFrom<Definition> for Attribute {
    type Error = RegistrationError;

    fn try_from(definition: Definition) -> Result<Self, Self::Error> {
        Self::defined(definition, "")
    }
}

impl Attribute {
    /// Checks a definition; `within` is the path of the attribute around it, with a dot, for errors.
    fn defined(mut definition: Definition, within: &str) -> Result<Self, RegistrationError> {
        let name: AttrName = definition.name.parse()?;
        let path = format!("{within}{name}");
        refuse_unknown(|| format!("attribute `{path}`"), &std::mem::take(&mut definition.unknown), &MEMBERS)?;
        let sub_attributes: Vec<Arc<Attribute>> = std::mem::take(&mut definition.sub_attributes)
            .into_iter()
            .map(|sub| Self::defined(sub, &format!("{path}.")).map(Arc::new))
            .collect::<Result<_, _>>()?;
        refuse_duplicates(&sub_attributes)?;
        let complex = definition.kind == AttributeType::Complex;
        if complex && sub_attributes.is_empty() {
            return Err(RegistrationError::NoSubAttributes { name: definition.name });
        }
        if !complex && !sub_attributes.is_empty() {
            return Err(RegistrationError::SubAttributesOfSimple { name: definition.name });
        }
        Ok(Self { name, definition, sub_attributes })
    }

    /// The same attribute without this sub-attribute. `None` where no other is left.
    pub(super) fn without(&self, sub: &str) -> Option<Self> {
        let mut attribute = self.clone();
        attribute.sub_attributes.retain(|other| !other.name().eq_ignore_ascii_case(sub));
        (!attribute.sub_attributes.is_empty()).then_some(attribute)
    }

    /// The same attribute with another uniqueness, its own or that of a sub-attribute.
    pub(super) fn with_uniqueness(&self, sub: Option<&str>, uniqueness: Uniqueness) -> Self {
        let mut attribute = self.clone();
        match sub {
            None => attribute.definition.uniqueness = uniqueness,
            Some(name) => {
                let named = attribute.sub_attributes.iter_mut().filter(|sub| sub.name().eq_ignore_ascii_case(name));
                named.for_each(|sub| *sub = Arc::new(sub.with_uniqueness(None, uniqueness)));
            }
        }
        attribute
    }
}

impl From<Attribute> for Definition {
    fn from(attribute: Attribute) -> Self {
        let sub_attributes = attribute.sub_attributes.iter().map(|sub| Attribute::clone(sub).into()).collect();
        Self { sub_attributes, ..attribute.definition }
    }
}

/// The attribute whose name is one edit away from `name`.
pub(super) fn nearest<'a>(attributes: &'a [Arc<Attribute>], name: &str) -> Option<&'a Arc<Attribute>> {
    attributes.iter().find(|attribute| is_one_edit_apart(attribute.name(), name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(definition: serde_json::Value) -> Result<Attribute, serde_json::Error> {
        serde_json::from_value(definition)
    }

    #[test]
    fn r002_a_definition_needs_a_legal_name() {
        for bad in ["1abc", "a b", ""] {
            assert!(read(json!({ "name": bad })).is_err(), "{bad}");
        }
        for good in ["a-b_1", "a$b", "$ref"] {
            assert!(read(json!({ "name": good })).is_ok(), "{good}");
        }
    }

    #[test]
    fn r004_unstated_characteristics_have_their_defaults() {
        let attribute = read(json!({"name": "plain"})).unwrap();
        assert_eq!(attribute.kind(), AttributeType::String);
        assert!(!attribute.required() && !attribute.case_exact() && !attribute.multi_valued());
        assert_eq!(attribute.mutability(), Mutability::ReadWrite);
        assert_eq!(attribute.returned(), Returned::Default);
        assert_eq!(attribute.uniqueness(), Uniqueness::None);
        let shown = serde_json::to_value(&attribute).unwrap();
        assert_eq!(shown["type"], "string");
        assert_eq!(shown["mutability"], "readWrite");
        assert_eq!(shown["caseExact"], false);
    }

    #[test]
    fn r013_binary_and_reference_are_case_exact_whatever_the_definition_says() {
        for kind in ["binary", "reference"] {
            assert!(read(json!({"name": "x", "type": kind, "caseExact": false})).unwrap().case_exact());
        }
    }

    #[test]
    fn a8_a_member_that_no_definition_has_is_refused_where_it_is() {
        let sub =
            |sub: serde_json::Value| json!({"name": "x", "type": "complex", "subAttributes": [{"name": "y"}, sub]});
        for (bad, told) in [
            (
                json!({"name": "x", "multivalued": true}),
                "attribute `x`: unknown member `multivalued`; did you mean `multiValued`?",
            ),
            (
                json!({"name": "x", "requird": true}),
                "attribute `x`: unknown member `requird`; did you mean `required`?",
            ),
            (json!({"name": "x", "Type": "string"}), "did you mean `type`?"),
            (json!({"name": "x", "canonicalvalues": []}), "did you mean `canonicalValues`?"),
            (json!({"name": "x", "unique": "server"}), "attribute `x`: unknown member `unique`"),
            (
                sub(json!({"name": "z", "caseexact": true})),
                "attribute `x.z`: unknown member `caseexact`; did you mean `caseExact`?",
            ),
        ] {
            let error = read(bad.clone()).unwrap_err().to_string();
            assert!(error.contains(told), "{bad}: {error}");
        }
    }

    #[test]
    fn a_complex_attribute_needs_sub_attributes_and_a_simple_one_has_none() {
        assert!(read(json!({"name": "x", "type": "complex"})).is_err());
        assert!(read(json!({"name": "x", "subAttributes": [{"name": "y"}]})).is_err());
        assert!(
            read(json!({"name": "x", "type": "complex", "subAttributes": [{"name": "y"}, {"name": "Y"}]})).is_err()
        );
    }
}

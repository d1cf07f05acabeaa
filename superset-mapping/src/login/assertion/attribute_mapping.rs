//! From the attributes of an assertion to those of a SCIM User.

use std::borrow::Cow;

use scim_core::schema::{AttributeType, Mutability, Resolved, Returned, Uniqueness};
use scim_core::{AttrPath, AttributeRef, Checker, Profile, Resource, SchemaSet, Tolerance, TypeSchema, ValueRef};
use serde_json::{Map, Value, json};

use crate::login::assertion::group_claim::GroupClaim;
use crate::login::assertion::mapping_error::MappingError;
use crate::login::assertion::message::Assertion;
use crate::login::assertion::name_case::NameCase;

/// Attributes that no assertion decides.
const RESERVED: [&str; 8] = ["id", "meta", "schemas", "externalId", "active", "groups", "roles", "entitlements"];

/// Which attribute of an assertion becomes which attribute of the User, and where the groups stand.
///
/// [`okta`](Self::okta), [`entra_id`](Self::entra_id) and others are what the identity providers send unless their administrator
/// says otherwise; [`with`](Self::with) adds to them.
///
/// The `userName` comes from the subject of the assertion, unless an attribute is mapped to it and has a value.
///
/// ```
/// use superset_mapping::AttributeMapping;
/// use superset_mapping::login::{Assertion, GroupClaim};
///
/// let mapping = AttributeMapping::new()
///     .with("mail", "emails")?
///     .with("dept", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department")?
///     .with_groups(GroupClaim::new("teams").separated_by(';'));
///
/// let assertion = Assertion {
///     id: "_1".to_owned(),
///     subject: "ada@example.com".to_owned(),
///     attributes: [
///         ("mail".to_owned(), vec!["ada@example.com".to_owned()]),
///         ("teams".to_owned(), vec!["analysts;board".to_owned()]),
///     ]
///     .into(),
/// };
/// let person = mapping.person(&assertion)?;
/// let email = person.user.get("emails").unwrap().elements().next().unwrap();
/// assert_eq!(email.get("value").unwrap(), "ada@example.com");
/// assert_eq!(person.groups.unwrap(), ["analysts", "board"]);
/// # Ok::<(), superset_mapping::login::MappingError>(())
/// ```
#[derive(Clone, Debug)]
pub struct AttributeMapping {
    schemas: SchemaSet,
    attributes: Vec<Mapped>,
    groups: Option<GroupClaim>,
    name_case: NameCase,
}

#[derive(Clone, Debug)]
struct Mapped {
    attribute: String,
    target: AttributeRef,
}

/// A person as an assertion shows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// The User resource, checked against its schema.
    pub user: Resource,
    /// The groups, each once; `None` where the mapping does not say where they stand. An assertion without the attribute is one
    /// of a person without groups: identity providers leave out what is empty.
    pub groups: Option<Vec<String>>,
}

impl Person {
    /// The `userName`.
    pub(in crate::login) fn user_name(&self) -> Cow<'_, str> {
        self.user.text("userName").unwrap_or_default()
    }
}

/// The e-mail addresses of a user.
pub(in crate::login) fn addresses(user: &Resource) -> impl Iterator<Item = Cow<'_, str>> {
    let emails = user.get("emails").into_iter().flat_map(ValueRef::elements);
    emails.filter_map(|email| email.get("value")?.as_str())
}

impl Default for AttributeMapping {
    fn default() -> Self {
        Self::new()
    }
}

impl AttributeMapping {
    /// A mapping of nothing but the subject to `userName`, over users with the enterprise extension.
    pub fn new() -> Self {
        Self::over(SchemaSet::builtin())
    }

    /// The same over users of other schemas.
    pub fn over(schemas: SchemaSet) -> Self {
        Self { schemas, attributes: Vec::new(), groups: None, name_case: NameCase::default() }
    }

    /// Maps an attribute of the assertion, by its exact name, to a SCIM path.
    ///
    /// A multi-valued attribute such as `emails` takes every value; the first is primary and of type `work`.
    ///
    /// # Errors
    ///
    /// [`MappingError::Path`] for a path that users do not have, or that no assertion decides: `active`, `externalId`, `roles`,
    /// passwords, what is read-only.
    pub fn with(mut self, attribute: &str, path: &str) -> Result<Self, MappingError> {
        let refuse = |reason: String| MappingError::Path { path: path.to_owned(), reason };
        let parsed: AttrPath = path.parse().map_err(|error| refuse(format!("{error}")))?;
        let of = self.user().ok_or_else(|| refuse("there is no type `User`".to_owned()))?;
        let found = of.resolve(&parsed, &mut Tolerance::compatible()).map_err(|error| refuse(error.to_string()))?;
        let Resolved::Attribute(target) = found else {
            return Err(refuse("an extension as a whole is no attribute".to_owned()));
        };
        if let Some(reason) = unsuitable(&target) {
            return Err(refuse(reason.to_owned()));
        }
        self.attributes.push(Mapped { attribute: attribute.to_owned(), target });
        Ok(self)
    }

    /// Says where the groups stand.
    #[must_use]
    pub fn with_groups(self, groups: GroupClaim) -> Self {
        Self { groups: Some(groups), ..self }
    }

    /// Says how names compare in what sends such assertions. The [`IdentityProvider`](crate::IdentityProvider) has the last word.
    pub(in crate::login) fn comparing_names(self, name_case: NameCase) -> Self {
        Self { name_case, ..self }
    }

    /// How names compare.
    pub(in crate::login) fn name_case(&self) -> NameCase {
        self.name_case
    }

    /// Where the groups stand.
    pub fn groups(&self) -> Option<&GroupClaim> {
        self.groups.as_ref()
    }

    /// The attributes of the assertion, and the canonical SCIM path of each.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, String)> {
        self.attributes.iter().map(|mapped| (mapped.attribute.as_str(), mapped.target.to_string()))
    }

    /// The schemas that people are checked against.
    pub(in crate::login) fn user(&self) -> Option<&TypeSchema> {
        self.schemas.user().map(|of| &**of)
    }

    /// The person whom an assertion shows.
    ///
    /// # Errors
    ///
    /// [`MappingError`] where the values do not fit the schema or the limits.
    pub fn person(&self, assertion: &Assertion) -> Result<Person, MappingError> {
        if !assertion.fits() {
            return Err(MappingError::TooLarge);
        }
        let of = self.user().ok_or_else(|| MappingError::User("there is no type `User`".to_owned()))?;
        let mut body = Map::new();
        for mapped in &self.attributes {
            let given = assertion.attributes.get(&mapped.attribute).into_iter().flatten();
            let values: Vec<&str> = given.map(String::as_str).filter(|value| !value.trim().is_empty()).collect();
            if !values.is_empty() {
                put(&mut body, &mapped.target, &values);
            }
        }
        body.entry("userName").or_insert_with(|| Value::from(assertion.subject.as_str()));
        body.insert("schemas".to_owned(), of.schemas_of(&body));
        let profile = Profile::compatible();
        let user = Checker::new(of, &mut Tolerance::new(&profile))
            .resource(Value::Object(body))
            .map_err(|error| MappingError::User(error.to_string()))?;
        let groups = match &self.groups {
            Some(claim) => Some(claim.groups(assertion)?),
            None => None,
        };
        Ok(Person { user, groups })
    }
}

/// Why an assertion does not decide this attribute.
fn unsuitable(target: &AttributeRef) -> Option<&'static str> {
    let (attribute, leaf) = (target.attribute(), target.leaf());
    if target.extension().is_none() && RESERVED.contains(&attribute.name()) {
        return Some("no assertion decides this attribute");
    }
    let hidden = attribute.returned() == Returned::Never || leaf.returned() == Returned::Never;
    if hidden || attribute.mutability() == Mutability::ReadOnly || leaf.mutability() == Mutability::ReadOnly {
        return Some("no assertion decides this attribute");
    }
    if leaf.uniqueness() != Uniqueness::None && leaf.name() != "userName" {
        return Some("an attribute that tells people apart comes from provisioning");
    }
    let complex = attribute.kind() == AttributeType::Complex;
    match target.sub() {
        Some(sub) if attribute.multi_valued() && sub != "value" => {
            Some("of a multi-valued attribute only the values can be mapped")
        }
        None if complex && !attribute.multi_valued() => {
            Some("the attribute is complex: name one of its sub-attributes")
        }
        None if complex && attribute.sub_attribute("value").is_none() => {
            Some("the attribute has no values: name another one")
        }
        _ => None,
    }
}

/// Puts values where the target is. Later mappings of one target win.
fn put(body: &mut Map<String, Value>, target: &AttributeRef, values: &[&str]) {
    let attribute = target.attribute();
    let container = match target.uri() {
        Some(uri) => object(body, uri),
        None => Some(body),
    };
    let Some(container) = container else { return };
    let first = values.first().copied().unwrap_or_default();
    if attribute.multi_valued() {
        let element = |(position, value): (usize, &&str)| match attribute.kind() {
            AttributeType::Complex if position == 0 => json!({"value": value, "type": "work", "primary": true}),
            AttributeType::Complex => json!({"value": value, "type": "work"}),
            _ => json!(value),
        };
        container.insert(attribute.name().to_owned(), values.iter().enumerate().map(element).collect());
    } else if let Some(sub) = target.sub() {
        if let Some(complex) = object(container, attribute.name()) {
            complex.insert(sub.to_owned(), first.into());
        }
    } else {
        container.insert(attribute.name().to_owned(), first.into());
    }
}

fn object<'m>(map: &'m mut Map<String, Value>, name: &str) -> Option<&'m mut Map<String, Value>> {
    map.entry(name).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

/// The attributes that an assertion says something of, by canonical name; those of extensions within their container.
pub(in crate::login) fn merge(current: &mut Map<String, Value>, said: &Map<String, Value>) {
    for (name, value) in said {
        match (current.get_mut(name), value) {
            (Some(Value::Object(current)), Value::Object(said)) => merge(current, said),
            (Some(current), said) => *current = said.clone(),
            (None, said) => {
                current.insert(name.clone(), said.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn assertion(attributes: &[(&str, &[&str])]) -> Assertion {
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let attributes: BTreeMap<String, Vec<String>> =
            attributes.iter().map(|(name, list)| ((*name).to_owned(), values(list))).collect();
        Assertion { id: "_1".to_owned(), subject: "ada".to_owned(), attributes }
    }

    #[test]
    fn attributes_become_those_of_the_schema() {
        let mapping = AttributeMapping::new()
            .with("given", "name.givenName")
            .and_then(|mapping| mapping.with("sn", "NAME.familyname"))
            .and_then(|mapping| mapping.with("mail", "emails.value"))
            .and_then(|mapping| mapping.with("dept", "department"))
            .and_then(|mapping| mapping.with("boss", "manager.value"))
            .unwrap();
        let said = assertion(&[
            ("given", &["Ada", "Augusta"]),
            ("sn", &[" "]),
            ("mail", &["a@example.com", "b@example.com"]),
            ("dept", &["R&D"]),
            ("boss", &["m-1"]),
            ("other", &["x"]),
        ]);
        let user = mapping.person(&said).unwrap().user;
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        assert_eq!(
            Value::Object(user.into_attributes()),
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", enterprise],
                "userName": "ada",
                "name": {"givenName": "Ada"},
                "emails": [
                    {"value": "a@example.com", "type": "work", "primary": true},
                    {"value": "b@example.com", "type": "work"}
                ],
                enterprise: {"department": "R&D", "manager": {"value": "m-1"}}
            })
        );
    }

    #[test]
    fn what_provisioning_decides_can_not_be_mapped() {
        for path in [
            "active",
            "externalId",
            "id",
            "groups",
            "roles.value",
            "password",
            "meta.created",
            "nope",
            "name",
            "emails.type",
            "addresses",
            "manager.displayName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ] {
            let refusal = AttributeMapping::new().with("x", path).unwrap_err();
            assert!(refusal.to_string().starts_with(&format!("`{path}`: ")), "{refusal}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_form_is_refused_by_name_and_not_repeated() {
        let mapping = AttributeMapping::new().with("url", "profileUrl").unwrap();
        let refusal = mapping.person(&assertion(&[("url", &["not a secret uri"])])).unwrap_err().to_string();
        assert!(refusal.contains("profileUrl") && !refusal.contains("secret"), "{refusal}");
    }

    #[test]
    fn an_assertion_beyond_the_limits_is_refused() {
        let long = "x".repeat(crate::login::assertion::message::MAX_ATTRIBUTE_LEN + 1);
        assert_eq!(AttributeMapping::new().person(&assertion(&[("x", &[&long])])), Err(MappingError::TooLarge));
    }

    #[test]
    fn what_is_said_goes_over_what_is_there() {
        let mut current = json!({"title": "x", "name": {"givenName": "A", "familyName": "B"}, "emails": [1]});
        let said = json!({"name": {"givenName": "C"}, "emails": [2], "nickName": "d"});
        merge(current.as_object_mut().unwrap(), said.as_object().unwrap());
        assert_eq!(
            current,
            json!({"title": "x", "name": {"givenName": "C", "familyName": "B"}, "emails": [2], "nickName": "d"})
        );
    }
}

//! The User resource as a Rust type (RFC 7643 section 4.1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::address::Address;
use super::enterprise_user::EnterpriseUser;
use super::multi_value::MultiValue;
use super::name::Name;
use super::password::Password;

/// A User with every attribute of RFC 7643 section 4.1 and the enterprise extension. Whatever else a resource has, such as `meta`
/// and the attributes of other extensions, is in [`other`](User::other), so that nothing is lost in a round trip.
///
/// [`Resource::view`](crate::Resource::view) reads one from a resource; `Resource::try_from` makes a resource of one.
///
/// ```
/// use scim_core::{EnterpriseUser, MultiValue, Name, Resource, User};
///
/// let mut user = User::new("bjensen@example.com")
///     .with_name(Name::new("Barbara", "Jensen"))
///     .with_email(MultiValue::new("bjensen@example.com").of_type("work").as_primary())
///     .with_enterprise(EnterpriseUser::default().with_department("Tours"));
/// user.title = Some("Tour Guide".to_owned());
///
/// let resource = Resource::try_from(user.clone())?;
/// assert_eq!(resource.schemas().count(), 2);
/// assert_eq!(resource.view::<User>()?.enterprise, user.enterprise);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct User {
    /// The identifier that the service issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The identifier that the client issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name that the user logs in with.
    pub user_name: String,
    /// The components of the real name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The casual name: `Babs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nick_name: Option<String>,
    /// The URL of a page about the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_url: Option<String>,
    /// The title: `Vice President`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The relationship to the organization: `Employee`, `Contractor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_type: Option<String>,
    /// The preferred languages, as of the `Accept-Language` header: `en-US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_language: Option<String>,
    /// The locale for currency, dates and numbers, as a language tag: `en-US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The time zone, by its name in the IANA database: `America/Los_Angeles`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The administrative status. Absent, it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The password, which a client sends and no service returns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
    /// E-mail addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<MultiValue>,
    /// Phone numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phone_numbers: Vec<MultiValue>,
    /// Instant messaging addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ims: Vec<MultiValue>,
    /// URLs of photos.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<MultiValue>,
    /// Physical mailing addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// The groups that the user is in, directly or through other groups. The service computes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<MultiValue>,
    /// What the user is entitled to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entitlements: Vec<MultiValue>,
    /// The user's roles: `Student`, `Faculty`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<MultiValue>,
    /// Certificates, each DER in base64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub x509_certificates: Vec<MultiValue>,
    /// The enterprise extension.
    #[serde(
        rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        skip_serializing_if = "Option::is_none"
    )]
    pub enterprise: Option<EnterpriseUser>,
    /// Every other attribute and extension.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl User {
    /// A user with nothing but the name to log in with.
    pub fn new(user_name: impl Into<String>) -> Self {
        Self { user_name: user_name.into(), ..Self::default() }
    }

    /// The same with the client's own identifier.
    #[must_use]
    pub fn with_external_id(self, external_id: impl Into<String>) -> Self {
        Self { external_id: Some(external_id.into()), ..self }
    }

    /// The same with the components of the real name.
    #[must_use]
    pub fn with_name(self, name: Name) -> Self {
        Self { name: Some(name), ..self }
    }

    /// The same with a name to show.
    #[must_use]
    pub fn with_display_name(self, display_name: impl Into<String>) -> Self {
        Self { display_name: Some(display_name.into()), ..self }
    }

    /// The same with an administrative status.
    #[must_use]
    pub fn with_active(self, active: bool) -> Self {
        Self { active: Some(active), ..self }
    }

    /// The same with a password.
    #[must_use]
    pub fn with_password(self, password: impl Into<Password>) -> Self {
        Self { password: Some(password.into()), ..self }
    }

    /// The same with one more e-mail address.
    #[must_use]
    pub fn with_email(mut self, email: impl Into<MultiValue>) -> Self {
        self.emails.push(email.into());
        self
    }

    /// The same with one more phone number.
    #[must_use]
    pub fn with_phone_number(mut self, number: impl Into<MultiValue>) -> Self {
        self.phone_numbers.push(number.into());
        self
    }

    /// The same with one more physical mailing address.
    #[must_use]
    pub fn with_address(mut self, address: Address) -> Self {
        self.addresses.push(address);
        self
    }

    /// The same with the enterprise extension.
    #[must_use]
    pub fn with_enterprise(self, enterprise: EnterpriseUser) -> Self {
        Self { enterprise: Some(enterprise), ..self }
    }

    /// The primary e-mail address, else the first of type `work`, else the first.
    pub fn primary_email(&self) -> Option<&str> {
        MultiValue::preferred(&self.emails)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SchemaSet;
    use serde_json::json;

    #[test]
    fn a_view_loses_nothing_in_a_round_trip() {
        let json = json!({
            "id": "1", "userName": "a", "name": {"givenName": "A"}, "active": false,
            "emails": [{"value": "a@x", "type": "work", "extra": 1}], "urn:x:y": {"z": [1]}
        });
        let user: User = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&user).unwrap(), json);
    }

    #[test]
    fn a7_every_attribute_of_the_schemas_has_a_field() {
        let schemas = SchemaSet::builtin();
        let of = schemas.user().unwrap();
        let mut body = json!({});
        for attribute in of.attributes() {
            let definition = attribute.attribute();
            let leaf = |kind| match kind {
                crate::schema::AttributeType::Boolean => json!(true),
                _ => json!("x"),
            };
            let subs = definition.sub_attributes().iter();
            let value = match definition.sub_attributes() {
                [] => leaf(definition.kind()),
                _ => subs.map(|sub| (sub.name().to_owned(), leaf(sub.kind()))).collect::<Map<_, _>>().into(),
            };
            let value = if definition.multi_valued() { json!([value]) } else { value };
            let container = match attribute.uri() {
                Some(uri) => &mut body[uri],
                None => &mut body,
            };
            container[attribute.name()] = value;
        }
        let user: User = serde_json::from_value(body.clone()).unwrap();
        let others: Vec<&String> = user.other.keys().collect();
        assert_eq!(others, ["meta", "schemas"]);
        assert!(user.emails.iter().chain(&user.x509_certificates).all(|value| value.other.is_empty()));
        assert!(user.addresses.iter().all(|address| address.other.is_empty()));
        assert_eq!(serde_json::to_value(&user).unwrap(), body);
    }

    #[test]
    fn the_primary_email_is_preferred_over_work() {
        let mut user = User::new("a")
            .with_email(MultiValue::new("h").of_type("home"))
            .with_email(MultiValue::new("w").of_type("Work"))
            .with_email(MultiValue::new("p").as_primary());
        assert_eq!(user.primary_email(), Some("p"));
        user.emails.pop();
        assert_eq!(user.primary_email(), Some("w"));
        user.emails.pop();
        assert_eq!(user.primary_email(), Some("h"));
    }

    #[test]
    fn debug_hides_the_password() {
        let shown = format!("{:?}", User::new("a").with_password("s3cret"));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

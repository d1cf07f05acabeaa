//! The User resource as a Rust type (RFC 7643 section 4.1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A typed view of a User resource: what most hosts want to read, with everything else in [`other`](User::other), so that
/// nothing is lost in a round trip. Get one with [`Resource::view`](crate::Resource::view).
///
/// ```
/// use scim_core::{Resource, User};
///
/// let resource: Resource = serde_json::from_str(r#"{
///     "userName": "bjensen", "emails": [{"value": "b@example.com", "primary": true}], "nickName": "Babs"
/// }"#)?;
/// let user: User = resource.view()?;
/// assert_eq!(user.primary_email(), Some("b@example.com"));
/// assert_eq!(user.other["nickName"], "Babs");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct User {
    /// The identifier issued by the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The identifier issued by the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name the user logs in with.
    pub user_name: String,
    /// The parts of the real name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The administrative status; absent means nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// E-mail addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<MultiValue>,
    /// The groups the user is in, directly or through other groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<MultiValue>,
    /// Every other attribute, extensions included.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The parts of a person's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Name {
    /// The full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// The family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// The given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// The middle names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// Titles before the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honorific_prefix: Option<String>,
    /// Suffixes behind the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honorific_suffix: Option<String>,
}

/// An element with the usual sub-attributes (RFC 7643 section 2.4).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MultiValue {
    /// The value itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What it is for, such as `work`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The text to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Whether it is the preferred one; absent means false (R020).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
    /// The URL of the resource it refers to.
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Every other sub-attribute.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl User {
    /// The primary e-mail address, else the first of type `work`, else the first.
    pub fn primary_email(&self) -> Option<&str> {
        let with_value = || self.emails.iter().filter(|email| email.value.is_some());
        let primary = with_value().find(|email| email.primary == Some(true));
        let work =
            || with_value().find(|email| email.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("work")));
        primary.or_else(work).or_else(|| with_value().next())?.value.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn the_primary_email_is_preferred_over_work() {
        let emails =
            json!([{"value": "h", "type": "home"}, {"value": "w", "type": "Work"}, {"value": "p", "primary": true}]);
        let mut user: User = serde_json::from_value(json!({"userName": "a", "emails": emails})).unwrap();
        assert_eq!(user.primary_email(), Some("p"));
        user.emails.pop();
        assert_eq!(user.primary_email(), Some("w"));
        user.emails.pop();
        assert_eq!(user.primary_email(), Some("h"));
    }
}

//! One value of a multi-valued attribute (RFC 7643 section 2.4).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One value of a multi-valued attribute: an e-mail address, a phone number, a member of a group.
///
/// ```
/// use scim_core::MultiValue;
///
/// let home = MultiValue::new("barbara@home.example").of_type("home").as_primary();
/// assert_eq!(serde_json::to_string(&home)?, r#"{"value":"barbara@home.example","type":"home","primary":true}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct MultiValue {
    /// The value itself: the address, the number, the `id` of a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What it is for, such as `work`; of a member, its resource type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The string to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Whether it is the preferred one; absent means false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
    /// The URL of the resource it refers to.
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Every other sub-attribute.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl MultiValue {
    /// A value without a type.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    /// The same with a type, such as `work`.
    #[must_use]
    pub fn of_type(self, kind: impl Into<String>) -> Self {
        Self { kind: Some(kind.into()), ..self }
    }

    /// The same as the preferred value. At most one value of an attribute is.
    #[must_use]
    pub fn as_primary(self) -> Self {
        Self { primary: Some(true), ..self }
    }

    /// The value to use where one is needed: the primary one, else the first of type `work`, else the first.
    pub(crate) fn preferred(values: &[Self]) -> Option<&str> {
        let with_value = || values.iter().filter(|one| one.value.is_some());
        let primary = with_value().find(|one| one.primary == Some(true));
        let is_work = |one: &&Self| one.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("work"));
        primary.or_else(|| with_value().find(is_work)).or_else(|| with_value().next())?.value.as_deref()
    }
}

impl From<&str> for MultiValue {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

//! A physical mailing address (RFC 7643 section 4.1.2).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A physical mailing address of a user.
///
/// ```
/// use scim_core::Address;
///
/// let mut address = Address::default();
/// address.locality = Some("Hollywood".to_owned());
/// address.country = Some("US".to_owned());
/// assert_eq!(serde_json::to_string(&address)?, r#"{"locality":"Hollywood","country":"US"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Address {
    /// The full address as it is to be shown, with line breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// House number, street and what else the street address needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// The state or region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// The country, as two letters of ISO 3166-1: `US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// What it is for, such as `work`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether it is the preferred one; absent means false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
    /// Every other sub-attribute.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

//! The error message of the protocol (RFC 7644 section 3.12).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::urn;

/// The keyword that says what kind of client error it was (RFC 7644 table 9, RFC 9865 section 2.1). Only RFCs
/// add to it (R233).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ScimType {
    /// The filter's syntax is invalid, or an attribute and operator do not go together.
    InvalidFilter,
    /// The query yields more than the service will return.
    TooMany,
    /// A value is taken.
    Uniqueness,
    /// The modification is not compatible with the attribute's mutability.
    Mutability,
    /// The request body's structure is invalid.
    InvalidSyntax,
    /// The path of a PATCH operation is invalid.
    InvalidPath,
    /// The path yields nothing to operate on.
    NoTarget,
    /// A required value is missing, or a value does not fit its attribute.
    InvalidValue,
    /// The protocol version is not supported.
    InvalidVers,
    /// The request holds sensitive information in its URI.
    Sensitive,
    /// The cursor is not one of this query's.
    InvalidCursor,
    /// The cursor is too old.
    ExpiredCursor,
    /// The count is not valid with cursors.
    InvalidCount,
}

impl ScimType {
    /// The word of the wire format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }

    /// The HTTP status that the RFC pairs the keyword with: 409 for uniqueness, 403 for sensitive, 400 otherwise.
    pub const fn status(self) -> u16 {
        match self {
            Self::Uniqueness => 409,
            Self::Sensitive => 403,
            _ => 400,
        }
    }
}

impl fmt::Display for ScimType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error response: HTTP status, keyword and a text for people.
///
/// ```
/// use scim_core::{ScimError, ScimType};
///
/// let error = ScimError::of(ScimType::Uniqueness, "`userName` is taken");
/// assert_eq!(error.to_value()["status"], "409");
/// assert_eq!(error.to_value()["scimType"], "uniqueness");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {}{}", .scim_type.map_or("", ScimType::as_str), .detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default())]
pub struct ScimError {
    status: u16,
    scim_type: Option<ScimType>,
    detail: Option<String>,
}

impl ScimError {
    /// An error without a keyword.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: Some(detail.into()) }
    }

    /// An error with a keyword and the status that goes with it.
    pub fn of(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self { status: scim_type.status(), scim_type: Some(scim_type), detail: Some(detail.into()) }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The keyword.
    pub fn scim_type(&self) -> Option<ScimType> {
        self.scim_type
    }

    /// The text for people.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The message body. `status` is a text, as the RFC has it (R232).
    pub fn to_value(&self) -> Value {
        let mut value = json!({ "schemas": [urn::ERROR], "status": self.status.to_string() });
        if let (Some(members), Some(scim_type)) = (value.as_object_mut(), self.scim_type) {
            members.insert("scimType".into(), scim_type.as_str().into());
        }
        if let (Some(members), Some(detail)) = (value.as_object_mut(), &self.detail) {
            members.insert("detail".into(), detail.as_str().into());
        }
        value
    }

    /// Reads a message body, as a client does; a numeric status is taken too. `None` where it is no error message.
    pub fn from_value(value: &Value) -> Option<Self> {
        let is_error = |uri: &Value| uri.as_str().is_some_and(|uri| uri.eq_ignore_ascii_case(urn::ERROR));
        if !value.get("schemas")?.as_array()?.iter().any(is_error) {
            return None;
        }
        let status = value.get("status")?;
        let status = status.as_str().and_then(|text| text.parse().ok()).or_else(|| status.as_u64()?.try_into().ok())?;
        let scim_type = value.get("scimType").and_then(|word| ScimType::deserialize(word).ok());
        let detail = value.get("detail").and_then(Value::as_str).map(str::to_owned);
        Some(Self { status, scim_type, detail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r232_the_body_has_the_error_schema_and_a_textual_status() {
        let error = ScimError::new(404, "no such resource");
        assert_eq!(error.to_value(), json!({"schemas": [urn::ERROR], "status": "404", "detail": "no such resource"}));
        assert_eq!(ScimError::from_value(&error.to_value()), Some(error));
    }

    #[test]
    fn r233_keywords_are_those_of_the_table() {
        for scim_type in [ScimType::InvalidFilter, ScimType::InvalidVers, ScimType::ExpiredCursor] {
            assert_eq!(serde_json::to_value(scim_type).unwrap(), scim_type.as_str());
        }
        assert_eq!(ScimType::Uniqueness.status(), 409);
        assert_eq!(ScimType::Sensitive.status(), 403);
    }
}

//! The characteristics of an attribute: type, mutability, returned, uniqueness (RFC 7643 sections 2.2, 2.3 and 7).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The data type of an attribute (RFC 7643 section 2.3). Closed by the RFC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AttributeType {
    /// Any Unicode text.
    #[default]
    String,
    /// A JSON `true` or `false`.
    Boolean,
    /// A JSON number.
    Decimal,
    /// A whole JSON number within the range of `i64`.
    Integer,
    /// An `xsd:dateTime` as text.
    DateTime,
    /// Base64 as text.
    Binary,
    /// A URI as text.
    Reference,
    /// An object of sub-attributes.
    Complex,
}

impl AttributeType {
    /// The word of the wire format, such as `dateTime`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::DateTime => "dateTime",
            Self::Binary => "binary",
            Self::Reference => "reference",
            Self::Complex => "complex",
        }
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who may write an attribute, and when (RFC 7643 section 7). Closed by the RFC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// Only the service provider writes it.
    ReadOnly,
    /// Clients read and write it.
    #[default]
    ReadWrite,
    /// A client may set it once; afterwards it cannot change.
    Immutable,
    /// A client may write it; nobody reads it back.
    WriteOnly,
}

/// When an attribute is part of a response (RFC 7643 section 7). Closed by the RFC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// Whatever the client asks for.
    Always,
    /// Never, even when asked for.
    Never,
    /// Unless the client asks for other attributes or excludes it.
    #[default]
    Default,
    /// Only when the client asks for it, or has just written it.
    Request,
}

/// Among which values an attribute's value is unique (RFC 7643 section 7). Closed by the RFC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Uniqueness {
    /// Values may repeat.
    #[default]
    None,
    /// Unique among the resources of one type within a tenant.
    Server,
    /// Unique everywhere; enforced like `server`, because a service can only see itself.
    Global,
}

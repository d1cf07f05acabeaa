//! Identifiers that the provisioning client issues (RFC 7643 section 3.1).

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The `externalId` of a resource: any text, issued by the client, case exact, scoped to its tenant (R041).
///
/// It never selects a resource by itself and never becomes a [`ResourceId`](crate::ResourceId).
///
/// ```
/// use scim_core::ExternalId;
///
/// assert_ne!(ExternalId::from("701984"), ExternalId::from("0701984"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(Arc<str>);

impl ExternalId {
    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Cow<'_, str>> for ExternalId {
    fn from(text: Cow<'_, str>) -> Self {
        Self::from(&*text)
    }
}

impl From<&str> for ExternalId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// Any string is one.
impl FromStr for ExternalId {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text))
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

//! Resource identifiers (RFC 7643 section 3.1).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// Longest identifier taken, in bytes.
pub const MAX_ID_LEN: usize = 256;

/// The `id` of a resource: issued by the service, opaque, case exact, never reused.
///
/// Never derived from client input. A client's own identifier is an [`ExternalId`](crate::ExternalId), another type on
/// purpose, so that one can never stand for the other.
///
/// ```
/// use scim_core::ResourceId;
///
/// let id: ResourceId = "2819c223-7f76-453a-919d-413861904646".parse()?;
/// assert_eq!(id.as_str().len(), 36);
/// assert!("bulkId:1".parse::<ResourceId>().is_err());
/// # Ok::<(), scim_core::ResourceIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(Arc<str>);

/// The text cannot identify a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a resource id has 1 to 256 bytes, no control character, and does not contain `bulkId`")]
pub struct ResourceIdError;

impl ResourceId {
    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ResourceId {
    type Err = ResourceIdError;

    /// Takes any text but an empty or overlong one, one with control characters, and one that holds the reserved word
    /// `bulkId` (R039).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let legal = !text.is_empty()
            && text.len() <= MAX_ID_LEN
            && !text.contains("bulkId")
            && !text.chars().any(char::is_control);
        if legal { Ok(Self(text.into())) } else { Err(ResourceIdError) }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r039_an_id_never_holds_the_word_bulk_id() {
        for bad in ["", "bulkId", "xbulkIdx", "a\nb", &"x".repeat(257)] {
            assert!(bad.parse::<ResourceId>().is_err(), "{bad}");
        }
        for good in ["1", "a/b c", "ü", "bulkid"] {
            assert!(good.parse::<ResourceId>().is_ok(), "{good}");
        }
    }

    #[test]
    fn r040_ids_regard_case() {
        assert_ne!("abc".parse::<ResourceId>(), "ABC".parse::<ResourceId>());
    }
}

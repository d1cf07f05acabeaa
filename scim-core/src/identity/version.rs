//! Versions of a resource (RFC 7644 section 3.14).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The version of a resource, as the text of a weak entity tag: `W/"3694e05e9dff590"`.
///
/// ```
/// use scim_core::Version;
///
/// let version = Version::new("7");
/// assert_eq!(version.as_str(), "W/\"7\"");
/// assert_eq!(version.opaque(), "7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(String);

/// The string is no entity tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a version is an entity tag such as `W/\"7\"`")]
pub struct VersionError;

impl FromStr for Version {
    type Err = VersionError;

    /// Reads an entity tag, as [`from_tag`](Self::from_tag) does.
    fn from_str(tag: &str) -> Result<Self, Self::Err> {
        Self::from_tag(tag).ok_or(VersionError)
    }
}

impl Version {
    /// The version with this opaque text. Characters that an entity tag cannot hold become `_`.
    pub fn new(opaque: impl fmt::Display) -> Self {
        let mut tag = format!("W/\"{opaque}\"");
        let is_legal = |c: char| c.is_ascii_graphic() && c != '"';
        let written = tag.get(3..tag.len() - 1).unwrap_or_default();
        if !written.bytes().all(|byte| is_legal(char::from(byte))) {
            let legal: String = written.chars().map(|c| if is_legal(c) { c } else { '_' }).collect();
            tag = format!("W/\"{legal}\"");
        }
        Self(tag)
    }

    /// The entity tag, as it stands in `ETag` and `meta.version`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text between the quotes.
    pub fn opaque(&self) -> &str {
        self.0.strip_prefix("W/\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(&self.0)
    }

    /// Reads the text of `meta.version`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let opaque = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
        if opaque.contains('"') {
            return None;
        }
        if tag.starts_with("W/") && opaque.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Some(Self(tag.to_owned()));
        }
        Some(Self::new(opaque))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_round_trip_and_weak_prefix_is_optional() {
        assert_eq!(Version::from_tag("W/\"a\""), Version::from_tag("\"a\""));
        assert_eq!(Version::from_tag(Version::new(12).as_str()), Some(Version::new(12)));
        for bad in ["a", "W/a", "\"", "\"a\"b\"", ""] {
            assert_eq!(Version::from_tag(bad), None, "{bad}");
        }
        assert_eq!(Version::new("a\"b c").opaque(), "a_b_c");
    }
}

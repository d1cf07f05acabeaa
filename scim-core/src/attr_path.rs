//! Attribute paths: how a message points at an attribute (RFC 7644 section 3.10).
//!
//! This is the only place of the crate family that looks for the `.` and the `:` in a path.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use thiserror::Error;

use crate::attr_name::{AttrName, compare_caseless, hash_caseless};

/// An attribute path: `[schema URI ":"] name ["." sub-attribute]`, or a schema URI alone.
///
/// The URI ends at the last `:`, because neither a name nor a sub-attribute can hold one; the dots and digits inside a
/// URI therefore never count as sub-attribute dots (R066). A text such as
/// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User` reads both as "attribute `User`" and as the URI of an
/// extension: only the registered schemas can tell, so [`TypeSchema::resolve`](crate::TypeSchema::resolve) decides.
///
/// Paths keep their spelling and compare without regard to ASCII case (R067). One path is one allocation.
///
/// ```
/// use scim_core::AttrPath;
///
/// let path: AttrPath = "urn:ietf:params:scim:schemas:core:2.0:User:name.givenName".parse()?;
/// assert_eq!(path.uri(), Some("urn:ietf:params:scim:schemas:core:2.0:User"));
/// assert_eq!(path.name(), Some("name"));
/// assert_eq!(path.sub(), Some("givenName"));
/// # Ok::<(), scim_core::AttrPathError>(())
/// ```
#[derive(Clone)]
pub struct AttrPath {
    text: Box<str>,
    /// Length of the URI in bytes; 0 when there is none. The name follows one byte (the colon) later.
    uri_len: u32,
    /// Byte offset of the dot before the sub-attribute; the text's length when there is none.
    name_end: u32,
}

/// The text is not an attribute path.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected {expected} at byte {offset} of the attribute path")]
pub struct AttrPathError {
    /// Where the path stops being one: a UTF-8 byte offset.
    pub offset: usize,
    /// What could have stood there.
    pub expected: &'static str,
}

/// Longest path taken, in bytes.
pub const MAX_ATTR_PATH_LEN: usize = 1024;

impl AttrPath {
    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The schema URI before the attribute name.
    pub fn uri(&self) -> Option<&str> {
        if self.uri_len == 0 { None } else { self.text.get(..self.uri_len as usize) }
    }

    /// The attribute name; `None` for a URI whose last segment cannot be one (`urn:example:ext:1.0`), which can only
    /// name an extension as a whole.
    pub fn name(&self) -> Option<&str> {
        self.text.get(self.name_start()..self.name_end as usize).filter(|name| !name.is_empty())
    }

    /// The sub-attribute after the dot.
    pub fn sub(&self) -> Option<&str> {
        self.text.get(self.name_end as usize + 1..)
    }

    /// The same path without its sub-attribute; `None` when it has none.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.sub()?;
        let text = self.text.get(..self.name_end as usize)?;
        Some(Self { text: text.into(), ..*self })
    }

    /// The path of a sub-attribute of this one; `None` when it has a sub-attribute already or no attribute name.
    #[must_use]
    pub fn with_sub(&self, sub: &AttrName) -> Option<Self> {
        if self.sub().is_some() || self.name().is_none() {
            return None;
        }
        Some(Self { text: format!("{}.{sub}", self.text).into_boxed_str(), ..*self })
    }

    /// The path that is just a name.
    pub fn from_name(name: &AttrName) -> Self {
        let text: Box<str> = name.as_str().into();
        let name_end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self { text, uri_len: 0, name_end }
    }

    const fn name_start(&self) -> usize {
        if self.uri_len == 0 { 0 } else { self.uri_len as usize + 1 }
    }
}

impl FromStr for AttrPath {
    type Err = AttrPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let offsets = Offsets::of(text)?;
        Ok(Self { text: text.into(), uri_len: offsets.uri_len, name_end: offsets.name_end })
    }
}

/// Where the parts of a path are.
struct Offsets {
    uri_len: u32,
    name_end: u32,
}

impl Offsets {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "MAX_ATTR_PATH_LEN fits u32, and longer texts are refused first"
    )]
    fn of(text: &str) -> Result<Self, AttrPathError> {
        if text.len() > MAX_ATTR_PATH_LEN {
            return Err(AttrPathError {
                offset: MAX_ATTR_PATH_LEN,
                expected: "the end of the path, at most 1024 bytes",
            });
        }
        let Some((uri, rest)) = text.rsplit_once(':') else {
            return Ok(Self { uri_len: 0, name_end: name_end(text, 0)? as u32 });
        };
        check_uri(uri)?;
        let start = uri.len() + 1;
        match name_end(rest, start) {
            Ok(end) => Ok(Self { uri_len: uri.len() as u32, name_end: end as u32 }),
            // `urn:example:ext:1.0`: the tail is no attribute name, so the whole text is a URI.
            Err(_) if !rest.is_empty() && rest.starts_with(|c: char| c.is_ascii_digit()) => {
                check_uri(text)?;
                Ok(Self { uri_len: text.len() as u32, name_end: text.len() as u32 })
            }
            Err(error) => Err(error),
        }
    }
}

/// Checks `name ["." sub]` and returns where the name ends, counted from the start of the whole path.
fn name_end(text: &str, start: usize) -> Result<usize, AttrPathError> {
    let (name, sub) = match text.split_once('.') {
        Some((name, sub)) => (name, Some(sub)),
        None => (text, None),
    };
    if !AttrName::is_valid(name) {
        return Err(AttrPathError { offset: start + bad_byte(name), expected: "an attribute name" });
    }
    if let Some(sub) = sub
        && !AttrName::is_valid(sub)
    {
        let offset = start + name.len() + 1 + bad_byte(sub);
        return Err(AttrPathError { offset, expected: "a sub-attribute name" });
    }
    Ok(start + name.len())
}

/// The offset of the first byte that cannot stand in a name.
fn bad_byte(name: &str) -> usize {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$');
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name.find(|c| !good(c)).unwrap_or(name.len()) } else { 0 }
}

fn check_uri(uri: &str) -> Result<(), AttrPathError> {
    let expected = "a schema URI";
    if !uri.starts_with(|c: char| c.is_ascii_alphabetic()) || !uri.contains(':') {
        return Err(AttrPathError { offset: 0, expected });
    }
    let illegal = |c: char| {
        !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '[' | ']')
    };
    match uri.find(illegal) {
        Some(offset) => Err(AttrPathError { offset, expected }),
        None => Ok(()),
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AttrPath").field(&self.text).finish()
    }
}

impl PartialEq for AttrPath {
    fn eq(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl Eq for AttrPath {}

impl Hash for AttrPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_caseless(&self.text, state);
    }
}

impl Ord for AttrPath {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_caseless(&self.text, &other.text)
    }
}

impl PartialOrd for AttrPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<String>, Option<String>, Option<String>) {
        let path: AttrPath = text.parse().unwrap();
        (path.uri().map(Into::into), path.name().map(Into::into), path.sub().map(Into::into))
    }

    #[expect(clippy::unnecessary_wraps, reason = "it shortens the expectations below")]
    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn r065_a_path_is_a_name_and_at_most_one_sub_attribute() {
        assert_eq!(parts("userName"), (None, some("userName"), None));
        assert_eq!(parts("name.givenName"), (None, some("name"), some("givenName")));
        assert_eq!(parts("members.$ref"), (None, some("members"), some("$ref")));
        for bad in [
            "", ".", "a.", ".a", "a.b.c", "a b", "9a", "a%b", "a[b]", "$ref.", "a.$x", "é", "a:b", ":a", "a:", "urn:x:",
        ] {
            assert!(bad.parse::<AttrPath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn r066_the_dots_of_a_urn_are_not_sub_attribute_dots() {
        let user = "urn:ietf:params:scim:schemas:core:2.0:User";
        assert_eq!(parts(&format!("{user}:userName")), (some(user), some("userName"), None));
        assert_eq!(parts(&format!("{user}:name.givenName")), (some(user), some("name"), some("givenName")));
        assert_eq!(parts("http://example.com/schema:attr"), (some("http://example.com/schema"), some("attr"), None));
    }

    #[test]
    fn a_uri_that_ends_in_a_version_has_no_attribute_name() {
        assert_eq!(parts("urn:example:ext:1.0"), (some("urn:example:ext:1.0"), None, None));
    }

    #[test]
    fn r067_paths_compare_without_regard_to_case() {
        let a: AttrPath = "URN:Example:1:Thing:Name".parse().unwrap();
        let b: AttrPath = "urn:example:1:thing:name".parse().unwrap();
        assert_eq!(a, b);
        assert_eq!(a.cmp(&b), Ordering::Equal);
    }

    #[test]
    fn parent_and_with_sub_are_inverse() {
        let path: AttrPath = "urn:x:y:name.givenName".parse().unwrap();
        let parent = path.parent().unwrap();
        assert_eq!(parent.as_str(), "urn:x:y:name");
        assert_eq!(parent.name(), Some("name"));
        assert_eq!(parent.sub(), None);
        assert_eq!(parent.with_sub(&"givenName".parse().unwrap()).unwrap(), path);
        assert_eq!(parent.parent(), None);
    }

    #[test]
    fn errors_point_at_the_byte() {
        assert_eq!("name.x!y".parse::<AttrPath>().unwrap_err().offset, 6);
        assert!("urn:x:y:1a.b!".parse::<AttrPath>().is_ok(), "a digit tail is a URI");
        assert_eq!("a".repeat(2000).parse::<AttrPath>().unwrap_err().offset, MAX_ATTR_PATH_LEN);
    }
}

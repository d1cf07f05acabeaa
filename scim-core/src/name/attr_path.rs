//! Attribute paths: how a message points at an attribute (RFC 7644 section 3.10).
//!
//! This is the only place of the crate family that looks for the `.` and the `:` in a path.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use thiserror::Error;

use crate::name::attr_name::{AttrName, compare_caseless, hash_caseless};

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
    /// Finds the parts in one pass, for a filter has as many paths as comparisons.
    fn of(text: &str) -> Result<Self, AttrPathError> {
        if text.len() > MAX_ATTR_PATH_LEN {
            return Err(AttrPathError {
                offset: MAX_ATTR_PATH_LEN,
                expected: "the end of the path, at most 1024 bytes",
            });
        }
        let mut scan = Scan::default();
        for (at, &byte) in text.as_bytes().iter().enumerate() {
            scan.byte(text, at, byte);
        }
        if scan.at_start {
            scan.refuse_name(text.len());
        }
        scan.finish(text)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "MAX_ATTR_PATH_LEN fits u32, and longer texts are refused first"
    )]
    fn new(uri_len: usize, name_end: usize) -> Self {
        Self { uri_len: uri_len as u32, name_end: name_end as u32 }
    }
}

/// What is known of a path after some of its bytes.
struct Scan {
    colons: usize,
    /// Where the name starts: after the last colon.
    start: usize,
    /// The first dot after `start`.
    dot: Option<usize>,
    /// Whether the next byte starts a name or sub-attribute.
    at_start: bool,
    /// The first byte from `start` that does not fit `name ["." sub]`.
    not_name: Option<usize>,
    /// The first byte that cannot stand in a URI.
    not_uri: Option<usize>,
}

impl Default for Scan {
    fn default() -> Self {
        Self { colons: 0, start: 0, dot: None, at_start: true, not_name: None, not_uri: None }
    }
}

impl Scan {
    #[inline]
    fn byte(&mut self, text: &str, at: usize, byte: u8) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => self.at_start = false,
            b'0'..=b'9' | b'-' | b'_' | b'$' => {
                if self.at_start && !starts_with_ref(text, at) {
                    self.refuse_name(at);
                }
                self.at_start = false;
            }
            b'.' if self.dot.is_none() && !self.at_start => {
                self.dot = Some(at);
                self.at_start = true;
            }
            b':' => {
                let colons = self.colons + 1;
                *self = Self { colons, start: at + 1, not_uri: self.not_uri, ..Self::default() };
            }
            _ => {
                self.refuse_name(at);
                self.at_start = false;
                // Parentheses may stand in a URI, but in a filter they would end the path.
                let foreign = b"\"<>\\^`{|}[]()".contains(&byte) || !byte.is_ascii_graphic();
                if foreign && self.not_uri.is_none() {
                    self.not_uri = Some(at);
                }
            }
        }
    }

    fn refuse_name(&mut self, at: usize) {
        self.not_name = self.not_name.or(Some(at));
    }

    fn finish(self, text: &str) -> Result<Offsets, AttrPathError> {
        let name_end = self.dot.unwrap_or(text.len());
        if self.colons == 0 {
            return self.check_name().map(|()| Offsets::new(0, name_end));
        }
        let not_uri = |offset| Err(AttrPathError { offset, expected: "a schema URI" });
        // The last colon ends the URI, which has one of its own.
        if self.colons < 2 || !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return not_uri(0);
        }
        let numeric = text.as_bytes().get(self.start).is_some_and(u8::is_ascii_digit);
        match self.not_uri {
            Some(offset) if numeric || offset < self.start => not_uri(offset),
            // `urn:example:ext:1.0`: the tail is no attribute name, so the whole text is a URI.
            None if numeric => Ok(Offsets::new(text.len(), text.len())),
            _ => self.check_name().map(|()| Offsets::new(self.start - 1, name_end)),
        }
    }

    fn check_name(&self) -> Result<(), AttrPathError> {
        let Some(offset) = self.not_name else { return Ok(()) };
        let in_sub = self.dot.is_some_and(|dot| offset > dot);
        Err(AttrPathError { offset, expected: if in_sub { "a sub-attribute name" } else { "an attribute name" } })
    }
}

/// Whether the name at this place is `$ref`, the only one that starts so.
fn starts_with_ref(text: &str, at: usize) -> bool {
    let (name, rest) = text.as_bytes().get(at..).and_then(|rest| rest.split_at_checked(4)).unwrap_or_default();
    name.eq_ignore_ascii_case(b"$ref") && matches!(rest.first(), None | Some(b'.' | b':'))
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
            "urn:x(1):a",
            "urn:a)b:c:d",
            "$refs",
            "a.$refs",
            "a.$ref.b",
            "",
            ".",
            "a.",
            ".a",
            "a.b.c",
            "a b",
            "9a",
            "a%b",
            "a[b]",
            "$ref.",
            "a.$x",
            "é",
            "a:b",
            ":a",
            "a:",
            "urn:x:",
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
        for (text, offset, expected) in [
            ("", 0, "an attribute name"),
            (".a", 0, "an attribute name"),
            ("9a", 0, "an attribute name"),
            ("$refs", 0, "an attribute name"),
            ("a\u{e9}", 1, "an attribute name"),
            ("a.", 2, "a sub-attribute name"),
            ("a.9", 2, "a sub-attribute name"),
            ("a.b.c", 3, "a sub-attribute name"),
            ("name.x!y", 6, "a sub-attribute name"),
            ("a:b", 0, "a schema URI"),
            ("urn:x y:name", 5, "a schema URI"),
            ("urn:x(y):name", 5, "a schema URI"),
            ("urn:x:y:1.0 ", 11, "a schema URI"),
            ("urn:x:y:", 8, "an attribute name"),
            ("urn:x:y:a b", 9, "an attribute name"),
            ("urn:x:y:a.b/c", 11, "a sub-attribute name"),
        ] {
            assert_eq!(text.parse::<AttrPath>().unwrap_err(), AttrPathError { offset, expected }, "{text}");
        }
        assert!("urn:x:y:1a.b!".parse::<AttrPath>().is_ok(), "a digit tail is a URI");
        assert_eq!("a".repeat(2000).parse::<AttrPath>().unwrap_err().offset, MAX_ATTR_PATH_LEN);
    }
}

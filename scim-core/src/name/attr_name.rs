//! Attribute names: the words of a schema (RFC 7643 section 2.1).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use thiserror::Error;

/// The name of one attribute or sub-attribute, such as `userName` or `$ref`.
///
/// A name is a letter followed by letters, digits, `-`, `_` or `$` (RFC 7643 section 2.1); `$ref` is the only name that
/// starts with another character. Names keep their spelling and compare without regard to ASCII case.
///
/// ```
/// use scim_core::AttrName;
///
/// let name: AttrName = "userName".parse()?;
/// assert_eq!(name, "USERNAME".parse()?);
/// assert_eq!(name.as_str(), "userName");
/// assert!("1abc".parse::<AttrName>().is_err());
/// # Ok::<(), scim_core::AttrNameError>(())
/// ```
#[derive(Clone, Debug)]
pub struct AttrName(Box<str>);

/// The text is not an attribute name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is not an attribute name: expected a letter followed by letters, digits, `-`, `_` or `$`")]
pub struct AttrNameError {
    text: String,
}

impl AttrName {
    /// The name in the spelling it was given in.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` is a legal attribute name (R002).
    pub fn is_valid(text: &str) -> bool {
        let mut bytes = text.bytes();
        match bytes.next() {
            Some(first) if first.is_ascii_alphabetic() => bytes.all(is_name_byte),
            Some(b'$') => text.eq_ignore_ascii_case("$ref"),
            _ => false,
        }
    }
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$')
}

impl FromStr for AttrName {
    type Err = AttrNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if Self::is_valid(text) { Ok(Self(text.into())) } else { Err(AttrNameError { text: text.to_owned() }) }
    }
}

impl fmt::Display for AttrName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for AttrName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for AttrName {}

impl Hash for AttrName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_caseless(&self.0, state);
    }
}

impl Ord for AttrName {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_caseless(&self.0, &other.0)
    }
}

impl PartialOrd for AttrName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Feeds `text` to `state` so that texts equal up to ASCII case hash alike.
pub(crate) fn hash_caseless<H: Hasher>(text: &str, state: &mut H) {
    for byte in text.bytes() {
        state.write_u8(byte.to_ascii_lowercase());
    }
    state.write_u8(0xff);
}

/// Orders two texts by their ASCII lower-case form.
pub(crate) fn compare_caseless(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r002_names_start_with_a_letter() {
        for good in ["a", "userName", "a-b_1", "a$b", "$ref", "$REF", "x509Certificates"] {
            assert!(AttrName::is_valid(good), "{good}");
        }
        for bad in ["", "1abc", "a b", "-a", "_a", "$", "$refs", "a.b", "a:b", "é", "a%b"] {
            assert!(!AttrName::is_valid(bad), "{bad}");
        }
    }

    #[test]
    fn r001_names_compare_without_regard_to_case() {
        let set: std::collections::HashSet<AttrName> =
            ["userName", "USERNAME"].iter().map(|n| n.parse().unwrap()).collect();
        assert_eq!(set.len(), 1);
    }
}

//! Names, paths and identifiers that need no schema.

use ::arbitrary::{Arbitrary, Result, Unstructured};

use crate::arbitrary::odds::happens;
use crate::arbitrary::text::text;
use crate::identity::ExternalId;
use crate::identity::ResourceId;
use crate::identity::Version;
use crate::name::AttrName;
use crate::name::AttrPath;
use crate::schema::ResourceTypeName;
use crate::urn;

/// Longest name that is made, in bytes.
const MAX_NAME: usize = 12;

/// Any legal name of up to 12 bytes, among them those that are words of the filter language.
impl<'a> Arbitrary<'a> for AttrName {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const FAMILIAR: [&str; 14] = [
            "userName", "USERNAME", "emails", "value", "type", "$ref", "$REF", "not", "and", "or", "pr", "eq", "true",
            "null",
        ];
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$-";
        let mut name = if happens(u, 1, 2)? {
            let (letters, _) = LETTERS.split_at(52);
            char::from(*u.choose(letters)?).to_string()
        } else {
            (*u.choose(&FAMILIAR)?).to_owned()
        };
        // No name goes on after `$ref`.
        if !name.starts_with('$') {
            while name.len() < MAX_NAME && happens(u, 3, 4)? {
                name.push(char::from(*u.choose(LETTERS)?));
            }
        }
        name.parse().map_err(|_| ::arbitrary::Error::IncorrectFormat)
    }
}

/// A name, with or without a URI before it and a sub-attribute behind it; or a URI alone.
impl<'a> Arbitrary<'a> for AttrPath {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const URIS: [&str; 6] = [
            urn::USER,
            urn::GROUP,
            urn::ENTERPRISE_USER,
            "http://example.com/schemas/v1",
            "urn:example:ext:1.0",
            "URN:Example:a.b",
        ];
        let mut path = if happens(u, 1, 4)? { (*u.choose(&URIS)?).to_owned() } else { String::new() };
        // An address alone is no path: its last colon is followed by no name.
        if path.is_empty() || path.starts_with("http") || happens(u, 7, 8)? {
            if !path.is_empty() {
                path.push(':');
            }
            path.push_str(u.arbitrary::<AttrName>()?.as_str());
            if happens(u, 1, 3)? {
                path.push('.');
                path.push_str(u.arbitrary::<AttrName>()?.as_str());
            }
        }
        path.parse().map_err(|_| ::arbitrary::Error::IncorrectFormat)
    }
}

/// Any string of up to [`MAX_TEXT`](crate::arbitrary::MAX_TEXT) characters.
impl<'a> Arbitrary<'a> for ExternalId {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        text(u).map(|text| Self::from(text.as_str()))
    }
}

/// A small number, a UUID, or another string that can be an id.
impl<'a> Arbitrary<'a> for ResourceId {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let id = match u.int_in_range(0..=2)? {
            0 => u.arbitrary::<u8>()?.to_string(),
            1 => {
                let (time, node) = (u.arbitrary::<u32>()?, u.arbitrary::<u16>()?);
                format!("{time:08x}-0000-4000-8000-{node:012x}")
            }
            _ => text(u)?,
        };
        id.parse().or_else(|_| "1".parse()).map_err(|_| ::arbitrary::Error::IncorrectFormat)
    }
}

/// `User`, `Group`, or any other name.
impl<'a> Arbitrary<'a> for ResourceTypeName {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=2)? {
            0 => Self::user(),
            1 => Self::group(),
            _ => u.arbitrary::<AttrName>()?.as_str().into(),
        })
    }
}

/// A version of a few letters.
impl<'a> Arbitrary<'a> for Version {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        text(u).map(Self::new)
    }
}

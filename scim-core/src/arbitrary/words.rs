//! Words of the standard, profiles, and PATCH messages about no type in particular.

use ::arbitrary::{Arbitrary, Result, Unstructured};

use crate::arbitrary::json::json;
use crate::arbitrary::odds::happens;
use crate::arbitrary::text::text;
use crate::message::{PatchOp, PatchOperation, SortOrder};
use crate::name::AttrPath;
use crate::schema::{AttributeType, Mutability, Returned, Uniqueness};
use crate::tolerance::ValueCheck;
use crate::tolerance::{InteropRule, Profile, Quirk};

macro_rules! one_of {
    ($($type:ty: $choices:expr),* $(,)?) => {$(
        /// Any of them.
        impl<'a> Arbitrary<'a> for $type {
            fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
                u.choose(&$choices).copied()
            }
        }
    )*};
}

one_of! {
    AttributeType: [
        Self::String, Self::Boolean, Self::Decimal, Self::Integer, Self::DateTime, Self::Binary, Self::Reference,
        Self::Complex,
    ],
    Mutability: [Self::ReadWrite, Self::ReadOnly, Self::Immutable, Self::WriteOnly],
    Returned: [Self::Default, Self::Always, Self::Never, Self::Request],
    Uniqueness: [Self::None, Self::Server, Self::Global],
    SortOrder: [Self::Ascending, Self::Descending],
    Quirk: Self::ALL,
    InteropRule: Self::ALL,
    ValueCheck: Self::ALL,
}

/// One of the three profiles, with up to three of its switches turned.
impl<'a> Arbitrary<'a> for Profile {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut profile = u.choose(&[Self::rfc(), Self::compatible(), Self::interop()])?.clone();
        for _ in 0..u.int_in_range(0..=3)? {
            profile = match u.int_in_range(0..=4)? {
                0 => profile.with(u.arbitrary()?),
                1 => profile.without(u.arbitrary()?),
                2 => profile.with_rule(u.arbitrary()?),
                3 => profile.with_check(u.arbitrary()?),
                _ => profile.without_check(u.arbitrary()?),
            };
        }
        Ok(profile)
    }
}

/// Any operation: every word for `op`, paths of all kinds, values that fit nothing in particular.
impl<'a> Arbitrary<'a> for PatchOperation {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        const WORDS: [&str; 7] = ["add", "remove", "replace", "Add", "REPLACE", "move", ""];
        let path = match u.int_in_range(0..=3)? {
            0 | 1 => Some(u.arbitrary::<AttrPath>()?.to_string()),
            2 => Some(text(u)?),
            _ => None,
        };
        let value = if happens(u, 3, 4)? { Some(json(u)?) } else { None };
        Ok(Self { op: (*u.choose(&WORDS)?).to_owned(), path, value })
    }
}

/// One to five operations.
impl<'a> Arbitrary<'a> for PatchOp {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let operations = (0..u.int_in_range(1..=5)?).map(|_| u.arbitrary());
        Ok(Self { operations: operations.collect::<Result<_>>()? })
    }
}

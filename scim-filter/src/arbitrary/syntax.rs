//! Filters and paths that are well formed, about no type in particular.

use ::arbitrary::{Arbitrary, Result, Unstructured};
use scim_core::arbitrary::text;
use scim_core::{AttrName, AttrPath};
use serde_json::Number;

use crate::arbitrary::chain::{Room, chain};
use crate::ast::{Comparison, Filter, Literal, Operator};
use crate::parse::PatchPath;

/// Any filter of up to [`MAX_COMPARISONS`](crate::arbitrary::MAX_COMPARISONS) comparisons. It prints as a text that parses to it
/// within the default [`FilterLimits`](crate::FilterLimits).
impl<'a> Arbitrary<'a> for Filter {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        chain(u, &mut Room::of_filter(), &mut |u, room| {
            if u.int_in_range(0..=7)? == 7 {
                let filter = Box::new(room.brackets(|inside| in_brackets(u, inside))?);
                return Ok(Self::ValuePath { path: u.arbitrary()?, filter });
            }
            room.comparisons = room.comparisons.saturating_sub(1);
            let path = u.arbitrary()?;
            test(path, u)
        })
    }
}

/// R085: in brackets stand tests of plain names.
fn in_brackets(u: &mut Unstructured<'_>, room: &mut Room) -> Result<Filter> {
    chain(u, room, &mut |u, room| {
        room.comparisons = room.comparisons.saturating_sub(1);
        let name: AttrName = u.arbitrary()?;
        test(AttrPath::from_name(&name), u)
    })
}

fn test(path: AttrPath, u: &mut Unstructured<'_>) -> Result<Filter> {
    if u.int_in_range(0..=7)? == 7 {
        return Ok(Filter::Present(path));
    }
    Ok(Filter::Compare(Comparison { path, operator: u.arbitrary()?, value: u.arbitrary()? }))
}

/// Any of them.
impl<'a> Arbitrary<'a> for Operator {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.choose(&Self::ALL).copied()
    }
}

/// Any value: numbers of 64 bits, whole or with a fraction, and strings of up to [`MAX_TEXT`](scim_core::arbitrary::MAX_TEXT)
/// characters.
impl<'a> Arbitrary<'a> for Literal {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.int_in_range(0..=6)? {
            0 => Self::Null,
            1 => Self::Bool(u.arbitrary()?),
            2 => Self::Number(u.arbitrary::<i64>()?.into()),
            3 => Self::Number(u.arbitrary::<u64>()?.into()),
            4 => Self::Number(Number::from_f64(u.arbitrary()?).unwrap_or_else(|| 0.into())),
            _ => Self::String(text(u)?),
        })
    }
}

/// Any path: an attribute, with or without brackets and a sub-attribute behind them.
impl<'a> Arbitrary<'a> for PatchPath {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let attribute = u.arbitrary()?;
        if u.arbitrary()? {
            return Ok(Self { attribute, filter: None, sub: None });
        }
        let filter = Some(in_brackets(u, &mut Room::of_brackets())?);
        let sub = if u.arbitrary()? { Some(u.arbitrary()?) } else { None };
        Ok(Self { attribute, filter, sub })
    }
}

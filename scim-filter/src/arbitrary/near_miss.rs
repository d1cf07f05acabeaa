//! Filters that almost fit a schema.

use ::arbitrary::{Result, Unstructured};
use scim_core::arbitrary::{attribute, near_miss as near_path, spelling};
use scim_core::schema::AttributeType;
use scim_core::{AttributeRef, TypeSchema};

use crate::arbitrary::chain::Room;
use crate::arbitrary::fitting::{applies, is_returned, within};
use crate::ast::{Comparison, Filter, Literal, Operator};

/// A filter that parses, and that [`check()`](crate::check()) refuses for the type under every profile: one of its tests is of an
/// attribute that the type lacks or never returns, by an operator that its type does not take, or with a value of another
/// type.
///
/// # Errors
///
/// As [`filter`](crate::arbitrary::filter).
///
/// # Examples
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::{SchemaSet, Tolerance};
/// use scim_filter::{Filter, check};
///
/// let schemas = SchemaSet::builtin();
/// let users = schemas.user().unwrap();
/// let filter = scim_filter::arbitrary::near_miss(users, &mut Unstructured::new(&[7; 30]))?;
/// assert!(check(&filter, users, &mut Tolerance::compatible()).is_err());
/// assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter));
/// # Ok::<(), arbitrary::Error>(())
/// ```
pub fn near_miss(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<Filter> {
    let unfit = unfit(of, u)?;
    let mut room = Room { comparisons: 3, depth: 1 };
    Ok(match u.int_in_range(0..=3)? {
        0 | 1 => unfit,
        2 => Filter::And(vec![within(of, u, &mut room)?, unfit]),
        _ => Filter::Or(vec![Filter::Not(Box::new(unfit)), within(of, u, &mut room)?]),
    })
}

/// A test that does not fit.
fn unfit(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<Filter> {
    let tested = attribute(of, u)?;
    let path = spelling(of, &tested, u)?;
    let leaf = tested.leaf();
    if !is_returned(tested.attribute()) || !is_returned(leaf) {
        return Ok(Filter::Present(path));
    }
    let compare = |operator, value| Ok(Filter::Compare(Comparison { path: path.clone(), operator, value }));
    match u.int_in_range(0..=3)? {
        0 if leaf.kind() != AttributeType::Complex => compare(Operator::Eq, other_type(leaf.kind())),
        1 => compare(Operator::Gt, Literal::Null),
        2 => {
            let unfit = Operator::ALL.into_iter().filter(|operator| !applies(*operator, leaf.kind()));
            let unfit: Vec<Operator> = unfit.collect();
            if unfit.is_empty() || leaf.kind() == AttributeType::Complex {
                return unknown(of, &tested, u);
            }
            compare(*u.choose(&unfit)?, Literal::String("x".to_owned()))
        }
        _ => unknown(of, &tested, u),
    }
}

/// A test of what the type does not have.
fn unknown(of: &TypeSchema, tested: &AttributeRef, u: &mut Unstructured<'_>) -> Result<Filter> {
    let leaf = tested.leaf();
    if leaf.kind() != AttributeType::Complex && !leaf.multi_valued() && u.arbitrary()? {
        // Brackets select among values.
        let value = "value".parse().map_err(|_| ::arbitrary::Error::IncorrectFormat)?;
        let filter = Box::new(Filter::Present(value));
        return Ok(Filter::ValuePath { path: spelling(of, tested, u)?, filter });
    }
    Ok(Filter::Present(near_path(of, u)?))
}

/// A value that no attribute of the type compares with.
fn other_type(kind: AttributeType) -> Literal {
    match kind {
        AttributeType::Boolean | AttributeType::Integer | AttributeType::Decimal => Literal::String("x".to_owned()),
        AttributeType::DateTime => Literal::String("2011-05-13".to_owned()),
        _ => Literal::Bool(true),
    }
}

//! Filters that fit a schema.

use std::sync::Arc;

use ::arbitrary::{Result, Unstructured};
use scim_core::arbitrary::{element, spelling};
use scim_core::schema::{AttributeType, Mutability, Returned, TypeExtension};
use scim_core::{AttrName, AttrPath, Attribute, AttributeRef, TypeSchema};
use serde_json::Value;

use crate::arbitrary::chain::{Room, chain};
use crate::ast::{Comparison, Filter, Literal, Operator};

/// A filter over the attributes of the type, which [`check()`](crate::check()) takes under every profile.
///
/// It has every form that the type allows: `pr` and `null` tests of attributes and of whole extensions, comparisons by the
/// operators of an attribute's type with values of that type, value paths, and chains of them. Attributes that are never
/// returned are left out.
///
/// # Errors
///
/// [`Error::IncorrectFormat`](::arbitrary::Error::IncorrectFormat) for a type with attributes whose paths are longer than
/// [`MAX_ATTR_PATH_LEN`](scim_core::MAX_ATTR_PATH_LEN).
///
/// # Examples
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::SchemaSet;
///
/// let schemas = SchemaSet::builtin();
/// let groups = schemas.group().unwrap();
/// let filter = scim_filter::arbitrary::filter(groups, &mut Unstructured::new(&[41, 7, 200, 3, 99]))?;
/// assert!(filter.check(groups).is_ok());
/// # Ok::<(), arbitrary::Error>(())
/// ```
pub fn filter(of: &TypeSchema, u: &mut Unstructured<'_>) -> Result<Filter> {
    within(of, u, &mut Room::of_filter())
}

pub(super) fn within(of: &TypeSchema, u: &mut Unstructured<'_>, room: &mut Room) -> Result<Filter> {
    let places = Places::of(of);
    chain(u, room, &mut |u, room| places.term(u, room))
}

/// A filter for the brackets of a value path, which [`check_element`](crate::check_element) takes under every profile: over the
/// sub-attributes of a complex attribute, or over the values of a simple multi-valued one.
///
/// # Errors
///
/// [`Error::EmptyChoose`](::arbitrary::Error::EmptyChoose) for an attribute that brackets do not apply to.
///
/// # Examples
///
/// ```
/// use arbitrary::Unstructured;
/// use scim_core::{AttributeRef, SchemaSet, Tolerance};
/// use scim_filter::check_element;
///
/// let schemas = SchemaSet::builtin();
/// let emails = AttributeRef::new(None, schemas.user().unwrap().top_level("emails").unwrap());
/// let filter = scim_filter::arbitrary::element_filter(&emails, &mut Unstructured::new(&[8; 40]))?;
/// assert!(check_element(&filter, &emails, &mut Tolerance::rfc()).is_ok());
/// # Ok::<(), arbitrary::Error>(())
/// ```
pub fn element_filter(of: &AttributeRef, u: &mut Unstructured<'_>) -> Result<Filter> {
    bracketed(of, u, &mut Room::of_brackets())
}

/// The same, where a filter around it leaves room for so many comparisons.
fn bracketed(of: &AttributeRef, u: &mut Unstructured<'_>, room: &mut Room) -> Result<Filter> {
    let leaf = of.leaf();
    let subs = bracketable(of);
    chain(u, room, &mut |u, room| {
        room.comparisons = room.comparisons.saturating_sub(1);
        let sub = *u.choose(&subs)?;
        let name = if Arc::ptr_eq(sub, leaf) { "value" } else { sub.name() };
        let name = if u.int_in_range(0..=7)? == 7 { name.to_ascii_uppercase() } else { name.to_owned() };
        let name: AttrName = name.parse().map_err(|_| ::arbitrary::Error::IncorrectFormat)?;
        test(AttrPath::from_name(&name), sub, u)
    })
}

/// What can be tested in the brackets of an attribute: its sub-attributes, or its values.
fn bracketable(of: &AttributeRef) -> Vec<&Arc<Attribute>> {
    let leaf = of.leaf();
    let itself = std::iter::once(leaf).filter(|leaf| leaf.is_own_value("value"));
    let returned = is_returned(of.attribute()) && is_returned(leaf);
    leaf.sub_attributes().iter().chain(itself).filter(|sub| returned && is_returned(sub)).collect()
}

/// What a filter over a type can be about.
struct Places<'a> {
    of: &'a TypeSchema,
    /// Attributes and sub-attributes that may be returned.
    tested: Vec<AttributeRef>,
    /// Those that brackets apply to.
    bracketed: Vec<AttributeRef>,
}

impl<'a> Places<'a> {
    fn of(of: &'a TypeSchema) -> Self {
        let with_subs = |whole: AttributeRef| {
            let subs: Vec<_> =
                whole.attribute().sub_attributes().iter().map(|sub| whole.clone().with_sub(sub)).collect();
            std::iter::once(whole).chain(subs)
        };
        let returned = |one: &AttributeRef| is_returned(one.attribute()) && is_returned(one.leaf());
        let tested: Vec<AttributeRef> = of.attributes().flat_map(with_subs).filter(returned).collect();
        let bracketed = tested.iter().filter(|one| !bracketable(one).is_empty()).cloned().collect();
        Self { of, tested, bracketed }
    }

    fn term(&self, u: &mut Unstructured<'_>, room: &mut Room) -> Result<Filter> {
        match u.int_in_range(0..=15)? {
            10..=13 if !self.bracketed.is_empty() => {
                let of = u.choose(&self.bracketed)?;
                let filter = Box::new(room.brackets(|inside| bracketed(of, u, inside))?);
                Ok(Filter::ValuePath { path: spelling(self.of, of, u)?, filter })
            }
            14 if !self.of.extensions().is_empty() => {
                room.comparisons = room.comparisons.saturating_sub(1);
                extension(u.choose(self.of.extensions())?, u)
            }
            _ => {
                room.comparisons = room.comparisons.saturating_sub(1);
                let tested = u.choose(&self.tested)?;
                test(spelling(self.of, tested, u)?, compared(tested), u)
            }
        }
    }
}

/// What a comparison with a path compares: `value` of a complex attribute that has it (R083).
fn compared(tested: &AttributeRef) -> &Attribute {
    let leaf = tested.leaf();
    let value = leaf.sub_attribute("value").filter(|value| tested.sub().is_none() && is_returned(value));
    value.unwrap_or(leaf)
}

/// A test of one attribute, whose values `leaf` defines.
fn test(path: AttrPath, leaf: &Attribute, u: &mut Unstructured<'_>) -> Result<Filter> {
    let form = u.int_in_range(0..=7)?;
    if form == 6 || (form < 6 && leaf.kind() == AttributeType::Complex) {
        return Ok(Filter::Present(path));
    }
    if form == 7 {
        return compare_null(path, u);
    }
    let operators: Vec<Operator> =
        Operator::ALL.into_iter().filter(|operator| applies(*operator, leaf.kind())).collect();
    let operator = *u.choose(&operators)?;
    let value = literal(element(leaf, u)?);
    Ok(Filter::Compare(Comparison { path, operator, value }))
}

fn compare_null(path: AttrPath, u: &mut Unstructured<'_>) -> Result<Filter> {
    let operator = *u.choose(&[Operator::Eq, Operator::Ne])?;
    Ok(Filter::Compare(Comparison { path, operator, value: Literal::Null }))
}

/// A test of an extension as a whole (R171).
fn extension(of: &TypeExtension, u: &mut Unstructured<'_>) -> Result<Filter> {
    let path: AttrPath = of.schema.id().parse().map_err(|_| ::arbitrary::Error::IncorrectFormat)?;
    if u.arbitrary()? { compare_null(path, u) } else { Ok(Filter::Present(path)) }
}

/// R077, R078.
pub(super) fn applies(operator: Operator, kind: AttributeType) -> bool {
    match operator {
        Operator::Eq | Operator::Ne => kind != AttributeType::Complex,
        Operator::Co | Operator::Sw | Operator::Ew => matches!(kind, AttributeType::String | AttributeType::Reference),
        Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le => {
            !matches!(kind, AttributeType::Boolean | AttributeType::Binary | AttributeType::Complex)
        }
    }
}

/// R096.
pub(super) fn is_returned(attribute: &Attribute) -> bool {
    attribute.returned() != Returned::Never && attribute.mutability() != Mutability::WriteOnly
}

fn literal(value: Value) -> Literal {
    match value {
        Value::Bool(value) => Literal::Bool(value),
        Value::Number(value) => Literal::Number(value),
        Value::String(value) => Literal::String(value),
        Value::Null | Value::Array(_) | Value::Object(_) => Literal::Null,
    }
}

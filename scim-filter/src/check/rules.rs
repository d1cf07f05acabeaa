//! What an attribute may be compared with, and what nobody may ask for.

use scim_core::json::parse_date_time;
use scim_core::schema::{AttributeType, Mutability, Returned};
use scim_core::{AttrPath, Attribute, AttributeRef};

use crate::ast::{Literal, Operator};
use crate::check::error::{FilterError, FilterErrorKind};
use crate::evaluate::without_padding;
use crate::fold::fold;
use crate::predicate::Operand;

/// R020: the `primary` flag of an element of a multi-valued attribute.
pub(super) fn is_primary(target: &AttributeRef) -> bool {
    target.sub() == Some("primary") && target.attribute().multi_valued()
}

/// The sub-attribute that a path in the brackets of a value path names; the attribute itself where its values are simple.
pub(super) fn sub_attribute(of: &AttributeRef, path: &AttrPath) -> Result<AttributeRef, FilterError> {
    let attribute = of.leaf();
    let name = path.name().filter(|_| path.uri().is_none() && path.sub().is_none());
    if name.is_some_and(|name| attribute.is_own_value(name)) {
        return Ok(of.clone());
    }
    if let Some(sub) = name.and_then(|name| attribute.sub_attribute(name)) {
        return Ok(of.clone().with_sub(sub));
    }
    let near = name.and_then(|name| attribute.nearest_sub_attribute(name));
    let suggestion = near.map(|near| near.name().to_owned());
    let attribute = attribute.name().to_owned();
    Err(refuse(path.as_str(), FilterErrorKind::UnknownSub { attribute, suggestion }))
}

/// Leads a path that stops at a complex attribute to its `value` sub-attribute (R083).
///
/// # Errors
///
/// [`FilterErrorKind::Complex`] when there is no such sub-attribute.
pub(crate) fn to_default_sub_attribute(text: &str, target: AttributeRef) -> Result<AttributeRef, FilterError> {
    if target.leaf().kind() != AttributeType::Complex {
        return Ok(target);
    }
    let value = target.leaf().sub_attribute("value").cloned();
    let value = value.filter(|value| target.sub().is_none() && value.kind() != AttributeType::Complex);
    let Some(value) = value else { return Err(refuse(text, FilterErrorKind::Complex)) };
    let target = target.with_sub(&value);
    refuse_never_returned(text, &target)?;
    Ok(target)
}

/// R077, R078.
pub(super) fn refuse_operator(text: &str, operator: Operator, kind: AttributeType) -> Result<(), FilterError> {
    let fits = match operator {
        Operator::Eq | Operator::Ne => true,
        Operator::Co | Operator::Sw | Operator::Ew => matches!(kind, AttributeType::String | AttributeType::Reference),
        Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le => {
            !matches!(kind, AttributeType::Boolean | AttributeType::Binary)
        }
    };
    if fits {
        return Ok(());
    }
    Err(refuse(text, FilterErrorKind::Operator { operator: operator.as_str(), kind: kind.as_str() }))
}

/// The literal as a value of the attribute's type (R081).
pub(super) fn operand(
    text: &str,
    kind: AttributeType,
    case_exact: bool,
    literal: &Literal,
) -> Result<Operand, FilterError> {
    let expected = match (kind, literal) {
        (AttributeType::String | AttributeType::Reference, Literal::String(value)) => {
            let value = if case_exact { value.as_str().into() } else { fold(value).into() };
            return Ok(Operand::Text(value));
        }
        (AttributeType::Boolean, Literal::Bool(value)) => return Ok(Operand::Bool(*value)),
        (AttributeType::Integer | AttributeType::Decimal, Literal::Number(value)) => {
            return Ok(match value.as_i64() {
                Some(whole) if kind == AttributeType::Integer => Operand::Integer(whole),
                _ => Operand::Decimal(value.clone()),
            });
        }
        (AttributeType::Binary, Literal::String(value)) => return Ok(Operand::Binary(without_padding(value).into())),
        (AttributeType::DateTime, Literal::String(value)) => match parse_date_time(value) {
            Ok(instant) => return Ok(Operand::Instant(instant)),
            Err(_) => "a date and time such as \"2008-01-23T04:56:22Z\"",
        },
        (AttributeType::DateTime, _) => "a date and time in quotes",
        (AttributeType::Boolean, _) => "true or false",
        (AttributeType::Integer | AttributeType::Decimal, _) => "a number",
        (AttributeType::Binary, _) => "base64 in quotes",
        (AttributeType::String | AttributeType::Reference | AttributeType::Complex, _) => "a string in quotes",
    };
    Err(refuse(text, FilterErrorKind::LiteralType { expected, found: literal.clone() }))
}

pub(super) fn never_returned(attribute: &Attribute) -> bool {
    attribute.returned() == Returned::Never || attribute.mutability() == Mutability::WriteOnly
}

/// R096: what no response shows, no question may reveal.
pub(crate) fn refuse_never_returned(text: &str, target: &AttributeRef) -> Result<(), FilterError> {
    let hidden = never_returned(target.attribute()) || never_returned(target.leaf());
    if hidden { Err(refuse(text, FilterErrorKind::NeverReturned)) } else { Ok(()) }
}

/// Brackets select among values: of a complex attribute, or of an array.
pub(super) fn refuse_simple(text: &str, attribute: &Attribute) -> Result<(), FilterError> {
    if attribute.kind() == AttributeType::Complex || attribute.multi_valued() {
        Ok(())
    } else {
        Err(refuse(text, FilterErrorKind::BracketsOnSimple))
    }
}

pub(super) fn refuse(path: &str, kind: FilterErrorKind) -> FilterError {
    FilterError::new(path, kind)
}

//! What a filter says, before anybody asks whether the attributes exist.

use std::fmt;

use scim_core::AttrPath;
use serde_json::{Number, Value};

/// A filter as it was written (RFC 7644 figure 1): syntax only, no schema.
///
/// `Display` prints it back with the fewest parentheses, and parsing that text gives an equal filter. Chains are
/// flat: `a pr or b pr or c pr` is one [`Or`](Filter::Or) with three terms. Only parentheses in the text nest an `And`
/// in an `And` or an `Or` in an `Or`.
///
/// The set of variants is closed by the RFC's grammar.
///
/// ```
/// use scim_filter::Filter;
///
/// let filter: Filter = "a pr or b pr and not (c pr)".parse()?;
/// let Filter::Or(terms) = &filter else { unreachable!() };
/// assert_eq!(terms.len(), 2);
/// assert_eq!(filter.to_string(), "a pr or b pr and not (c pr)");
/// # Ok::<(), scim_filter::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All terms hold. The parser gives two or more.
    And(Vec<Filter>),
    /// At least one term holds. The parser gives two or more.
    Or(Vec<Filter>),
    /// The filter inside does not hold.
    Not(Box<Filter>),
    /// `path operator value`.
    Compare(Comparison),
    /// `path pr`: the attribute has a value that is not empty.
    Present(AttrPath),
    /// `path[filter]`: one element of the attribute fulfils the whole filter.
    ValuePath {
        /// The attribute whose elements are looked at.
        path: AttrPath,
        /// The filter over the sub-attributes of one element.
        filter: Box<Filter>,
    },
}

/// `path operator value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The attribute.
    pub path: AttrPath,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with.
    pub value: Literal,
}

/// A comparison operator (RFC 7644 table 3). Closed by the RFC; `pr` takes no value and is [`Filter::Present`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater than.
    Gt,
    /// Greater than or equal to.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal to.
    Le,
}

/// A comparison value (RFC 7644 figure 1, `compValue`). Closed by the RFC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `null`: the attribute is unassigned.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A JSON number; whole numbers within 64 bits are exact.
    Number(Number),
    /// A JSON string, decoded.
    String(String),
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::Co, Self::Sw, Self::Ew, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    /// The word of the grammar, such as `eq`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    /// The operator that this word names, in any case (R060).
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        let &[a, b] = word.as_bytes() else { return None };
        Some(match [a.to_ascii_lowercase(), b.to_ascii_lowercase()] {
            [b'e', b'q'] => Self::Eq,
            [b'n', b'e'] => Self::Ne,
            [b'c', b'o'] => Self::Co,
            [b's', b'w'] => Self::Sw,
            [b'e', b'w'] => Self::Ew,
            [b'g', b't'] => Self::Gt,
            [b'g', b'e'] => Self::Ge,
            [b'l', b't'] => Self::Lt,
            [b'l', b'e'] => Self::Le,
            _ => return None,
        })
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Literal> for Value {
    fn from(literal: Literal) -> Self {
        match literal {
            Literal::Null => Self::Null,
            Literal::Bool(value) => Self::Bool(value),
            Literal::Number(value) => Self::Number(value),
            Literal::String(value) => Self::String(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r060_every_operator_is_found_by_its_word_in_any_case() {
        for operator in Operator::ALL {
            assert_eq!(Operator::from_word(operator.as_str()), Some(operator));
            assert_eq!(Operator::from_word(&operator.as_str().to_uppercase()), Some(operator));
        }
        for word in ["", "e", "pr", "eqq", "=="] {
            assert_eq!(Operator::from_word(word), None, "{word}");
        }
    }
}

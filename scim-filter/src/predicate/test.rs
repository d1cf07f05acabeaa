//! One comparison of a checked filter, with the value that it compares with.

use chrono::{DateTime, Utc};
use scim_core::AttributeRef;
use serde_json::Number;

use crate::ast::{Literal, Operator};

/// One comparison, ready to run.
///
/// Its meaning, which a database that takes it over has to keep:
///
/// 1. On a multi-valued attribute it holds when it holds for one element (R082); without elements it does not hold.
/// 2. On one unassigned value `ne` holds and everything else does not (R075), unless
///    [`missing_is_false`](Self::missing_is_false).
/// 3. With [`Operand::Null`], `eq` holds when nothing is assigned and `ne` when something is (R073).
/// 4. Texts compare by code point: as they are when [`case_exact`](Self::case_exact), else with
///    [`fold`](crate::fold()) applied on both sides. The operand is folded already.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    pub(crate) path: AttributeRef,
    pub(crate) operator: Operator,
    pub(crate) operand: Operand,
    pub(crate) case_exact: bool,
    pub(crate) missing_is_false: bool,
    pub(crate) literal: Literal,
}

/// A comparison value with the type of its attribute.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operand {
    /// No value.
    Null,
    /// For a boolean attribute.
    Bool(bool),
    /// For an integer attribute.
    Integer(i64),
    /// For a decimal attribute, and for an integer attribute that is compared with a number of another kind: numbers
    /// compare as numbers.
    Decimal(Number),
    /// For a dateTime attribute: the instant, whatever the zone it was written in (R080).
    Instant(DateTime<Utc>),
    /// For a string or reference attribute: folded unless the test is case exact.
    Text(Box<str>),
    /// For a binary attribute: base64 without padding (R012).
    Binary(Box<str>),
}

impl Test {
    /// What is compared. The shorthand `emails eq "x"` shows as `emails.value` here (R083).
    pub fn path(&self) -> &AttributeRef {
        &self.path
    }

    /// How it is compared.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// What it is compared with, prepared for the attribute's type.
    pub fn operand(&self) -> &Operand {
        &self.operand
    }

    /// Whether texts compare with regard to case.
    pub fn case_exact(&self) -> bool {
        self.case_exact
    }

    /// Whether an unassigned value counts as `false`: `primary` of an element (R020).
    pub fn missing_is_false(&self) -> bool {
        self.missing_is_false
    }

    /// What it is compared with, as the client wrote it.
    pub fn literal(&self) -> &Literal {
        &self.literal
    }
}

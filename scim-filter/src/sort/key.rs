//! What a resource is sorted by, made ready once: folded, parsed, in the direction of the sort.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use scim_core::ValueRef;
use scim_core::json::parse_date_time;
use scim_core::message::SortOrder;
use scim_core::resource::ValueKind;
use scim_core::schema::AttributeType;
use serde_json::Number;

use crate::evaluate::{order_numbers, without_padding};
use crate::fold::fold;

/// The place of a resource in an order, but for ties. Made by [`Sort::sort_key`](crate::Sort::sort_key); keys of one sort
/// compare as their resources do.
#[derive(Clone, Debug)]
pub struct SortKey {
    rank: Rank,
    descending: bool,
}

/// From the first to the last in ascending order: values of the attribute's type, texts that are no dates, values of another
/// type, nothing (R128).
#[derive(Clone, Debug)]
enum Rank {
    Bool(bool),
    Number(Number),
    Instant(DateTime<Utc>),
    Text(Box<str>),
    Unreadable,
    Misplaced,
    Missing,
}

impl SortKey {
    pub(crate) fn new(kind: AttributeType, case_exact: bool, order: SortOrder, value: Option<ValueRef<'_>>) -> Self {
        let rank = match (kind, value.map(ValueRef::kind)) {
            (_, None) => Rank::Missing,
            (AttributeType::Boolean, Some(ValueKind::Boolean(value))) => Rank::Bool(value),
            (AttributeType::Integer | AttributeType::Decimal, Some(ValueKind::Number(number))) => {
                Rank::Number(number.into_owned())
            }
            (AttributeType::DateTime, Some(ValueKind::String(text))) => match parse_date_time(&text) {
                Ok(instant) => Rank::Instant(instant),
                Err(_) => Rank::Unreadable,
            },
            (AttributeType::Binary, Some(ValueKind::String(text))) => Rank::Text(without_padding(&text).into()),
            (AttributeType::String | AttributeType::Reference, Some(ValueKind::String(text))) if case_exact => {
                Rank::Text(text.into())
            }
            (AttributeType::String | AttributeType::Reference, Some(ValueKind::String(text))) => {
                Rank::Text(fold(&text).into())
            }
            _ => Rank::Misplaced,
        };
        Self { rank, descending: order == SortOrder::Descending }
    }

    /// What it costs to keep and compare it, in steps of a [`Budget`](crate::Budget).
    pub fn steps(&self) -> u64 {
        match &self.rank {
            Rank::Text(text) => text.len() as u64 / 32,
            _ => 0,
        }
    }
}

impl Rank {
    fn class(&self) -> u8 {
        match self {
            Self::Bool(_) | Self::Number(_) | Self::Instant(_) | Self::Text(_) => 0,
            Self::Unreadable => 1,
            Self::Misplaced => 2,
            Self::Missing => 3,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => order_numbers(a, b),
            (Self::Instant(a), Self::Instant(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (a, b) => a.class().cmp(&b.class()),
        }
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let ascending = self.rank.order(&other.rank);
        if self.descending { ascending.reverse() } else { ascending }
    }
}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SortKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for SortKey {}

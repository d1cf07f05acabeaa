//! Where the page of a query is, and what a write asks of a version.

use std::cmp::Ordering;

use scim_core::{Resource, Version};
use scim_filter::Sort;
use serde_json::Value;

/// Where a page is in the order of its query.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// At the resource with this 1-based index, at least 1.
    Index(u64),
    /// The page is made of the first resources after this position.
    After(Position),
    /// The page is made of the last resources before this position, in the order of the query.
    Before(Position),
}

/// A place in the order of a query: that of a resource, which need not be there any more.
///
/// Pages found by position neither miss nor repeat what stays: writes between two pages move indexes, not positions.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Position {
    /// The [key](Sort::key) that the resource was sorted by; `None` without a sort and for a resource without a value.
    pub key: Option<Value>,
    /// The `id` of the resource.
    pub id: String,
}

impl Position {
    /// The position of a resource with this `id`, sorted by this key.
    pub fn new(key: Option<Value>, id: impl Into<String>) -> Self {
        Self { key, id: id.into() }
    }

    /// The position of a resource in the order of a sort.
    pub fn of(resource: &Resource, sort: Option<&Sort>) -> Self {
        let key = sort.and_then(|sort| sort.key(resource));
        Self { key, id: resource.id().unwrap_or_default().into_owned() }
    }

    /// Whether it is before or after another position in the order of a sort.
    pub fn compare(&self, other: &Self, sort: Option<&Sort>) -> Ordering {
        let by_key = |sort: &Sort| sort.sort_key(self.key.as_ref()).cmp(&sort.sort_key(other.key.as_ref()));
        sort.map_or(Ordering::Equal, by_key).then_with(|| self.id.cmp(&other.id))
    }
}

/// What must be true of the stored version for a write to happen (RFC 7644 section 3.14).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing; `If-Match: *` too, because a write to a missing resource fails anyway.
    #[default]
    None,
    /// The version is one of these; no version is where there are none.
    OneOf(Vec<Version>),
    /// The version is none of these.
    NoneOf(Vec<Version>),
}

impl Precondition {
    /// Whether a write may happen on a resource of this version.
    pub fn holds(&self, current: &Version) -> bool {
        match self {
            Self::None => true,
            Self::OneOf(versions) => versions.contains(current),
            Self::NoneOf(versions) => !versions.contains(current),
        }
    }
}

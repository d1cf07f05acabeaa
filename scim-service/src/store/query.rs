//! Where the page of a query is and what it holds, and what a write asks of a version.

use std::cmp::Ordering;

use scim_core::{Resource, Version};
use scim_filter::Sort;
use serde_json::Value;

use crate::store::List;

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

/// A page of a query's results.
///
/// ```
/// use scim_core::Resource;
/// use scim_service::ListPage;
///
/// let page = ListPage::new(vec![Resource::default()]).with_total(7);
/// assert_eq!((page.resources.len(), page.total_results), (1, Some(7)));
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ListPage {
    /// The resources of the page.
    pub resources: Vec<Resource>,
    /// How many resources the query selects altogether. Always known for [`Start::Index`]; for the other starts a store
    /// may leave it out, because it would cost more than the page.
    pub total_results: Option<u64>,
    /// Whether the page ends early because of its [bytes](List::bytes): more follow, although it is shorter than asked
    /// for. A page before a position then lacks its first resources.
    pub ends_early: bool,
}

/// Counts the bytes of a page's resources, in the order in which they come to it.
#[derive(Clone, Copy, Debug)]
pub struct PageBytes {
    left: usize,
    /// The first resource comes to the page whatever its size, or nobody would ever get beyond it.
    is_empty: bool,
}

impl PageBytes {
    /// What the page of a query may hold.
    pub fn of(query: &List<'_>) -> Self {
        Self { left: query.bytes, is_empty: true }
    }

    /// Whether the page has room for another resource of so many bytes, which is counted then; if not, the page ends before it.
    /// A store counts what it makes for the page, not what it only points at.
    pub fn takes(&mut self, size: usize) -> bool {
        let takes = self.is_empty || size <= self.left;
        self.left = self.left.saturating_sub(size);
        self.is_empty = false;
        takes
    }
}

impl ListPage {
    /// A page of these resources, in the order of the query.
    pub fn new(resources: Vec<Resource>) -> Self {
        Self { resources, ..Self::default() }
    }

    /// Says how many resources the query selects altogether.
    #[must_use]
    pub fn with_total(self, total_results: u64) -> Self {
        Self { total_results: Some(total_results), ..self }
    }

    /// Says whether more resources follow although the page is shorter than asked for.
    #[must_use]
    pub fn ending_early(self, ends_early: bool) -> Self {
        Self { ends_early, ..self }
    }
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

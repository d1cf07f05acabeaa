//! What a query asks of a store, and what a write asks of a version.

use std::cmp::Ordering;
use std::collections::HashSet;

use scim_core::{AttributeRef, Projection, Resource, TypeSchema, Version};
use scim_filter::{Predicate, Sort};
use serde_json::Value;

/// A query of one resource type.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Which resources; `None` means all.
    pub filter: Option<Predicate>,
    /// In which order; `None` means by `id`.
    pub sort: Option<Sort>,
    /// Where the page is.
    pub start: Start,
    /// The largest page; 0 asks for the total alone.
    pub count: u64,
    /// Which attributes will be shown.
    pub projection: Projection,
    /// The page ends before a resource with which its resources would hold more bytes of JSON than this, but for the first.
    /// A store that does not look at it is slower than it could be, not wrong.
    pub bytes: usize,
}

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
pub struct Position {
    /// The [key](Sort::key) that the resource was sorted by; `None` without a sort and for a resource without a value.
    pub key: Option<Value>,
    /// The `id` of the resource.
    pub id: String,
}

/// A page of a query's results.
#[derive(Clone, Debug, Default)]
pub struct ListPage {
    /// The resources of the page.
    pub resources: Vec<Resource>,
    /// How many resources the query selects altogether. Always known for [`Start::Index`]; for the other starts a store
    /// may leave it out, because it would cost more than the page.
    pub total_results: Option<u64>,
    /// Whether the page ends early because of its [bytes](ListQuery::bytes): more follow, although it is shorter than asked
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
    pub fn of(query: &ListQuery) -> Self {
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

impl ListQuery {
    /// The first `count` resources of a selection by `id`, with all that is returned by default.
    pub fn first(filter: Option<Predicate>, count: u64) -> Self {
        Self { filter, sort: None, start: Start::Index(1), count, projection: Projection::default(), bytes: usize::MAX }
    }

    /// Whether the evaluator has to see this common or base attribute, because filter or sort look at it. What a store
    /// computes at some cost, such as `members`, it can leave out of the evaluation otherwise.
    pub fn looks_at(&self, attribute: &str) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.mentions(attribute)) || self.sorts_by(attribute)
    }

    /// The members of a resource that filter and sort look at: attributes, and extensions by their URI. Who evaluates a query
    /// needs no others.
    pub fn members_looked_at(&self) -> HashSet<String> {
        let compared = self.filter.iter().flat_map(Predicate::targets);
        let compared = compared.chain(self.sort.iter().map(|sort| sort.path().clone()));
        compared.map(|target: AttributeRef| target.uri().unwrap_or(target.name()).to_owned()).collect()
    }

    /// Whether the resources of the page need this base attribute: because the projection wants it, or because they are
    /// sorted by it, and where the next page begins is read from the last of this one.
    pub fn shows(&self, of: &TypeSchema, attribute: &str) -> bool {
        let wanted = || of.base().attribute(attribute).is_some_and(|known| self.projection.wants(None, known));
        self.sorts_by(attribute) || wanted()
    }

    fn sorts_by(&self, attribute: &str) -> bool {
        self.sort.as_ref().is_some_and(|sort| sort.path().is_in(attribute))
    }
}

impl Position {
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

//! What a query asks of a store, and what a write asks of a version.

use scim_core::{Projection, Resource, Version};
use scim_filter::{Predicate, Sort};

/// A query of one resource type.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Which resources; `None` means all.
    pub filter: Option<Predicate>,
    /// In which order; `None` means by `id`.
    pub sort: Option<Sort>,
    /// The 1-based index of the first resource of the page, at least 1.
    pub start_index: u64,
    /// The largest page, as the client asked and the service allows; 0 asks for the total alone.
    pub count: u64,
    /// Which attributes will be shown.
    pub projection: Projection,
}

/// A page of a query's results.
#[derive(Clone, Debug, Default)]
pub struct ListPage {
    /// The resources of the page.
    pub resources: Vec<Resource>,
    /// How many resources the query selects altogether.
    pub total_results: u64,
}

/// What must be true of the stored version for a write to happen (RFC 7644 section 3.14).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing; `If-Match: *` too, because a write to a missing resource fails anyway.
    #[default]
    None,
    /// The version is one of these.
    OneOf(Vec<Version>),
}

impl Precondition {
    /// Whether a write may happen on a resource of this version.
    pub fn holds(&self, current: &Version) -> bool {
        match self {
            Self::None => true,
            Self::OneOf(versions) => versions.contains(current),
        }
    }
}

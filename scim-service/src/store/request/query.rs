//! The requests that read.

use std::collections::HashSet;

use scim_core::{AttributeRef, Projection, ResourceId, TypeSchema};
use scim_filter::{Predicate, Sort};

use super::DEFAULT;
use crate::store::Start;

/// Reads a resource (RFC 7644 section 3.4.1).
///
/// ```
/// use chrono::Utc;
/// use scim_core::SchemaSet;
/// use scim_service::{Context, MemoryStore, Read, Store, StoreError};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, schemas) = (MemoryStore::new(), SchemaSet::builtin());
/// let (users, id) = (schemas.user().ok_or("no users")?, "2819c223".parse()?);
/// let cx = Context::internal("example", Utc::now());
/// assert!(matches!(store.read(&cx, Read::new(users, &id)).await, Err(StoreError::NotFound)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Read<'a> {
    /// The resource type.
    pub of: &'a TypeSchema,
    /// Which resource.
    pub id: &'a ResourceId,
    /// What the caller wants to see of the resource.
    pub want: &'a Projection,
}

impl<'a> Read<'a> {
    /// Reads a resource.
    pub fn new(of: &'a TypeSchema, id: &'a ResourceId) -> Self {
        Self { of, id, want: &DEFAULT }
    }

    /// Asks for these attributes of the resource.
    #[must_use]
    pub fn with_want(self, want: &'a Projection) -> Self {
        Self { want, ..self }
    }
}

/// Queries the resources of one type (RFC 7644 section 3.4.2).
///
/// ```
/// use scim_core::SchemaSet;
/// use scim_filter::Filter;
/// use scim_service::{List, Start};
///
/// let schemas = SchemaSet::builtin();
/// let users = schemas.user().ok_or("no users")?;
/// let named = "userName sw \"a\"".parse::<Filter>()?.check(users)?;
/// let list = List::new(users, 10).with_filter(&named).with_start(Start::Index(11));
/// assert!(list.looks_at("userName") && !list.looks_at("groups"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct List<'a> {
    /// The resource type.
    pub of: &'a TypeSchema,
    /// Which resources; `None` means all.
    pub filter: Option<&'a Predicate>,
    /// In which order; `None` means by `id`.
    pub sort: Option<&'a Sort>,
    /// Where the page is.
    pub start: Start,
    /// The largest page; 0 asks for the total alone.
    pub count: u64,
    /// What the caller wants to see of the resources.
    pub want: &'a Projection,
    /// The page ends before a resource with which its resources would hold more bytes of JSON than this, but for the first.
    /// A store that does not look at it is slower than it could be, not wrong.
    pub bytes: usize,
}

impl<'a> List<'a> {
    /// The first `count` resources of a type by `id`, with all that is returned by default.
    pub fn new(of: &'a TypeSchema, count: u64) -> Self {
        Self { of, filter: None, sort: None, start: Start::Index(1), count, want: &DEFAULT, bytes: usize::MAX }
    }

    /// Only the resources that this selects; `None` means all.
    #[must_use]
    pub fn with_filter(self, filter: impl Into<Option<&'a Predicate>>) -> Self {
        Self { filter: filter.into(), ..self }
    }

    /// In this order; `None` means by `id`.
    #[must_use]
    pub fn with_sort(self, sort: impl Into<Option<&'a Sort>>) -> Self {
        Self { sort: sort.into(), ..self }
    }

    /// The page that starts here.
    #[must_use]
    pub fn with_start(self, start: Start) -> Self {
        Self { start, ..self }
    }

    /// Asks for these attributes of the resources.
    #[must_use]
    pub fn with_want(self, want: &'a Projection) -> Self {
        Self { want, ..self }
    }

    /// Bounds the bytes of JSON that the resources of the page hold together.
    #[must_use]
    pub fn with_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// Whether the evaluator has to see this common or base attribute, because filter or sort look at it. What a store
    /// computes at some cost, such as `members`, it can leave out of the evaluation otherwise.
    pub fn looks_at(&self, attribute: &str) -> bool {
        self.filter.is_some_and(|filter| filter.mentions(attribute)) || self.sorts_by(attribute)
    }

    /// The members of a resource that filter and sort look at: attributes, and extensions by their URI. Who evaluates a query
    /// needs no others.
    pub fn members_looked_at(&self) -> HashSet<String> {
        let compared = self.filter.into_iter().flat_map(Predicate::targets);
        let compared = compared.chain(self.sort.map(|sort| sort.path().clone()));
        compared.map(|target: AttributeRef| target.uri().unwrap_or(target.name()).to_owned()).collect()
    }

    /// Whether the resources of the page need this base attribute: because the caller wants it, or because they are
    /// sorted by it, and where the next page begins is read from the last of this one.
    pub fn shows(&self, attribute: &str) -> bool {
        let wanted = || self.of.base().attribute(attribute).is_some_and(|known| self.want.wants(None, known));
        self.sorts_by(attribute) || wanted()
    }

    fn sorts_by(&self, attribute: &str) -> bool {
        self.sort.is_some_and(|sort| sort.path().is_in(attribute))
    }
}

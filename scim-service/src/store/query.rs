//! What the page of a query holds.

use scim_core::Resource;

use crate::store::List;

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
    /// How many resources the query selects altogether. Always known for [`Start::Index`](crate::Start::Index); for the other starts a store
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

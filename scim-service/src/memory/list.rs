//! Queries: candidates from the index where there is one, else every resource of the type, in the order of the ids.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use scim_core::{Resource, TypeSchema, ValueRef};
use scim_filter::{Budget, BudgetExceeded, Predicate, Sort, SortKey, lower};

use super::entry::Entry;
use super::id::Id;
use super::lookup::{Lookup, Selection};
use super::table::Table;
use super::tenant::{Relations, Tenant};
use crate::pace::Pace;
use crate::store::{List, ListPage, PageBuilder, PageBytes, Start, StoreError};

/// What stored entries do not hold themselves.
const COMPUTED: [&str; 2] = ["members", "groups"];

/// What it costs to put an element of `members` or `groups` together.
const REFERENCE: u64 = 8;

impl Tenant {
    pub(super) async fn list(&self, query: &List<'_>, budget: &Budget) -> Result<ListPage, StoreError> {
        let of = query.of;
        let empty = Table::default();
        let table = self.tables.get(of.resource_type().name()).unwrap_or(&empty);
        let scan = Scan::new(self, table, of, query, budget)?;
        let (entries, total_results) = match query.sort {
            None => scan.by_id(query).await?,
            Some(sort) => scan.sorted(query, sort).await?,
        };
        let relations = Relations { members: query.shows("members"), groups: query.shows("groups") };
        let mut page = ListPage { total_results, ..ListPage::default() };
        let mut bytes = PageBytes::of(query);
        let mut pace = Pace::new(budget);
        let backwards = matches!(query.start, Start::Before(_));
        let mut entries = entries.into_iter();
        while let Some(entry) = if backwards { entries.next_back() } else { entries.next() } {
            let (resource, computed) = self.computed(of, entry, relations);
            // All else is shared with the store.
            let made = computed.and_then(|name| resource.get(name)).map_or(0, ValueRef::json_size);
            if !bytes.takes(made) {
                page.ends_early = true;
                break;
            }
            page.resources.push(resource);
            if page.resources.len().is_multiple_of(PROJECTED) {
                pace.pause().await;
            }
        }
        if backwards {
            page.resources.reverse();
        }
        Ok(page)
    }
}

/// How many resources are copied for a page before others get their turn.
const PROJECTED: usize = 16;

/// Entries in the order of their ids.
type Entries<'s, 'a> = Box<dyn DoubleEndedIterator<Item = &'a Entry> + Send + 's>;

/// A query under way.
struct Scan<'a> {
    tenant: &'a Tenant,
    table: &'a Table,
    of: &'a TypeSchema,
    budget: &'a Budget,
    /// The only ids that the filter can select; `None` where the index does not tell.
    candidates: Option<BTreeSet<Id>>,
    /// What of the filter is left for the evaluator.
    residual: Option<Predicate>,
    /// What the evaluator has to see besides what is stored.
    relations: Relations,
    /// Whether the evaluator needs only what is stored, and whether of that `meta`.
    stored_alone: bool,
    sees_meta: bool,
}

impl<'a> Scan<'a> {
    /// Refuses a filter that would be too much work.
    fn new(
        tenant: &'a Tenant,
        table: &'a Table,
        of: &'a TypeSchema,
        query: &List<'_>,
        budget: &'a Budget,
    ) -> Result<Self, BudgetExceeded> {
        let (candidates, residual) = match query.filter {
            None => (None, None),
            Some(filter) => {
                let lowered = lower(filter, &Lookup::new(table, &tenant.membership, of));
                match lowered.pushed {
                    Some(Selection::Only(ids)) => (Some(ids), lowered.residual),
                    _ => (None, Some(filter.clone())),
                }
            }
        };
        let relations = Relations { members: query.looks_at("members"), groups: query.looks_at("groups") };
        let stored_alone = !COMPUTED.iter().any(|name| query.looks_at(name));
        let scan = Self {
            tenant,
            table,
            of,
            budget,
            candidates,
            residual,
            relations,
            stored_alone,
            sees_meta: query.looks_at("meta"),
        };
        let whole = query.sort.is_some() || matches!(query.start, Start::Index(_));
        if whole && let Some(filter) = &scan.residual {
            budget.check(filter.steps(scan.most() as u64))?;
        }
        Ok(scan)
    }

    /// How many resources the query selects at most.
    fn most(&self) -> usize {
        self.candidates.as_ref().map_or(self.table.len(), BTreeSet::len)
    }

    /// How many resources the query selects, where that needs no look at them.
    fn total(&self) -> Option<u64> {
        let everything = self.candidates.is_none() && self.residual.is_none();
        everything.then_some(self.table.len() as u64)
    }

    async fn by_id(&self, query: &List<'_>) -> Result<(Vec<&'a Entry>, Option<u64>), StoreError> {
        let count = usize::try_from(query.count).unwrap_or(usize::MAX);
        let all = self.total();
        let (from, to, mut skipped, backwards) = match &query.start {
            Start::Index(index) => {
                let skipped = usize::try_from(index.saturating_sub(1)).unwrap_or(usize::MAX);
                (Bound::Unbounded, Bound::Unbounded, skipped, false)
            }
            Start::After(position) => (Bound::Excluded(position.id.as_str()), Bound::Unbounded, 0, false),
            Start::Before(position) => (Bound::Unbounded, Bound::Excluded(position.id.as_str()), 0, true),
        };
        // Whoever pages by index is told how many there are.
        let counts = matches!(query.start, Start::Index(_)) && all.is_none();
        let mut found = Vec::new();
        if !counts && (count == 0 || skipped >= self.most()) {
            return Ok((found, all));
        }
        // Where nothing is filtered, the rank tells where the page begins.
        let first = if all.is_some() && skipped > 0 { self.table.at(std::mem::take(&mut skipped)) } else { None };
        let from = first.map_or(from, |id| Bound::Included(&**id));
        let mut total = 0_u64;
        let mut pace = Pace::new(self.budget);
        let entries = self.entries(from, to);
        let entries: Entries<'_, 'a> = if backwards { Box::new(entries.rev()) } else { entries };
        for entry in entries {
            pace.rest().await;
            if self.view_of(entry)?.is_none() {
                continue;
            }
            total += 1;
            if skipped > 0 {
                skipped -= 1;
            } else if found.len() < count {
                found.push(entry);
            }
            if !counts && found.len() == count {
                break;
            }
        }
        if backwards {
            found.reverse();
        }
        Ok((found, if counts { Some(total) } else { all }))
    }

    async fn sorted(&self, query: &List<'_>, sort: &Sort) -> Result<(Vec<&'a Entry>, Option<u64>), StoreError> {
        let mut page = PageBuilder::new(query).among(self.most());
        let has_room = page.has_room();
        if !has_room && let Some(all) = self.total() {
            return Ok((Vec::new(), Some(all)));
        }
        let mut pace = Pace::new(self.budget);
        for entry in self.entries(Bound::Unbounded, Bound::Unbounded) {
            pace.rest().await;
            let Some(view) = self.view_of(entry)? else { continue };
            let key = has_room.then(|| sort.sort_key_of(&view));
            self.budget.spend(sort.steps(&view) + key.as_ref().map_or(0, SortKey::steps))?;
            page.push(key, &entry.id, entry);
        }
        let (entries, total) = page.finish();
        Ok((entries, Some(total)))
    }

    /// The candidates among the ids in a range, in their order.
    fn entries<'s>(&'s self, from: Bound<&str>, to: Bound<&str>) -> Entries<'s, 'a> {
        let table: &'a Table = self.table;
        match &self.candidates {
            Some(ids) => {
                let found = ids.range::<str, _>((from, to)).filter_map(move |id| table.get(id));
                Box::new(found.map(Arc::as_ref))
            }
            None => Box::new(table.range(from, to)),
        }
    }

    /// What filter and sort see of an entry; `None` where the query does not select it.
    fn view_of<'e>(&self, entry: &'e Entry) -> Result<Option<Cow<'e, Resource>>, BudgetExceeded> {
        let view = if self.stored_alone && !self.sees_meta {
            Cow::Borrowed(entry.content())
        } else if self.stored_alone {
            Cow::Owned(entry.resource(self.of))
        } else {
            let view = self.tenant.shown(self.of, entry, self.relations);
            let elements = |name: &&str| view.get(name).map(|value| value.elements().count());
            let references = COMPUTED.iter().filter_map(elements);
            self.budget.spend(REFERENCE + REFERENCE * references.sum::<usize>() as u64)?;
            Cow::Owned(view)
        };
        match &self.residual {
            Some(filter) => Ok(filter.matches_within(&view, self.budget)?.then_some(view)),
            None => Ok(Some(view)),
        }
    }
}

//! Queries: candidates from the index where there is one, else every resource of the type, in the order of the ids.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;

use scim_core::{Attribute, TypeSchema};
use scim_filter::{Predicate, Sort, lower};

use super::Id;
use super::entry::Entry;
use super::lookup::{Lookup, Selection};
use super::tenant::{Relations, Table, Tenant};
use crate::store::{ListPage, ListQuery, Position, Start, page};

/// What stored entries do not hold themselves.
const COMPUTED: [&str; 4] = ["id", "meta", "members", "groups"];

impl Tenant {
    pub(super) fn list(&self, of: &TypeSchema, query: &ListQuery) -> ListPage {
        let empty = Table::default();
        let table = self.tables.get(of.resource_type().name()).unwrap_or(&empty);
        let scan = Scan::new(self, table, of, query);
        let (entries, total_results) = match &query.sort {
            None => scan.by_id(query),
            Some(sort) => scan.sorted(query, sort),
        };
        let relations = Relations { members: query.shows(of, "members"), groups: query.shows(of, "groups") };
        let shown = |attribute: &Attribute| query.shows(of, attribute.name());
        let resources = entries.into_iter().map(|entry| self.projected(of, entry, relations, shown)).collect();
        ListPage { resources, total_results }
    }
}

/// A query under way.
struct Scan<'a> {
    tenant: &'a Tenant,
    table: &'a Table,
    of: &'a TypeSchema,
    /// The only ids that the filter can select; `None` where the index does not tell.
    candidates: Option<BTreeSet<Id>>,
    /// What of the filter is left for the evaluator.
    residual: Option<Predicate>,
    /// What the evaluator has to see besides what is stored.
    relations: Relations,
    /// Whether the evaluator needs only what is stored.
    stored_alone: bool,
}

impl<'a> Scan<'a> {
    fn new(tenant: &'a Tenant, table: &'a Table, of: &'a TypeSchema, query: &ListQuery) -> Self {
        let (candidates, residual) = match &query.filter {
            None => (None, None),
            Some(filter) => {
                let lowered = lower(filter, &Lookup(|path: &_, value| table.index.find(of, path, value)));
                match lowered.pushed {
                    Some(Selection::Only(ids)) => (Some(ids), lowered.residual),
                    _ => (None, Some(filter.clone())),
                }
            }
        };
        let relations = Relations { members: query.looks_at("members"), groups: query.looks_at("groups") };
        let stored_alone = !COMPUTED.iter().any(|name| query.looks_at(name));
        Self { tenant, table, of, candidates, residual, relations, stored_alone }
    }

    fn by_id(&self, query: &ListQuery) -> (Vec<&'a Entry>, Option<u64>) {
        let count = usize::try_from(query.count).unwrap_or(usize::MAX);
        let everything = self.candidates.is_none() && self.residual.is_none();
        let all = everything.then_some(self.table.entries.len() as u64);
        match &query.start {
            Start::Index(index) => {
                let skipped = usize::try_from(index.saturating_sub(1)).unwrap_or(usize::MAX);
                let selected = self.selected(Bound::Unbounded, Bound::Unbounded);
                if all.is_some() {
                    return (selected.skip(skipped).take(count).collect(), all);
                }
                let mut total = 0_usize;
                let mut found = Vec::new();
                for entry in selected {
                    if total >= skipped && found.len() < count {
                        found.push(entry);
                    }
                    total += 1;
                }
                (found, Some(total as u64))
            }
            Start::After(position) => {
                (self.selected(Bound::Excluded(&position.id), Bound::Unbounded).take(count).collect(), all)
            }
            Start::Before(position) => {
                let before = self.selected(Bound::Unbounded, Bound::Excluded(&position.id));
                let mut found: Vec<_> = before.rev().take(count).collect();
                found.reverse();
                (found, all)
            }
        }
    }

    fn sorted(&self, query: &ListQuery, sort: &Sort) -> (Vec<&'a Entry>, Option<u64>) {
        let row = |entry: &'a Entry| {
            let key = if self.stored_alone {
                sort.key(&entry.resource).map(Cow::into_owned)
            } else {
                sort.key(&self.tenant.shown(self.of, entry, self.relations)).map(Cow::into_owned)
            };
            (Position { key, id: entry.id.as_str().to_owned() }, entry)
        };
        let rows: Vec<_> = self.selected(Bound::Unbounded, Bound::Unbounded).map(row).collect();
        let total = rows.len() as u64;
        let rows = page(rows, Some(sort), &query.start, query.count);
        (rows.into_iter().map(|(_, entry)| entry).collect(), Some(total))
    }

    /// What the query selects among the ids in a range, in their order.
    fn selected(&self, from: Bound<&str>, to: Bound<&str>) -> Box<dyn DoubleEndedIterator<Item = &'a Entry> + '_> {
        let entries = &self.table.entries;
        if let Some(ids) = &self.candidates {
            let found = ids.range::<str, _>((from, to)).filter_map(move |id| entries.get(id));
            Box::new(found.map(Arc::as_ref).filter(|entry| self.selects(entry)))
        } else {
            let found = entries.range::<_, str>((from, to)).map(|(_, entry)| entry.as_ref());
            Box::new(found.filter(|entry| self.selects(entry)))
        }
    }

    fn selects(&self, entry: &Entry) -> bool {
        match &self.residual {
            None => true,
            Some(filter) if self.stored_alone => filter.matches(&entry.resource),
            Some(filter) => filter.matches(&self.tenant.shown(self.of, entry, self.relations)),
        }
    }
}

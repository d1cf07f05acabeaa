//! The resources of one type.

use std::borrow::Cow;
use std::ops::Bound;
use std::sync::Arc;

use imbl::{OrdMap, Vector};
use scim_core::{AttributeRef, Resource, TypeSchema};

use super::entry::Entry;
use super::id::Id;
use super::index::{Index, Indexed, indexed, indexed_unlike};
use crate::store::StoreError;

/// The resources of one type, found by id, by rank, and by the values that are indexed.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    entries: OrdMap<Id, Arc<Entry>>,
    /// The ids in their order: what a page that starts at an index begins with.
    order: Vector<Id>,
    index: Index,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<Entry>> {
        self.entries.get(id)
    }

    /// The resource to be changed, if it is here. Its indexed values must stay.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Arc<Entry>> {
        self.entries.get_mut(id)
    }

    /// The id that so many others are before.
    pub(super) fn at(&self, rank: usize) -> Option<&Id> {
        self.order.get(rank)
    }

    /// The entries in a range of ids.
    pub(super) fn range<'s>(
        &'s self,
        from: Bound<&str>,
        to: Bound<&str>,
    ) -> impl DoubleEndedIterator<Item = &'s Entry> + Send + use<'s> {
        self.entries.range::<_, str>((from, to)).map(|(_, entry)| entry.as_ref())
    }

    /// Adds a resource.
    pub(super) fn insert(&mut self, of: &TypeSchema, entry: Entry) -> Result<(), StoreError> {
        self.claim(of, None, &entry)?;
        // Ids are issued in their order, so this is the end.
        let rank = match self.order.last() {
            Some(last) if *last > entry.id => self.order.binary_search(&entry.id).unwrap_or_else(|rank| rank),
            _ => self.order.len(),
        };
        if rank == self.order.len() {
            self.order.push_back(entry.id.clone());
        } else {
            self.order.insert(rank, entry.id.clone());
        }
        self.entries.insert(entry.id.clone(), Arc::new(entry));
        Ok(())
    }

    /// Puts a resource in the place of what it was.
    pub(super) fn replace(&mut self, of: &TypeSchema, old: &Entry, new: Entry) -> Result<(), StoreError> {
        self.claim(of, Some(old.content()), &new)?;
        self.entries.insert(new.id.clone(), Arc::new(new));
        Ok(())
    }

    /// Takes a resource out.
    pub(super) fn remove(&mut self, of: &TypeSchema, entry: &Entry) {
        for (value, _) in indexed(of, entry.content()) {
            self.index.remove(&value, &entry.id);
        }
        if let Ok(rank) = self.order.binary_search(&entry.id) {
            self.order.remove(rank);
        }
        self.entries.remove(&entry.id);
    }

    /// Records the values of a resource in place of those it had; fails where one that must be unique is another's.
    fn claim(&mut self, of: &TypeSchema, old: Option<&Resource>, new: &Entry) -> Result<(), StoreError> {
        let (before, after) = match old {
            None => (Vec::new(), indexed(of, new.content())),
            Some(old) => indexed_unlike(of, old, new.content()),
        };
        let added = || after.iter().filter(|value| !before.contains(value));
        for (value, unique) in added() {
            if *unique && self.holders(of, value).any(|holder| *holder != new.id) {
                return Err(StoreError::Uniqueness { attribute: value.path() });
            }
        }
        for (value, _) in before.iter().filter(|value| !after.contains(value)) {
            self.index.remove(value, &new.id);
        }
        for (value, _) in added() {
            self.index.insert(value, &new.id);
        }
        Ok(())
    }

    /// The resources that have a value, in the order of their ids.
    fn holders<'s>(&'s self, of: &'s TypeSchema, value: &'s Indexed<'s>) -> impl Iterator<Item = &'s Id> {
        let has = move |entry: &Arc<Entry>| value.is_of(of, entry.content());
        self.index.candidates(value).filter(move |id| self.get(id).is_some_and(has))
    }

    /// At most so many of the resources that have a value; `None` where the attribute has no index.
    pub(super) fn find(&self, of: &TypeSchema, path: &AttributeRef, key: Cow<'_, str>, most: usize) -> Option<Vec<Id>> {
        let value = Indexed::asked(path, key)?;
        Some(self.holders(of, &value).take(most).cloned().collect())
    }
}

//! What a database says of its own tables.

use std::collections::{BTreeMap, BTreeSet};

/// The tables of a database, as far as they matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Catalogue {
    /// The tables and their columns.
    pub(crate) tables: BTreeMap<String, BTreeSet<String>>,
    /// The tables whose `id` comes from the column itself when an insert names none.
    pub(crate) own_ids: BTreeSet<String>,
    /// The sequences.
    pub(crate) sequences: BTreeSet<String>,
    /// The character columns that can't hold every character of Unicode, as `table.column`.
    pub(crate) narrow: BTreeSet<String>,
}

impl Catalogue {
    pub(super) fn add(&mut self, table: String, column: String) {
        self.tables.entry(table).or_default().insert(column);
    }
}

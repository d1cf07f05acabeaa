//! What a filter's equality tests say of the ids it can select.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;

use scim_core::{AttributeRef, TypeSchema};
use scim_filter::{ElementPredicate, Lower, Operand, Operator, Test, lower_element, lower_parts};

use super::id::Id;
use super::membership::Membership;
use super::table::Table;
use super::tenant::{is_group, is_user};

/// A set of ids, or all but a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    Only(BTreeSet<Id>),
    Except(BTreeSet<Id>),
}

/// The most ids that one query takes from the indexes. What more resources share hardly tells them apart: then every
/// resource is looked at, in order, and nothing is collected.
const MOST_FOUND: usize = 10_000;

/// Lowers equality tests of indexed attributes, and of members and groups by their ids, to selections.
pub(super) struct Lookup<'a> {
    table: &'a Table,
    membership: &'a Membership,
    of: &'a TypeSchema,
    /// How many ids may still be taken.
    room: Cell<usize>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(table: &'a Table, membership: &'a Membership, of: &'a TypeSchema) -> Self {
        Self { table, membership, of, room: Cell::new(MOST_FOUND) }
    }

    /// The ids that have one of these values; `None` where the indexes do not tell, or too many have it.
    fn found<'t>(&self, path: &AttributeRef, tests: impl IntoIterator<Item = &'t Test>) -> Option<Selection> {
        let mut ids = BTreeSet::new();
        for test in tests {
            if test.operator() != Operator::Eq {
                return None;
            }
            ids.extend(self.holders(path, test)?);
        }
        Some(Selection::Only(ids))
    }

    fn holders(&self, path: &AttributeRef, test: &Test) -> Option<Vec<Id>> {
        let room = self.room.get();
        let found: Vec<Id> = match test.operand() {
            Operand::Text(text) if path.top_level() == Some("id") => vec![Id::from(&**text)],
            Operand::Text(text) if self.is_related(path) => self.related(path, text, test.case_exact(), room)?,
            Operand::Text(text) => self.table.find(self.of, path, Cow::Borrowed(text), room + 1)?,
            Operand::Integer(number) => self.table.find(self.of, path, number.to_string().into(), room + 1)?,
            Operand::Bool(false) if path.top_level() == Some("active") => {
                self.table.find(self.of, path, "false".into(), room + 1)?
            }
            _ => return None,
        };
        self.room.set(room.checked_sub(found.len())?);
        Some(found)
    }

    /// Whether the path is the id of members or of groups.
    fn is_related(&self, path: &AttributeRef) -> bool {
        let name = if is_group(self.of) { "members" } else { "groups" };
        path.is_in(name) && path.sub() == Some("value") && (is_group(self.of) || is_user(self.of))
    }

    /// The groups that have a member of this id, or the users in a group of this id.
    fn related(&self, path: &AttributeRef, id: &str, case_exact: bool, room: usize) -> Option<Vec<Id>> {
        match path.name() {
            "members" => Some(self.membership.groups_of_any(id, case_exact)),
            // Groups have ids that were issued here: folding leaves them as they are.
            _ => self.membership.within(id, room),
        }
    }
}

impl Lower for Lookup<'_> {
    type Output = Selection;

    fn compare(&self, test: &Test) -> Option<Selection> {
        self.found(test.path(), [test])
    }

    fn any_of(&self, tests: &[Test]) -> Option<Selection> {
        self.found(tests.first()?.path(), tests)
    }

    fn present(&self, _: &AttributeRef) -> Option<Selection> {
        None
    }

    fn value_path(&self, _: &AttributeRef, filter: &ElementPredicate) -> Option<Selection> {
        lower_element(filter, &Element { lookup: self }).flatten()
    }

    fn narrow(&self, _: &AttributeRef, filter: &ElementPredicate) -> Option<Selection> {
        lower_parts(filter, &Element { lookup: self }).into_iter().flatten().reduce(Selection::and)
    }

    fn and(&self, parts: Vec<Selection>) -> Selection {
        parts.into_iter().fold(Selection::Except(BTreeSet::new()), Selection::and)
    }

    fn or(&self, parts: Vec<Selection>) -> Selection {
        parts.into_iter().fold(Selection::Except(BTreeSet::new()), |all, part| all.and(part.not())).not()
    }

    fn not(&self, part: Selection) -> Selection {
        part.not()
    }
}

/// The body of a value path that asks for the `value` of an element alone. The index does not know whether two tests hold
/// for one element.
struct Element<'a> {
    lookup: &'a Lookup<'a>,
}

impl Lower for Element<'_> {
    /// `None`: the index does not tell.
    type Output = Option<Selection>;

    fn compare(&self, test: &Test) -> Option<Self::Output> {
        self.any_of(std::slice::from_ref(test))
    }

    fn any_of(&self, tests: &[Test]) -> Option<Self::Output> {
        let path = tests.first()?.path();
        (path.sub() == Some("value")).then(|| self.lookup.found(path, tests))
    }

    fn present(&self, _: &AttributeRef) -> Option<Self::Output> {
        None
    }

    fn value_path(&self, _: &AttributeRef, _: &ElementPredicate) -> Option<Self::Output> {
        None
    }

    fn and(&self, _: Vec<Self::Output>) -> Self::Output {
        None
    }

    fn or(&self, _: Vec<Self::Output>) -> Self::Output {
        None
    }

    fn not(&self, _: Self::Output) -> Self::Output {
        None
    }
}

impl Selection {
    fn not(self) -> Self {
        match self {
            Self::Only(ids) => Self::Except(ids),
            Self::Except(ids) => Self::Only(ids),
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(a), Self::Only(b)) => Self::Only(a.intersection(&b).cloned().collect()),
            (Self::Only(only), Self::Except(except)) | (Self::Except(except), Self::Only(only)) => {
                Self::Only(only.difference(&except).cloned().collect())
            }
            (Self::Except(a), Self::Except(b)) => Self::Except(a.union(&b).cloned().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(ids: &[&str]) -> Selection {
        Selection::Only(ids.iter().map(|id| Id::from(*id)).collect())
    }

    #[test]
    fn selections_follow_the_rules_of_sets() {
        let schemas = scim_core::SchemaSet::builtin();
        let of = schemas.group().unwrap();
        let (table, membership) = (Table::default(), Membership::default());
        let target = Lookup::new(&table, &membership, of);
        assert_eq!(target.and(vec![only(&["a", "b"]), only(&["b", "c"])]), only(&["b"]));
        assert_eq!(target.or(vec![only(&["a"]), only(&["b"])]), only(&["a", "b"]));
        assert_eq!(target.and(vec![only(&["a", "b"]), target.not(only(&["b"]))]), only(&["a"]));
        assert_eq!(target.or(vec![only(&["a"]), target.not(only(&["a", "b"]))]), target.not(only(&["b"])));
    }
}

//! What a filter's equality tests say of the ids it can select.

use std::collections::BTreeSet;

use scim_filter::{ElementPredicate, Lower, Operand, Operator, ResolvedPath, Test};

use super::Id;

/// A set of ids, or all but a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    Only(BTreeSet<Id>),
    Except(BTreeSet<Id>),
}

/// Lowers equality tests of indexed attributes to selections.
pub(super) struct Lookup<F>(
    /// The ids with this value of an attribute; `None` where the index does not tell.
    pub(super) F,
);

impl<F: Fn(&ResolvedPath, String) -> Option<BTreeSet<Id>>> Lower for Lookup<F> {
    type Output = Selection;

    fn compare(&self, test: &Test) -> Option<Selection> {
        let path = test.path();
        if test.operator() != Operator::Eq || path.multi_valued() {
            return None;
        }
        let found = match test.operand() {
            Operand::Text(text) if path.as_top_level() == Some("id") => BTreeSet::from([Id::from(&**text)]),
            Operand::Text(text) => (self.0)(path, text.to_string())?,
            Operand::Integer(number) => (self.0)(path, number.to_string())?,
            _ => return None,
        };
        Some(Selection::Only(found))
    }

    fn present(&self, _: &ResolvedPath) -> Option<Selection> {
        None
    }

    fn value_path(&self, _: &ResolvedPath, _: &ElementPredicate) -> Option<Selection> {
        None
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
        let target = Lookup(|_: &ResolvedPath, _: String| None);
        assert_eq!(target.and(vec![only(&["a", "b"]), only(&["b", "c"])]), only(&["b"]));
        assert_eq!(target.or(vec![only(&["a"]), only(&["b"])]), only(&["a", "b"]));
        assert_eq!(target.and(vec![only(&["a", "b"]), target.not(only(&["b"]))]), only(&["a"]));
        assert_eq!(target.or(vec![only(&["a"]), target.not(only(&["a", "b"]))]), target.not(only(&["b"])));
    }
}

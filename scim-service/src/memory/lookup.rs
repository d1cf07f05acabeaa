//! What a filter's equality tests say of the ids it can select.

use std::collections::BTreeSet;

use scim_filter::{ElementPredicate, Lower, Operand, Operator, ResolvedPath, Test};

/// A set of ids, or all but a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    Only(BTreeSet<String>),
    Except(BTreeSet<String>),
}

/// Lowers equality tests of indexed attributes to selections.
pub(super) struct Lookup<F>(
    /// The ids with this value of a unique attribute; `None` where the attribute has no index.
    pub(super) F,
);

impl<F: Fn(&str, &str) -> Option<BTreeSet<String>>> Lower for Lookup<F> {
    type Output = Selection;

    fn compare(&self, test: &Test) -> Option<Selection> {
        let path = test.path();
        let found = match (test.operator(), test.operand()) {
            (Operator::Eq, Operand::Text(text)) if path.as_top_level() == Some("id") => {
                BTreeSet::from([text.to_string()])
            }
            (Operator::Eq, Operand::Text(text)) if !path.multi_valued() => (self.0)(path.as_top_level()?, text)?,
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
        Selection::Only(ids.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn selections_follow_the_rules_of_sets() {
        let target = Lookup(|_: &str, _: &str| None);
        assert_eq!(target.and(vec![only(&["a", "b"]), only(&["b", "c"])]), only(&["b"]));
        assert_eq!(target.or(vec![only(&["a"]), only(&["b"])]), only(&["a", "b"]));
        assert_eq!(target.and(vec![only(&["a", "b"]), target.not(only(&["b"]))]), only(&["a"]));
        assert_eq!(target.or(vec![only(&["a"]), target.not(only(&["a", "b"]))]), target.not(only(&["b"])));
    }
}

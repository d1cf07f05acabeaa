//! What is to be given and taken so that somebody holds what the rules give, and no manual grant is touched.

use std::collections::{BTreeMap, BTreeSet};

/// The difference between what is due and what is held.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settlement<K> {
    /// Due, and not held.
    pub(crate) give: BTreeSet<K>,
    /// Held because the rules gave it, and no longer due.
    pub(crate) take: BTreeSet<K>,
    /// Recorded as given, and held no longer: somebody took it manually. It is no longer ours, until it is given again.
    pub(crate) forget: BTreeSet<K>,
    /// Due and held because the rules gave it, on the word of somebody else.
    pub(crate) restate: BTreeSet<K>,
}

impl<K: Clone + Ord> Settlement<K> {
    /// Compares what is `due`, by whose word, with what is `held` and what of it the rules gave before. What somebody granted manually
    /// stays, and is not ours even where it is due; what somebody took manually is given again.
    pub(crate) fn of<W: PartialEq>(due: &BTreeMap<K, W>, held: &BTreeSet<K>, ours: &BTreeMap<K, W>) -> Self {
        let is_held = |key: &&K| held.contains(*key);
        let restated = |(key, word): &(&K, &W)| is_held(key) && ours.get(*key).is_some_and(|given| given != *word);
        Self {
            give: due.keys().filter(|key| !is_held(key)).cloned().collect(),
            take: ours.keys().filter(|key| is_held(key) && !due.contains_key(*key)).cloned().collect(),
            forget: ours.keys().filter(|key| !is_held(key)).cloned().collect(),
            restate: due.iter().filter(restated).map(|(key, _)| key.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_one_fate() {
        let words = |pairs: &[(&'static str, &'static str)]| pairs.iter().copied().collect::<BTreeMap<_, _>>();
        let due = words(&[("new", "a"), ("kept", "a"), ("moved", "b"), ("manual", "a"), ("again", "a")]);
        let ours = words(&[("kept", "a"), ("moved", "a"), ("old", "a"), ("again", "a"), ("lost", "a")]);
        let held = BTreeSet::from(["kept", "moved", "old", "manual", "other"]);
        let set = |keys: &[&'static str]| keys.iter().copied().collect::<BTreeSet<_>>();
        let expected = Settlement {
            give: set(&["again", "new"]),
            take: set(&["old"]),
            forget: set(&["again", "lost"]),
            restate: set(&["moved"]),
        };
        assert_eq!(Settlement::of(&due, &held, &ours), expected);
    }
}

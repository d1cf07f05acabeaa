//! Ways of memberships from somebody to the groups above, and who asserts each step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use scim_core::Source;

/// Most different ways to one group that are told apart. What a further one would add is not believed.
const MAX_CHAINS: usize = 64;

/// Memberships: who is in which group, and who says so.
#[derive(Debug, Default)]
pub(crate) struct Edges {
    above: BTreeMap<String, BTreeMap<String, Source>>,
}

/// How somebody is in a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Way {
    /// Whether by a membership of their own.
    pub(crate) direct: bool,
    /// The sources of each way that no other way makes unnecessary.
    pub(crate) chains: Vec<BTreeSet<Source>>,
}

impl Way {
    /// Adds a chain, unless one that asks for less is there. Whoever believes fewer believes more.
    fn add(&mut self, chain: &BTreeSet<Source>) -> bool {
        if self.chains.iter().any(|known| known.is_subset(chain)) {
            return false;
        }
        self.chains.retain(|known| !chain.is_subset(known));
        if self.chains.len() == MAX_CHAINS {
            return false;
        }
        self.chains.push(chain.clone());
        true
    }
}

impl Edges {
    pub(crate) fn add(&mut self, member: String, group: String, source: Source) {
        self.above.entry(member).or_default().insert(group, source);
    }

    /// The ids of all groups, each once.
    #[cfg(any(feature = "_store", test))]
    pub(crate) fn groups(&self) -> Vec<String> {
        self.above.values().flat_map(BTreeMap::keys).collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }

    /// The groups above somebody. A cycle adds no shorter chain, so it ends.
    pub(crate) fn above(&self, member: &str) -> BTreeMap<&str, Way> {
        let mut ways: BTreeMap<&str, Way> = BTreeMap::new();
        let mut open: VecDeque<(&str, BTreeSet<Source>)> = VecDeque::from([(member, BTreeSet::new())]);
        while let Some((at, chain)) = open.pop_front() {
            for (group, source) in self.above.get(at).into_iter().flatten() {
                let way = ways.entry(group).or_default();
                way.direct |= at == member;
                let mut longer = chain.clone();
                longer.insert(source.clone());
                if way.add(&longer) {
                    open.push_back((group, longer));
                }
            }
        }
        ways
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(edges: &[(&str, &str, &str)]) -> Edges {
        let mut all = Edges::default();
        for (member, group, client) in edges {
            all.add((*member).to_owned(), (*group).to_owned(), Source::client(client));
        }
        all
    }

    fn chains(edges: &Edges, group: &str) -> Vec<String> {
        let ways = edges.above("u");
        let text = |chain: &BTreeSet<Source>| chain.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
        let mut chains: Vec<String> = ways[group].chains.iter().map(text).collect();
        chains.sort();
        chains
    }

    #[test]
    fn a_chain_has_the_sources_of_all_its_memberships() {
        let edges = edges(&[("u", "a", "okta"), ("a", "b", "entra"), ("b", "c", "okta"), ("u", "d", "entra")]);
        assert_eq!(chains(&edges, "a"), ["client:okta"]);
        assert_eq!(chains(&edges, "c"), ["client:entra+client:okta"]);
        let ways = edges.above("u");
        assert_eq!(ways.iter().filter(|(_, way)| way.direct).map(|(id, _)| *id).collect::<Vec<_>>(), ["a", "d"]);
        assert_eq!(edges.groups(), ["a", "b", "c", "d"]);
    }

    #[test]
    fn two_ways_are_told_apart_and_a_longer_one_of_the_same_sources_is_dropped() {
        let ways =
            [("u", "a", "okta"), ("a", "c", "okta"), ("u", "b", "entra"), ("b", "c", "entra"), ("a", "b", "entra")];
        assert_eq!(chains(&edges(&ways), "c"), ["client:entra", "client:okta"]);
        assert_eq!(chains(&edges(&ways), "b"), ["client:entra"]);
    }

    #[test]
    fn cycles_end() {
        let edges = edges(&[
            ("u", "a", "okta"),
            ("a", "b", "entra"),
            ("b", "a", "okta"),
            ("a", "a", "entra"),
            ("b", "u", "okta"),
        ]);
        assert_eq!(chains(&edges, "a"), ["client:okta"]);
        assert_eq!(chains(&edges, "b"), ["client:entra+client:okta"]);
    }
}

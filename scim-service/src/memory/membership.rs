//! Who is in which group, as a relation.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Group and member pairs, found from both ends. Ids only: what a member is and is called, its own entry knows.
#[derive(Debug, Default)]
pub(super) struct Membership {
    /// Group to members; the value is the type that the client gave, for ids that no resource has.
    members: HashMap<String, BTreeMap<String, Option<String>>>,
    groups: HashMap<String, BTreeSet<String>>,
}

/// A group that a resource is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InGroup {
    pub(super) group: String,
    pub(super) direct: bool,
}

impl Membership {
    /// The members of a group, by id.
    pub(super) fn members(&self, group: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
        let members = self.members.get(group).into_iter().flatten();
        members.map(|(member, kind)| (member.as_str(), kind.as_deref()))
    }

    /// Adds a pair; false where it was there.
    pub(super) fn add(&mut self, group: &str, member: &str, kind: Option<&str>) -> bool {
        let members = self.members.entry(group.to_owned()).or_default();
        if members.contains_key(member) {
            return false;
        }
        members.insert(member.to_owned(), kind.map(str::to_owned));
        self.groups.entry(member.to_owned()).or_default().insert(group.to_owned())
    }

    /// Removes a pair; false where it was not there.
    pub(super) fn remove(&mut self, group: &str, member: &str) -> bool {
        if let Some(groups) = self.groups.get_mut(member) {
            groups.remove(group);
            if groups.is_empty() {
                self.groups.remove(member);
            }
        }
        let Some(members) = self.members.get_mut(group) else { return false };
        let removed = members.remove(member).is_some();
        if members.is_empty() {
            self.members.remove(group);
        }
        removed
    }

    /// The groups that a resource is directly in.
    pub(super) fn direct_groups(&self, member: &str) -> Vec<String> {
        self.groups.get(member).into_iter().flatten().cloned().collect()
    }

    /// The groups that a resource is in, directly first (R051). A cycle ends where it closes.
    pub(super) fn all_groups(&self, member: &str) -> Vec<InGroup> {
        let mut found: Vec<InGroup> =
            self.direct_groups(member).into_iter().map(|group| InGroup { group, direct: true }).collect();
        let mut seen: HashSet<String> = found.iter().map(|in_group| in_group.group.clone()).collect();
        let mut next = 0;
        while let Some(InGroup { group, .. }) = found.get(next) {
            let outer = self.direct_groups(group);
            next += 1;
            for group in outer {
                if seen.insert(group.clone()) {
                    found.push(InGroup { group, direct: false });
                }
            }
        }
        found
    }

    /// These resources and all that are in them, directly or through other groups.
    pub(super) fn with_descendants(&self, roots: impl IntoIterator<Item = String>) -> BTreeSet<String> {
        let mut waiting: Vec<String> = roots.into_iter().collect();
        let mut found = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if found.contains(&id) {
                continue;
            }
            waiting.extend(self.members(&id).map(|(member, _)| member.to_owned()));
            found.insert(id);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(pairs: &[(&str, &str)]) -> Membership {
        let mut membership = Membership::default();
        for (group, member) in pairs {
            assert!(membership.add(group, member, None));
        }
        membership
    }

    #[test]
    fn r051_direct_and_indirect_groups_are_told_apart_and_a_cycle_ends() {
        let membership = relation(&[("g1", "u"), ("g2", "g1"), ("g1", "g2")]);
        let groups = membership.all_groups("u");
        assert_eq!(
            groups,
            [InGroup { group: "g1".into(), direct: true }, InGroup { group: "g2".into(), direct: false }]
        );
        assert_eq!(membership.with_descendants(["g2".to_owned()]).len(), 3);
    }

    #[test]
    fn a_pair_is_there_once_and_removed_from_both_ends() {
        let mut membership = relation(&[("g", "u")]);
        assert!(!membership.add("g", "u", None));
        assert!(membership.remove("g", "u") && !membership.remove("g", "u"));
        assert!(membership.direct_groups("u").is_empty());
        assert_eq!(membership.members("g").count(), 0);
    }
}

//! Who is in which group, as a relation.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use super::Id;

/// Group and member pairs, found from both ends. Ids only: what a member is and is called, its own entry knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Membership {
    /// Group and member; the value is the type that the client gave, for ids that no resource has.
    members: OrdMap<(Id, Id), Option<Arc<str>>>,
    /// Member and group.
    groups: OrdSet<(Id, Id)>,
}

/// A group that a resource is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InGroup {
    pub(super) group: Id,
    pub(super) direct: bool,
}

impl Membership {
    /// The members of a group, by id.
    pub(super) fn members(&self, group: &str) -> impl Iterator<Item = (&Id, Option<&str>)> {
        let group = Id::from(group);
        let rows = self.members.range((group.clone(), Id::default())..);
        rows.take_while(move |((of, _), _)| *of == group).map(|((_, member), kind)| (member, kind.as_deref()))
    }

    /// Adds a pair; false where it was there.
    pub(super) fn add(&mut self, group: &Id, member: &Id, kind: Option<&str>) -> bool {
        let pair = (group.clone(), member.clone());
        if self.members.contains_key(&pair) {
            return false;
        }
        self.members.insert(pair, kind.map(Arc::from));
        self.groups.insert((member.clone(), group.clone()));
        true
    }

    /// Removes a pair; false where it was not there.
    pub(super) fn remove(&mut self, group: &Id, member: &Id) -> bool {
        self.groups.remove(&(member.clone(), group.clone()));
        self.members.remove(&(group.clone(), member.clone())).is_some()
    }

    /// The groups that a resource is directly in.
    pub(super) fn direct_groups(&self, member: &str) -> Vec<Id> {
        let member = Id::from(member);
        let rows = self.groups.range((member.clone(), Id::default())..);
        rows.take_while(|(of, _)| *of == member).map(|(_, group)| group.clone()).collect()
    }

    /// The groups that a resource is in, directly first (R051). A cycle ends where it closes.
    pub(super) fn all_groups(&self, member: &str) -> Vec<InGroup> {
        let mut found: Vec<InGroup> =
            self.direct_groups(member).into_iter().map(|group| InGroup { group, direct: true }).collect();
        let mut seen: HashSet<Id> = found.iter().map(|in_group| in_group.group.clone()).collect();
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
    pub(super) fn with_descendants(&self, roots: impl IntoIterator<Item = Id>) -> BTreeSet<Id> {
        let mut waiting: Vec<Id> = roots.into_iter().collect();
        let mut found = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if found.insert(id.clone()) {
                waiting.extend(self.members(&id).map(|(member, _)| member.clone()));
            }
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
            assert!(membership.add(&Id::from(*group), &Id::from(*member), None));
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
        assert_eq!(membership.with_descendants(["g2".into()]).len(), 3);
    }

    #[test]
    fn a_pair_is_there_once_and_removed_from_both_ends() {
        let (g, u) = (Id::from("g"), Id::from("u"));
        let mut membership = relation(&[("g", "u"), ("g", "v"), ("ga", "u")]);
        assert!(!membership.add(&g, &u, None));
        assert!(membership.remove(&g, &u) && !membership.remove(&g, &u));
        assert_eq!(membership.direct_groups("u"), [Id::from("ga")]);
        assert_eq!(membership.members("g").map(|(member, _)| &**member).collect::<Vec<_>>(), ["v"]);
    }
}

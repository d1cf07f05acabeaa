//! Who is in which group, as a relation.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use scim_core::Provenance;
use scim_filter::fold;

use super::id::Id;

/// Group and member pairs, found from both ends. Ids only: what a member is and is called, its own entry knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Membership {
    /// Group and member.
    members: OrdMap<(Id, Id), Pair>,
    /// Member and group.
    groups: OrdSet<(Id, Id)>,
    /// Folded id and id of the members that differ from it. None that was issued here does.
    folded: OrdSet<(Id, Id)>,
}

/// What is known of a member of a group.
#[derive(Clone, Debug)]
struct Pair {
    /// The type that the client gave, for ids that no resource has.
    kind: Option<Arc<str>>,
    /// Who asserts the membership.
    by: Arc<Provenance>,
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
        rows.take_while(move |((of, _), _)| *of == group).map(|((_, member), pair)| (member, pair.kind.as_deref()))
    }

    /// Whether the members of a group are others than these.
    pub(super) fn differs(&self, group: &str, members: &[(Id, Option<String>)]) -> bool {
        let wanted: BTreeSet<&str> = members.iter().map(|(member, _)| &**member).collect();
        !self.members(group).map(|(member, _)| &**member).eq(wanted)
    }

    /// Adds a pair that somebody asserts; false where it was there, which then stays as it is.
    pub(super) fn add(&mut self, group: &Id, member: &Id, kind: Option<&str>, by: &Arc<Provenance>) -> bool {
        let pair = (group.clone(), member.clone());
        if self.members.contains_key(&pair) {
            return false;
        }
        self.members.insert(pair, Pair { kind: kind.map(Arc::from), by: by.clone() });
        self.groups.insert((member.clone(), group.clone()));
        let folded = fold(member);
        if folded != **member {
            self.folded.insert((Id::from(&*folded), member.clone()));
        }
        true
    }

    /// Makes somebody else the one who asserts a pair that is there.
    pub(super) fn reassert(&mut self, group: &Id, member: &Id, by: &Arc<Provenance>) {
        let pair = (group.clone(), member.clone());
        if self.members.get(&pair).is_some_and(|pair| pair.by != *by)
            && let Some(pair) = self.members.get_mut(&pair)
        {
            pair.by = by.clone();
        }
    }

    /// The groups that a resource is directly in, and who says so.
    pub(super) fn asserted_groups(&self, member: &str) -> impl Iterator<Item = (Id, &Provenance)> {
        let groups = self.direct_groups(member).into_iter();
        let member = Id::from(member);
        groups.filter_map(move |group| {
            let pair = self.members.get(&(group.clone(), member.clone()))?;
            Some((group, &*pair.by))
        })
    }

    /// Removes a pair; false where it was not there.
    pub(super) fn remove(&mut self, group: &Id, member: &Id) -> bool {
        self.groups.remove(&(member.clone(), group.clone()));
        let was_there = self.members.remove(&(group.clone(), member.clone())).is_some();
        if was_there && !self.folded.is_empty() && self.direct_groups(member).is_empty() {
            self.folded.remove(&(Id::from(&*fold(member)), member.clone()));
        }
        was_there
    }

    /// The groups that a resource is directly in.
    pub(super) fn direct_groups(&self, member: &str) -> Vec<Id> {
        if self.groups.is_empty() {
            return Vec::new();
        }
        let rows = self.groups.range((Id::from(member), Id::default())..);
        rows.take_while(|(of, _)| **of == *member).map(|(_, group)| group.clone()).collect()
    }

    /// The groups that directly hold a member of this id, which is folded unless it is to be exact.
    pub(super) fn groups_of_any(&self, id: &str, exact: bool) -> Vec<Id> {
        let mut groups = Vec::new();
        if exact || fold(id) == id {
            groups = self.direct_groups(id);
        }
        if !exact {
            let id = Id::from(id);
            let rows = self.folded.range((id.clone(), Id::default())..).take_while(|(folded, _)| *folded == id);
            groups.extend(rows.flat_map(|(_, member)| self.direct_groups(member)));
        }
        groups
    }

    /// What is in a group, directly or through others; `None` for more than `most`.
    pub(super) fn within(&self, group: &str, most: usize) -> Option<Vec<Id>> {
        let mut waiting = vec![Id::from(group)];
        let mut found = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            for (member, _) in self.members(&id) {
                if found.insert(member.clone()) {
                    waiting.push(member.clone());
                }
                if found.len() > most {
                    return None;
                }
            }
        }
        Some(found.into_iter().collect())
    }

    /// The groups that a resource is in, directly first (R051). A cycle ends where it closes.
    pub(super) fn all_groups(&self, member: &str) -> Vec<InGroup> {
        let mut found: Vec<InGroup> =
            self.direct_groups(member).into_iter().map(|group| InGroup { group, direct: true }).collect();
        if found.is_empty() {
            return found;
        }
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

    fn by(name: &str) -> Arc<Provenance> {
        Arc::new(Provenance::new(scim_core::Source::client(name)))
    }

    fn relation(pairs: &[(&str, &str)]) -> Membership {
        let mut membership = Membership::default();
        for (group, member) in pairs {
            assert!(membership.add(&Id::from(*group), &Id::from(*member), None, &by("okta")));
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
    fn x7_groups_are_found_by_their_members_whatever_the_case_and_users_by_their_groups() {
        let mut membership = relation(&[("g1", "U1"), ("g2", "u1"), ("g3", "u2"), ("g4", "g1")]);
        assert_eq!(membership.groups_of_any("u1", false), [Id::from("g2"), Id::from("g1")]);
        assert_eq!(membership.groups_of_any("U1", true), [Id::from("g1")]);
        assert_eq!(membership.within("g4", 10), Some(vec![Id::from("U1"), Id::from("g1")]));
        assert_eq!(membership.within("g4", 1), None);
        assert!(membership.remove(&Id::from("g1"), &Id::from("U1")));
        assert_eq!(membership.groups_of_any("u1", false), [Id::from("g2")]);
        assert!(membership.folded.is_empty());
    }

    #[test]
    fn a_pair_is_there_once_and_removed_from_both_ends() {
        let (g, u) = (Id::from("g"), Id::from("u"));
        let mut membership = relation(&[("g", "u"), ("g", "v"), ("ga", "u")]);
        assert!(!membership.add(&g, &u, None, &by("entra")));
        assert!(membership.remove(&g, &u) && !membership.remove(&g, &u));
        assert_eq!(membership.direct_groups("u"), [Id::from("ga")]);
        assert_eq!(membership.members("g").map(|(member, _)| &**member).collect::<Vec<_>>(), ["v"]);
    }

    #[test]
    fn whoever_adds_a_member_asserts_it_until_somebody_else_does() {
        let mut membership = relation(&[("g", "u")]);
        let asserted =
            |membership: &Membership| membership.asserted_groups("u").map(|(_, by)| by.to_string()).collect::<Vec<_>>();
        membership.add(&Id::from("g"), &Id::from("u"), None, &by("entra"));
        assert_eq!(asserted(&membership), ["client:okta"]);
        membership.reassert(&Id::from("g"), &Id::from("u"), &by("entra"));
        membership.reassert(&Id::from("g"), &Id::from("v"), &by("entra"));
        assert_eq!(asserted(&membership), ["client:entra"]);
        assert!(membership.asserted_groups("v").next().is_none());
    }
}

//! What a patch does to the members of a group, as a difference.

use serde_json::Value;

use crate::plan::operation::{Effect, Operation, Patch};
use crate::plan::relate::Relate;

/// The members that a patch adds and removes, whatever the group has. No id is in both.
///
/// Ids regard case (R040). A member that is there already stays as it is when it is added, and a member that is not there
/// is no error when it is removed (R133, R153): a store inserts and deletes rows of a relation, and has changed the group
/// if there was a row to insert or to delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MembershipDelta {
    /// Whether the group's other members go: it then has exactly those in `add`.
    pub replace_all: bool,
    /// Members to add, in the order of their ids.
    pub add: Vec<Member>,
    /// Ids of members to remove, in order; empty with `replace_all`.
    pub remove: Vec<String>,
}

/// A member to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The id of the resource.
    pub value: String,
    /// The type, where the client gave one.
    pub kind: Option<String>,
}

impl MembershipDelta {
    /// The ids that come and those that go.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.add.iter().map(|member| member.value.as_str()).chain(self.remove.iter().map(String::as_str))
    }

    /// The difference, when the operations do nothing else. The check has made one operation of all that name members by
    /// their ids.
    fn of(operations: &[Operation]) -> Option<Self> {
        let [operation] = operations else { return None };
        let place = &operation.place;
        match &operation.effect {
            Effect::Relate(relate) if place.is_in("members") => Some(relate.into()),
            _ => None,
        }
    }

    /// Whether nothing is added and nothing removed.
    pub fn is_empty(&self) -> bool {
        !self.replace_all && self.add.is_empty() && self.remove.is_empty()
    }
}

impl Patch {
    /// What the patch does to the members of a group, when that is all it does: a store can then write the difference
    /// without reading the group, whatever its size. `None` when the patch does more, or selects members by anything but
    /// their id.
    ///
    /// ```
    /// use scim_core::{Profile, SchemaSet, Tolerance};
    /// use scim_core::message::PatchOp;
    /// use scim_patch::Patch;
    /// use serde_json::json;
    ///
    /// let schemas = SchemaSet::builtin();
    /// let group = schemas.group().unwrap();
    /// let message = json!({
    ///     "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    ///     "Operations": [
    ///         {"op": "add", "path": "members", "value": [{"value": "ada"}, {"value": "grace"}]},
    ///         {"op": "remove", "path": "members[value eq \"ada\"]"}
    ///     ]
    /// });
    /// let message = PatchOp::from_json(message, &mut Tolerance::rfc(), 100)?;
    /// let delta = Patch::check(&message, group, &Profile::rfc())?.membership_delta().unwrap();
    /// assert_eq!((delta.add[0].value.as_str(), delta.remove), ("grace", vec!["ada".to_owned()]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn membership_delta(&self) -> Option<MembershipDelta> {
        MembershipDelta::of(&self.operations)
    }
}

impl From<&Relate> for MembershipDelta {
    fn from(relate: &Relate) -> Self {
        let member = |(id, element): (&str, &Value)| Member {
            value: id.to_owned(),
            kind: element.get("type").and_then(Value::as_str).map(str::to_owned),
        };
        let add: Vec<Member> = relate.added().map(member).collect();
        // What is removed and added again is there in the end.
        let stays =
            |id: &str| relate.replace_all || add.binary_search_by(|member| member.value.as_str().cmp(id)).is_ok();
        let remove = relate.removed().filter(|id| !stays(id)).map(str::to_owned).collect();
        Self { replace_all: relate.replace_all, add, remove }
    }
}

#[cfg(test)]
mod tests {
    use scim_core::message::PatchOp;
    use scim_core::{Profile, SchemaSet, Tolerance};
    use serde_json::json;

    use super::*;

    fn delta(operations: &Value) -> Option<MembershipDelta> {
        let schemas = SchemaSet::builtin();
        let profile = Profile::compatible();
        let message = json!({"schemas": [scim_core::urn::PATCH_OP], "Operations": operations});
        let message = PatchOp::from_json(message, &mut Tolerance::new(&profile), 100).unwrap();
        Patch::check(&message, schemas.group().unwrap(), &profile).unwrap().membership_delta()
    }

    fn ids(delta: &MembershipDelta) -> (Vec<&str>, Vec<&str>) {
        (delta.add.iter().map(|m| m.value.as_str()).collect(), delta.remove.iter().map(String::as_str).collect())
    }

    #[test]
    fn every_way_to_name_members_counts_and_the_last_word_wins() {
        let found = delta(&json!([
            {"op": "add", "path": "members", "value": [{"value": "a"}, {"value": "b"}]},
            {"op": "remove", "path": "members[value eq \"a\"]"},
            {"op": "Remove", "path": "members", "value": [{"value": "c"}]},
            {"op": "add", "value": {"members": [{"value": "d"}]}}
        ]))
        .unwrap();
        assert_eq!(ids(&found), (vec!["b", "d"], vec!["a", "c"]));
        assert!(!found.replace_all);
    }

    #[test]
    fn replace_and_remove_all_start_anew() {
        let found = delta(&json!([
            {"op": "add", "path": "members", "value": [{"value": "a"}]},
            {"op": "remove", "path": "members"},
            {"op": "add", "path": "members", "value": [{"value": "b", "type": "Group"}]}
        ]))
        .unwrap();
        assert!(found.replace_all);
        assert_eq!(found.add, [Member { value: "b".into(), kind: Some("Group".into()) }]);
    }

    #[test]
    fn a_patch_that_does_more_has_no_delta() {
        assert_eq!(delta(&json!([{"op": "replace", "path": "displayName", "value": "x"}])), None);
        assert_eq!(delta(&json!([{"op": "remove", "path": "members[type eq \"User\"]"}])), None);
    }
}

//! What a patch does to the members of a group, as a difference.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::elements::is_relation;
use crate::operation::{Effect, Operation, Selector};

/// The members that a patch adds and removes, whatever the group has. No id is in both.
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
    /// The difference, when the operations do nothing else.
    pub(crate) fn of(operations: &[Operation]) -> Option<Self> {
        let mut replace_all = false;
        let mut add: BTreeMap<String, Option<String>> = BTreeMap::new();
        let mut remove: BTreeSet<String> = BTreeSet::new();
        for operation in operations {
            let attribute = operation.place.attribute.as_ref()?;
            if operation.place.extension.is_some() || attribute.name() != "members" || !is_relation(attribute) {
                return None;
            }
            match &operation.effect {
                Effect::AddElements(values) => {
                    for (id, kind) in members(values)? {
                        remove.remove(&id);
                        add.entry(id).or_insert(kind);
                    }
                }
                Effect::ReplaceElements(values) => {
                    replace_all = true;
                    remove.clear();
                    add = members(values)?.into_iter().collect();
                }
                Effect::RemoveElements(values) => {
                    for (id, _) in members(values)? {
                        add.remove(&id);
                        remove.insert(id);
                    }
                }
                Effect::RemoveMatching(Selector { value: Some(id), .. }) => {
                    add.remove(id);
                    remove.insert(id.clone());
                }
                _ => return None,
            }
        }
        if operations.is_empty() {
            return None;
        }
        if replace_all {
            remove.clear();
        }
        let add = add.into_iter().map(|(value, kind)| Member { value, kind }).collect();
        Some(Self { replace_all, add, remove: remove.into_iter().collect() })
    }
}

/// Id and type of each element; `None` when one has no id.
fn members(values: &[Value]) -> Option<Vec<(String, Option<String>)>> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    values.iter().map(|value| Some((text(value, "value")?, text(value, "type")))).collect()
}

#[cfg(test)]
mod tests {
    use scim_core::{Leniencies, PatchOp, Profile, ResourceTypeName, SchemaSet};
    use serde_json::json;

    use super::*;
    use crate::Patch;

    fn delta(operations: &Value) -> Option<MembershipDelta> {
        let schemas = SchemaSet::builtin();
        let profile = Profile::compatible();
        let message = json!({"schemas": [scim_core::urn::PATCH_OP], "Operations": operations});
        let message = PatchOp::from_json(message, &profile, &mut Leniencies::default(), 100).unwrap();
        Patch::check(&message, schemas.of(&ResourceTypeName::group()).unwrap(), &profile).unwrap().membership_delta()
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

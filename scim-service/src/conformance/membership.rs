//! Who is in which group: guarantee 8.

use scim_core::{Resource, ValueRef};
use serde_json::{Value, json};

use super::fixture::{Trial, each, sorted};
use crate::store::Precondition;

const ANY: &Precondition = &Precondition::None;

fn members(group: &Resource) -> Vec<String> {
    each(group, "members", "value")
}

/// `direct` and `indirect` groups of a user, each sorted.
fn groups(user: &Resource) -> [Vec<String>; 2] {
    ["direct", "indirect"].map(|kind| {
        let elements = user.get("groups").into_iter().flat_map(ValueRef::elements);
        let of_kind =
            elements.filter(|element| element.get("type").and_then(ValueRef::as_str).as_deref() == Some(kind));
        let mut ids: Vec<String> =
            of_kind.filter_map(|group| Some(group.get("value")?.as_str()?.into_owned())).collect();
        ids.sort();
        ids
    })
}

/// Guarantee 8: however often a member is named, it is there once.
pub fn p08_a_member_appears_once(trial: &Trial<'_>) {
    if trial.lacks("Group", &["displayName", "members.type"]) || trial.lacks("User", &["groups"]) {
        return;
    }
    let ada = trial.user("ada");
    let group = trial.group("group", &[&ada, &ada]);
    assert_eq!(members(&trial.read("Group", &group)), [ada.as_str()], "guarantee 8: a member was created twice");
    trial.add_member(&group, &ada).expect("guarantee 8: a member may be added again");
    assert_eq!(members(&trial.read("Group", &group)), [ada.as_str()], "guarantee 8: a member was added twice");
    let twice = json!({"displayName": "group", "members": [{"value": ada}, {"value": ada}]});
    let replaced = trial.replace("Group", &group, twice, ANY).expect("guarantee 8: a group can be replaced");
    assert_eq!(members(&replaced), [ada.as_str()], "guarantee 8: a member is there once");
    assert_eq!(groups(&trial.read("User", &ada))[0], [group.as_str()], "guarantee 8: a group is there once");
}

/// Guarantee 8: what the elements say is what the store knows of the resource, not what the client said.
pub fn p08_members_have_value_type_and_display(trial: &Trial<'_>) {
    if trial.lacks("Group", &["displayName", "members.type"]) || trial.lacks("User", &["groups"]) {
        return;
    }
    let ada = trial.user("ada");
    let inner = trial.group("inner", &[]);
    let said = json!([{"value": ada, "type": "User"}, {"value": inner, "type": "Group"}]);
    let outer = trial.create("Group", json!({"displayName": "outer", "members": said}));
    let outer = outer.expect("guarantee 8: a group can have members");
    for (id, kind, display) in [(&ada, "User", "ada"), (&inner, "Group", "inner")] {
        let elements = outer.get("members").into_iter().flat_map(ValueRef::elements);
        let element =
            elements.into_iter().find(|element| element.get("value").is_some_and(|value| value == id.as_str()));
        let element = element.expect("guarantee 8: every member is there");
        assert_eq!(element.get("type"), Some((&json!(kind)).into()), "guarantee 8: `type` says what the member is");
        if let Some(shown) = element.get("display") {
            assert_eq!(shown, display, "guarantee 8: `display` is what the member is called");
        }
    }
    let user = trial.read("User", &ada);
    assert_eq!(each(&user, "groups", "value").len(), 1, "guarantee 8: `groups` is computed from `members`");
}

/// Guarantee 8: a member id that no resource has is kept as it came (R015).
pub fn p08_an_id_that_nobody_has_is_kept(trial: &Trial<'_>) {
    if trial.lacks("Group", &["displayName", "members.type"]) || trial.lacks("User", &["groups"]) {
        return;
    }
    let group = trial.group("group", &["nobody", "no/body else"]);
    let group = trial.read("Group", &group);
    assert_eq!(members(&group), sorted(&["nobody", "no/body else"]), "guarantee 8: an id that nobody has is kept");
}

/// Guarantee 8: a patch adds, removes and replaces members, together with anything else.
pub fn p08_members_come_and_go_by_patch(trial: &Trial<'_>) {
    if trial.lacks("Group", &["displayName", "members.type"]) || trial.lacks("User", &["groups"]) {
        return;
    }
    let users = ["ada", "bea", "cleo"].map(|name| trial.user(name));
    let [ada, bea, cleo] = users.each_ref().map(String::as_str);
    let group = trial.group("group", &[ada]);
    let step = |operations: Value, expected: &[&str], what: &str| {
        let patched = trial.patch("Group", &group, &operations, ANY).expect("guarantee 8: members can be patched");
        assert_eq!(members(&patched), sorted(expected), "guarantee 8: {what}");
        assert_eq!(trial.read("Group", &group), patched, "guarantee 1: a write answers with what `get` answers");
        for user in users.iter().map(String::as_str) {
            let [direct, _] = groups(&trial.read("User", user));
            assert_eq!(!direct.is_empty(), expected.contains(&user), "guarantee 8: {what}: `groups` of the users");
        }
    };
    step(
        json!([{"op": "add", "path": "members", "value": [{"value": bea}, {"value": cleo}]}]),
        &[ada, bea, cleo],
        "add",
    );
    let remove = json!([{"op": "remove", "path": format!("members[value eq \"{bea}\"]")}]);
    step(remove, &[ada, cleo], "remove one");
    let both = json!([
        {"op": "add", "path": "members", "value": [{"value": bea}]},
        {"op": "remove", "path": format!("members[value eq \"{ada}\"]")}
    ]);
    step(both, &[bea, cleo], "add and remove");
    let renamed = json!([
        {"op": "replace", "path": "displayName", "value": "renamed"},
        {"op": "add", "path": "members", "value": [{"value": ada}]}
    ]);
    step(renamed, &[ada, bea, cleo], "rename and add");
    step(json!([{"op": "replace", "path": "displayName", "value": "again"}]), &[ada, bea, cleo], "rename alone");
    step(json!([{"op": "replace", "path": "members", "value": [{"value": cleo}]}]), &[cleo], "replace all");
    step(json!([{"op": "remove", "path": "members[type eq \"User\"]"}]), &[], "remove by type");
    step(json!([{"op": "add", "value": {"members": [{"value": ada}]}}]), &[ada], "add without a path");
    step(json!([{"op": "remove", "path": "members"}]), &[], "remove all");
}

/// Guarantee 8: a user is `direct` in the groups that name it, `indirect` in those around them.
pub fn p08_groups_are_direct_and_indirect(trial: &Trial<'_>) {
    if trial.lacks("Group", &["displayName", "members.type"]) || trial.lacks("User", &["groups"]) {
        return;
    }
    let ada = trial.user("ada");
    let inner = trial.group("inner", &[&ada]);
    let middle = trial.group("middle", &[&inner]);
    let outer = trial.group("outer", &[&middle]);
    let both = trial.group("both", &[&inner, &ada]);
    let [direct, indirect] = groups(&trial.read("User", &ada));
    assert_eq!(direct, sorted(&[&inner, &both]), "guarantee 8: the groups that name the user");
    assert_eq!(indirect, sorted(&[&middle, &outer]), "guarantee 8: the groups around them");
    trial.remove_member(&middle, &inner).expect("guarantee 8: a member can be removed");
    let [direct, indirect] = groups(&trial.read("User", &ada));
    assert_eq!(
        (direct, indirect),
        (sorted(&[&inner, &both]), vec![]),
        "guarantee 8: what led to the outer groups is gone"
    );
    let found = trial.select("User", &format!("groups.value eq \"{both}\""));
    assert_eq!(found, [ada], "guarantee 7: filters see `groups`");
}

/// Guarantee 8: groups may contain each other and themselves; every reading of them ends.
pub fn p08_groups_may_contain_each_other(trial: &Trial<'_>) {
    if trial.lacks("Group", &["displayName", "members.type"]) || trial.lacks("User", &["groups"]) {
        return;
    }
    let ada = trial.user("ada");
    let one = trial.group("one", &[&ada]);
    let two = trial.group("two", &[&one]);
    trial.add_member(&one, &two).expect("guarantee 8: groups may contain each other");
    trial.add_member(&two, &two).expect("guarantee 8: a group may contain itself");
    let [direct, indirect] = groups(&trial.read("User", &ada));
    assert_eq!((direct, indirect), (vec![one.clone()], vec![two.clone()]), "guarantee 8: a circle is followed once");
    assert_eq!(members(&trial.read("Group", &two)), sorted(&[&one, &two]), "guarantee 8: a group may contain itself");
    trial.set("Group", &one, "displayName", "renamed").expect("guarantee 8: a circle can be changed");
    trial.delete("Group", &one, ANY).expect("guarantee 8: a circle can be broken");
    assert_eq!(trial.read("User", &ada).get("groups"), None, "guarantee 8: without the group the user is in none");
}

/// Guarantee 8: whoever is deleted is a member no more, and a deleted group is nobody's.
pub fn p08_whoever_is_deleted_leaves_all_groups(trial: &Trial<'_>) {
    if trial.lacks("Group", &["displayName", "members.type"]) || trial.lacks("User", &["groups"]) {
        return;
    }
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    let one = trial.group("one", &[&ada, &bea]);
    let two = trial.group("two", &[&ada, &one]);
    trial.delete("User", &ada, ANY).expect("guarantee 10: a user can be deleted");
    assert_eq!(members(&trial.read("Group", &one)), [bea.as_str()], "guarantee 8: a deleted user leaves all groups");
    assert_eq!(members(&trial.read("Group", &two)), [one.as_str()], "guarantee 8: a deleted user leaves all groups");
    trial.delete("Group", &one, ANY).expect("guarantee 10: a group can be deleted");
    assert_eq!(trial.read("Group", &two).get("members"), None, "guarantee 8: a deleted group leaves all groups");
    assert_eq!(trial.read("User", &bea).get("groups"), None, "guarantee 8: a deleted group has no members");
}

/// Guarantee 8: where a store tells who asserts memberships, it is whoever added the member last. A list of members that is sent back
/// leaves those that were there to whom they were.
pub fn p08_a_membership_is_asserted_by_whoever_added_it_last(trial: &Trial<'_>) {
    if trial.lacks("Group", &["displayName", "members.value"]) {
        return;
    }
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    let (one, two) = (trial.group("one", &[&ada, &bea]), trial.by("other").group("two", &[&ada]));
    let Some(told) = trial.memberships(&ada) else { return };
    let mut expected = vec![(one.clone(), "client:conformance".to_owned()), (two.clone(), "client:other".to_owned())];
    expected.sort();
    assert_eq!(told, expected, "guarantee 8: whoever creates a group asserts its members");
    let members = json!([{"value": ada}, {"value": bea}]);
    let whole = json!({"displayName": "renamed", "members": members});
    trial.by("other").replace("Group", &one, whole, ANY).expect("guarantee 8: a group may be replaced");
    let asserted = |member: &str| {
        let told = trial.memberships(member).unwrap_or_default();
        told.into_iter().find(|(group, _)| *group == one).map(|(_, source)| source)
    };
    assert_eq!(
        asserted(&ada).as_deref(),
        Some("client:conformance"),
        "guarantee 8: a list that is sent back adds nobody"
    );
    trial.by("other").add_member(&one, &ada).expect("guarantee 8: a member may be added again");
    // Without PATCH that was a list, too.
    let by = if trial.applies_patches() { "client:other" } else { "client:conformance" };
    assert_eq!(asserted(&ada).as_deref(), Some(by), "guarantee 8: whoever adds a member asserts it");
    assert_eq!(asserted(&bea).as_deref(), Some("client:conformance"), "guarantee 8: nobody else is added");
    trial.by("other").remove_member(&one, &ada).expect("guarantee 8: a member can be removed");
    assert_eq!(asserted(&ada), None, "guarantee 8: who is removed is in the group no longer");
}

//! Roles follow what happens to users and groups.

use serde_json::json;

use super::trial::{RoleTrial, moved, references};

/// Whoever comes into a group holds its roles, and loses them with it; whoever is left without any has the default roles.
pub fn a_member_comes_and_goes_by_patch(trial: &RoleTrial<'_>) {
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    assert_eq!(trial.roles(&ada), ["Everybody"], "a user in no group has the default roles");
    let readers = trial.group("readers", &[]);
    assert_eq!(moved(&trial.add(&readers, &ada)), (vec!["Reader"], vec!["Everybody"]), "the change tells what moved");
    assert_eq!((trial.roles(&ada), trial.roles(&bea)), (vec!["Reader".into()], vec!["Everybody".into()]));
    assert_eq!(moved(&trial.add(&readers, &ada)), (vec![], vec![]), "who is there comes no second time");
    assert_eq!(moved(&trial.remove(&readers, &ada)), (vec!["Everybody"], vec!["Reader"]));
    assert_eq!(trial.roles(&ada), ["Everybody"], "who leaves a group loses what it gave");
}

/// The same by a list of members that is sent as a whole.
pub fn a_member_comes_and_goes_by_put(trial: &RoleTrial<'_>) {
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    let readers = trial.group("readers", &[&ada]);
    let others = json!({"displayName": "readers", "members": references(&[&bea])});
    trial.replace("Group", &readers, others).expect("a group can be replaced");
    assert_eq!((trial.roles(&ada), trial.roles(&bea)), (vec!["Everybody".into()], vec!["Reader".into()]));
    let operation = json!([{"op": "replace", "value": {"members": references(&[&ada]), "displayName": "writers"}}]);
    trial.patch("Group", &readers, &operation).expect("a group can be patched");
    assert_eq!(trial.roles(&ada), ["Reader", "Writer"], "name and members change together");
    assert_eq!(trial.roles(&bea), ["Everybody"], "name and members change together");
}

/// A group that is created with its members gives them its roles.
pub fn a_group_is_created_with_its_members(trial: &RoleTrial<'_>) {
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    trial.group("writers", &[&ada, &bea]);
    for user in [&ada, &bea] {
        assert_eq!(trial.roles(user), ["Reader", "Writer"], "a new group gives its members its roles");
    }
}

/// What two groups give is lost with the last of them.
pub fn a_user_moves_from_one_group_to_another(trial: &RoleTrial<'_>) {
    let ada = trial.user("ada");
    let (readers, writers) = (trial.group("readers", &[&ada]), trial.group("writers", &[]));
    trial.add(&writers, &ada);
    assert_eq!(moved(&trial.remove(&readers, &ada)), (vec![], vec![]), "the other group still gives the role");
    assert_eq!(trial.roles(&ada), ["Reader", "Writer"]);
    trial.remove(&writers, &ada);
    assert_eq!(trial.roles(&ada), ["Everybody"]);
}

/// A condition is asked again when the user changes.
pub fn conditions_follow_the_user(trial: &RoleTrial<'_>) {
    let change = trial.create("User", json!({"userName": "ada", "title": "auditor"})).expect("a user can be created");
    assert_eq!(moved(&change), (vec!["Auditor"], vec![]), "a new user has what conditions give");
    trial.set("User", &change.id, "title", &json!("actor")).expect("a user can be patched");
    assert_eq!(trial.roles(&change.id), ["Everybody"], "a condition no longer holds");
    let user = json!({"userName": "ada", "title": "auditor"});
    trial.replace("User", &change.id, user).expect("a user can be replaced");
    assert_eq!(trial.roles(&change.id), ["Auditor"], "a condition holds again");
}

/// A group that gets another name gives everybody in it other roles.
pub fn a_renamed_group_gives_other_roles(trial: &RoleTrial<'_>) {
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    let group = trial.group("readers", &[&ada]);
    let outer = trial.group("guests", &[&group, &bea]);
    trial.set("Group", &group, "displayName", &json!("writers")).expect("a group can be renamed");
    assert_eq!(trial.roles(&ada), ["Reader", "Writer"], "a new name gives other roles");
    trial.set("Group", &outer, "displayName", &json!("readers")).expect("a group can be renamed");
    assert_eq!(trial.roles(&bea), ["Reader"], "a new name gives other roles");
    trial.set("Group", &group, "displayName", &json!("nobody")).expect("a group can be renamed");
    assert_eq!(trial.roles(&ada), ["Reader"], "what the outer group gives stays");
}

/// With a group goes what it gave.
pub fn a_deleted_group_gives_nothing(trial: &RoleTrial<'_>) {
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    let inner = trial.group("readers", &[&ada]);
    let outer = trial.group("writers", &[&inner, &bea]);
    let change = trial.delete("Group", &outer).expect("a group can be deleted");
    assert_eq!(moved(&change).1, ["Reader", "Writer", "Writer"], "the change tells what was lost");
    assert_eq!((trial.roles(&ada), trial.roles(&bea)), (vec!["Reader".into()], vec!["Everybody".into()]));
    trial.delete("Group", &inner).expect("a group can be deleted");
    assert_eq!(trial.roles(&ada), ["Everybody"], "a deleted group gives nothing");
}

/// A user who is deleted holds nothing, however they came by it.
pub fn a_deleted_user_holds_nothing(trial: &RoleTrial<'_>) {
    let ada = trial.user("ada");
    trial.group("writers", &[&ada]);
    trial.grant_manually(&ada, "Auditor");
    let change = trial.delete("User", &ada).expect("a user who is deleted may hold roles");
    assert_eq!(moved(&change), (vec![], vec!["Auditor", "Reader", "Writer"]), "the change tells what was lost");
    assert_eq!(trial.roles(&ada), Vec::<String>::new(), "a user who is deleted holds nothing");
}

/// Whoever is deactivated loses everything, and has what rules give once they are back.
pub fn whoever_is_inactive_holds_nothing(trial: &RoleTrial<'_>) {
    let ada = trial.user("ada");
    let readers = trial.group("readers", &[&ada]);
    trial.grant_manually(&ada, "Auditor");
    trial.set("User", &ada, "active", &json!(false)).expect("a user can be deactivated");
    assert_eq!(trial.roles(&ada), Vec::<String>::new(), "whoever is inactive holds nothing");
    trial.remove(&readers, &ada);
    trial.group("writers", &[&ada]);
    assert_eq!(trial.roles(&ada), Vec::<String>::new(), "a group gives nothing to whoever is inactive");
    trial.set("User", &ada, "active", &json!(true)).expect("a user can be activated");
    assert_eq!(trial.roles(&ada), ["Reader", "Writer"], "whoever is back has what the rules give now");
    let inactive = trial.create("User", json!({"userName": "bea", "active": false})).expect("a user can be created");
    assert_eq!(trial.roles(&inactive.id), Vec::<String>::new(), "whoever is created inactive holds nothing");
}

/// Members of a group that is in another are within both. Groups may contain each other.
pub fn groups_in_groups_give_to_whoever_is_within(trial: &RoleTrial<'_>) {
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    let inner = trial.group("inner", &[&ada]);
    let middle = trial.group("middle", &[&inner]);
    let outer = trial.group("writers", &[&middle]);
    assert_eq!(trial.roles(&ada), ["Reader", "Writer"], "indirect members have what the outer group gives");
    trial.add(&inner, &bea);
    assert_eq!(trial.roles(&bea), ["Reader", "Writer"], "indirect members have what the outer group gives");
    trial.add(&inner, &outer);
    trial.remove(&middle, &inner);
    assert_eq!(trial.roles(&ada), ["Everybody"], "who left with a group is within no longer");
    trial.add(&middle, &inner);
    trial.remove(&outer, &middle);
    assert_eq!(trial.roles(&bea), ["Everybody"], "who left with a group is within no longer");
}

//! Versions, preconditions and all-or-nothing: guarantees 4, 5 and 6.

use scim_core::Version;
use serde_json::json;

use super::trial::{Trial, each, id_of, sorted, version_of};
use crate::store::{Precondition, StoreError};

const ANY: &Precondition = &Precondition::None;

/// Guarantee 4: each change of a resource moves its version and `lastModified`, never `created`.
pub fn p04_a_change_moves_version_and_time(trial: &Trial<'_>) {
    let user = trial.create("User", json!({"userName": "ada"})).expect("guarantee 1: a user can be created");
    let id = id_of(&user);
    let mut versions = vec![version_of(&user)];
    let mut last = user.meta().expect("guarantee 1: a resource has `meta`");
    for step in 0..3 {
        let title = format!("title {step}");
        let changed = match step {
            1 => trial.replace("User", &id, json!({"userName": "ada", "title": title}), ANY),
            _ => trial.set("User", &id, "title", &title),
        };
        let changed = changed.expect("guarantee 4: a user can be changed");
        assert_eq!(trial.read("User", &id), changed, "guarantee 1: a write answers with what `get` answers");
        let meta = changed.meta().expect("guarantee 1: a resource has `meta`");
        assert!(!versions.contains(&version_of(&changed)), "guarantee 4: a version was used again");
        assert_eq!(meta.created, last.created, "guarantee 4: `created` never changes");
        assert!(meta.last_modified > last.last_modified, "guarantee 4: `lastModified` moves with a write");
        versions.push(version_of(&changed));
        last = meta;
    }
}

/// Guarantee 4: a patch after which a resource says what it said before is no change.
pub fn p04_a_patch_that_changes_nothing_moves_nothing(trial: &Trial<'_>) {
    let ada = trial.user("ada");
    trial.set("User", &ada, "title", "Dr").expect("guarantee 4: a user can be changed");
    let group = trial.group("group", &[&ada]);
    let (user, before) = (trial.read("User", &ada), trial.read("Group", &group));
    trial.set("User", &ada, "title", "Dr").expect("guarantee 4: a patch may change nothing");
    trial.add_member(&group, &ada).expect("guarantee 4: a member may be added again");
    trial.remove_member(&group, "nobody").ok();
    trial.set("Group", &group, "displayName", "group").expect("guarantee 4: a patch may change nothing");
    assert_eq!(trial.read("User", &ada), user, "guarantee 4: a patch that changes nothing moves nothing");
    assert_eq!(trial.read("Group", &group), before, "guarantee 4: a patch that changes nothing moves nothing");
}

/// Guarantee 4: `groups` is part of a user. Its version moves when a group gains or loses the user, directly or through
/// another group, is renamed or deleted; `lastModified` does not.
pub fn p04_a_version_moves_with_the_users_groups(trial: &Trial<'_>) {
    let ada = trial.user("ada");
    let other = trial.read("User", &trial.user("bea"));
    let inner = trial.group("inner", &[]);
    let outer = trial.group("outer", &[]);
    let mut last = trial.read("User", &ada);
    let modified = last.meta().map(|meta| meta.last_modified);
    let mut moved = |what: &str| {
        let user = trial.read("User", &ada);
        assert_ne!(version_of(&user), version_of(&last), "guarantee 4: the version of a user moves when {what}");
        assert_eq!(
            user.meta().map(|meta| meta.last_modified),
            modified,
            "guarantee 4: `lastModified` is the user's own"
        );
        last = user;
    };
    trial.add_member(&inner, &ada).expect("guarantee 8: a member can be added");
    moved("a group gains it");
    trial.add_member(&outer, &inner).expect("guarantee 8: a group can be a member");
    moved("its group joins another");
    trial.set("Group", &outer, "displayName", "renamed").expect("guarantee 4: a group can be renamed");
    moved("a group around its group is renamed");
    trial.remove_member(&outer, &inner).expect("guarantee 8: a member can be removed");
    moved("its group leaves another");
    let members = json!({"displayName": "inner", "members": []});
    trial.replace("Group", &inner, members, ANY).expect("guarantee 4: a group can be replaced");
    moved("a group is replaced by one without it");
    let last = trial.group("last", &[&ada]);
    moved("a group is created with it");
    trial.delete("Group", &last, ANY).expect("guarantee 10: a group can be deleted");
    moved("its group is deleted");
    assert_eq!(trial.read("User", &id_of(&other)), other, "guarantee 4: whoever is in none of them stays as it is");
}

/// Guarantee 4: what a member is called is part of its groups.
pub fn p04_a_version_moves_with_what_members_are_called(trial: &Trial<'_>) {
    let ada = trial.user("ada");
    let group = trial.group("group", &[&ada]);
    let before = trial.read("Group", &group);
    trial.set("User", &ada, "displayName", "Ada King").expect("guarantee 4: a user can be renamed");
    let after = trial.read("Group", &group);
    if each(&after, "members", "display") == each(&before, "members", "display") {
        // Where the store knows no names of members, nothing has changed.
        return;
    }
    assert_ne!(
        version_of(&after),
        version_of(&before),
        "guarantee 4: the version of a group moves with its members' names"
    );
}

/// Guarantee 5: a write under a version that is not the current one is refused and changes nothing.
pub fn p05_a_stale_version_is_refused(trial: &Trial<'_>) {
    let user = trial.create("User", json!({"userName": "ada"})).expect("guarantee 1: a user can be created");
    let id = id_of(&user);
    let stale = Precondition::OneOf(user.version().into_iter().collect());
    let current = trial.set("User", &id, "title", "Dr").expect("guarantee 4: a user can be changed");
    let patch = json!([{"op": "replace", "path": "title", "value": "x"}]);
    let outcomes = [
        trial.replace("User", &id, json!({"userName": "eve"}), &stale).map(drop),
        trial.patch("User", &id, &patch, &stale).map(drop),
        trial.delete("User", &id, &stale),
    ];
    for (outcome, method) in outcomes.iter().zip(["replace", "patch", "delete"]) {
        let refused = matches!(outcome, Err(StoreError::PreconditionFailed));
        assert!(refused, "guarantee 5: `{method}` under a stale version gives {outcome:?}");
    }
    assert_eq!(trial.read("User", &id), current, "guarantee 5: a refused write changes nothing");
}

/// Guarantee 5: a write under several versions needs one of them.
pub fn p05_any_of_several_versions_will_do(trial: &Trial<'_>) {
    let user = trial.create("User", json!({"userName": "ada"})).expect("guarantee 1: a user can be created");
    let id = id_of(&user);
    let mut versions = vec![Version::new("no-such-version")];
    versions.extend(user.version());
    let patch = json!([{"op": "replace", "path": "title", "value": "Dr"}]);
    let patched = trial.patch("User", &id, &patch, &Precondition::OneOf(versions));
    let patched = patched.expect("guarantee 5: one version of several is enough");
    let current = Precondition::OneOf(patched.version().into_iter().collect());
    let replaced = trial.replace("User", &id, json!({"userName": "ada"}), &current);
    let replaced = replaced.expect("guarantee 5: the current version is enough");
    let current = Precondition::OneOf(replaced.version().into_iter().collect());
    trial.delete("User", &id, &current).expect("guarantee 5: the current version is enough");
}

/// Guarantee 6: where one operation of a patch fails, none has an effect.
pub fn p06_a_failed_patch_changes_nothing(trial: &Trial<'_>) {
    let ada = trial.user("ada");
    let group = trial.group("group", &[&ada]);
    let (user, before) = (trial.read("User", &ada), trial.read("Group", &group));
    let failing = json!([
        {"op": "replace", "path": "title", "value": "Dr"},
        {"op": "replace", "path": "emails[type eq \"none\"].value", "value": "x@example.com"}
    ]);
    let failed = trial.patch("User", &ada, &failing, ANY);
    assert!(matches!(failed, Err(StoreError::Patch(_))), "guarantee 6: a patch without a target fails: {failed:?}");
    assert_eq!(trial.read("User", &ada), user, "guarantee 6: a failed patch changes nothing");
    let failing = json!([
        {"op": "add", "path": "members", "value": [{"value": "somebody"}]},
        {"op": "replace", "path": "members[value eq \"nobody\"]", "value": {"value": "x"}}
    ]);
    let failed = trial.patch("Group", &group, &failing, ANY);
    assert!(matches!(failed, Err(StoreError::Patch(_))), "guarantee 6: a patch without a target fails: {failed:?}");
    assert_eq!(trial.read("Group", &group), before, "guarantee 6: a failed patch changes no member");
}

/// Guarantee 6: new content that is refused leaves all of the old, members too.
pub fn p06_a_failed_replace_changes_nothing(trial: &Trial<'_>) {
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    let group = trial.group("group", &[&ada]);
    let before = [trial.read("User", &ada), trial.read("User", &bea), trial.read("Group", &group)];
    let stale = Precondition::OneOf(vec![Version::new("no-such-version")]);
    let content = json!({"displayName": "other", "members": [{"value": bea}]});
    assert!(trial.replace("Group", &group, content, &stale).is_err(), "guarantee 5: a stale version is refused");
    assert!(
        trial.replace("User", &bea, json!({"userName": "ada"}), ANY).is_err(),
        "guarantee 3: a taken value is refused"
    );
    let after = [trial.read("User", &ada), trial.read("User", &bea), trial.read("Group", &group)];
    assert_eq!(after, before, "guarantee 6: an error means that nothing was written");
    assert_eq!(each(&after[2], "members", "value"), sorted(&[&ada]), "guarantee 6: the members are those of before");
}

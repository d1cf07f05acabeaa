//! From creation to deletion: guarantees 1, 9 and 10.

use std::collections::BTreeSet;

use scim_core::{ValueRef, urn};
use scim_patch::{Difference, Secret};
use serde_json::{Value, json};

use super::trial::{Trial, id_of, is_not_found, taken};
use crate::change::Written;
use crate::store::{Precondition, StoreError};

const ANY: &Precondition = &Precondition::None;

/// A way to write a user, known by id and name.
type Way<'w> = Box<dyn Fn(&str, &str) -> Result<Written, StoreError> + 'w>;

/// Guarantee 1: no two resources ever have the same id, not even after a deletion.
pub fn p01_create_issues_an_id_of_its_own(trial: &Trial<'_>) {
    let mut ids = BTreeSet::new();
    for round in 0..3 {
        for id in [trial.user(&format!("user{round}")), trial.group(&format!("group{round}"), &[])] {
            assert!(ids.insert(id), "guarantee 1: an id was issued twice");
        }
        if let Some(id) = ids.iter().find(|id| trial.get("User", id).is_ok()) {
            trial.delete("User", id, ANY).expect("guarantee 10: a resource can be deleted");
        }
    }
}

/// Guarantee 1: `meta` has the type, both times as the call has it, and a version.
pub fn p01_create_sets_meta(trial: &Trial<'_>) {
    let before = trial.now();
    let user = trial.create("User", json!({"userName": "ada"})).expect("guarantee 1: a user can be created");
    let after = trial.now();
    let meta = user.meta().expect("guarantee 1: `meta` has resourceType, created, lastModified and version");
    assert_eq!(meta.resource_type.as_str(), "User", "guarantee 1: `meta.resourceType` is the type");
    assert!(before < meta.created && meta.created < after, "guarantee 1: `meta.created` is the time of the call");
    assert_eq!(meta.created, meta.last_modified, "guarantee 1: a new resource was last modified when it was created");
}

/// Guarantee 1: what was sent is there, and `create` answers with what `get` answers.
pub fn p01_create_returns_what_get_returns(trial: &Trial<'_>) {
    let content = json!({
        "userName": "Ada", "name": {"givenName": "Ada", "familyName": "King"}, "active": false, "title": "Gräfin \u{1f451}",
        "emails": [{"value": "ada@example.com", "type": "work", "primary": true}, {"value": "a@example.org", "type": "home"}],
        "externalId": "e-1", urn::ENTERPRISE_USER: {"department": "Engines", "employeeNumber": "7"}
    });
    let user = trial.create("User", content.clone()).expect("guarantee 1: a user can be created");
    for (name, sent) in content.as_object().into_iter().flatten() {
        assert_eq!(user.get(name), Some(sent.into()), "guarantee 1: `{name}` is stored as it was sent");
    }
    assert_eq!(trial.read("User", &id_of(&user)), user, "guarantee 1: `create` answers with what `get` answers");
    let content = json!({"displayName": "Analysts", "members": [{"value": id_of(&user)}]});
    let group = trial.create("Group", content).expect("guarantee 1: a group can be created");
    assert_eq!(trial.read("Group", &id_of(&group)), group, "guarantee 1: `create` answers with what `get` answers");
}

/// Guarantee 1: an id names a resource of its type alone.
pub fn p01_an_id_is_of_one_type(trial: &Trial<'_>) {
    let user = trial.user("ada");
    assert!(is_not_found(&trial.get("Group", &user)), "guarantee 1: a user is no group");
    assert!(is_not_found(&trial.delete("Group", &user, ANY)), "guarantee 1: a user cannot be deleted as a group");
    assert!(
        is_not_found(&trial.replace("Group", &user, json!({"displayName": "x"}), ANY)),
        "guarantee 1: a user cannot be replaced by a group"
    );
    assert!(trial.get("User", &user).is_ok(), "guarantee 1: the user is still there");
}

/// Guarantee 9: new content without a write-only attribute leaves the stored value alone.
///
/// Only a store that shows the value to its caller can be seen to keep it; one that hides it, as it may, has a test of its
/// own for this.
pub fn p09_a_secret_that_is_not_sent_again_is_kept(trial: &Trial<'_>) {
    let user = trial.create("User", json!({"userName": "ada", "password": "first-secret"}));
    let id = id_of(&user.expect("guarantee 1: a user can be created"));
    let secret = || trial.read("User", &id).get("password").map(ValueRef::to_value);
    let stored = secret();
    if stored.is_none() {
        println!("the store hides secrets: whether it keeps them, its own tests have to show");
    }
    let replaced = trial.replace("User", &id, json!({"userName": "ada", "title": "Dr"}), ANY);
    let replaced = replaced.expect("guarantee 9: content without the secret is content");
    assert_eq!(replaced.get("title"), Some((&Value::from("Dr")).into()), "guarantee 9: the rest is replaced");
    assert_eq!(secret(), stored, "guarantee 9: `replace` without the secret keeps it");
    trial.set("User", &id, "title", "Prof").expect("guarantee 9: other attributes can be patched");
    assert_eq!(secret(), stored, "guarantee 9: `patch` of something else keeps it");
}

/// Guarantee 9: a secret that a patch removes is gone, and so is one that new content has as `null`; the version moves once.
pub fn p09_a_secret_that_is_removed_is_gone(trial: &Trial<'_>) {
    let remove = json!([{"op": "remove", "path": "password"}]);
    for (name, by_patch) in [("ada", true), ("bea", false)] {
        let user = trial.create("User", json!({"userName": name, "password": "a-secret", "title": "Dr"}));
        let user = user.expect("guarantee 1: a user can be created");
        let id = id_of(&user);
        let removed = if by_patch {
            trial.patch("User", &id, &remove, ANY)
        } else {
            let content = json!({"userName": name, "title": "Dr", "password": null});
            trial.written_over("User", &id, content).map(|written| written.resource)
        };
        let removed = removed.expect("guarantee 9: a secret can be removed");
        let after = trial.read("User", &id);
        assert_eq!(after, removed, "guarantee 9: a write answers with what `get` answers");
        assert_eq!(after.get("password"), None, "guarantee 9: a secret that is removed is gone");
        assert_eq!(after.get("title"), Some((&Value::from("Dr")).into()), "guarantee 9: the rest stays");
        assert_ne!(after.version(), user.version(), "guarantee 4: to remove a secret is a change");
        trial.set("User", &id, "title", "Prof").expect("guarantee 9: other attributes can be patched");
        assert_eq!(trial.read("User", &id).get("password"), None, "guarantee 9: a secret that is removed stays away");
    }
}

/// Guarantees 9 and 14: whichever way a secret is set, kept or removed, the outcome is one, and the change says which, once.
pub fn p09_every_way_to_remove_a_secret_has_one_outcome(trial: &Trial<'_>) {
    let patch = |operation: Value| move |id: &str, _: &str| trial.written_patch("User", id, &json!([operation]), ANY);
    let put = |password: Option<Value>| {
        move |id: &str, name: &str| {
            let mut content = json!({ "userName": name });
            content.as_object_mut().into_iter().for_each(|content| {
                content.extend(password.clone().map(|password| ("password".to_owned(), password)));
            });
            trial.written_over("User", id, content)
        }
    };
    let ways: [(&str, Option<Secret>, Way<'_>); 7] = [
        ("remove", Some(Secret::Removed), Box::new(patch(json!({"op": "remove", "path": "password"})))),
        (
            "replace by null",
            Some(Secret::Removed),
            Box::new(patch(json!({"op": "replace", "path": "password", "value": null}))),
        ),
        ("put null", Some(Secret::Removed), Box::new(put(Some(Value::Null)))),
        ("put without", None, Box::new(put(None))),
        ("patch another", None, Box::new(patch(json!({"op": "remove", "path": "title"})))),
        ("put a value", Some(Secret::Set), Box::new(put(Some(json!("a-secret"))))),
        (
            "replace by a value",
            Some(Secret::Set),
            Box::new(patch(json!({"op": "replace", "path": "password", "value": "a-secret"}))),
        ),
    ];
    for (number, (way, becomes, write)) in ways.iter().enumerate() {
        let name = format!("user-{number}");
        let user = trial.create("User", json!({"userName": name, "password": "a-secret"}));
        let user = user.expect("guarantee 1: a user can be created");
        let id = id_of(&user);
        for again in [false, true] {
            let before = trial.read("User", &id).version();
            let Written { resource, change } = write(&id, &name).expect("guarantee 9: a secret can be written");
            // What is gone is not removed again; what is set is set again.
            let expected = becomes.filter(|becomes| !again || *becomes == Secret::Set);
            let found: Vec<Option<Secret>> = change.differences.all().iter().map(Difference::secret).collect();
            assert_eq!(found, expected.map(Some).into_iter().collect::<Vec<_>>(), "guarantee 14: {way}, {change:?}");
            assert!(!format!("{change:?}").contains("a-secret"), "guarantee 9: {way}: a change holds no secret");
            assert_eq!(change.is_unchanged(), expected.is_none(), "guarantee 14: {way}");
            assert_eq!(resource.version() == before, expected.is_none(), "guarantee 4: {way} moves the version once");
            if *becomes == Some(Secret::Removed) {
                assert_eq!(trial.read("User", &id).get("password"), None, "guarantee 9: {way}: the secret is gone");
            }
        }
    }
}

/// Guarantee 10: to every method a deleted id is like one that never was.
pub fn p10_a_deleted_id_is_unknown_to_every_method(trial: &Trial<'_>) {
    for id in ["never-issued".to_owned(), {
        let id = trial.user("ada");
        trial.delete("User", &id, ANY).expect("guarantee 10: a resource can be deleted");
        id
    }] {
        let patch = json!([{"op": "replace", "path": "title", "value": "x"}]);
        let outcomes = [
            trial.get("User", &id).map(drop),
            trial.replace("User", &id, json!({"userName": "ada"}), ANY).map(drop),
            trial.patch("User", &id, &patch, ANY).map(drop),
            trial.delete("User", &id, ANY),
        ];
        for (outcome, method) in outcomes.iter().zip(["get", "replace", "patch", "delete"]) {
            assert!(is_not_found(outcome), "guarantee 10: `{method}` of `{id}` gives {outcome:?}, expected not found");
        }
        let found = trial.select("User", &format!("id eq \"{id}\" or userName eq \"ada\""));
        assert!(found.is_empty(), "guarantee 10: a deleted resource is in no list");
    }
}

/// Guarantee 10: what a deleted resource had can be had again.
pub fn p10_unique_values_of_the_deleted_are_free(trial: &Trial<'_>) {
    let first = trial.user("ada");
    trial.delete("User", &first, ANY).expect("guarantee 10: a resource can be deleted");
    let second: Result<_, StoreError> = trial.create("User", json!({"userName": "ADA"}));
    assert_eq!(taken(&second), None, "guarantee 10: the name of a deleted user is free");
    let second = id_of(&second.expect("guarantee 10: the name of a deleted user is free"));
    assert_ne!(first, second, "guarantee 1: an id is never issued again");
    assert_eq!(trial.select("User", "userName eq \"ada\""), [second], "guarantee 10: the name leads to the new user");
}

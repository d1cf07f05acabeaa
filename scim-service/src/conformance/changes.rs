//! What writes say that they did: guarantee 14.

use serde_json::{Value, json};

use super::trial::{Trial, id_of, sorted};
use crate::change::{Change, Written};
use crate::store::Precondition;

const ANY: &Precondition = &Precondition::None;

fn paths(change: &Change) -> Vec<String> {
    change.differences.targets().map(ToString::to_string).collect()
}

/// Guarantee 14: a write says who asked, what differs, and which version there was and is.
pub fn p14_a_write_says_what_it_did(trial: &Trial<'_>) {
    let made = trial.written_new("User", json!({"userName": "ada", "name": {"givenName": "Ada"}}));
    let Written { resource: user, change } = made.expect("guarantee 1: a user can be created");
    let id = id_of(&user);
    assert_eq!(
        (change.id.as_str(), change.resource_type.as_str()),
        (id.as_str(), "User"),
        "guarantee 14: what was written"
    );
    assert_eq!((&*change.principal, &*change.request_id), ("conformance", "conformance"), "guarantee 14: who asked");
    assert_eq!(
        (&change.before, &change.after),
        (&None, &user.version()),
        "guarantee 14: a new resource has no version before"
    );
    assert_eq!(paths(&change), ["name.givenName", "userName"], "guarantee 14: what a new resource has");

    let title = json!([{"op": "replace", "path": "title", "value": "Dr"}]);
    for (again, write) in [(false, 0), (true, 0), (false, 1), (true, 1)] {
        let before = trial.read("User", &id);
        let written = match write {
            0 => trial.written_patch("User", &id, &title, ANY),
            _ => trial.written_over("User", &id, json!({"userName": "ada", "title": "Prof"})),
        };
        let Written { resource, change } = written.expect("guarantee 14: a user can be changed");
        assert_eq!(
            (&change.before, &change.after),
            (&before.version(), &resource.version()),
            "guarantee 14: the versions"
        );
        assert_eq!(change.is_unchanged(), again, "guarantee 14: whether anything has changed");
        let expected: &[&str] = match (again, write) {
            (true, _) => &[],
            (false, 0) => &["title"],
            (false, _) => &["name.givenName", "title"],
        };
        assert_eq!(paths(&change), expected, "guarantee 14: what differs");
        let told = change.differences.all().last().map(|title| (title.before().cloned(), title.after().cloned()));
        let values = (
            before.get("title").map(scim_core::ValueRef::to_value),
            resource.get("title").map(scim_core::ValueRef::to_value),
        );
        assert_eq!(told, (!again).then_some(values), "guarantee 14: the values before and after");
    }
    let last = trial.read("User", &id).version();
    let change = trial.deleted("User", &id, ANY).expect("guarantee 10: a resource can be deleted");
    assert_eq!((change.before, change.after), (last, None), "guarantee 14: of a deleted resource there is no version");
}

/// Guarantee 14: a change names each member that joined or left a group by its id, once.
pub fn p14_a_write_says_who_came_and_went(trial: &Trial<'_>) {
    let (ada, bea, cal) = (trial.user("ada"), trial.user("bea"), trial.user("cal"));
    let member = |id: &str| json!({ "value": id });
    let made = trial.written_new("Group", json!({"displayName": "g", "members": [member(&ada), member(&bea)]}));
    let Written { resource, change } = made.expect("guarantee 1: a group can be created");
    let group = id_of(&resource);
    let told = |mut change: Change| {
        change.members_added.sort();
        assert!(!paths(&change).contains(&"members".to_owned()), "guarantee 14: members are told by their ids alone");
        (change.members_added, change.members_removed)
    };
    assert_eq!(told(change), (sorted(&[&ada, &bea]), vec![]), "guarantee 14: the members of a new group");
    let moved: Value = json!([
        {"op": "add", "path": "members", "value": [member(&cal), member(&ada)]},
        {"op": "remove", "path": format!("members[value eq \"{bea}\"]")}
    ]);
    for again in [false, true] {
        let change =
            trial.written_patch("Group", &group, &moved, ANY).expect("guarantee 8: members come and go").change;
        assert_eq!(change.is_unchanged(), again, "guarantee 14: who is there does not come again");
        let expected = if again { (vec![], vec![]) } else { (vec![cal.clone()], vec![bea.clone()]) };
        assert_eq!(told(change), expected, "guarantee 14: a patch of members");
    }
    for again in [false, true] {
        let content = json!({"displayName": "h", "members": [member(&bea), member(&ada)]});
        let change = trial.written_over("Group", &group, content).expect("guarantee 8: members are replaced").change;
        assert_eq!(paths(&change), if again { vec![] } else { vec!["displayName"] }, "guarantee 14: what else differs");
        let expected = if again { (vec![], vec![]) } else { (vec![bea.clone()], vec![cal.clone()]) };
        assert_eq!(told(change), expected, "guarantee 14: new content with other members");
    }
    let (added, mut removed) = told(trial.deleted("Group", &group, ANY).expect("guarantee 10: a group can be deleted"));
    removed.sort();
    assert_eq!((added, removed), (vec![], sorted(&[&ada, &bea])), "guarantee 14: with a group its members are gone");
}

//! Several writes at once or none: guarantee 12, where a store has transactions.

use serde_json::json;

use super::trial::{Trial, each, id_of, is_not_found, taken};
use crate::store::{List, Precondition};

const ANY: &Precondition = &Precondition::None;

/// Guarantee 12: reads in a transaction see what it wrote, and after the commit everybody does.
pub fn p12_a_transaction_sees_its_own_writes(trial: &Trial<'_>) {
    let gone = trial.user("gone");
    let Some(transaction) = trial.begin() else { return };
    let inside = trial.over(&*transaction);
    let ada = inside.user("ada");
    let group = inside.group("group", &[&ada]);
    inside.add_member(&group, "somebody").expect("guarantee 12: a transaction can patch");
    inside.set("User", &ada, "title", "Dr").expect("guarantee 12: a transaction can patch");
    inside.delete("User", &gone, ANY).expect("guarantee 12: a transaction can delete");
    let seen = |trial: &Trial<'_>| {
        let user = trial.read("User", &ada);
        assert_eq!(each(&user, "groups", "value"), [group.as_str()], "guarantee 12: reads see the writes");
        assert_eq!(user.get("title"), Some((&json!("Dr")).into()), "guarantee 12: reads see the writes");
        assert_eq!(trial.select("User", "title eq \"dr\""), [ada.as_str()], "guarantee 12: lists see the writes");
        assert!(is_not_found(&trial.get("User", &gone)), "guarantee 12: reads see the deletions");
        (user, trial.read("Group", &group))
    };
    let before = seen(&inside);
    trial.commit(transaction);
    assert_eq!(seen(trial), before, "guarantee 12: a commit changes nothing of what was seen");
}

/// Guarantee 12: until the commit nobody else sees anything of it.
pub fn p12_nobody_else_sees_them_before_the_commit(trial: &Trial<'_>) {
    let bea = trial.user("bea");
    let before = trial.read("User", &bea);
    let Some(transaction) = trial.begin() else { return };
    let inside = trial.over(&*transaction);
    let ada = inside.user("ada");
    inside.set("User", &bea, "title", "Dr").expect("guarantee 12: a transaction can patch");
    assert!(is_not_found(&trial.get("User", &ada)), "guarantee 12: another sees what is not committed");
    assert_eq!(trial.read("User", &bea), before, "guarantee 12: another sees what is not committed");
    let page = trial.list(List::new(trial.of("User"), 10));
    assert_eq!(page.total_results, Some(1), "guarantee 12: another counts what is not committed");
    trial.commit(transaction);
    assert!(trial.get("User", &ada).is_ok(), "guarantee 12: after the commit everybody sees it");
}

/// Guarantee 12: a transaction that is dropped never was, and the next write goes on.
pub fn p12_nothing_is_left_of_a_dropped_one(trial: &Trial<'_>) {
    let bea = trial.user("bea");
    let before = trial.read("User", &bea);
    let Some(transaction) = trial.begin() else { return };
    let ada = {
        let inside = trial.over(&*transaction);
        inside.set("User", &bea, "title", "Dr").expect("guarantee 12: a transaction can patch");
        inside.group("group", &[&bea]);
        inside.user("ada")
    };
    drop(transaction);
    assert!(is_not_found(&trial.get("User", &ada)), "guarantee 12: something is left of a dropped transaction");
    assert_eq!(trial.read("User", &bea), before, "guarantee 12: something is left of a dropped transaction");
    let again = trial.create("User", json!({"userName": "ada"}));
    assert!(again.is_ok(), "guarantee 12: what a dropped transaction took is free: {again:?}");
    assert_ne!(again.ok().map(|user| id_of(&user)), Some(ada), "guarantee 1: an id is never issued again");
}

/// Guarantee 12, with 6: a call that fails in a transaction takes nothing of the others with it.
pub fn p12_a_failed_call_leaves_the_others_alone(trial: &Trial<'_>) {
    let bea = trial.user("bea");
    let Some(transaction) = trial.begin() else { return };
    let inside = trial.over(&*transaction);
    let group = inside.group("group", &[&bea]);
    let second = inside.create("User", json!({"userName": "BEA", "title": "x"}));
    assert!(taken(&second).is_some(), "guarantee 12: uniqueness binds a transaction too");
    let content = json!({"userName": "bea", "title": "x"});
    assert!(is_not_found(&inside.replace("User", "nobody", content, ANY)), "guarantee 12: an unknown id is not found");
    let ada = inside.user("ada");
    inside.add_member(&group, &ada).expect("guarantee 12: a transaction goes on after a failed call");
    trial.commit(transaction);
    let page = trial.list(List::new(trial.of("User"), 10));
    assert_eq!(page.total_results, Some(2), "guarantee 12: a failed call has no effect");
    let members = each(&trial.read("Group", &group), "members", "value");
    assert_eq!(members.len(), 2, "guarantee 12: the calls before and after a failed one have their effect");
}

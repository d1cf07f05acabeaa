//! Roles and writes happen together or not at all.

use std::thread;

use serde_json::json;

use super::trial::RoleTrial;

/// A write that the store refuses leaves roles alone.
pub fn a_failed_write_leaves_roles_alone(trial: &RoleTrial<'_>) {
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    let readers = trial.group("readers", &[&ada]);
    trial.grant_manually(&bea, "Auditor");
    assert!(trial.delete_stale("User", &bea).is_err() && trial.delete_stale("Group", &readers).is_err());
    assert!(trial.replace("User", &ada, json!({"userName": "bea", "active": false})).is_err());
    assert_eq!(trial.roles(&ada), ["Reader"], "what was refused takes nothing");
    assert_eq!(trial.roles(&bea), ["Auditor", "Everybody"], "what was refused takes nothing");
}

/// What a transaction did shows in roles once it is committed.
pub fn a_transaction_gives_at_its_commit(trial: &RoleTrial<'_>) {
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    let readers = trial.group("readers", &[&bea]);
    let Some(transaction) = trial.begin() else { return };
    let within = trial.over(&*transaction);
    within.add(&readers, &ada);
    within.remove(&readers, &ada);
    within.add(&readers, &ada);
    within.set("Group", &readers, "displayName", &json!("writers")).expect("a group can be renamed");
    within.delete("User", &bea).expect("a user can be deleted");
    trial.commit(transaction).expect("a transaction can be committed");
    assert_eq!(trial.roles(&ada), ["Reader", "Writer"], "what was committed gives roles");
    assert_eq!(trial.roles(&bea), Vec::<String>::new(), "what was committed takes roles");
}

/// Of a transaction that is rolled back nothing is left, neither in the store nor of roles.
pub fn a_dropped_transaction_leaves_roles_alone(trial: &RoleTrial<'_>) {
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    let readers = trial.group("readers", &[&bea]);
    trial.grant_manually(&bea, "Auditor");
    let Some(transaction) = trial.begin() else { return };
    let within = trial.over(&*transaction);
    within.add(&readers, &ada);
    within.set("User", &bea, "active", &json!(false)).expect("a user can be deactivated");
    trial.drop(transaction);
    assert_eq!(trial.roles(&ada), ["Everybody"], "what is rolled back gives nothing");
    assert_eq!(trial.roles(&bea), ["Auditor", "Reader"], "what is rolled back takes nothing");
}

/// Writers that change different groups of the same users at the same time: the roles are those of the groups that come of it.
pub fn writers_at_the_same_time_lose_nothing(trial: &RoleTrial<'_>) {
    let users = ["ada", "bea", "cal"].map(|name| trial.user(name));
    let (readers, writers) = (trial.group("readers", &[]), trial.group("writers", &users.each_ref()));
    let turn = |group, add: bool| {
        let users = &users;
        move || {
            for user in users {
                if add {
                    trial.add(group, user)
                } else {
                    trial.remove(group, user)
                };
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(turn(&readers, true));
        scope.spawn(turn(&writers, false));
    });
    for user in &users {
        assert_eq!(trial.roles(user), ["Reader"], "a writer did not see what another one did");
    }
}

//! Roles are those of people and of sources that are believed.

use scim_core::Source;
use scim_service::StoreError;
use serde_json::json;

use super::trial::{RoleTrial, references};

/// What somebody granted stays, also where rules give it too, and what was given is not theirs.
pub fn a_manual_grant_is_left_alone(trial: &RoleTrial<'_>) {
    let ada = trial.user("ada");
    trial.grant_manually(&ada, "Auditor");
    trial.grant_manually(&ada, "Reader");
    let readers = trial.group("readers", &[&ada]);
    assert_eq!(trial.roles(&ada), ["Auditor", "Reader"], "a manual grant stays beside others");
    let manual = trial.grants(&ada).into_iter().all(|grant| grant.is_manual());
    assert!(manual, "a manual grant is not turned into one of rules");
    trial.remove(&readers, &ada);
    assert_eq!(trial.roles(&ada), ["Auditor", "Everybody", "Reader"], "a manual grant is not the rules' to take");
    trial.set("User", &ada, "title", &json!("auditor")).expect("a user can be patched");
    trial.set("User", &ada, "title", &json!("actor")).expect("a user can be patched");
    assert_eq!(trial.roles(&ada), ["Auditor", "Everybody", "Reader"], "a manual grant is not the rules' to take");
}

/// The target tells by whose word a role is held.
pub fn the_target_keeps_by_whose_word_a_role_is_held(trial: &RoleTrial<'_>) {
    let ada = trial.user("ada");
    trial.group("readers", &[&ada]);
    let sources: Vec<_> = trial.grants(&ada).into_iter().map(|grant| grant.source).collect();
    assert_eq!(sources, [Some(Source::client("conformance"))], "by whose word a role is held");
}

/// A group that is called like a protected role gives nothing, and takes nothing from whoever holds the role.
pub fn a_name_gives_no_protected_role(trial: &RoleTrial<'_>) {
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    trial.grant_manually(&bea, "Admin");
    let group = trial.group("Admin", &[&ada, &bea]);
    assert_eq!(trial.roles(&ada), ["Everybody"], "a name gives no protected role");
    trial.set("Group", &group, "displayName", &json!("grp-admins")).expect("a group can be renamed");
    assert_eq!(trial.roles(&ada), ["Everybody"], "a name gives no protected role");
    trial.remove(&group, &bea);
    assert_eq!(trial.roles(&bea), ["Admin", "Everybody"], "a manual grant of a protected role stays");
}

/// A protected role comes with the identifier that a rule names, and goes with it. No second group has the identifier.
pub fn an_identifier_that_gives_a_protected_role_is_one_groups_alone(trial: &RoleTrial<'_>) {
    let (ada, eve) = (trial.user("ada"), trial.user("eve"));
    let admins = json!({"displayName": "admins", "externalId": "grp-admins", "members": references(&[&ada])});
    let admins = trial.create("Group", admins).expect("a group can be created").id;
    assert_eq!(trial.roles(&ada), ["Admin"], "an identifier gives a protected role");
    let second = json!({"displayName": "second", "externalId": "grp-admins", "members": references(&[&eve])});
    let taken = |outcome| matches!(outcome, Err(StoreError::Uniqueness { attribute }) if attribute == "externalId");
    assert!(taken(trial.create("Group", second)), "a second group with the identifier is refused");
    let second = trial.group("second", &[&eve]);
    let claim = trial.set("Group", &second, "externalId", &json!("grp-admins"));
    assert!(taken(claim), "a second group with the identifier is refused");
    let claim = trial.replace("Group", &second, json!({"displayName": "second", "externalId": "grp-admins"}));
    assert!(taken(claim), "a second group with the identifier is refused");
    assert_eq!(trial.roles(&eve), ["Everybody"], "what was refused gives nothing");
    trial.set("Group", &admins, "externalId", &json!("grp-others")).expect("a group can be patched");
    assert_eq!(trial.roles(&ada), ["Everybody"], "with the identifier goes the role");
}

/// A client whom the rules do not name makes groups and people to whom they give nothing.
pub fn who_is_not_believed_gives_nothing(trial: &RoleTrial<'_>) {
    let unknown = trial.by("unknown");
    let ada = trial.user("ada");
    unknown.group("writers", &[&ada]);
    let admins = json!({"displayName": "a", "externalId": "grp-admins", "members": references(&[&ada])});
    unknown.create("Group", admins).expect("a group can be created");
    assert_eq!(trial.roles(&ada), ["Everybody"], "a group of an unknown client gives nothing");
    let eve = unknown.user("eve");
    trial.group("readers", &[&eve]);
    assert_eq!(trial.roles(&eve), Vec::<String>::new(), "a person of an unknown client has nothing");
    unknown.set("User", &ada, "title", &json!("auditor")).expect("a user can be patched");
    assert_eq!(trial.roles(&ada), Vec::<String>::new(), "a person whom an unknown client took over has nothing");
}

/// Where the store tells who asserts memberships: a client whom the rules do not name puts nobody into a group that they believe.
pub fn a_membership_that_is_not_believed_gives_nothing(trial: &RoleTrial<'_>) {
    if !trial.tells_memberships() {
        println!(
            "the store does not tell who asserts memberships: they count as asserted by whoever asserts the group"
        );
        return;
    }
    let (ada, bea) = (trial.user("ada"), trial.user("bea"));
    let readers = trial.group("readers", &[&bea]);
    trial.by("unknown").add(&readers, &ada);
    assert_eq!(trial.roles(&ada), ["Everybody"], "a membership of an unknown client gives nothing");
    trial.add(&readers, &ada);
    assert_eq!(trial.roles(&ada), ["Reader"], "the same membership, asserted by somebody who is believed");
    trial.by("unknown").add(&readers, &bea);
    assert_eq!(trial.roles(&bea), ["Everybody"], "whoever adds a member last asserts the membership");
}

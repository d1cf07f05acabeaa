//! Tenants do not see each other: guarantee 2.

use serde_json::json;

use super::trial::{Trial, each, ids_of, is_not_found, taken};
use crate::store::{List, Precondition};

const ANY: &Precondition = &Precondition::None;

/// Guarantee 2: to every method an id of another tenant is like one that never was.
pub fn p02_ids_of_another_tenant_are_unknown(trial: &Trial<'_>) {
    let (a, b) = (trial.in_tenant("a"), trial.in_tenant("b"));
    let id = a.user("ada");
    let patch = json!([{"op": "replace", "path": "title", "value": "x"}]);
    for other in [&b, trial] {
        let outcomes = [
            other.get("User", &id).map(drop),
            other.replace("User", &id, json!({"userName": "eve"}), ANY).map(drop),
            other.patch("User", &id, &patch, ANY).map(drop),
            other.delete("User", &id, ANY),
        ];
        for (outcome, method) in outcomes.iter().zip(["get", "replace", "patch", "delete"]) {
            assert!(is_not_found(outcome), "guarantee 2: `{method}` of another tenant's id gives {outcome:?}");
        }
    }
    assert!(a.get("User", &id).is_ok(), "guarantee 2: its own tenant sees it");
}

/// Guarantee 2: lists and their totals count the tenant's own.
pub fn p02_lists_hold_the_tenants_own_resources(trial: &Trial<'_>) {
    let (a, b) = (trial.in_tenant("a"), trial.in_tenant("b"));
    let (ada, bea) = (a.user("ada"), b.user("bea"));
    for (tenant, own, other) in [(&a, &ada, &bea), (&b, &bea, &ada)] {
        let page = tenant.list(List::new(tenant.of("User"), 10));
        assert_eq!(ids_of(&page), [own.as_str()], "guarantee 2: a list holds the tenant's own");
        assert_eq!(page.total_results, Some(1), "guarantee 2: a total counts the tenant's own");
        let by_id = tenant.select("User", &format!("id eq \"{other}\""));
        assert!(by_id.is_empty(), "guarantee 2: no filter finds another tenant's");
    }
}

/// Guarantee 2: a group can name an id of another tenant, and learns nothing by it.
pub fn p02_a_member_of_another_tenant_is_an_id_that_nobody_has(trial: &Trial<'_>) {
    let (a, b) = (trial.in_tenant("a"), trial.in_tenant("b"));
    let ada = a.user("ada");
    let group = b.group("of-b", &[&ada]);
    let group = b.read("Group", &group);
    assert_eq!(each(&group, "members", "value"), [ada.as_str()], "guarantee 8: a member id that nobody has is kept");
    assert!(each(&group, "members", "display").is_empty(), "guarantee 2: the name of another tenant's user shows");
    assert_eq!(a.read("User", &ada).get("groups"), None, "guarantee 2: another tenant's group shows");
}

/// Guarantee 2, with 3: a value is taken in one tenant and free in another, unless the system behind has but one name space.
pub fn p02_unique_values_are_unique_per_tenant(trial: &Trial<'_>) {
    let (a, b) = (trial.in_tenant("a"), trial.in_tenant("b"));
    a.user("ada");
    let second = b.create("User", json!({"userName": "ada"}));
    match taken(&second) {
        Some(attribute) => {
            assert_eq!(attribute, "userName", "guarantee 3: the refusal names the attribute");
            println!("user names are shared by all tenants, as guarantee 3 permits");
        }
        None => assert!(second.is_ok(), "guarantee 2: a name is free in another tenant: {second:?}"),
    }
    assert!(
        taken(&a.create("User", json!({"userName": "ada"}))).is_some(),
        "guarantee 3: the name is taken in its tenant"
    );
}

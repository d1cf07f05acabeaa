//! Values that only one resource may have: guarantee 3.

use serde_json::json;

use super::trial::{Trial, taken};
use crate::store::Precondition;

const ANY: &Precondition = &Precondition::None;

/// Guarantee 3: a taken value is refused, by the name of its attribute, and nothing is created.
pub fn p03_a_taken_value_is_refused_on_create(trial: &Trial<'_>) {
    let ada = trial.user("ada");
    for name in ["ada", "ADA"] {
        let second = trial.create("User", json!({ "userName": name }));
        assert_eq!(taken(&second), Some("userName"), "guarantee 3: `{name}` is taken, got {second:?}");
    }
    assert_eq!(trial.select("User", "userName pr"), [ada], "guarantee 3: a refused user is not there");
    // Groups have names of their own.
    trial.group("ada", &[]);
}

/// Guarantee 3: neither `replace` nor `patch` gets at a taken value, and both leave everything as it was.
pub fn p03_a_taken_value_is_refused_on_replace_and_patch(trial: &Trial<'_>) {
    trial.user("ada");
    let bea = trial.user("bea");
    let before = trial.read("User", &bea);
    let replaced = trial.replace("User", &bea, json!({"userName": "Ada", "title": "x"}), ANY);
    assert_eq!(taken(&replaced), Some("userName"), "guarantee 3: `replace` took a taken value");
    let patched = trial.set("User", &bea, "userName", "ada");
    assert_eq!(taken(&patched), Some("userName"), "guarantee 3: `patch` took a taken value");
    assert_eq!(trial.read("User", &bea), before, "guarantee 3: a refused write changes nothing");
}

/// Guarantee 3: a resource is not in its own way, and what it gives up is free.
pub fn p03_a_resource_may_respell_its_own_value(trial: &Trial<'_>) {
    let ada = trial.user("ada");
    for name in ["ADA", "Ada.King"] {
        let renamed = trial.set("User", &ada, "userName", name);
        assert_eq!(taken(&renamed), None, "guarantee 3: a resource is in its own way");
        assert_eq!(renamed.expect("guarantee 3: a user can be renamed").get("userName"), Some((&json!(name)).into()));
    }
    let second = trial.create("User", json!({"userName": "ada"}));
    assert!(second.is_ok(), "guarantee 3: a value that was given up is free: {second:?}");
    let found = trial.select("User", "userName eq \"ada.king\"");
    assert_eq!(found, [ada], "guarantee 7: the new value is found");
}

/// Guarantee 3: values are compared in their folded form, beyond ASCII too.
pub fn p03_values_fold_before_they_are_compared(trial: &Trial<'_>) {
    let id = trial.user("\u{c5}sa");
    for name in ["\u{e5}SA", "A\u{30a}sa"] {
        let second = trial.create("User", json!({ "userName": name }));
        assert_eq!(taken(&second), Some("userName"), "guarantee 3: `{name}` folds to a taken value");
        let found = trial.select("User", &format!("userName eq \"{name}\""));
        assert_eq!(found, [id.as_str()], "guarantee 7: `{name}` finds what folds to it");
    }
}

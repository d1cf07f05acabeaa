//! Reasons in words.

use scim_core::{Provenance, ResourceId};

use crate::reconcile::drift::account_row::AccountRow;
use crate::rules::{Decision, Reason};
use crate::store::{Email, Profile};

/// Which rules give a role.
pub(in crate::reconcile) fn because(decision: &Decision, role: &str) -> String {
    let reasons: Vec<String> = decision.reasons(role).map(reason).collect();
    reasons.join(", ")
}

/// Who asserts it.
fn of(provenance: Option<&Provenance>) -> String {
    provenance.map_or_else(String::new, |provenance| format!(" of {provenance}"))
}

fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Rule { rule, group: Some(group), source } => {
            format!("rule {rule} gives it for the group `{group}`{}", of(source.as_deref()))
        }
        Reason::Rule { rule, group: None, source } => {
            format!("rule {rule} gives it for the person{}", of(source.as_deref()))
        }
        Reason::Default { source } => {
            format!("default role for the person{}, because no rule gives one", of(source.as_deref()))
        }
        Reason::Host(reason) => reason.clone(),
    }
}

/// The columns of `ab_user` that are not what SCIM made of the user, and what they say. `untold` is an adopted account that keeps
/// its name and address.
pub(in crate::reconcile) fn profile_differences(
    id: &ResourceId,
    profile: &Profile,
    account: &AccountRow,
    untold: bool,
) -> (String, String) {
    let mut differences = Vec::new();
    let mut compare = |column, there: &str, due: &str| {
        if there != due {
            differences.push((column, format!("{column} is `{there}`, and `{due}` in SCIM")));
        }
    };
    if !untold {
        compare("username", &account.username, &profile.username);
        // An address that nobody gave yields to one that somebody has.
        let released = format!("{id}@scim.invalid");
        if !matches!(profile.email, Email::Derived(_)) || account.email != released {
            compare("email", &account.email, profile.email.as_str());
        }
    }
    compare("first_name", &account.first_name, &profile.first_name);
    compare("last_name", &account.last_name, &profile.last_name);
    let (columns, words): (Vec<&str>, Vec<String>) = differences.into_iter().unzip();
    (columns.join(", "), words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_compared_column_by_column() {
        let user = serde_json::from_str(r#"{"userName": "ada", "displayName": "Ada Byron"}"#).unwrap();
        let profile = Profile::of(&user).unwrap();
        let mut account = AccountRow {
            id: 1,
            username: "ada".to_owned(),
            first_name: "Ada".to_owned(),
            last_name: "Byron".to_owned(),
            email: "ada@scim.invalid".to_owned(),
            active: true,
        };
        let id: ResourceId = "u-1".parse().unwrap();
        let differences = |account: &AccountRow, untold| profile_differences(&id, &profile, account, untold).0;
        assert_eq!(differences(&account, false), "");
        account.email = "u-1@scim.invalid".to_owned();
        assert_eq!(differences(&account, false), "", "the address that a taken one makes way for");
        account.email = "ada@example.com".to_owned();
        account.first_name = "Augusta".to_owned();
        assert_eq!(differences(&account, false), "email, first_name");
        assert_eq!(differences(&account, true), "first_name");
        let why = profile_differences(&id, &profile, &account, true).1;
        assert_eq!(why, "first_name is `Augusta`, and `Ada` in SCIM");
    }
}

//! What a write did, in numbers.

use scim_core::ResourceTypeName;

use crate::change::{Change, Grant, GrantKind};

/// What counts as one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ChangeKind {
    Create,
    /// Attributes other than `active` alone.
    Update,
    Activate,
    Deactivate,
    Delete,
    MemberAdded,
    MemberRemoved,
    RoleGranted,
    RoleRevoked,
    ProtectedRoleGranted,
}

impl ChangeKind {
    pub(super) const ALL: [Self; 10] = [
        Self::Create,
        Self::Update,
        Self::Activate,
        Self::Deactivate,
        Self::Delete,
        Self::MemberAdded,
        Self::MemberRemoved,
        Self::RoleGranted,
        Self::RoleRevoked,
        Self::ProtectedRoleGranted,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
            Self::Delete => "delete",
            Self::MemberAdded => "member_added",
            Self::MemberRemoved => "member_removed",
            Self::RoleGranted => "role_granted",
            Self::RoleRevoked => "role_revoked",
            Self::ProtectedRoleGranted => "protected_role_granted",
        }
    }

    /// Whether a change of a resource of the type can be one.
    pub(super) fn concerns(self, of: &ResourceTypeName) -> bool {
        match self {
            Self::Activate | Self::Deactivate => *of == ResourceTypeName::user(),
            Self::MemberAdded | Self::MemberRemoved => *of == ResourceTypeName::group(),
            _ => true,
        }
    }
}

/// How often a write did what. `is_protected` says of the name of a role whether its grant is an event of its own.
pub(super) fn counted(change: &Change, is_protected: impl Fn(&str) -> bool) -> Vec<(ChangeKind, usize)> {
    let mut counts = Vec::new();
    match (&change.before, &change.after) {
        (None, _) => counts.push((ChangeKind::Create, 1)),
        (_, None) => counts.push((ChangeKind::Delete, 1)),
        _ => of_attributes(change, &mut counts),
    }
    let is_role = |grant: &&Grant| grant.kind == GrantKind::Role;
    let gained = || change.access.gained.iter().filter(is_role);
    counts.extend([
        (ChangeKind::MemberAdded, change.members_added.len()),
        (ChangeKind::MemberRemoved, change.members_removed.len()),
        (ChangeKind::RoleGranted, gained().count()),
        (ChangeKind::RoleRevoked, change.access.lost.iter().filter(is_role).count()),
        (ChangeKind::ProtectedRoleGranted, gained().filter(|grant| is_protected(&grant.name)).count()),
    ]);
    counts.retain(|(_, count)| *count > 0);
    counts
}

/// What became of a resource that was there before and is there now.
fn of_attributes(change: &Change, counts: &mut Vec<(ChangeKind, usize)>) {
    let mut others = false;
    for difference in change.differences.all() {
        let says = |value: Option<&serde_json::Value>| value.and_then(serde_json::Value::as_bool);
        match (difference.target().is_in("active"), says(difference.before()), says(difference.after())) {
            (true, Some(false), after) if after != Some(false) => counts.push((ChangeKind::Activate, 1)),
            (true, before, Some(false)) if before != Some(false) => counts.push((ChangeKind::Deactivate, 1)),
            _ => others = true,
        }
    }
    if others {
        counts.push((ChangeKind::Update, 1));
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use scim_core::{SchemaSet, Version};
    use scim_patch::Differences;
    use serde_json::{Value, from_value, json};

    use super::*;
    use crate::change::AccessChange;
    use crate::context::{Context, Principal};

    fn change(before: &Value, after: &Value) -> Change {
        let (schemas, cx) = (SchemaSet::builtin(), Context::new(Principal::new("okta"), "r-1", Utc::now()));
        let users = schemas.user().unwrap();
        let resource = |value: &Value| from_value(value.clone()).unwrap();
        let version = |value: &Value, number: u8| (!value.is_null()).then(|| Version::new(number));
        let change = Change::new(&cx, users, "u".parse().unwrap());
        let change = change.with_versions(version(before, 1), version(after, 2));
        if before.is_null() || after.is_null() {
            return change;
        }
        change.with_differences(Differences::between(users, &resource(before), &resource(after)))
    }

    fn kinds(change: &Change) -> Vec<(&'static str, usize)> {
        let counts = counted(change, |role| role == "Admin");
        counts.into_iter().map(|(kind, count)| (kind.as_str(), count)).collect()
    }

    #[test]
    fn a_write_counts_as_what_it_did() {
        let active = |active: Value| json!({"userName": "ada", "active": active});
        for (before, after, expected) in [
            (Value::Null, active(json!(false)), vec![("create", 1)]),
            (active(json!(true)), Value::Null, vec![("delete", 1)]),
            (active(json!(true)), active(json!(false)), vec![("deactivate", 1)]),
            (json!({"userName": "ada"}), active(json!(false)), vec![("deactivate", 1)]),
            (active(json!(false)), active(json!(true)), vec![("activate", 1)]),
            (active(json!(true)), active(json!(true)), vec![]),
            (json!({"userName": "ada"}), active(json!(true)), vec![("update", 1)]),
            (active(json!(true)), json!({"userName": "eve", "active": false}), vec![("deactivate", 1), ("update", 1)]),
        ] {
            assert_eq!(kinds(&change(&before, &after)), expected, "{before} {after}");
        }
    }

    #[test]
    fn members_and_roles_count_one_by_one() {
        let grant = |name: &str| Grant::new(GrantKind::Role, name, "User", "u".parse().unwrap());
        let access = AccessChange::default().gaining(grant("Admin")).gaining(grant("Alpha")).losing(grant("Gamma"));
        let place = Grant::new(GrantKind::Group, "Admin", "User", "u".parse().unwrap());
        let ada = json!({"userName": "ada"});
        let change = change(&ada, &ada).with_access(access.gaining(place));
        let change = change.with_members(vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]);
        let expected = [
            ("member_added", 2),
            ("member_removed", 1),
            ("role_granted", 2),
            ("role_revoked", 1),
            ("protected_role_granted", 1),
        ];
        assert_eq!(kinds(&change), expected);
    }
}

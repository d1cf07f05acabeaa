//! What is not as it should be: one value for each difference.

use std::fmt;

use serde::Serialize;

/// What kind of difference it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// The row of a deleted SCIM user is active again, or holds roles, memberships or API keys again.
    LeaverReturned,
    /// Somebody who is inactive, in SCIM or as a local account, still has roles, memberships or API keys.
    InactiveWithAccess,
    /// SCIM says that a user is inactive, and the row of `ab_user` is active.
    ActiveInSuperset,
    /// SCIM says that a user is active, and the row of `ab_user` is not.
    InactiveInSuperset,
    /// An active row of `ab_user` that no SCIM user claims.
    UserUnmanaged,
    /// The row of a SCIM user is gone from `ab_user`, or is somebody else's now.
    UserRowGone,
    /// `username`, `email` or names in `ab_user` are not what SCIM made of the user.
    ProfileDiffers,
    /// A user has no row of `ab_user_role` for a role that is due.
    RoleMissing,
    /// A user has a role that we granted and that is no longer due.
    RoleExtra,
    /// A user has a role that a person granted in Superset and no rule gives.
    RoleByHand,
    /// A member of a SCIM group is not in the group in Superset.
    MembershipMissing,
    /// A user is in a group in Superset by a row of ours, and in SCIM no longer.
    MembershipExtra,
    /// A person put a user into a group in Superset, and SCIM does not say so.
    MembershipByHand,
    /// The row of a SCIM group is gone from `ab_group`.
    GroupGone,
    /// The row of a SCIM group has another name; on `SQLite` it may be another group that got its id.
    GroupRenamed,
    /// A row of `ab_group` was ours, and there is no SCIM group for it.
    GroupOrphaned,
    /// A group has no row of `ab_group_role` for a role that rules give for the group alone.
    GroupRoleMissing,
    /// A group has a role that we granted and that no rule gives any more.
    GroupRoleExtra,
    /// A group has a role that a person granted in Superset and no rule gives.
    GroupRoleByHand,
    /// Rules give a role that Superset does not have.
    RoleUnknown,
    /// `scim_grant` says that we granted something whose row is gone, and it is not due.
    GrantStale,
    /// Somebody renamed an account in Superset, and `scim_account`, by which names are looked for, does not say so.
    NameOutdated,
    /// `scim_count` has another number of a tenant's resources of one type than there are: lists tell a wrong total.
    CountDiffers,
}

impl FindingKind {
    /// Every kind, the most urgent first.
    pub const ALL: [Self; 23] = [
        Self::LeaverReturned,
        Self::InactiveWithAccess,
        Self::ActiveInSuperset,
        Self::InactiveInSuperset,
        Self::UserUnmanaged,
        Self::UserRowGone,
        Self::ProfileDiffers,
        Self::RoleMissing,
        Self::RoleExtra,
        Self::RoleByHand,
        Self::MembershipMissing,
        Self::MembershipExtra,
        Self::MembershipByHand,
        Self::GroupGone,
        Self::GroupRenamed,
        Self::GroupOrphaned,
        Self::GroupRoleMissing,
        Self::GroupRoleExtra,
        Self::GroupRoleByHand,
        Self::RoleUnknown,
        Self::GrantStale,
        Self::NameOutdated,
        Self::CountDiffers,
    ];

    /// The kind as JSON and the audit table have it, such as `role_missing`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeaverReturned => "leaver_returned",
            Self::InactiveWithAccess => "inactive_with_access",
            Self::ActiveInSuperset => "active_in_superset",
            Self::InactiveInSuperset => "inactive_in_superset",
            Self::UserUnmanaged => "user_unmanaged",
            Self::UserRowGone => "user_row_gone",
            Self::ProfileDiffers => "profile_differs",
            Self::RoleMissing => "role_missing",
            Self::RoleExtra => "role_extra",
            Self::RoleByHand => "role_by_hand",
            Self::MembershipMissing => "membership_missing",
            Self::MembershipExtra => "membership_extra",
            Self::MembershipByHand => "membership_by_hand",
            Self::GroupGone => "group_gone",
            Self::GroupRenamed => "group_renamed",
            Self::GroupOrphaned => "group_orphaned",
            Self::GroupRoleMissing => "group_role_missing",
            Self::GroupRoleExtra => "group_role_extra",
            Self::GroupRoleByHand => "group_role_by_hand",
            Self::RoleUnknown => "role_unknown",
            Self::GrantStale => "grant_stale",
            Self::NameOutdated => "name_outdated",
            Self::CountDiffers => "count_differs",
        }
    }

    /// The kind in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::LeaverReturned => "Leaver is back",
            Self::InactiveWithAccess => "Inactive with access",
            Self::ActiveInSuperset => "Active only in Superset",
            Self::InactiveInSuperset => "Inactive only in Superset",
            Self::UserUnmanaged => "Unmanaged account",
            Self::UserRowGone => "Account gone",
            Self::ProfileDiffers => "Profile differs",
            Self::RoleMissing => "Role missing",
            Self::RoleExtra => "Role no longer due",
            Self::RoleByHand => "Role granted by hand",
            Self::MembershipMissing => "Membership missing",
            Self::MembershipExtra => "Membership no longer due",
            Self::MembershipByHand => "Membership by hand",
            Self::GroupGone => "Group gone",
            Self::GroupRenamed => "Group renamed",
            Self::GroupOrphaned => "Group orphaned",
            Self::GroupRoleMissing => "Group lacks a role",
            Self::GroupRoleExtra => "Group role no longer due",
            Self::GroupRoleByHand => "Group role granted by hand",
            Self::RoleUnknown => "Role unknown to Superset",
            Self::GrantStale => "Stale record of a grant",
            Self::NameOutdated => "Outdated record of a name",
            Self::CountDiffers => "Count differs",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whom a finding is about: a user or a group, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct Who {
    /// `userName` of a user, `displayName` of a group; without a SCIM resource, the name in Superset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The SCIM `id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The `id` of the row of `ab_user` or `ab_group`, which may be gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_id: Option<i64>,
}

/// One difference between what rules and SCIM say and what Superset's tables hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What kind it is.
    pub kind: FindingKind,
    /// The tenant whose resource it is about; the only tenant is the empty text. `None` where nobody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Whom it is about.
    pub who: Who,
    /// The role, the group, or the columns that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Why it is a difference: which rule gives a role, or that none does.
    pub why: String,
    /// What has to be looked at again before it is repaired.
    #[serde(skip)]
    pub(in crate::reconcile) subject: Subject,
}

/// What findings are about, as the tables know it. The order is that of repair: records that nothing stands behind, which the other
/// steps would forget without a word, then groups before their members.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::reconcile) enum Subject {
    /// A row of `scim_account`.
    Name(i64),
    /// A row of `scim_grant`.
    Grant { relation: &'static str, holder: i64, held: i64 },
    /// A SCIM group.
    Group { tenant: String, id: String },
    /// A row of `ab_group` without a SCIM group.
    LocalGroup(i64),
    /// A SCIM user.
    User { tenant: String, id: String },
    /// A row of `ab_user` without a SCIM user.
    Account { row: i64, active: bool },
    /// A role that is missing in Superset, which nobody here can repair.
    Role,
    /// The count of a tenant's resources of one type.
    Count { tenant: String, resource_type: String },
}

impl Finding {
    /// Whether two looks at the tables found the same thing.
    pub(in crate::reconcile) fn is_same_as(&self, other: &Self) -> bool {
        self.kind == other.kind && self.subject == other.subject && self.what_key() == other.what_key()
    }

    /// What tells findings of a kind and subject apart. Lists of what differs may have grown.
    fn what_key(&self) -> Option<&str> {
        match self.kind {
            FindingKind::InactiveWithAccess | FindingKind::LeaverReturned | FindingKind::ProfileDiffers => None,
            _ => self.what.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_kinds_have_one_name_everywhere_and_stand_in_order() {
        for kind in FindingKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        let sorted: BTreeSet<_> = FindingKind::ALL.into_iter().collect();
        assert!(sorted.into_iter().eq(FindingKind::ALL));
    }
}

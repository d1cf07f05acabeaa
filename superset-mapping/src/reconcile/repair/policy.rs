//! What is done about each finding, and what is left alone.

use crate::reconcile::drift::DriftOptions;
use crate::reconcile::drift::{Finding, FindingKind, Subject};

/// How much to repair.
///
/// A repair does what the next SCIM change of the user or group would do: what is due comes back, what we granted and is no
/// longer due goes, and what SCIM knows of a profile is written again. What a person did in Superset stays, unless an option
/// says otherwise:
///
/// - roles and memberships granted by hand, and accounts that somebody deactivated in Superset:
///   [`with_by_hand_revoked`](Self::with_by_hand_revoked). A deactivated account stays so although a SCIM change would open it:
///   it may have been closed in an emergency, and a nightly run must not undo that.
/// - accounts of nobody: [`with_unmanaged_deactivated`](Self::with_unmanaged_deactivated).
/// - an account of a deleted user that somebody activated again is a local account by now: either option closes it.
///
/// Whoever is inactive loses roles, memberships and API keys in any case, also those that were granted by hand, as with SCIM.
///
/// ```
/// use superset_mapping::reconcile::{DriftOptions, RepairOptions};
///
/// let options = RepairOptions::new(DriftOptions::new().with_local("admin")).with_by_hand_revoked().with_dry_run();
/// assert!(options.is_dry_run());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepairOptions {
    pub(in crate::reconcile) drift: DriftOptions,
    by_hand_revoked: bool,
    unmanaged_deactivated: bool,
    dry_run: bool,
}

impl RepairOptions {
    /// Repairs what the comparison with these options finds.
    pub fn new(drift: DriftOptions) -> Self {
        Self { drift, ..Self::default() }
    }

    /// Takes away what a person granted in Superset, and activates whom a person deactivated there while SCIM says active.
    #[must_use]
    pub fn with_by_hand_revoked(self) -> Self {
        Self { by_hand_revoked: true, ..self }
    }

    /// Deactivates accounts that no SCIM user claims, and takes away what inactive ones hold. Accounts that
    /// [`DriftOptions::with_local`] names are left alone.
    #[must_use]
    pub fn with_unmanaged_deactivated(self) -> Self {
        Self { unmanaged_deactivated: true, ..self }
    }

    /// Says what would be done, and writes nothing.
    #[must_use]
    pub fn with_dry_run(self) -> Self {
        Self { dry_run: true, ..self }
    }

    /// Whether nothing is written.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    pub(in crate::reconcile) fn revokes_by_hand(&self) -> bool {
        self.by_hand_revoked
    }
}

/// What is to be done about a finding, or why nothing is.
pub(in crate::reconcile) fn policy(finding: &Finding, options: &RepairOptions) -> Result<&'static str, &'static str> {
    let by_hand = |what| if options.by_hand_revoked { Ok(what) } else { Err("kept: a person did it in Superset") };
    let unmanaged = |what| if options.unmanaged_deactivated { Ok(what) } else { Err("kept: not an account of SCIM") };
    match (finding.kind, &finding.subject) {
        (FindingKind::LeaverReturned, Subject::Account { active: true, .. }) => {
            if options.by_hand_revoked || options.unmanaged_deactivated {
                Ok("deactivate the account and take everything away")
            } else {
                Err("kept: a person made it a local account")
            }
        }
        (FindingKind::InactiveWithAccess, Subject::Account { .. }) => unmanaged("take everything away"),
        (FindingKind::LeaverReturned | FindingKind::InactiveWithAccess, _) => Ok("take everything away"),
        (FindingKind::ActiveInSuperset, _) => Ok("deactivate the account and take everything away"),
        (FindingKind::InactiveInSuperset, _) => by_hand("activate the account"),
        (FindingKind::UserUnmanaged, _) => unmanaged("deactivate the account and take everything away"),
        (FindingKind::UserRowGone, _) => Ok("make an account again, with roles and memberships"),
        (FindingKind::ProfileDiffers, _) => Ok("write what SCIM says"),
        (FindingKind::RoleMissing | FindingKind::GroupRoleMissing, _) => Ok("grant the role"),
        (FindingKind::RoleExtra | FindingKind::GroupRoleExtra, _) => Ok("take the role back"),
        (FindingKind::RoleByHand | FindingKind::GroupRoleByHand, _) => by_hand("take the role away"),
        (FindingKind::MembershipMissing, _) => Ok("add to the group"),
        (FindingKind::MembershipExtra, _) => Ok("remove from the group"),
        (FindingKind::MembershipByHand, _) => by_hand("remove from the group"),
        (FindingKind::GroupGone, _) => Ok("make the group again, with roles and members"),
        (FindingKind::GroupRenamed, _) => {
            Ok("give the group its name, in a new row where the old one may be another's")
        }
        (FindingKind::GroupOrphaned, _) => Ok("remove the group if SCIM deleted it, else take back what we granted"),
        (FindingKind::GrantStale, _) => Ok("forget the record"),
        (FindingKind::NameOutdated, _) => Ok("record the name"),
        (FindingKind::CountDiffers, _) => Ok("count again"),
        (FindingKind::RoleUnknown, _) => Err("kept: create the role in Superset, or correct the rules"),
    }
}

//! What the audit says of one thing that happened.

use scim_core::ResourceId;
use scim_service::change::ChangeRecord;
use serde_json::Value;

/// What happened, as the column `action` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    Update,
    Delete,
    /// Members joined or left a group.
    Members,
    /// A local account became a provisioned one.
    Adopt,
    /// The account of an earlier user with the name was taken into use again.
    Reuse,
    /// An account was closed.
    Deactivate,
    /// An account that somebody had deactivated in Superset was opened, because a client said so.
    Activate,
    /// A role was given to a user or a group.
    Grant,
    /// A role that rules give was made, because Superset did not have it.
    CreateRole,
    /// A role that we had given was taken back.
    Revoke,
    /// The row of a deleted user was removed.
    Purge,
    /// Another source came to assert a user or a group.
    Takeover,
    /// That was tried, and refused.
    TakeoverRefused,
    /// An `externalId` by which rules give protected roles is a group's from now on.
    Pin,
    /// It is nobody's any more.
    Unpin,
    /// Another group claimed such an `externalId`, or somebody whom the rules do not believe did.
    Claim,
    /// A protected role was given.
    GrantProtected,
    /// A protected role that we had given was taken back.
    RevokeProtected,
    /// A difference between what is due and what Superset held was repaired.
    Repair,
    /// Old rows of the audit were removed.
    PurgeAudit,
}

impl Action {
    pub(in crate::store) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Members => "members",
            Self::Adopt => "adopt",
            Self::Reuse => "reuse",
            Self::Deactivate => "deactivate",
            Self::Activate => "activate",
            Self::Grant => "grant",
            Self::CreateRole => "create_role",
            Self::Revoke => "revoke",
            Self::Purge => "purge",
            Self::Takeover => "takeover",
            Self::TakeoverRefused => "takeover refused",
            Self::Pin => "pin",
            Self::Unpin => "unpin",
            Self::Claim => "claim",
            Self::GrantProtected => "grant protected",
            Self::RevokeProtected => "revoke protected",
            Self::Repair => "repair",
            Self::PurgeAudit => "purge audit",
        }
    }
}

/// One row of `scim_audit` to be. `detail` names attributes, roles and rows, never values that a client sent; those are in `changes`.
#[derive(Clone, Debug)]
pub(crate) struct AuditEvent {
    pub(in crate::store) action: Action,
    pub(in crate::store) resource_type: String,
    pub(in crate::store) resource_id: String,
    pub(in crate::store) version: Option<i64>,
    pub(in crate::store) detail: Value,
    /// What a write did to the resource.
    pub(in crate::store) changes: Option<Box<ChangeRecord>>,
    /// Which rule gave a role, in words.
    pub(in crate::store) rule: Option<String>,
}

impl AuditEvent {
    pub(in crate::store) fn new(action: Action, resource_type: &str, id: &ResourceId, detail: Value) -> Self {
        let (resource_type, resource_id) = (resource_type.to_owned(), id.to_string());
        Self { action, resource_type, resource_id, version: None, detail, changes: None, rule: None }
    }
}

//! What was done, in a table of its own, in the transaction that did it.

use std::collections::BTreeSet;

use scim_core::ResourceId;
use scim_core::json::format_date_time;
use scim_service::{Change, StoreError};
use serde_json::{Value, json};

use crate::sql::{Fragment, Param};
use crate::store::record::CHUNK;
use crate::store::session::Session;

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
}

impl Action {
    fn as_str(self) -> &'static str {
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
        }
    }
}

/// What a row says was written: the attributes that differ, by name and in order, never their values.
pub(super) fn written(change: &Change, also: impl IntoIterator<Item = &'static str>) -> Value {
    let names = change.differences.targets().map(ToString::to_string);
    let names: BTreeSet<String> = names.chain(also.into_iter().map(str::to_owned)).collect();
    json!({ "set": names })
}

/// One row of `scim_audit` to be. `detail` names attributes, roles and rows, never values that a client sent.
#[derive(Clone, Debug)]
pub(crate) struct AuditEvent {
    action: Action,
    resource_type: String,
    resource_id: String,
    version: Option<i64>,
    detail: Value,
}

impl Session<'_> {
    pub(crate) fn note(
        &mut self,
        action: Action,
        resource_type: &str,
        id: &ResourceId,
        version: Option<i64>,
        detail: Value,
    ) {
        tracing::debug!(action = action.as_str(), resource_type, %id, "noted");
        let (resource_type, resource_id) = (resource_type.to_owned(), id.to_string());
        self.audit.push(AuditEvent { action, resource_type, resource_id, version, detail });
    }

    /// Notes who came into a group and who went.
    pub(super) fn note_members(&mut self, group: &ResourceId, added: &[String], removed: &[String]) {
        if !added.is_empty() || !removed.is_empty() {
            let detail = json!({"added": added, "removed": removed});
            self.note(Action::Members, "Group", group, None, detail);
        }
    }

    /// Notes what was tried and refused. It is written although the call leaves nothing else.
    pub(super) fn alert(&mut self, action: Action, resource_type: &str, id: &ResourceId, detail: Value) {
        let (resource_type, resource_id) = (resource_type.to_owned(), id.to_string());
        self.alerts.push(AuditEvent { action, resource_type, resource_id, version: None, detail });
    }

    /// Writes what was noted.
    pub(super) async fn write_audit(&mut self) -> Result<(), StoreError> {
        let events = std::mem::take(&mut self.audit);
        let now = format_date_time(self.now);
        for events in events.chunks(CHUNK) {
            let rows = events.iter().map(|event| {
                Fragment::list([
                    Param::from(now.as_str()),
                    self.tenant.into(),
                    self.cx.principal.name().into(),
                    (&*self.cx.request_id).into(),
                    event.action.as_str().into(),
                    event.resource_type.as_str().into(),
                    event.resource_id.as_str().into(),
                    event.version.into(),
                    event.detail.to_string().into(),
                ])
            });
            let statement = Fragment::new(
                "INSERT INTO scim_audit (happened_at, tenant, principal, request_id, action, resource_type, resource_id, \
                 version, detail) VALUES ",
            );
            let statement = statement.then(Fragment::joined(rows.collect(), ", "));
            self.transaction.execute(statement).await?;
        }
        Ok(())
    }
}

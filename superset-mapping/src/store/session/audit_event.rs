//! What the audit says of one thing that happened, in a table of its own, in the transaction that did it.

use scim_core::json::format_date_time;
use scim_service::Context;
use serde_json::Value;

use crate::driver::{DatabaseError, Transaction};
use crate::sql::{Fragment, Param};

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
        }
    }
}

/// One row of `scim_audit` to be. `detail` names attributes, roles and rows, never values that a client sent.
#[derive(Clone, Debug)]
pub(crate) struct AuditEvent {
    pub(in crate::store) action: Action,
    pub(in crate::store) resource_type: String,
    pub(in crate::store) resource_id: String,
    pub(in crate::store) version: Option<i64>,
    pub(in crate::store) detail: Value,
}

impl AuditEvent {
    /// The row of the event, which is of a call.
    pub(super) fn row(&self, cx: &Context, tenant: &str) -> Fragment {
        Fragment::list([
            Param::from(format_date_time(cx.now)),
            tenant.into(),
            cx.principal.name().into(),
            (&*cx.request_id).into(),
            self.action.as_str().into(),
            self.resource_type.as_str().into(),
            self.resource_id.as_str().into(),
            self.version.into(),
            self.detail.to_string().into(),
        ])
    }
}

/// Most rows of one statement.
const MOST_ROWS: usize = 64;

/// Up to so many rows there is a statement for each number. Of more, their number has powers of two as parts: a connection remembers
/// only so many different statements.
const FEW_ROWS: usize = 8;

/// Writes rows of the audit, in their order.
pub(super) async fn write_audit(transaction: &mut Transaction, mut rows: Vec<Fragment>) -> Result<(), DatabaseError> {
    while !rows.is_empty() {
        let rest = rows.split_off(at_once(rows.len()));
        let insert = "INSERT INTO scim_audit (happened_at, tenant, principal, request_id, action, resource_type, resource_id, \
                      version, detail) VALUES ";
        transaction.execute(Fragment::new(insert).then(Fragment::joined(rows, ", "))).await?;
        rows = rest;
    }
    Ok(())
}

/// How many of so many rows the next statement writes.
fn at_once(rows: usize) -> usize {
    match rows {
        ..=FEW_ROWS => rows,
        MOST_ROWS.. => MOST_ROWS,
        _ => 1 << rows.ilog2(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_rows_is_written_by_few_different_statements() {
        let mut texts = std::collections::BTreeSet::new();
        for count in 0..500 {
            let (mut left, mut statements) = (count, 0);
            while left > 0 {
                let next = at_once(left);
                assert!((1..=left).contains(&next));
                texts.insert(next);
                left -= next;
                statements += 1;
            }
            assert!(statements <= count / MOST_ROWS + 4, "{count} rows");
        }
        assert!(texts.len() <= FEW_ROWS + 3);
    }
}

//! What was done, in a table of its own, in the transaction that did it.

use std::collections::BTreeSet;

use scim_core::ResourceId;
use scim_core::json::format_date_time;
use scim_service::{Change, StoreError};
use serde_json::{Value, json};

use crate::sql::{Fragment, Param};
use crate::store::session::CHUNK;
use crate::store::session::Session;
use crate::store::session::{Action, AuditEvent};

/// What a row says was written: the attributes that differ, by name and in order, never their values.
pub(in crate::store) fn written(change: &Change, also: impl IntoIterator<Item = &'static str>) -> Value {
    let names = change.differences.targets().map(ToString::to_string);
    let names: BTreeSet<String> = names.chain(also.into_iter().map(str::to_owned)).collect();
    json!({ "set": names })
}

impl Session<'_> {
    pub(crate) fn record_audit(
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
    pub(in crate::store) fn record_members(&mut self, group: &ResourceId, added: &[String], removed: &[String]) {
        if !added.is_empty() || !removed.is_empty() {
            let detail = json!({"added": added, "removed": removed});
            self.record_audit(Action::Members, "Group", group, None, detail);
        }
    }

    /// Notes what was tried and refused. It is written although the call leaves nothing else.
    pub(in crate::store) fn alert(&mut self, action: Action, resource_type: &str, id: &ResourceId, detail: Value) {
        let (resource_type, resource_id) = (resource_type.to_owned(), id.to_string());
        self.alerts.push(AuditEvent { action, resource_type, resource_id, version: None, detail });
    }

    /// Writes what was noted, with what was left for the end of the call.
    pub(in crate::store) async fn write_audit(&mut self) -> Result<(), StoreError> {
        let events = std::mem::take(&mut self.audit);
        // Each chunk is a statement of its own, so that positions are in order.
        for events in events.chunks(CHUNK) {
            self.later([self.audit_rows(events)]);
            self.flush().await?;
        }
        self.flush().await
    }

    fn audit_rows(&self, events: &[AuditEvent]) -> Fragment {
        let now = format_date_time(self.now);
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
        statement.then(Fragment::joined(rows.collect(), ", "))
    }
}

//! What was done, in a table of its own, in the transaction that did it.

use std::collections::BTreeSet;

use scim_core::json::format_date_time;
use scim_core::{ResourceId, Version};
use scim_service::change::ChangeRecord;
use scim_service::{AccessChange, Change, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sql::{Fragment, Param};
use crate::store::audit::entry::Values;
use crate::store::session::CHUNK;
use crate::store::session::Session;
use crate::store::session::{Action, AuditEvent};

/// How many members one row tells of, so that it fits any column and any packet.
const MEMBERS: usize = 50_000;

/// How many bytes of texts one statement brings, if it brings several rows: servers take statements of 16 MiB and more.
const STATEMENT: usize = 4 * 1024 * 1024;

/// What a row says was written: the attributes that differ, by name and in order.
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
        self.record_event(AuditEvent { version, ..AuditEvent::new(action, resource_type, id, detail) });
    }

    /// Notes what was done.
    pub(in crate::store) fn record_event(&mut self, event: AuditEvent) {
        let (action, resource_type, id) = (event.action.as_str(), &*event.resource_type, &*event.resource_id);
        tracing::debug!(action, resource_type, id, "noted");
        self.audit.push(event);
    }

    /// Notes that a resource was written, with the values before and after. The version after, and whose sessions ended, are known when
    /// the call [ends](Self::complete_record).
    pub(in crate::store) fn record_change(
        &mut self,
        action: Action,
        version: i64,
        detail: Value,
        change: &Change,
        groups: &[String],
    ) {
        let mut changes = ChangeRecord::of(change);
        changes.groups = groups.to_vec();
        let event = AuditEvent::new(action, change.resource_type.as_str(), &change.id, detail);
        self.record_event(AuditEvent { version: Some(version), changes: Some(Box::new(changes)), ..event });
    }

    /// Says what only the end of a call knows of the resource that it was about.
    pub(in crate::store) fn complete_record(
        &mut self,
        id: &ResourceId,
        after: Option<&Version>,
        access: &AccessChange,
    ) {
        let is_of_call = |event: &&mut AuditEvent| {
            matches!(event.action, Action::Create | Action::Update | Action::Delete) && event.resource_id == id.as_str()
        };
        let Some(event) = self.audit.iter_mut().rev().find(is_of_call) else { return };
        if let Some(changes) = &mut event.changes {
            changes.after = after.map(ToString::to_string);
            changes.sessions_ended = access.sessions_ended.iter().map(ToString::to_string).collect();
            changes.keys_ended = access.keys_ended.iter().map(ToString::to_string).collect();
        }
    }

    /// Notes who came into a group and who went.
    pub(in crate::store) fn record_members(&mut self, group: &ResourceId, added: &[String], removed: &[String]) {
        if added.len() + removed.len() <= MEMBERS {
            if !added.is_empty() || !removed.is_empty() {
                self.record_some_members(group, added, removed);
            }
            return;
        }
        for added in added.chunks(MEMBERS) {
            self.record_some_members(group, added, &[]);
        }
        for removed in removed.chunks(MEMBERS) {
            self.record_some_members(group, &[], removed);
        }
    }

    fn record_some_members(&mut self, group: &ResourceId, added: &[String], removed: &[String]) {
        let detail = json!({"added": added, "removed": removed});
        let changes = Some(Box::new(ChangeRecord::of_members(added, removed)));
        self.record_event(AuditEvent { changes, ..AuditEvent::new(Action::Members, "Group", group, detail) });
    }

    /// Notes what was tried and refused. It is written although the call leaves nothing else.
    pub(in crate::store) fn alert(&mut self, action: Action, resource_type: &str, id: &ResourceId, detail: Value) {
        self.alerts.push(AuditEvent::new(action, resource_type, id, detail));
    }

    /// Writes what was noted, with what was left for the end of the call.
    pub(in crate::store) async fn write_audit(&mut self) -> Result<(), StoreError> {
        let events = std::mem::take(&mut self.audit);
        let (mut rows, mut size) = (Vec::new(), 0);
        for event in events {
            let row = self.audit_row(event);
            let length = row.len();
            if rows.len() >= CHUNK || (size + length > STATEMENT && !rows.is_empty()) {
                // A statement of its own, so that positions are in order.
                self.write_rows(std::mem::take(&mut rows)).await?;
                size = 0;
            }
            size += length;
            rows.push(row);
        }
        if rows.is_empty() { self.flush().await } else { self.write_rows(rows).await }
    }

    async fn write_rows(&mut self, rows: Vec<Values>) -> Result<(), StoreError> {
        let key = self.options.audit_key();
        let rows = rows.into_iter().map(|row| {
            let code = row.code(key, &Uuid::new_v4().simple().to_string());
            let params = row.into_columns().map(|(is_version, value)| match value {
                value if is_version => Param::Integer(value.and_then(|version| version.parse().ok())),
                value => Param::Text(value),
            });
            Fragment::list(params.chain([code.into()]))
        });
        let statement = Fragment::new(
            "INSERT INTO scim_audit (happened_at, tenant, principal, request_id, action, resource_type, resource_id, \
             version, detail, address, rule, changes, mac) VALUES ",
        );
        self.later([statement.then(Fragment::joined(rows.collect(), ", "))]);
        self.flush().await
    }

    fn audit_row(&self, event: AuditEvent) -> Values {
        Values([
            Some(format_date_time(self.now)),
            Some(self.tenant.to_owned()),
            Some(self.cx.principal.name().to_owned()),
            Some((*self.cx.request_id).to_owned()),
            Some(event.action.as_str().to_owned()),
            Some(event.resource_type),
            Some(event.resource_id),
            event.version.map(|version| version.to_string()),
            Some(event.detail.to_string()),
            self.cx.address.map(|address| address.to_string()),
            event.rule,
            event.changes.map(|changes| changes.to_json()),
        ])
    }
}

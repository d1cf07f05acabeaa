//! What was done, noted for the audit.

use std::collections::BTreeSet;

use scim_core::ResourceId;
use scim_service::Change;
use serde_json::{Value, json};

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
}

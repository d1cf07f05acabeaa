//! The events of a request that was not served.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::context::Principal;
use crate::observe::ocsf::event::{Class, OTHER, OcsfEvent, Severity, named};
use crate::observe::{RefusedOperation, Served};

/// The events of a request that was refused or failed, and of the operations of a bulk request that were; none where all was served. What was
/// written tells the store.
pub fn events_of_request(request: &Served<'_>, time: DateTime<Utc>) -> Vec<OcsfEvent> {
    let whole = RefusedOperation {
        method: request.method.as_str().to_owned(),
        path: request.path.to_owned(),
        status: request.status.as_u16(),
        scim_type: None,
        error_type: request.error_type.unwrap_or_default(),
        reason: request.reason.unwrap_or("the request was refused").to_owned(),
    };
    let mut events = Vec::new();
    if whole.status >= 400 {
        let event = match (whole.status, request.principal) {
            (401, None) => OcsfEvent::logon(time, None, request.address, request.request_id, Err(&whole.reason)),
            _ => of_operation(&whole, request, request.route, time),
        };
        events.push(finished(event, &whole, request, request.scim_type));
    }
    for operation in request.refused_operations {
        // The endpoint is known by its name alone: the path is the client's.
        let route = ["/Users", "/Groups"].into_iter().find(|route| is_below(&operation.path, route));
        let event = of_operation(operation, request, route, time);
        events.push(finished(event, operation, request, operation.scim_type));
    }
    events
}

fn is_below(path: &str, route: &str) -> bool {
    path.strip_prefix(route).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The same event, with what is known of the request and of the refusal.
fn finished(
    event: OcsfEvent,
    operation: &RefusedOperation,
    request: &Served<'_>,
    scim_type: Option<&str>,
) -> OcsfEvent {
    let event = match request.principal {
        Some(principal) => by(event, principal, request.request_id),
        None => event,
    };
    let url = json!({"path": operation.path});
    let http = json!({"uid": **request.request_id, "http_method": operation.method, "url": url});
    let event = event.with("http_request", http).with("status_code", operation.status.to_string());
    match scim_type {
        Some(scim_type) => event.with_unmapped("scim_type", scim_type.into()),
        None => event,
    }
}

fn by(event: OcsfEvent, principal: &Principal, request_id: &str) -> OcsfEvent {
    event.by(principal.name(), &principal.source().to_string(), request_id).in_tenant(principal.tenant())
}

/// What would have been done.
fn of_operation(
    operation: &RefusedOperation,
    request: &Served<'_>,
    route: Option<&str>,
    time: DateTime<Utc>,
) -> OcsfEvent {
    let writes = matches!(&*operation.method, "POST" | "PUT" | "PATCH" | "DELETE");
    let id = operation.path.rsplit('/').next().filter(|id| operation.method != "POST" && !id.is_empty());
    let activity = |created, deleted, changed| match &*operation.method {
        "POST" => created,
        "DELETE" => deleted,
        _ => changed,
    };
    let new = |class, activity| OcsfEvent::new(class, activity, time, request.request_id).from(request.address);
    let event = match route {
        Some("/Users" | "/Users/{id}") if writes => {
            new(Class::Account, activity(1, 6, OTHER)).with("user", named(id, None))
        }
        Some("/Groups" | "/Groups/{id}") if writes => {
            new(Class::Group, activity(6, 5, OTHER)).with("group", named(id, None))
        }
        route => {
            let activity = if writes { activity(1, 4, 3) } else { 2 };
            let called = format!("{} {}", operation.method, route.unwrap_or("unknown"));
            let event = OcsfEvent::new(Class::Api, activity, time, request.request_id);
            // Both are required of this class.
            let event =
                event.with("actor", json!({"app_name": "unknown"})).with("src_endpoint", json!({"name": "unknown"}));
            event.with("api", json!({"operation": called})).from(request.address)
        }
    };
    event.failed(severity(operation.status), &operation.reason)
}

fn severity(status: u16) -> Severity {
    match status {
        500.. => Severity::High,
        401 | 403 | 429 => Severity::Medium,
        _ => Severity::Low,
    }
}

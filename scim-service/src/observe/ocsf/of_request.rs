//! The event of a request that was not served.

use chrono::{DateTime, Utc};
use http::Method;
use serde_json::json;

use crate::context::Principal;
use crate::observe::Served;
use crate::observe::ocsf::event::{Class, OTHER, OcsfEvent, Severity, named};

/// The event of a request that was refused or failed; `None` where it was served. What was written tells the store.
pub fn event_of_request(request: &Served<'_>, time: DateTime<Utc>) -> Option<OcsfEvent> {
    let status = request.status.as_u16();
    if status < 400 {
        return None;
    }
    let severity = match status {
        500.. => Severity::High,
        401 | 403 | 429 => Severity::Medium,
        _ => Severity::Low,
    };
    let reason = request.reason.unwrap_or("the request was refused");
    let event = match (status, request.principal) {
        (401, None) => OcsfEvent::logon(time, None, request.address, request.request_id, Err(reason)),
        _ => of_operation(request, time).failed(severity, reason),
    };
    let event = match request.principal {
        Some(principal) => by(event, principal, request.request_id),
        None => event,
    };
    let url = json!({"path": request.path});
    let http = json!({"uid": **request.request_id, "http_method": request.method.as_str(), "url": url});
    let event = event.with("http_request", http).with("status_code", status.to_string());
    Some(match request.scim_type {
        Some(scim_type) => event.with_unmapped("scim_type", scim_type.into()),
        None => event,
    })
}

fn by(event: OcsfEvent, principal: &Principal, request_id: &str) -> OcsfEvent {
    event.by(principal.name(), &principal.source().to_string(), request_id).in_tenant(principal.tenant())
}

/// What the request would have done.
fn of_operation(request: &Served<'_>, time: DateTime<Utc>) -> OcsfEvent {
    let writes = matches!(*request.method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE);
    let id = request.path.rsplit('/').next().filter(|_| *request.method != Method::POST && writes);
    let activity = |created, deleted, changed| match *request.method {
        Method::POST => created,
        Method::DELETE => deleted,
        _ => changed,
    };
    let new = |class, activity| OcsfEvent::new(class, activity, time, request.request_id);
    match request.route {
        Some("/Users" | "/Users/{id}") if writes => {
            new(Class::Account, activity(1, 6, OTHER)).with("user", named(id, None)).from(request.address)
        }
        Some("/Groups" | "/Groups/{id}") if writes => {
            new(Class::Group, activity(6, 5, OTHER)).with("group", named(id, None)).from(request.address)
        }
        route => {
            let activity = if writes { activity(1, 4, 3) } else { 2 };
            let operation = format!("{} {}", request.method, route.unwrap_or("unknown"));
            let event = new(Class::Api, activity).with("api", json!({"operation": operation}));
            // Both are required of this class.
            let event =
                event.with("actor", json!({"app_name": "unknown"})).with("src_endpoint", json!({"name": "unknown"}));
            event.from(request.address)
        }
    }
}

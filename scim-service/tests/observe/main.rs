//! What an observer hears of requests and writes, and what it may hold back.
#![cfg(feature = "memory")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod brake;
mod ocsf;

#[cfg(feature = "metrics")]
mod metrics;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use scim_core::{SchemaSet, urn};
use scim_service::observe::{ClientAddress, ObservedStore, Observer, Served};
use scim_service::{
    BearerTokens, BulkAtomicity, Capabilities, Change, Context, MemoryStore, Operation, Principal, ScimService,
    ServiceConfig, StoreError,
};
use serde_json::{Value, json};

const TOKEN: &str = "yXh2Qm7vT0w8LbN4";

/// Notes what it hears, and holds deletions back.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Notes {
    fn served(&self, request: &Served<'_>) {
        let (route, principal) = (request.route.unwrap_or("?"), request.principal.map_or("?", Principal::name));
        let address = request.address.map_or_else(|| "?".to_owned(), |address| address.to_string());
        let (status, error) = (request.status.as_u16(), request.scim_type.or(request.error_type).unwrap_or("-"));
        let refused = request.refused_operations.iter().map(|operation| operation.error_type);
        let error = refused.fold(error.to_owned(), |all, error| format!("{all}, {error}"));
        let quirks = if request.quirks.is_empty() { String::new() } else { format!(" {:?}", request.quirks) };
        self.note(format!("{} {route} {principal} {address} {status} {error}{quirks}", request.method));
    }

    fn writing(&self, _: &Context, operation: Operation) -> Result<(), StoreError> {
        if operation == Operation::Delete {
            let reason = "deletions wait for an operator".to_owned();
            return Err(StoreError::Held { reason, retry_after: Duration::from_millis(1_500) });
        }
        Ok(())
    }

    fn wrote(&self, cx: &Context, change: &Change) {
        let kind = if change.before.is_none() { "created" } else { "changed" };
        self.note(format!("{kind} {} {}", change.resource_type.as_str(), cx.principal.name()));
    }
}

fn service(atomicity: BulkAtomicity) -> (ScimService<ObservedStore<MemoryStore>>, Notes) {
    let notes = Notes::default();
    let mut capabilities = Capabilities::default();
    capabilities.bulk = Some(atomicity);
    let config = ServiceConfig::new("https://example.com/scim").unwrap().with_capabilities(capabilities);
    let tokens = BearerTokens::new().with_token(TOKEN, Principal::new("okta")).unwrap();
    let store = ObservedStore::new(MemoryStore::new(), notes.clone());
    (ScimService::new(store, SchemaSet::builtin(), config, tokens).with_observer(notes.clone()), notes)
}

async fn ask(
    service: &ScimService<ObservedStore<MemoryStore>>,
    (method, path): (Method, &str),
    token: &str,
    body: &Value,
) -> Response<Bytes> {
    let request = Request::builder().method(method).uri(format!("https://example.com/scim{path}"));
    let request = request.header("authorization", format!("Bearer {token}"));
    let request = request.header("content-type", "application/scim+json");
    let mut request = request.body(Bytes::from(body.to_string())).unwrap();
    request.extensions_mut().insert(ClientAddress::from(std::net::SocketAddr::from(([192, 0, 2, 7], 40_000))));
    service.handle(request).await
}

fn user(name: &str) -> Value {
    json!({"schemas": [urn::USER], "userName": name})
}

#[tokio::test]
async fn each_request_and_each_write_is_told_once() {
    let (service, notes) = service(BulkAtomicity::PerOperation);
    let response = ask(&service, (Method::POST, "/Users"), TOKEN, &user("ada")).await;
    let id: Value = serde_json::from_slice(response.body()).unwrap();
    let path = format!("/Users/{}", id["id"].as_str().unwrap());
    assert_eq!(notes.taken(), ["created User okta", "POST /Users okta 192.0.2.7 201 -"]);

    for (call, token, expected) in [
        ((Method::GET, path.as_str()), TOKEN, "GET /Users/{id} okta 192.0.2.7 200 -"),
        ((Method::GET, "/Users?filter=nope"), TOKEN, "GET /Users okta 192.0.2.7 400 invalidFilter"),
        ((Method::GET, path.as_str()), "wrong", "GET /Users/{id} ? 192.0.2.7 401 unauthenticated"),
        ((Method::GET, "/Nope"), TOKEN, "GET ? okta 192.0.2.7 404 not_found"),
        ((Method::POST, "/Users"), TOKEN, "POST /Users okta 192.0.2.7 409 uniqueness"),
        ((Method::GET, "/users"), TOKEN, "GET /Users okta 192.0.2.7 200 - {EndpointCase}"),
        ((Method::OPTIONS, "/Users"), TOKEN, "OPTIONS /Users ? 192.0.2.7 204 -"),
    ] {
        ask(&service, call, token, &user("ada")).await;
        assert_eq!(notes.taken(), [expected]);
    }
}

#[tokio::test]
async fn what_is_held_back_is_503_with_the_seconds_to_wait() {
    let (service, notes) = service(BulkAtomicity::PerOperation);
    let made = ask(&service, (Method::POST, "/Users"), TOKEN, &user("ada")).await;
    let made: Value = serde_json::from_slice(made.body()).unwrap();
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    notes.taken();
    let response = ask(&service, (Method::DELETE, &path), TOKEN, &Value::Null).await;
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"2".parse().unwrap()));
    let error: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(error["detail"], "deletions wait for an operator");
    assert_eq!(notes.taken(), ["DELETE /Users/{id} okta 192.0.2.7 503 held"]);
    assert_eq!(ask(&service, (Method::GET, &path), TOKEN, &Value::Null).await.status(), 200);
}

#[tokio::test]
async fn of_a_transaction_only_what_is_committed_is_told() {
    let (service, notes) = service(BulkAtomicity::AllOrNothing);
    let create = |name: &str| json!({"method": "POST", "path": "/Users", "bulkId": name, "data": user(name)});
    let bulk = |operations: &[Value]| json!({"schemas": [urn::BULK_REQUEST], "Operations": operations});
    ask(&service, (Method::POST, "/Bulk"), TOKEN, &bulk(&[create("ada"), create("eve")])).await;
    let two = ["created User okta", "created User okta", "POST /Bulk okta 192.0.2.7 200 -"];
    assert_eq!(notes.taken(), two);

    let deletion = json!({"method": "DELETE", "path": "/Users/nobody"});
    ask(&service, (Method::POST, "/Bulk"), TOKEN, &bulk(&[create("bob"), deletion])).await;
    assert_eq!(notes.taken(), ["POST /Bulk okta 192.0.2.7 200 -, held, rolled_back"]);
}

/// Holds back what a client changes or deletes, as a brake does once it has reached a threshold.
struct HeldAfterCreation;

impl Observer for HeldAfterCreation {
    fn writing(&self, cx: &Context, operation: Operation) -> Result<(), StoreError> {
        if operation != Operation::Create && cx.principal.source().is_client() {
            return Err(StoreError::Held { reason: "held".to_owned(), retry_after: Duration::from_secs(1) });
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_resource_that_could_not_be_completed_goes_although_the_client_is_held() {
    let config = ServiceConfig::new("https://example.com/scim").unwrap();
    let tokens = BearerTokens::new().with_token(TOKEN, Principal::new("okta")).unwrap();
    let store = ObservedStore::new(MemoryStore::new(), HeldAfterCreation);
    let service = ScimService::new(store, SchemaSet::builtin(), config, tokens);
    // Each has the other as a member: one of them is created without, and completed by a change.
    let group = |name: &str, member: &str| {
        let data =
            json!({"schemas": [urn::GROUP], "displayName": name, "members": [{"value": format!("bulkId:{member}")}]});
        json!({"method": "POST", "path": "/Groups", "bulkId": name, "data": data})
    };
    let body = json!({"schemas": [urn::BULK_REQUEST], "Operations": [group("a", "b"), group("b", "a")]});
    let response = ask(&service, (Method::POST, "/Bulk"), TOKEN, &body).await;
    let answer: Value = serde_json::from_slice(response.body()).unwrap();
    let statuses: Vec<&str> =
        answer["Operations"].as_array().unwrap().iter().filter_map(|operation| operation["status"].as_str()).collect();
    assert!(statuses.contains(&"503"), "{answer}");
    let left = ask(&service, (Method::GET, "/Groups"), TOKEN, &Value::Null).await;
    let left: Value = serde_json::from_slice(left.body()).unwrap();
    let succeeded = statuses.iter().filter(|status| **status == "201").count();
    assert_eq!(left["totalResults"], succeeded, "{answer} {left}");
}

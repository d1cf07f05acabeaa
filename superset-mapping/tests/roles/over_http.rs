//! The same through the service: bulk requests, and what a client cannot make of them.

use bytes::Bytes;
use http::{Method, Request};
use scim_core::{SchemaSet, urn};
use scim_service::{BearerTokens, BulkAtomicity, MemoryStore, Principal, ScimService, ServiceConfig};
use serde_json::{Value, json};
use superset_mapping::{MemoryRoles, RoleSync};

use crate::world::sync;

const BASE: &str = "http://localhost/scim";

type Service = ScimService<RoleSync<MemoryStore, MemoryRoles>>;

fn service() -> Service {
    let config = ServiceConfig::new(BASE).unwrap().with_bulk(BulkAtomicity::AllOrNothing);
    let tokens = BearerTokens::new().with_token("a-token-for-tests", Principal::new("okta")).unwrap();
    ScimService::new(sync(MemoryStore::new(), MemoryRoles::new()), SchemaSet::builtin(), config, tokens)
}

async fn call(service: &Service, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::builder().method(method).uri(format!("{BASE}{path}"));
    let request = request.header("authorization", "Bearer a-token-for-tests");
    let response = service.handle(request.body(Bytes::from(body.to_string())).unwrap()).await;
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

fn bulk(last: &Value) -> Value {
    let user = |id: &str| {
        let data = json!({"schemas": [urn::USER], "userName": id});
        json!({"method": "POST", "path": "/Users", "bulkId": id, "data": data})
    };
    let members = json!([{"value": "bulkId:ada"}, {"value": "bulkId:bea"}]);
    let group = json!({"schemas": [urn::GROUP], "displayName": "readers", "members": members});
    let group = json!({"method": "POST", "path": "/Groups", "bulkId": "readers", "data": group});
    json!({"schemas": [urn::BULK_REQUEST], "Operations": [user("ada"), group, user("bea"), last]})
}

#[tokio::test]
async fn a_bulk_request_gives_roles_all_at_once_or_none() {
    let service = service();
    let fails = json!({"method": "DELETE", "path": "/Users/nobody"});
    let (status, answer) = call(&service, Method::POST, "/Bulk", &bulk(&fails)).await;
    assert_eq!(status, 200, "{answer}");
    let statuses: Vec<&Value> = answer["Operations"].as_array().unwrap().iter().map(|done| &done["status"]).collect();
    assert!(statuses.iter().all(|status| **status != "201"), "{answer}");
    assert_eq!(format!("{:?}", service.store().target()), format!("{:?}", MemoryRoles::new()), "nobody holds anything");

    let works = json!({
        "method": "PATCH", "path": "/Groups/bulkId:readers",
        "data": {"schemas": [urn::PATCH_OP], "Operations": [{"op": "replace", "path": "displayName", "value": "writers"}]}
    });
    let (status, answer) = call(&service, Method::POST, "/Bulk", &bulk(&works)).await;
    assert_eq!(status, 200, "{answer}");
    let (_, users) = call(&service, Method::GET, "/Users", &Value::Null).await;
    let ids: Vec<_> = users["Resources"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    for id in ids {
        assert_eq!(service.store().target().roles_of(&id.parse().unwrap()), ["Reader", "Writer"]);
    }
}

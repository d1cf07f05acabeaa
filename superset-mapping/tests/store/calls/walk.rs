//! Walks by cursor through the service while others write.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use scim_core::SchemaSet;
use scim_service::{BearerTokens, Principal, ScimService, ServiceConfig};
use serde_json::{Value, json};
use superset_mapping::SupersetStore;

use crate::harness::{Case, cases};
use crate::support::Superset;

pub(crate) const CASES: &[Case] =
    cases![r262_a_walk_meets_everybody_once_while_others_write, r249_r250_pages_lead_forth_and_back];

const BASE_URL: &str = "https://example.com/scim/v2";

type Service = ScimService<SupersetStore>;

fn service(superset: &Superset) -> Service {
    let tokens = BearerTokens::new().with_token("token", Principal::new("okta")).unwrap();
    let config = ServiceConfig::new(BASE_URL).unwrap();
    ScimService::new(superset.store.clone(), SchemaSet::builtin(), config, tokens)
}

async fn get(service: &Service, path: &str) -> Value {
    let request = Request::get(format!("{BASE_URL}{path}")).header("authorization", "Bearer token");
    let response: Response<Bytes> = service.handle(request.body(Bytes::new()).unwrap()).await;
    assert_eq!(response.status(), 200, "{response:?}");
    serde_json::from_slice(response.body()).unwrap()
}

/// Walks to the end and returns the ids in the order met.
async fn walk(service: &Service, query: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(service, &format!("/Users?{query}&attributes=id&cursor={cursor}")).await;
        ids.extend(page["Resources"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()));
        match page.get("nextCursor") {
            Some(next) => next.as_str().unwrap().clone_into(&mut cursor),
            None => return ids,
        }
    }
}

async fn r262_a_walk_meets_everybody_once_while_others_write() {
    let superset = Arc::new(Superset::start().await);
    let service = service(&superset);
    let mut leaving = Vec::new();
    for number in 0..120 {
        leaving.push(superset.named(&format!("user{number}")).await);
    }
    let staying = leaving.split_off(40);
    let writers = [
        tokio::spawn({
            let superset = superset.clone();
            async move {
                for id in leaving {
                    superset.delete("User", &id).await.unwrap();
                }
            }
        }),
        tokio::spawn({
            let superset = superset.clone();
            async move {
                for number in 0..40 {
                    superset.named(&format!("new{number}")).await;
                }
            }
        }),
    ];
    for queries in ["count=7", "count=7&sortBy=userName"].iter().cycle().scan(0, |walks, query| {
        *walks += 1;
        (*walks <= 2 || writers.iter().any(|writer| !writer.is_finished())).then_some(query)
    }) {
        let met = walk(&service, queries).await;
        let once: HashSet<&str> = met.iter().map(String::as_str).collect();
        assert_eq!(once.len(), met.len(), "a user was met twice");
        assert!(staying.iter().all(|id| once.contains(id.as_str())), "a user who stayed was missed");
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(walk(&service, "count=50").await.len(), 120);
}

/// Pushed down or not, every page of a walk is one of the whole, and leads back.
async fn r249_r250_pages_lead_forth_and_back() {
    let superset = Superset::start().await;
    let service = service(&superset);
    for number in 0..7 {
        superset.user(json!({"userName": format!("user{number}"), "title": format!("t{}", number % 3)})).await;
    }
    for query in ["count=3", "count=3&sortBy=title&sortOrder=descending", "count=3&filter=title%20pr"] {
        let page = async |cursor: &Value| {
            get(&service, &format!("/Users?{query}&cursor={}", cursor.as_str().unwrap_or_default())).await
        };
        let first = page(&Value::Null).await;
        let second = page(&first["nextCursor"]).await;
        let last = page(&second["nextCursor"]).await;
        assert_eq!(last["Resources"].as_array().unwrap().len(), 1, "{query}");
        assert_eq!(last.get("nextCursor"), None, "{query}");
        let back = page(&last["previousCursor"]).await;
        assert_eq!(back["Resources"], second["Resources"], "{query}");
        let start = page(&back["previousCursor"]).await;
        assert_eq!(start["Resources"], first["Resources"], "{query}");
        assert_eq!(start.get("previousCursor"), None, "{query}");
    }
}

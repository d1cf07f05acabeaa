//! The crate `scim-server` behind axum, over its own store in memory: no more around it than HTTP needs.
//!
//! It has no HTTP of its own. Of the ways that it offers for a request this takes the cheapest: one attribute is looked for
//! by `find_resource_by_attribute`, a page is a `ListQuery`. Other filters, and bulk requests, it does not have.

use std::error::Error;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use scim_server::multi_tenant::ScimOperation;
use scim_server::providers::StandardResourceProvider;
use scim_server::storage::InMemoryStorage;
use scim_server::{
    ListQuery, RequestContext, Resource, ResourceProvider, ScimError, ScimServer, create_group_resource_handler,
    create_user_resource_handler,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const AUTHORIZATION: &str = "Bearer secret-token";

type Provider = StandardResourceProvider<InMemoryStorage>;

struct Peer {
    server: ScimServer<Provider>,
    provider: Provider,
}

type Answer = Result<Response<Body>, (StatusCode, String)>;
type Shared = State<Arc<Peer>>;

fn refused(error: impl Error) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, error.to_string())
}

fn check(headers: &HeaderMap) -> Result<RequestContext, (StatusCode, String)> {
    let authorized =
        headers.get(header::AUTHORIZATION).is_some_and(|token| token.as_bytes() == AUTHORIZATION.as_bytes());
    if authorized { Ok(RequestContext::with_generated_id()) } else { Err((StatusCode::UNAUTHORIZED, String::new())) }
}

fn resource_type(endpoint: &str) -> &'static str {
    if endpoint == "Groups" { "Group" } else { "User" }
}

fn answer(status: StatusCode, body: &Value, location: Option<String>) -> Answer {
    let mut answer = Response::builder().status(status).header(header::CONTENT_TYPE, "application/scim+json");
    if let Some(location) = location {
        answer = answer.header(header::LOCATION, location);
    }
    answer.body(Body::from(body.to_string())).map_err(refused)
}

impl Peer {
    fn json(&self, resource: &Resource) -> Result<Value, ScimError> {
        self.server.serialize_resource_with_refs(resource, None)
    }

    fn resource(&self, status: StatusCode, resource: &Resource) -> Answer {
        answer(status, &self.json(resource).map_err(refused)?, None)
    }

    fn list(&self, resources: &[Resource], total: usize) -> Answer {
        let resources = resources.iter().map(|resource| self.json(resource)).collect::<Result<Vec<_>, _>>();
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"];
        let list = json!({"schemas": schemas, "totalResults": total, "Resources": resources.map_err(refused)?});
        answer(StatusCode::OK, &list, None)
    }
}

async fn create(State(peer): Shared, Path(of): Path<String>, headers: HeaderMap, Json(body): Json<Value>) -> Answer {
    let cx = check(&headers)?;
    let created = peer.server.create_resource(resource_type(&of), body, &cx).await.map_err(refused)?;
    let location = format!("/{of}/{}", created.get_id().unwrap_or_default());
    answer(StatusCode::CREATED, &peer.json(&created).map_err(refused)?, Some(location))
}

async fn read(State(peer): Shared, Path((of, id)): Path<(String, String)>, headers: HeaderMap) -> Answer {
    let cx = check(&headers)?;
    match peer.server.get_resource(resource_type(&of), &id, &cx).await.map_err(refused)? {
        Some(found) => peer.resource(StatusCode::OK, &found),
        None => Err((StatusCode::NOT_FOUND, String::new())),
    }
}

async fn replace(
    State(peer): Shared,
    Path((of, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    let cx = check(&headers)?;
    let replaced = peer.server.update_resource(resource_type(&of), &id, body, &cx).await.map_err(refused)?;
    peer.resource(StatusCode::OK, &replaced)
}

async fn patch(
    State(peer): Shared,
    Path((of, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    let cx = check(&headers)?;
    let patched = peer.server.patch_resource(resource_type(&of), &id, &body, &cx).await.map_err(refused)?;
    peer.resource(StatusCode::OK, &patched)
}

async fn delete(State(peer): Shared, Path((of, id)): Path<(String, String)>, headers: HeaderMap) -> Answer {
    let cx = check(&headers)?;
    peer.server.delete_resource(resource_type(&of), &id, &cx).await.map_err(refused)?;
    answer(StatusCode::OK, &Value::Null, None)
}

async fn search(
    State(peer): Shared,
    Path(of): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Answer {
    let cx = check(&headers)?;
    let parameter = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let Some(filter) = parameter("filter") else {
        let number = |name| parameter(name).and_then(|number| number.parse().ok());
        let query = ListQuery { count: number("count"), start_index: number("startIndex"), ..ListQuery::default() };
        let page = peer.provider.list_resources(resource_type(&of), Some(&query), &cx).await.map_err(refused)?;
        let page: Vec<Resource> = page.into_iter().map(|found| found.into_resource()).collect();
        return peer.list(&page, page.len());
    };
    let (attribute, value) = filter.split_once(" eq ").ok_or((StatusCode::BAD_REQUEST, filter.to_owned()))?;
    let value = json!(value.trim_matches('"'));
    let found = peer.server.find_resource_by_attribute(resource_type(&of), attribute, &value, &cx).await;
    let found: Vec<Resource> = found.map_err(refused)?.into_iter().collect();
    peer.list(&found, found.len())
}

fn peer() -> Result<Peer, Box<dyn Error>> {
    let provider = Provider::new(InMemoryStorage::new());
    let mut server = ScimServer::new(provider.clone())?;
    let of = |kind: &str| format!("urn:ietf:params:scim:schemas:core:2.0:{kind}");
    let users = server.get_schema_by_id(&of("User")).ok_or("no schema of users")?.clone();
    let groups = server.get_schema_by_id(&of("Group")).ok_or("no schema of groups")?.clone();
    let all = vec![
        ScimOperation::Create,
        ScimOperation::Read,
        ScimOperation::Update,
        ScimOperation::Patch,
        ScimOperation::Delete,
        ScimOperation::List,
        ScimOperation::Search,
    ];
    server.register_resource_type("User", create_user_resource_handler(users), all.clone())?;
    server.register_resource_type("Group", create_group_resource_handler(groups), all)?;
    Ok(Peer { server, provider })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = Router::new()
        .route("/Bulk", post(async || StatusCode::NOT_IMPLEMENTED))
        .route("/{of}", get(search).post(create))
        .route("/{of}/{id}", get(read).put(replace).patch(patch).delete(delete))
        .with_state(Arc::new(peer()?));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), app).await?;
    Ok(())
}

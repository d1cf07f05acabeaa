//! What no SCIM server on axum can beat: fixed answers, and bodies read and written as `serde_json::Value`.
//!
//! `floor BODY` listens on a free port of this machine, prints its address, and answers with the user in the file BODY.
//! `floor BODY serialise` keeps users as structs and serialises them for every answer.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// As the other servers have it: comparing tokens is work of every request.
const AUTHORIZATION: &str = "Bearer secret-token";
/// Users on a page.
const PAGE: usize = 100;

struct Answers {
    /// What each answer is serialised from, or nothing.
    users: Vec<User>,
    user: Bytes,
    found: Bytes,
    page: Bytes,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are those of RFC 7643")]
struct User {
    schemas: Vec<String>,
    id: String,
    external_id: String,
    user_name: String,
    name: Name,
    display_name: String,
    title: String,
    timezone: String,
    locale: String,
    active: bool,
    emails: Vec<Email>,
    meta: Meta,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Name {
    family_name: String,
    given_name: String,
}

#[derive(Clone, Deserialize, Serialize)]
struct Email {
    value: String,
    r#type: String,
    primary: bool,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    resource_type: String,
    created: String,
    last_modified: String,
    location: String,
    version: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    schemas: [&'static str; 1],
    total_results: usize,
    start_index: usize,
    items_per_page: usize,
    #[serde(rename = "Resources")]
    resources: &'a [User],
}

impl Answers {
    fn new(user: &str, serialise: bool) -> serde_json::Result<Self> {
        let user: User = serde_json::from_str(user)?;
        let users = vec![user; PAGE];
        let (one, page) = (users.get(..1).unwrap_or_default(), list(&users)?);
        let (found, user) = (list(one)?, serde_json::to_vec(&one.first())?);
        let users = if serialise { users } else { Vec::new() };
        Ok(Self { users, user: user.into(), found: found.into(), page: page.into() })
    }

    fn user(&self) -> serde_json::Result<Bytes> {
        self.users.first().map_or_else(|| Ok(self.user.clone()), |user| Ok(serde_json::to_vec(user)?.into()))
    }

    fn found(&self) -> serde_json::Result<Bytes> {
        self.users.get(..1).map_or_else(|| Ok(self.found.clone()), |users| Ok(list(users)?.into()))
    }

    fn page(&self) -> serde_json::Result<Bytes> {
        if self.users.is_empty() { Ok(self.page.clone()) } else { Ok(list(&self.users)?.into()) }
    }
}

fn list(resources: &[User]) -> serde_json::Result<Vec<u8>> {
    let count = resources.len();
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"];
    serde_json::to_vec(&List { schemas, total_results: count, start_index: 1, items_per_page: count, resources })
}

type Answer = Response<Body>;

/// An answer to whoever has the token.
fn answer(headers: &HeaderMap, status: StatusCode, body: impl FnOnce() -> serde_json::Result<Bytes>) -> Answer {
    let authorized =
        headers.get(header::AUTHORIZATION).is_some_and(|token| token.as_bytes() == AUTHORIZATION.as_bytes());
    let (status, body) = match body() {
        _ if !authorized => (StatusCode::UNAUTHORIZED, Bytes::new()),
        Ok(body) => (status, body),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string().into()),
    };
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/scim+json"));
    answer
}

async fn read(State(answers): State<Arc<Answers>>, headers: HeaderMap) -> Answer {
    answer(&headers, StatusCode::OK, || answers.user())
}

async fn search(State(answers): State<Arc<Answers>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Answer {
    let filtered = query.is_some_and(|query| query.contains("filter="));
    answer(&headers, StatusCode::OK, || if filtered { answers.found() } else { answers.page() })
}

/// Reads the body and writes it again.
async fn create(headers: HeaderMap, body: Bytes) -> Answer {
    answer(&headers, StatusCode::CREATED, || echo(&body))
}

async fn replace(headers: HeaderMap, body: Bytes) -> Answer {
    answer(&headers, StatusCode::OK, || echo(&body))
}

fn echo(body: &[u8]) -> serde_json::Result<Bytes> {
    Ok(serde_json::to_vec(&serde_json::from_slice::<Value>(body)?)?.into())
}

/// Reads the body and answers with the user.
async fn patch(State(answers): State<Arc<Answers>>, headers: HeaderMap, body: Bytes) -> Answer {
    answer(&headers, StatusCode::OK, || {
        serde_json::from_slice::<Value>(&body)?;
        answers.user()
    })
}

/// Reads the body and writes a result for each operation.
async fn bulk(headers: HeaderMap, body: Bytes) -> Answer {
    answer(&headers, StatusCode::OK, || {
        let body: Value = serde_json::from_slice(&body)?;
        let operations = body.get("Operations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let results: Vec<Value> = operations
            .iter()
            .map(|operation| {
                let (method, bulk_id) = (operation.get("method"), operation.get("bulkId"));
                json!({"method": method, "bulkId": bulk_id, "location": "/Users/floor", "status": "201"})
            })
            .collect();
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"];
        Ok(serde_json::to_vec(&json!({"schemas": schemas, "Operations": results}))?.into())
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let user = std::fs::read_to_string(arguments.next().ok_or("usage: floor BODY [serialise]")?)?;
    let answers = Answers::new(&user, arguments.next().as_deref() == Some("serialise"))?;
    let app = Router::new()
        .route("/Users", get(search).post(create))
        .route("/Users/{id}", get(read).put(replace).patch(patch))
        .route("/Groups", post(create))
        .route("/Groups/{id}", get(read).patch(patch))
        .route("/Bulk", post(bulk))
        .with_state(Arc::new(answers));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), app).await?;
    Ok(())
}

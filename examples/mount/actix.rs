//! In actix-web, which has `http` types of its own: method, URI and headers are copied over and back.
//!
//! ```sh
//! cargo run -p scim-mounts --example mount_actix
//! curl -H 'authorization: Bearer secret-token' http://127.0.0.1:8080/scim/v2/Users
//! ```

use std::error::Error;
use std::time::Duration;

use actix_web::web::{self, Data, Payload};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::Server, http::StatusCode};
use scim_service::observe::ClientAddress;
use scim_service::{MemoryStore, ScimService};

type Scim = ScimService<MemoryStore>;

/// One request through the service. The body is read once the head was admitted, and no more of it than the service takes.
async fn scim(request: HttpRequest, body: Payload, service: Data<Scim>) -> Result<HttpResponse, Box<dyn Error>> {
    let mut copy = http::Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    for (name, value) in request.headers() {
        copy = copy.header(name.as_str(), value.as_bytes());
    }
    if let (Some(peer), Some(extensions)) = (request.peer_addr(), copy.extensions_mut()) {
        extensions.insert(ClientAddress::from(peer));
    }
    let (head, ()) = copy.body(())?.into_parts();
    let response = match service.admit(head).await {
        Err(refusal) => refusal,
        Ok(admitted) => match admitted.body_limit() {
            None => admitted.handle(web::Bytes::new()).await,
            Some(limit) => match body.to_bytes_limited(limit).await {
                Ok(body) => admitted.handle(body?).await,
                Err(_) => admitted.body_too_large(),
            },
        },
    };
    let (parts, body) = response.into_parts();
    let mut response = HttpResponse::build(StatusCode::from_u16(parts.status.as_u16())?);
    for (name, value) in &parts.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    Ok(response.body(body))
}

/// Most connections at a time of each worker: fewer than there are descriptors.
const MAX_CONNECTIONS: usize = 256;

/// How long a client has for the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// A server with SCIM below `/scim/v2`.
pub(crate) fn server(listener: std::net::TcpListener, service: Scim) -> std::io::Result<Server> {
    let service = Data::new(service);
    let application = move || {
        let scim = web::scope("/scim/v2").default_service(web::to(scim));
        App::new().app_data(service.clone()).service(scim)
    };
    let server = HttpServer::new(application).max_connections(MAX_CONNECTIONS).client_request_timeout(HEAD_TIME);
    Ok(server.workers(2).listen(listener)?.run())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = std::net::TcpListener::bind("127.0.0.1:8080")?;
    Ok(server(listener, scim_mounts::service("http://127.0.0.1:8080/scim/v2", "secret-token")?)?.await?)
}

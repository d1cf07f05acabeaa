//! In actix-web, which has `http` types of its own: method, URI and headers are copied over and back.
//!
//! ```sh
//! cargo run -p scim-mounts --example mount_actix
//! curl -H 'authorization: Bearer secret-token' http://127.0.0.1:8080/scim/v2/Users
//! ```

use std::error::Error;

use actix_web::web::{self, Data, Payload};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::Server, http::StatusCode};
use scim_service::{MemoryStore, ScimService};

type Scim = ScimService<MemoryStore>;

/// One request through the service. No more of a body is read than the service would take.
async fn scim(request: HttpRequest, body: Payload, service: Data<Scim>) -> Result<HttpResponse, Box<dyn Error>> {
    let mut copy = http::Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    for (name, value) in request.headers() {
        copy = copy.header(name.as_str(), value.as_bytes());
    }
    let uri = request.uri().to_string().parse()?;
    let response = match body.to_bytes_limited(service.body_limit(&uri)).await {
        Ok(body) => service.handle(copy.body(body?)?).await,
        Err(_) => service.body_too_large(&uri),
    };
    let (parts, body) = response.into_parts();
    let mut response = HttpResponse::build(StatusCode::from_u16(parts.status.as_u16())?);
    for (name, value) in &parts.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    Ok(response.body(body))
}

/// A server with SCIM below `/scim/v2`.
pub(crate) fn server(listener: std::net::TcpListener, service: Scim) -> std::io::Result<Server> {
    let service = Data::new(service);
    let application = move || {
        let scim = web::scope("/scim/v2").default_service(web::to(scim));
        App::new().app_data(service.clone()).service(scim)
    };
    Ok(HttpServer::new(application).workers(2).listen(listener)?.run())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = std::net::TcpListener::bind("127.0.0.1:8080")?;
    Ok(server(listener, scim_mounts::service("http://127.0.0.1:8080/scim/v2", "secret-token")?)?.await?)
}

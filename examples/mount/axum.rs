//! In axum the service is one line of the router. axum strips the prefix, which the service takes in its stride:
//! its URLs are made of the configured base URL.
//!
//! ```sh
//! cargo run -p scim-mounts --example mount_axum
//! curl -H 'authorization: Bearer secret-token' http://127.0.0.1:8080/scim/v2/Users
//! ```

use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::map_request;
use axum::routing::get;
use scim_service::observe::ClientAddress;
use scim_service::{MemoryStore, ScimService};
use tokio::net::TcpListener;

/// An application of its own that has SCIM below `/scim/v2`.
pub(crate) fn application(service: ScimService<MemoryStore>) -> Router {
    // For the log of the service.
    let note_address = async |ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request| {
        request.extensions_mut().insert(ClientAddress::from(peer));
        request
    };
    Router::new()
        .route("/", get(|| async { "hello" }))
        .nest_service("/scim/v2", service)
        .layer(map_request(note_address))
}

/// Serves until the future is dropped. axum's own server has no limits of connections, so a proxy in front must have some; or
/// hyper serves the application, as it does in `hyper.rs` beside this file.
pub(crate) async fn serve(
    listener: TcpListener,
    service: ScimService<MemoryStore>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    Ok(axum::serve(listener, application(service).into_make_service_with_connect_info::<SocketAddr>()).await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    serve(listener, scim_mounts::service("http://127.0.0.1:8080/scim/v2", "secret-token")?).await
}

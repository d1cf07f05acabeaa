//! With hyper alone: the service is a tower service over any body, so hyper's own body will do.
//!
//! ```sh
//! cargo run -p scim-mounts --example mount_hyper
//! curl -H 'authorization: Bearer secret-token' http://127.0.0.1:8080/scim/v2/Users
//! ```

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use scim_service::observe::ClientAddress;
use scim_service::{MemoryStore, ScimService};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Most connections at a time: fewer than there are descriptors.
const MAX_CONNECTIONS: usize = 512;

/// How long a client has for the head of a request, and how large it may be.
const HEAD_TIME: Duration = Duration::from_secs(10);
const MAX_HEAD: usize = 64 * 1024;

/// Serves until the future is dropped. The path reaches the service as the client sent it, base path and all.
///
/// The limits are the least that a server needs. `serve_connections` of the example servers has more: for each address, for
/// bodies, and it closes what waits when a new client comes.
pub(crate) async fn serve(
    listener: TcpListener,
    service: ScimService<MemoryStore>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(MAX_HEAD);
    loop {
        let place = places.clone().acquire_owned().await?;
        let (stream, peer) = listener.accept().await?;
        let scim = TowerToHyperService::new(service.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ClientAddress::from(peer));
            scim.call(request)
        });
        let connection = http.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                eprintln!("a connection broke off: {error}");
            }
        });
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    serve(listener, scim_mounts::service("http://127.0.0.1:8080/scim/v2", "secret-token")?).await
}

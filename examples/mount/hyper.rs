//! With hyper alone: the service is a tower service over any body, so hyper's own body will do.
//!
//! ```sh
//! cargo run -p scim-mounts --example mount_hyper
//! curl -H 'authorization: Bearer secret-token' http://127.0.0.1:8080/scim/v2/Users
//! ```

use std::error::Error;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use scim_service::{ClientAddress, MemoryStore, ScimService};
use tokio::net::TcpListener;

/// Serves until the future is dropped. The path reaches the service as the client sent it, base path and all.
pub(crate) async fn serve(
    listener: TcpListener,
    service: ScimService<MemoryStore>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    loop {
        let (stream, peer) = listener.accept().await?;
        let scim = TowerToHyperService::new(service.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ClientAddress::from(peer));
            scim.call(request)
        });
        tokio::spawn(async move {
            let mut server = http1::Builder::new();
            // With a timer, hyper gives up on clients that never finish their headers.
            let connection = server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
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

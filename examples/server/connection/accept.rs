//! Accepting connections, and serving each.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use scim_service::oauth::PeerAddress;
use scim_service::observe::ClientAddress;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tower_service::Service;

use super::activity::{Answer, Serving};
use super::bodies::TimedBody;
use super::limits::ConnectionLimits;
use super::stream::WatchedStream;
use super::table::{Connections, Place};
use crate::listen::Peer;

/// How often connections are looked at that take too long.
const SWEEP: Duration = Duration::from_millis(250);

/// How long requests have to end when the server is stopped.
const GRACE: Duration = Duration::from_secs(30);

/// How long the server waits where the system gives it no more connections.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Serves HTTP/1.1 connections of `listener` within `limits`, until `stopped`; requests that are under way may end then.
///
/// `peer` says who is at the other end of a connection. A proxy may have any number of them, a stranger none.
pub async fn serve_connections<S, B>(
    listener: TcpListener,
    service: S,
    limits: ConnectionLimits,
    peer: impl Fn(IpAddr) -> Peer,
    stopped: impl Future<Output = ()>,
) where
    S: Service<Request<TimedBody<Incoming>>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let limits = Arc::new(limits);
    let connections = Connections::new(limits.clone());
    let graceful = GracefulShutdown::new();
    let mut sweep = interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopped = pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            _ = sweep.tick() => connections.close_overdue(Instant::now()),
            accepted = listener.accept() => match accepted {
                Ok((_, address)) if peer(address.ip()) == Peer::Stranger => {
                    tracing::warn!(%address, "a connection was refused: it does not come from a trusted proxy");
                }
                Ok((stream, address)) => {
                    let by_proxy = peer(address.ip()) == Peer::Proxy;
                    if let Some(place) = connections.place(address.ip(), by_proxy).await {
                        let peer = (!by_proxy).then(|| PeerAddress::from(address));
                        serve(stream, address, peer, place, &limits, service.clone(), graceful.watcher());
                    } else {
                        tracing::warn!(%address, "a connection was refused: requests under way have all places");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    if !ends_one_connection(&error) {
                        sleep(EXHAUSTED).await;
                    }
                }
            },
        }
    }
    drop(listener);
    let mut ended = pin!(timeout(GRACE, graceful.shutdown()));
    loop {
        tokio::select! {
            _ = &mut ended => break,
            _ = sweep.tick() => connections.close_overdue(Instant::now()),
        }
    }
}

/// Whether an error is about the connection that was to be accepted, not about the listener.
fn ends_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Begins to serve a connection.
fn serve<S, B>(
    stream: TcpStream,
    address: SocketAddr,
    peer: Option<PeerAddress>,
    place: Place,
    limits: &Arc<ConnectionLimits>,
    service: S,
    watcher: Watcher,
) where
    S: Service<Request<TimedBody<Incoming>>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    // Answers are written at once: there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    let activity = place.activity().clone();
    let stream = TokioIo::new(WatchedStream::new(stream, activity.clone()));
    let body_timeout = limits.body_timeout();
    let service = TowerToHyperService::new(service);
    let service = service_fn(move |request: Request<Incoming>| {
        let serving = Serving::new(activity.clone());
        let mut request = request.map(|body| TimedBody::new(body, body_timeout));
        request.extensions_mut().insert(ClientAddress::from(address));
        // Of a client behind a proxy the connection says nothing: that is read from what the proxy says (`traffic/door.rs`), and until
        // then one that is bound to networks is refused.
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let answer = service.call(request);
        async move { Ok::<_, Infallible>(answer.await?.map(|body| Answer::new(body, serving))) }
    });
    let mut http = http1::Builder::new();
    http.max_buf_size(limits.max_head).header_read_timeout(None);
    let connection = watcher.watch(http.serve_connection(stream, service));
    place.spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%address, %error, "a connection broke off");
        }
    });
}

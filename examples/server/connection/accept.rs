//! Accepting connections, and serving each.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use scim_service::oauth::{PeerAddress, PeerCertificate};
use scim_service::observe::ClientAddress;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tower_service::Service;

use super::activity::{Activity, Answer, Serving};
use super::bodies::TimedBody;
use super::limits::ConnectionLimits;
use super::stream::WatchedStream;
use super::table::{Connections, Place};
use crate::listen::Peer;
use crate::tls::Tls;

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
    serve_connections_with_tls(listener, None, service, limits, peer, stopped).await;
}

/// The same over TLS, where it is given: a handshake belongs to its connection, has its place, and ends with the time for the first
/// head. The certificate that a client presents is among the extensions of its requests ([`PeerCertificate`]); that of a proxy is not,
/// because it says nothing of the client.
pub async fn serve_connections_with_tls<S, B>(
    listener: TcpListener,
    tls: Option<Tls>,
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
    let (writing, mut written) = mpsc::channel::<Infallible>(1);
    // Dropped, it tells the handshakes under way that the server stops.
    let (running, stopping) = watch::channel(());
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
                        let connection = Connection {
                            address,
                            by_proxy,
                            activity: place.activity().clone(),
                            limits: limits.clone(),
                            service: service.clone(),
                            watcher: graceful.watcher(),
                            writing: writing.clone(),
                        };
                        connection.begin(stream, tls.clone(), place, stopping.clone());
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
    drop((listener, running));
    drop(writing);
    let all = async {
        graceful.shutdown().await;
        // Writes whose clients did not wait: nobody sends, and the last of them ends the channel.
        let _ = written.recv().await;
    };
    let mut ended = pin!(timeout(GRACE, all));
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

/// A connection, and what it is served with.
struct Connection<S> {
    address: SocketAddr,
    by_proxy: bool,
    activity: Arc<Activity>,
    limits: Arc<ConnectionLimits>,
    service: S,
    watcher: Watcher,
    /// Held by each write until it is done.
    writing: mpsc::Sender<Infallible>,
}

impl<S, B> Connection<S>
where
    S: Service<Request<TimedBody<Incoming>>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Begins to serve it.
    fn begin(self, stream: TcpStream, tls: Option<Tls>, place: Place, mut stopping: watch::Receiver<()>) {
        // Answers are written at once: there is nothing to wait for.
        let _ = stream.set_nodelay(true);
        let stream = WatchedStream::new(stream, self.activity.clone());
        place.spawn(async move {
            let Some(tls) = tls else { return self.serve(stream, None).await };
            let greeted = tokio::select! {
                greeted = tls.greet(stream, self.address) => greeted,
                _ = stopping.changed() => None,
            };
            if let Some((stream, certificate)) = greeted {
                self.serve(stream, certificate).await;
            }
        });
    }

    /// Serves its requests until it ends.
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, of: Option<PeerCertificate>) {
        let Self { address, by_proxy, activity, limits, service, watcher, writing } = self;
        let body_timeout = limits.body_timeout();
        // Of a client behind a proxy the connection says nothing: its address is read from what the proxy says (`traffic/door.rs`), and until
        // then one that is bound to networks is refused, as is one that is bound to certificates.
        let (peer, certificate) = if by_proxy { (None, None) } else { (Some(PeerAddress::from(address)), of) };
        let service = TowerToHyperService::new(service);
        let service = service_fn(move |request: Request<Incoming>| {
            let serving = Serving::new(activity.clone());
            let mut request = request.map(|body| TimedBody::new(body, body_timeout));
            request.extensions_mut().insert(ClientAddress::from(address));
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            if let Some(certificate) = &certificate {
                request.extensions_mut().insert(certificate.clone());
            }
            let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
            let (answer, writing) = (service.call(request), writing.clone());
            async move {
                // What a write does has to be heard of to the end, by audit and brake, when its client does not wait for the answer.
                let answered = if reads {
                    answer.await
                } else {
                    let to_the_end = async move {
                        let answered = answer.await;
                        drop(writing);
                        answered
                    };
                    tokio::spawn(to_the_end).await.map_err(io::Error::other)?
                };
                let Ok(answer) = answered;
                Ok::<_, io::Error>(answer.map(|body| Answer::new(body, serving)))
            }
        });
        let mut http = http1::Builder::new();
        http.max_buf_size(limits.max_head).header_read_timeout(None);
        if let Err(error) = watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await {
            tracing::debug!(%address, %error, "a connection broke off");
        }
    }
}

//! Connections of clients that take their time, or want too much of it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use clap::Parser;
use scim_core::SchemaSet;
use scim_examples::{ConnectionLimits, Peer, serve_connections};
use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Far longer than anything here takes that does not hang.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    limits: ConnectionLimits,
}

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

async fn start(flags: &[&str], peer: Peer) -> Server {
    let limits = Program::parse_from(std::iter::once(&"program").chain(flags)).limits;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = ServiceConfig::new(&format!("http://{address}/scim/v2")).unwrap();
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens);
    let router = Router::new().nest_service("/scim/v2", service);
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(serve_connections(listener, router, limits, move |_| peer, async {
        let _ = stopped.await;
    }));
    Server { address, stop, ended }
}

impl Server {
    async fn send(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// The status of a request over a connection of its own, which the server then closes.
    async fn status(&self) -> String {
        let head =
            "GET /scim/v2/Users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer test-token\r\nconnection: close\r\n\r\n";
        first_line(&rest(&mut self.send(head).await).await)
    }
}

/// All that the server sends until it closes the connection; nothing where it resets it.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    let _ = read.unwrap();
    String::from_utf8(bytes).unwrap()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn x5_half_open_connections_keep_nobody_out() {
    let server = start(&["--max-connections", "8", "--max-connections-per-address", "4"], Peer::Client).await;
    let mut half_open = Vec::new();
    for _ in 0..40 {
        half_open.push(server.send("GET /scim/v2/Users HTTP/1.1\r\nx-slow: ").await);
        half_open.push(server.send("").await);
    }
    assert_eq!(server.status().await, "HTTP/1.1 200 OK");
    assert_eq!(rest(&mut half_open[0]).await, "", "the oldest had to go");
}

#[tokio::test]
async fn x5_a_head_and_a_body_have_their_time() {
    let server = start(&["--head-timeout", "1", "--body-timeout", "1"], Peer::Client).await;
    let mut head = server.send("GET /scim/v2/Users HTTP/1.1\r\nx-slow: ").await;
    let known =
        "POST /scim/v2/Users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer test-token\r\ncontent-length: 100\r\n\r\n{";
    let mut body = server.send(known).await;
    assert_eq!(rest(&mut head).await, "");
    let answer = rest(&mut body).await;
    assert_eq!(first_line(&answer), "HTTP/1.1 408 Request Timeout");
    assert!(answer.contains("\"status\":\"408\""), "{answer}");
}

#[tokio::test]
async fn x5_a_head_has_its_size() {
    let server = start(&["--max-head", "8192"], Peer::Client).await;
    let head = |length| {
        format!("GET /scim/v2/Schemas HTTP/1.1\r\nconnection: close\r\nx-long: {}\r\n\r\n", "x".repeat(length))
    };
    let mut fits = server.send(&head(7000)).await;
    assert_eq!(first_line(&rest(&mut fits).await), "HTTP/1.1 200 OK");
    let mut too_long = server.send(&head(20_000)).await;
    assert_eq!(first_line(&rest(&mut too_long).await), "HTTP/1.1 431 Request Header Fields Too Large");
}

#[tokio::test]
async fn x5_a_refused_client_learns_why_though_it_is_still_sending() {
    let server = start(&[], Peer::Client).await;
    let head = "POST /scim/v2/Users HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\n";
    let mut stream = server.send(head).await;
    // More than the buffers of a socket hold.
    stream.write_all(&vec![b' '; 899_990]).await.unwrap();
    let answer = rest(&mut stream).await;
    assert_eq!(first_line(&answer), "HTTP/1.1 401 Unauthorized");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn x14_a_stranger_does_not_pass_the_proxy() {
    let server = start(&[], Peer::Stranger).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let _ = stream.write_all(b"GET /scim/v2/Schemas HTTP/1.1\r\n\r\n").await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_server_that_is_stopped_waits_for_nobody_who_is_idle() {
    let server = start(&[], Peer::Client).await;
    let mut idle = server.send("GET /scim/v2/Schemas HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut start_of_answer = [0; 12];
    idle.read_exact(&mut start_of_answer).await.unwrap();
    assert_eq!(&start_of_answer, b"HTTP/1.1 200");
    let silent = server.send("").await;
    server.stop.send(()).unwrap();
    timeout(PATIENCE, server.ended).await.expect("the server does not end").unwrap();
    drop((idle, silent));
}

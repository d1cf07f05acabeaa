//! The mounts that listen, over real connections on the loopback address.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what is tested may fail loudly")]

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use scim_mounts::service;
use scim_service::conformance::http_conformance;
use scim_service::{MemoryStore, ScimService};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

#[path = "../actix.rs"]
mod actix;
#[expect(dead_code, reason = "the program around what is tested")]
#[path = "../axum.rs"]
mod axum;
#[expect(dead_code, reason = "the program around what is tested")]
#[path = "../hyper.rs"]
mod hyper_alone;

const BASE_URL: &str = "https://scim.example.com/scim/v2";

/// One request over a connection of its own. `Connection: close` is not needed: the connection ends with the client.
async fn send(server: SocketAddr, mut request: Request<Bytes>) -> Response<Bytes> {
    let stream = TcpStream::connect(server).await.unwrap();
    let (mut client, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    request.headers_mut().insert(HOST, server.to_string().parse().unwrap());
    let response = client.send_request(request.map(Full::new)).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    connection.abort();
    Response::from_parts(parts, body)
}

fn request(method: Method, target: &str, body: Option<Value>) -> Request<Bytes> {
    let request = Request::builder().method(method).uri(target).header(AUTHORIZATION, "Bearer secret-token");
    match body {
        Some(body) => {
            request.header(CONTENT_TYPE, "application/scim+json").body(Bytes::from(body.to_string())).unwrap()
        }
        None => request.body(Bytes::new()).unwrap(),
    }
}

fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// What a mount can get wrong: the rules of the protocol, and the size of bodies.
async fn play(server: SocketAddr) {
    // Clients reach the service by its base URL; here, a proxy would send them on to this address.
    let reach = async |request: Request<Bytes>| {
        let (mut parts, body) = request.into_parts();
        parts.uri = parts.uri.path_and_query().unwrap().as_str().parse().unwrap();
        send(server, Request::from_parts(parts, body)).await
    };
    http_conformance(BASE_URL, "Bearer secret-token", reach).await;

    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@example.com"});
    let created = send(server, request(Method::POST, "/scim/v2/Users", Some(user))).await;
    assert_eq!(created.status(), StatusCode::CREATED);
    let location = created.headers().get(LOCATION).unwrap().to_str().unwrap();
    let path = location.strip_prefix("https://scim.example.com").unwrap();

    assert_eq!(send(server, request(Method::GET, path, None)).await.body(), created.body());
    assert_eq!(send(server, request(Method::DELETE, path, None)).await.status(), StatusCode::NO_CONTENT);

    let large = json!({"userName": "x".repeat(2 << 20)});
    let large = send(server, request(Method::POST, "/scim/v2/Users", Some(large))).await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(body(&large).get("status"), Some(&json!("413")));

    x5_a_refused_client_is_answered_before_it_sends_a_body(server).await;
}

async fn x5_a_refused_client_is_answered_before_it_sends_a_body(server: SocketAddr) {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let head = format!("POST /scim/v2/Users HTTP/1.1\r\nhost: {server}\r\ncontent-length: 1000000\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[b' '; 100]).await.unwrap();
    let mut answer = vec![0; 12];
    let read = timeout(Duration::from_secs(10), stream.read_exact(&mut answer)).await;
    read.expect("the server waits for the body").unwrap();
    assert_eq!(answer, b"HTTP/1.1 401");
}

async fn listener() -> (TcpListener, SocketAddr, ScimService<MemoryStore>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address, service(BASE_URL, "secret-token").unwrap())
}

#[tokio::test]
async fn mounted_in_axum() {
    let (listener, address, service) = listener().await;
    let server = tokio::spawn(axum::serve(listener, service));
    play(address).await;
    assert_eq!(send(address, request(Method::GET, "/", None)).await.body(), "hello", "the host's own routes stay");
    server.abort();
}

#[tokio::test]
async fn mounted_in_hyper_alone() {
    let (listener, address, service) = listener().await;
    let server = tokio::spawn(hyper_alone::serve(listener, service));
    play(address).await;
    server.abort();
}

#[tokio::test]
async fn mounted_in_actix() {
    let (listener, address, service) = listener().await;
    let listener = listener.into_std().unwrap();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = actix::server(listener, service).unwrap();
            sender.send(server.handle()).ok().unwrap();
            server.await.unwrap();
        });
    });
    let handle = receiver.await.unwrap();
    play(address).await;
    handle.stop(true).await;
    thread.join().unwrap();
}

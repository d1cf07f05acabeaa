//! Many clients at once over real connections.
#![allow(clippy::unwrap_used, clippy::string_slice, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use axum::Router;
use scim_core::{SchemaSet, urn};
use scim_service::{BearerTokens, MemoryStore, Principal, ScimService, ServiceConfig};
use serde_json::{Value, json};

const CLIENTS: usize = 32;
const EACH: usize = 200;

/// Serves until the runtime ends.
async fn serve() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = ServiceConfig::new(&format!("http://{address}/scim/v2")).unwrap();
    let tokens = BearerTokens::new().with_token("test-token", Principal::new("test")).unwrap();
    let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, tokens);
    let router = Router::new().nest_service("/scim/v2", service);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// One connection that stays open.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let connection = TcpStream::connect(address).unwrap();
        connection.set_nodelay(true).unwrap();
        Self(BufReader::new(connection))
    }

    fn send(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let request = format!(
            "{method} /scim/v2{path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer test-token\r\n\
             content-type: application/scim+json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}

#[test]
fn r203_6_400_members_added_over_32_connections_are_all_there() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = runtime.block_on(serve());
    let group = json!({"schemas": [urn::GROUP], "displayName": "g"});
    let (status, group) = Client::connect(address).send("POST", "/Groups", &group);
    assert_eq!(status, 201);
    let path = format!("/Groups/{}", group["id"].as_str().unwrap());
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let path = format!("{path}?excludedAttributes=members");
            scope.spawn(move || {
                let mut client = Client::connect(address);
                for round in 0..EACH {
                    let member = json!([{"value": format!("member-{number}-{round}")}]);
                    let operations = json!([{"op": "add", "path": "members", "value": member}]);
                    let patch = json!({"schemas": [urn::PATCH_OP], "Operations": operations});
                    assert_eq!(client.send("PATCH", &path, &patch).0, 200);
                }
            });
        }
    });
    let (_, group) = Client::connect(address).send("GET", &path, &Value::Null);
    assert_eq!(group["members"].as_array().unwrap().len(), CLIENTS * EACH);
}

#[test]
fn r047_of_64_connections_that_create_one_user_name_one_does() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = runtime.block_on(serve());
    let start = std::sync::Barrier::new(64);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let create = || {
            let mut client = Client::connect(address);
            start.wait();
            client.send("POST", "/Users", &json!({"schemas": [urn::USER], "userName": "one@example.com"})).0
        };
        let clients: Vec<_> = (0..64).map(|_| scope.spawn(create)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(201), count(409)), (1, 63));
}

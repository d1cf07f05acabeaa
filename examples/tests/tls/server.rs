//! A server over TLS, and clients of it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use clap::Parser;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};
use scim_core::SchemaSet;
use scim_examples::{ConnectionLimits, Peer, Tls, TlsFlags, serve_connections_with_tls};
use scim_service::oauth::{AccessTokens, ClientRegistry, RegisteredClients};
use scim_service::{MemoryStore, ScimService, ServiceConfig};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::authority::{Authority, Issued, write};

/// Far longer than anything here takes that does not hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const BOTH: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    limits: ConnectionLimits,
    #[command(flatten)]
    tls: TlsFlags,
}

pub(crate) struct Server {
    pub(crate) authority: Authority,
    pub(crate) folder: TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Tls,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) ended: JoinHandle<()>,
}

/// The files of TLS as flags.
pub(crate) fn flags_of(paths: &[PathBuf; 2]) -> Vec<String> {
    let [cert, key] = paths.each_ref().map(|path| path.display().to_string());
    vec!["--tls-cert".to_owned(), cert, "--tls-key".to_owned(), key]
}

/// What opens TLS, with its error as text.
pub(crate) fn open(flags: &[String]) -> Result<Tls, String> {
    let program = Program::try_parse_from(std::iter::once("program".to_owned()).chain(flags.iter().cloned()));
    let tls = program.map_err(|error| error.to_string())?.tls.open().map_err(|error| error.to_string())?;
    tls.ok_or_else(|| "no TLS".to_owned())
}

/// Starts a server with a file of clients; where clients have to show certificates, with the authority of those and its list.
pub(crate) async fn start(clients: &str, mutual: Option<(&Authority, Option<String>)>, limits: &[&str]) -> Server {
    let (authority, folder) = (Authority::new("servers"), tempfile::tempdir().unwrap());
    let mut flags = flags_of(&authority.server().write(folder.path()));
    if let Some((clients, list)) = mutual {
        flags.extend(["--client-ca".to_owned(), write(folder.path(), "ca.pem", &clients.pem).display().to_string()]);
        if let Some(list) = list {
            flags.extend(["--client-crl".to_owned(), write(folder.path(), "crl.pem", &list).display().to_string()]);
        }
    }
    let tls = open(&flags).unwrap();
    let limits = Program::parse_from(std::iter::once(&"program").chain(limits)).limits;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let registry = ClientRegistry::new(toml::from_str(clients).unwrap());
    let config = ServiceConfig::new(&format!("https://{address}/scim/v2")).unwrap();
    let authenticator = RegisteredClients::new(registry, AccessTokens::new("https://a"));
    let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, authenticator);
    let router = Router::new().nest_service("/scim/v2", service);
    let (stop, stopped) = oneshot::channel();
    let serving = serve_connections_with_tls(listener, Some(tls.clone()), router, limits, |_| Peer::Client, async {
        let _ = stopped.await;
    });
    Server { authority, folder, address, tls, stop, ended: tokio::spawn(serving) }
}

impl Server {
    pub(crate) async fn plain(&self, text: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text).await.unwrap();
        stream
    }

    pub(crate) async fn connect(&self, config: ClientConfig) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// The status of a request over a connection of its own.
    pub(crate) async fn status(&self, client: Option<&Issued>, token: &str) -> Result<u16, String> {
        self.status_over(self.authority.trusted_by(client, &BOTH), token).await
    }

    pub(crate) async fn status_over(&self, config: ClientConfig, token: &str) -> Result<u16, String> {
        let mut stream = self.connect(config).await.map_err(|error| error.to_string())?;
        ask(&mut stream, token, "close").await
    }
}

/// A request and the status of its answer.
pub(crate) async fn ask<S>(stream: &mut S, token: &str, connection: &str) -> Result<u16, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let authorization = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    let head = format!("GET /scim/v2/Users HTTP/1.1\r\nhost: x\r\n{authorization}connection: {connection}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.map_err(|error| error.to_string())?;
    answer(stream).await
}

/// The status of an answer with a `content-length`, of which nothing is left unread.
pub(crate) async fn answer<S: AsyncRead + Unpin>(stream: &mut S) -> Result<u16, String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = timeout(PATIENCE, stream.read(&mut chunk)).await.map_err(|_| "no answer".to_owned())?;
        match read {
            Ok(0) => return Err(format!("closed after {} bytes", bytes.len())),
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(error) => return Err(error.to_string()),
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        if body.len() >= length.parse().unwrap() {
            return Ok(head.split(' ').nth(1).unwrap().parse().unwrap());
        }
    }
}

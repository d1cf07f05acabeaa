//! A client of one server, by HTTP/1.1 over TLS or without: for programs that look at a service from outside.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error as ThisError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// The most of an answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 20;

/// A client of one server. Each request has a connection of its own.
pub struct HttpClient {
    is_tls: bool,
    host: String,
    port: u16,
    authority: String,
    path: String,
    connector: TlsConnector,
}

/// What a server answers.
#[derive(Debug)]
#[non_exhaustive]
pub struct HttpAnswer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The certificate that the server has shown, as DER.
    pub certificate: Option<CertificateDer<'static>>,
}

/// The server does not answer.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody listens.
    #[error("nobody listens there: {0}")]
    Connect(std::io::Error),
    /// There is no connection by TLS.
    #[error("TLS fails: {0}")]
    Tls(std::io::Error),
    /// It takes too long.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    TimedOut,
    /// What comes is no answer, or more than is read.
    #[error("no answer by HTTP: {0}")]
    Http(Box<dyn Error + Send + Sync>),
}

/// Whom a client trusts, and what it shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trust<'a> {
    /// PEM file of authorities, in place of those that the system trusts.
    pub ca: Option<&'a Path>,
    /// PEM files of the client's own certificate and key.
    pub client: Option<(&'a Path, &'a Path)>,
}

impl HttpClient {
    /// A client of the service at a base URL such as `https://scim.example.com/scim/v2`.
    ///
    /// # Errors
    ///
    /// A URL that is none, and files that cannot be used.
    pub fn new(url: &str, trust: &Trust<'_>) -> Result<Self, Box<dyn Error>> {
        let expected =
            || format!("`{url}`: expected the base URL of a service, such as `https://scim.example.com/scim/v2`");
        let uri: Uri = url.parse().map_err(|_| expected())?;
        let (host, authority) = (uri.host().ok_or_else(expected)?, uri.authority().ok_or_else(expected)?);
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(expected().into()),
        };
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let connector = TlsConnector::from(Arc::new(trust.config()?));
        Ok(Self {
            is_tls,
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            authority: authority.to_string(),
            path: uri.path().trim_end_matches('/').to_owned(),
            connector,
        })
    }

    /// Whether the server is asked by TLS.
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The name or address of the server.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Sends a request to a path below the base URL.
    ///
    /// # Errors
    ///
    /// [`AskError`] where no answer comes.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, String)],
        body: Bytes,
    ) -> Result<HttpAnswer, AskError> {
        let request = self.request(method, path, headers, body).map_err(AskError::Http)?;
        timeout(PATIENCE, self.exchange(request)).await.unwrap_or(Err(AskError::TimedOut))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, String)],
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, Box<dyn Error + Send + Sync>> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.path));
        request = request.header(HOST, self.authority.as_str());
        for (name, value) in headers {
            let mut value = HeaderValue::from_str(value).map_err(|_| format!("the value of `{name}` is no header"))?;
            // It may be a token.
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        Ok(request.body(Full::new(body))?)
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<HttpAnswer, AskError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(AskError::Connect)?;
        if !self.is_tls {
            return exchange(stream, request).await;
        }
        let name = ServerName::try_from(self.host.clone()).map_err(|error| AskError::Http(error.into()))?;
        let stream = self.connector.connect(name, stream).await.map_err(AskError::Tls)?;
        let first = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let certificate = first.cloned().map(CertificateDer::into_owned);
        Ok(HttpAnswer { certificate, ..exchange(stream, request).await? })
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("authority", &self.authority)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<HttpAnswer, AskError> {
    let failed = |error: hyper::Error| match error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>()) {
        // In TLS 1.3 a server tells only now that it refuses the client.
        Some(cause) => AskError::Tls(std::io::Error::new(cause.kind(), cause.to_string())),
        None => AskError::Http(error.into()),
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(failed)?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(AskError::Http)?.to_bytes();
    connection.abort();
    Ok(HttpAnswer { status: parts.status, headers: parts.headers, body, certificate: None })
}

impl Trust<'_> {
    fn config(&self) -> Result<ClientConfig, Box<dyn Error>> {
        let mut roots = RootCertStore::empty();
        match self.ca {
            Some(path) => {
                for authority in certificates(path)? {
                    roots.add(authority)?;
                }
            }
            None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_protocol_versions(&[&TLS13, &TLS12])?.with_root_certificates(roots);
        Ok(match self.client {
            Some((chain, key)) => {
                let key = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| format!("`{}` has no private key: {error}", key.display()))?;
                builder.with_client_auth_cert(certificates(chain)?, key)?
            }
            None => builder.with_no_client_auth(),
        })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Box<dyn Error>> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| format!("cannot read certificates of `{}`: {error}", path.display()))?;
    if found.is_empty() {
        return Err(format!("`{}` has no certificate: expected PEM", path.display()).into());
    }
    Ok(found)
}

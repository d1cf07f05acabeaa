//! Asking a server by HTTP/1.1, over TLS or without.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, HeaderValue};
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use scim_examples::{CertificateFacts, read_certificates, read_secret};
use thiserror::Error as ThisError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most of an answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Where a service is.
pub(super) struct Service {
    pub(super) is_tls: bool,
    pub(super) host: String,
    /// Whether a server that asks for a certificate gets one.
    pub(super) shows_certificate: bool,
    port: u16,
    authority: String,
    path: String,
    connector: TlsConnector,
}

/// What it answers.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The certificate that it has shown.
    pub(super) certificate: Option<CertificateFacts>,
}

/// It does not answer.
#[derive(Debug, ThisError)]
pub(super) enum AskError {
    #[error("nobody listens there: {0}")]
    Connect(std::io::Error),
    #[error("TLS fails: {0}")]
    Tls(std::io::Error),
    #[error("no answer within {} s", PATIENCE.as_secs())]
    TimedOut,
    #[error("no answer by HTTP")]
    Http(#[source] Box<dyn Error + Send + Sync>),
}

/// Whom to trust, and what to show.
pub(super) struct Trust<'a> {
    /// Authorities in place of those that the system trusts.
    pub(super) ca: Option<&'a Path>,
    /// The certificate of the client and its key.
    pub(super) client: Option<(&'a Path, &'a Path)>,
}

impl Service {
    /// The service at a base URL such as `https://scim.example.com/scim/v2`.
    pub(super) fn new(url: &str, trust: &Trust<'_>) -> Result<Self, Box<dyn Error>> {
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
            shows_certificate: is_tls && trust.client.is_some(),
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            authority: authority.to_string(),
            path: uri.path().trim_end_matches('/').to_owned(),
            connector,
        })
    }

    /// Asks for a path below the base URL.
    pub(super) async fn get(&self, path: &str, token: Option<&str>) -> Result<Answer, AskError> {
        timeout(PATIENCE, self.get_patiently(path, token)).await.unwrap_or(Err(AskError::TimedOut))
    }

    async fn get_patiently(&self, path: &str, token: Option<&str>) -> Result<Answer, AskError> {
        let failed = |error| AskError::Http(error);
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(AskError::Connect)?;
        let mut request = Request::get(format!("{}{path}", self.path)).header(HOST, self.authority.as_str());
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| failed("the token cannot stand in a header".into()))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.body(Empty::new()).map_err(|error| failed(error.into()))?;
        if !self.is_tls {
            return exchange(stream, request).await;
        }
        let name = ServerName::try_from(self.host.clone()).map_err(|error| failed(error.into()))?;
        let stream = self.connector.connect(name, stream).await.map_err(AskError::Tls)?;
        let first = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let certificate = first.and_then(|first| CertificateFacts::of_der(first));
        Ok(Answer { certificate, ..exchange(stream, request).await? })
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Empty<Bytes>>,
) -> Result<Answer, AskError> {
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
    Ok(Answer { status: parts.status, headers: parts.headers, body, certificate: None })
}

impl Trust<'_> {
    fn config(&self) -> Result<ClientConfig, Box<dyn Error>> {
        let mut roots = RootCertStore::empty();
        match self.ca {
            Some(path) => {
                for authority in read_certificates(path, "the authorities of servers")? {
                    roots.add(authority)?;
                }
            }
            None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_protocol_versions(&[&TLS13, &TLS12])?.with_root_certificates(roots);
        Ok(match self.client {
            Some((chain, key)) => {
                let chain = read_certificates(chain, "the certificate of the client")?;
                let key = PrivateKeyDer::from_pem_slice(read_secret(key, "the key of the client")?.as_bytes())?;
                builder.with_client_auth_cert(chain, key)?
            }
            None => builder.with_no_client_auth(),
        })
    }
}

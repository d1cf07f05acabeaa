//! Handshakes, each with the certificate of the moment.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use async_trait::async_trait;
use rustls::{CertificateError, Error, ServerConfig};
use scim_service::oauth::PeerCertificate;
use scim_service::observe::{ClientAddress, LogLimit};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::certificate::peer_certificate;
use super::files::{TlsError, TlsFiles};
use crate::watch::{Reload, Stamp, told, watch};

/// TLS with the certificate of the moment. Clones share it.
#[derive(Clone)]
pub struct Tls {
    shared: Arc<Shared>,
}

struct Shared {
    files: TlsFiles,
    /// The state of the files that the server started with.
    started_with: Stamp,
    current: RwLock<Arc<ServerConfig>>,
    log_limit: LogLimit,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.shared.files).finish_non_exhaustive()
    }
}

impl Tls {
    pub(super) fn open(files: TlsFiles) -> Result<Self, TlsError> {
        // From before they are read: what somebody writes meanwhile is seen.
        let started_with = files.stamp();
        let current = RwLock::new(Arc::new(files.load()?));
        Ok(Self { shared: Arc::new(Shared { files, started_with, current, log_limit: LogLimit::new() }) })
    }

    /// Reads the files again from now on when they change, and at SIGHUP.
    pub fn watch(&self) {
        tokio::spawn(watch(self.clone(), self.shared.started_with.clone()));
    }

    fn reload_now(&self) -> Result<(), TlsError> {
        let config = Arc::new(self.shared.files.load()?);
        *self.shared.current.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Shakes hands on a new connection. Nothing where that fails, which the client is told as far as TLS has words for it.
    pub(crate) async fn greet<S>(
        &self,
        stream: S,
        address: SocketAddr,
    ) -> Option<(TlsStream<S>, Option<PeerCertificate>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = self.shared.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        match TlsAcceptor::from(config).accept(stream).into_fallible().await {
            Ok(stream) => {
                let first = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
                let certificate = first.map(|first| peer_certificate(first));
                Some((stream, certificate))
            }
            Err((error, mut stream)) => {
                self.log(&error, address);
                // Closed at once, the connection would take back what the client was told.
                let _ = stream.shutdown().await;
                None
            }
        }
    }

    /// Logs that a handshake failed: clients that are turned away for their certificate as others for their token, noise when asked for.
    fn log(&self, error: &io::Error, address: SocketAddr) {
        let now = Instant::now();
        for sum in self.shared.log_limit.sums(now) {
            let (address, reason, times, seconds) = (sum.source.as_deref(), sum.reason, sum.times, sum.seconds);
            tracing::warn!(address, reason, times, seconds, "the same again, not logged one by one");
        }
        match refusal(error) {
            Some(reason) if self.shared.log_limit.admits(Some(ClientAddress::from(address)), reason, now) => {
                tracing::warn!(%address, reason, "a client was refused");
            }
            Some(_) => {}
            None => tracing::debug!(%address, %error, "a handshake failed"),
        }
    }
}

/// Why a client was refused for its certificate.
fn refusal(error: &io::Error) -> Option<&'static str> {
    match error.get_ref()?.downcast_ref::<Error>()? {
        Error::NoCertificatesPresented => Some("it presented no certificate"),
        Error::InvalidCertificate(error) => Some(match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet"
            }
            CertificateError::Revoked => "its certificate was revoked",
            CertificateError::UnknownIssuer => "its certificate is of no authority of `--client-ca`",
            CertificateError::UnknownRevocationStatus => {
                "`--client-crl` says nothing of the authority of its certificate"
            }
            _ => "its certificate cannot be verified",
        }),
        _ => None,
    }
}

#[async_trait]
impl Reload for Tls {
    fn what(&self) -> &'static str {
        "the certificate of TLS"
    }

    fn path(&self) -> &Path {
        self.shared.files.path()
    }

    fn stamp(&self) -> Stamp {
        self.shared.files.stamp()
    }

    async fn reload(&self) -> Result<(), String> {
        self.reload_now().map_err(|error| told(&error))
    }
}

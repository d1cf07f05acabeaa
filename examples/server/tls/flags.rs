//! TLS as flags.

use std::path::PathBuf;

use clap::Args;

use super::files::{TlsError, TlsFiles};
use super::handshake::Tls;

/// Flags that say how the server ends TLS by itself. The files are read again when they change, and at SIGHUP.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "TLS")]
pub struct TlsFlags {
    /// PEM file with the certificate of the server, followed by those of the authorities up to the root: the server then speaks
    /// HTTPS alone, by TLS 1.2 or 1.3
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// PEM file with the private key of that certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// PEM file with certificates of authorities: every client has to present a certificate of one of them (mutual TLS)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    client_ca: Option<PathBuf>,
    /// PEM file with the lists of certificates that these authorities have revoked, one of each
    #[arg(long, value_name = "FILE", requires = "client_ca")]
    client_crl: Option<PathBuf>,
}

impl TlsFlags {
    /// Whether the server ends TLS.
    pub fn is_on(&self) -> bool {
        self.tls_cert.is_some()
    }

    /// Whether clients have to present certificates.
    pub fn asks_clients(&self) -> bool {
        self.client_ca.is_some()
    }

    /// TLS with these files, where the flags name them.
    ///
    /// # Errors
    ///
    /// [`TlsError`] for a file that cannot be read or used, and a key that other users of the machine can read.
    pub fn open(&self) -> Result<Option<Tls>, TlsError> {
        let (Some(chain), Some(key)) = (&self.tls_cert, &self.tls_key) else { return Ok(None) };
        let files = TlsFiles {
            chain: chain.clone(),
            key: key.clone(),
            client_ca: self.client_ca.clone(),
            client_crl: self.client_crl.clone(),
        };
        Tls::open(files).map(Some)
    }
}

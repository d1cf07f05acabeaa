//! The files of TLS: certificates, the key, authorities of clients, and what those have revoked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use chrono::{DateTime, Utc};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use thiserror::Error;

use super::certificate::CertificateFacts;
use crate::secret_file::{SecretFileError, read_secret};
use crate::watch::{Stamp, stamp};

/// The files of TLS can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file can't be read.
    #[error("cannot read {what} `{}`", path.display())]
    Read {
        /// What should be in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The key can't be read, or others can read it.
    #[error(transparent)]
    Key(#[from] SecretFileError),
    /// A file holds something else.
    #[error("`{}`: expected {expected} in PEM form (`-----BEGIN ...`)", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        expected: &'static str,
    },
    /// The certificate and the key don't belong together, or are of a kind that TLS has no use for.
    #[error("the certificate in `{}` and the key in `{}` can't be used together: expected a pair", chain.display(), key.display())]
    Pair {
        /// The file of the certificate.
        chain: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The certificate can no longer be used.
    #[error("the certificate in `{}` expired at {ends}: expected one that is valid", path.display())]
    Expired {
        /// The file.
        path: PathBuf,
        /// When.
        ends: DateTime<Utc>,
    },
    /// Clients can't be checked with what the file holds.
    #[error("`{}`: expected certificates of authorities, and one list of what each has revoked where there are any", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why.
        source: VerifierBuilderError,
    },
}

/// Where everything is.
#[derive(Clone, Debug)]
pub(crate) struct TlsFiles {
    pub(super) chain: PathBuf,
    pub(super) key: PathBuf,
    pub(super) client_ca: Option<PathBuf>,
    pub(super) client_crl: Option<PathBuf>,
}

impl TlsFiles {
    pub(super) fn path(&self) -> &Path {
        &self.chain
    }

    pub(super) fn stamp(&self) -> Stamp {
        stamp([&self.chain, &self.key].into_iter().chain(&self.client_ca).chain(&self.client_crl))
    }

    /// Reads everything.
    pub(super) fn load(&self) -> Result<ServerConfig, TlsError> {
        let chain = read_certificates(&self.chain, "the certificate of TLS")?;
        let ends = chain.first().and_then(|first| CertificateFacts::of_der(first)).map(|facts| facts.ends);
        if let Some(ends) = ends.filter(|ends| *ends <= Utc::now()) {
            return Err(TlsError::Expired { path: self.chain.clone(), ends });
        }
        let key = read_secret(&self.key, "the key of TLS")?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| TlsError::Form { path: self.key.clone(), expected: "a private key" })?;
        let pair = |source| TlsError::Pair { chain: self.chain.clone(), key: self.key.clone(), source };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone());
        let builder = builder.with_protocol_versions(&[&TLS13, &TLS12]).map_err(pair)?;
        let verifier = self.client_ca.as_deref().map(|path| self.verifier(path, provider)).transpose()?;
        let asks_clients = verifier.is_some();
        let builder = match verifier {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(pair)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if asks_clients {
            // A session that is resumed shows no certificate: one that has expired or was revoked since would live on in it.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(config)
    }

    /// What checks the certificates of clients.
    fn verifier(&self, path: &Path, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let failed = |source| TlsError::Authorities { path: path.to_owned(), source };
        let mut roots = RootCertStore::empty();
        for authority in read_certificates(path, "the authorities of clients")? {
            roots.add(authority).map_err(|_| TlsError::Form {
                path: path.to_owned(),
                expected: "certificates of authorities that can be used",
            })?;
        }
        let lists = self.client_crl.as_deref().map(read_revocations).transpose()?;
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_crls(lists.into_iter().flatten()).build().map_err(failed)
    }
}

fn read(path: &Path, what: &'static str) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { what, path: path.to_owned(), source })
}

/// Reads the certificates of a PEM file, of which there is at least one; an error says that `what` is in it.
///
/// # Errors
///
/// [`TlsError`] for a file that cannot be read, or holds none.
pub fn read_certificates(path: &Path, what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path, what)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates = certificates.ok().filter(|certificates| !certificates.is_empty());
    certificates.ok_or_else(|| TlsError::Form { path: path.to_owned(), expected: "at least one certificate" })
}

fn read_revocations(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    let text = read(path, "the revoked certificates of clients")?;
    let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&text).collect();
    let lists = lists.ok().filter(|lists| !lists.is_empty());
    lists.ok_or_else(|| TlsError::Form { path: path.to_owned(), expected: "at least one list of revoked certificates" })
}

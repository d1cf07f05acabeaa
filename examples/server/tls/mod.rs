//! TLS of the servers, and the certificates of their clients (mutual TLS).
//!
//! The key and the certificate are read again when their files change: new connections get the new certificate, those that are open
//! go on. A handshake is a part of its connection, which has its place and its time like every other.

mod certificate;
mod files;
mod flags;
mod handshake;

pub use certificate::CertificateFacts;
pub use files::{TlsError, read_certificates};
pub use flags::TlsFlags;
pub use handshake::Tls;

//! The certificates of clients (mutual TLS, RFC 8705).

use chrono::{DateTime, Utc};
use http::Extensions;
use sha2::{Digest, Sha256};

use crate::auth::HashedSecret;

/// The certificate that the client has presented on the connection of a request, as the host has verified it.
///
/// The host ends TLS, asks clients for a certificate, checks that a certificate authority of its choice has signed it and that the client
/// has the private key, and puts this among the [extensions](http::Extensions) of every request of the connection, to the service and
/// to the token endpoint. Where another party ends TLS the host knows no certificate and puts nothing there; clients that are registered
/// with certificates are refused then.
///
/// ```
/// use bytes::Bytes;
/// use http::Request;
/// use scim_service::oauth::PeerCertificate;
///
/// # let der = [0x30, 0x82];
/// let certificate = PeerCertificate::of_der(&der).with_dns_names(["scim.okta.example"]);
/// let mut request = Request::get("https://example.com/scim/v2/Users").body(Bytes::new())?;
/// request.extensions_mut().insert(certificate);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    sha256: [u8; 32],
    dns_names: Vec<String>,
    uris: Vec<String>,
    expires: Option<DateTime<Utc>>,
}

impl PeerCertificate {
    /// The certificate with this DER encoding, which is the first of the chain that the client has sent.
    pub fn of_der(der: &[u8]) -> Self {
        Self { sha256: Sha256::digest(der).into(), dns_names: Vec::new(), uris: Vec::new(), expires: None }
    }

    /// Its subject alternative names of the type `dNSName`.
    #[must_use]
    pub fn with_dns_names<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        Self { dns_names: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Its subject alternative names of the type `uniformResourceIdentifier`.
    #[must_use]
    pub fn with_uris<S: Into<String>>(self, uris: impl IntoIterator<Item = S>) -> Self {
        Self { uris: uris.into_iter().map(Into::into).collect(), ..self }
    }

    /// From when on it is no longer valid. A connection may outlive its certificate: requests are refused from then on.
    #[must_use]
    pub fn expiring(self, expires: DateTime<Utc>) -> Self {
        Self { expires: Some(expires), ..self }
    }

    fn is_valid(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    /// The SHA-256 of its DER encoding.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }
}

/// Whether a token that is bound to the certificate with this hash, or to none, may come with this certificate, or none, at this time.
pub(in crate::oauth) fn is_bound_to(
    bound: Option<[u8; 32]>,
    presented: Option<&PeerCertificate>,
    now: DateTime<Utc>,
) -> bool {
    let fits = |bound, certificate: &PeerCertificate| certificate.sha256 == bound && certificate.is_valid(now);
    bound.is_none_or(|bound| presented.is_some_and(|certificate| fits(bound, certificate)))
}

/// The certificates that a client is registered with; without any it may come over every connection.
#[derive(Clone, Debug, Default)]
pub(in crate::oauth) struct Certificates {
    pub(super) hashes: Vec<HashedSecret>,
    pub(super) subject: Option<CertificateSubject>,
    /// Whether a certificate is a credential by itself, and not only where a token or secret has to come from.
    pub(super) alone: bool,
}

/// A name in a certificate that says whose it is (RFC 8705 section 2.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CertificateSubject {
    /// `tls_client_auth_san_dns`.
    Dns(String),
    /// `tls_client_auth_san_uri`.
    Uri(String),
}

impl Certificates {
    pub(in crate::oauth) fn is_empty(&self) -> bool {
        self.hashes.is_empty() && self.subject.is_none()
    }

    /// Whether one of them, presented, authenticates the client without a token or secret.
    pub(in crate::oauth) fn suffice(&self) -> bool {
        self.alone && !self.is_empty()
    }

    /// Whether a request with these extensions may be the client's: it came over a connection with one of them, or there are none.
    pub(in crate::oauth) fn admit(&self, extensions: &Extensions, now: DateTime<Utc>) -> bool {
        self.is_empty() || extensions.get().is_some_and(|certificate| self.contain(certificate, now))
    }

    /// Whether this is one of them, and valid.
    pub(super) fn contain(&self, certificate: &PeerCertificate, now: DateTime<Utc>) -> bool {
        if !certificate.is_valid(now) {
            return false;
        }
        let is_subject = self.subject.as_ref().is_some_and(|subject| match subject {
            CertificateSubject::Dns(name) => certificate.dns_names.iter().any(|held| held.eq_ignore_ascii_case(name)),
            CertificateSubject::Uri(uri) => certificate.uris.contains(uri),
        });
        is_subject || self.hashes.iter().any(|held| held.is_live(now) && *held.hash() == certificate.sha256)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    #[test]
    fn a_certificate_is_the_clients_by_its_hash_or_by_one_exact_name() {
        let now = Utc::now();
        let certificate = PeerCertificate::of_der(b"der").with_dns_names(["*.example.com", "a.example.com"]);
        let certificate = certificate.with_uris(["spiffe://a/scim"]);
        let by = |subject| Certificates { subject: Some(subject), ..Certificates::default() };
        let dns = |name: &str| by(CertificateSubject::Dns(name.to_owned()));
        let uri = |name: &str| by(CertificateSubject::Uri(name.to_owned()));
        for (certificates, expected) in [
            (dns("A.example.com"), true),
            (dns("b.example.com"), false),
            (uri("spiffe://a/scim"), true),
            (uri("spiffe://A/scim"), false),
            (dns("spiffe://a/scim"), false),
        ] {
            assert_eq!(certificates.contain(&certificate, now), expected, "{certificates:?}");
            let after = now + Duration::seconds(1);
            assert!(!certificates.contain(&certificate.clone().expiring(now), after), "expired");
        }
        let by_hash = |expires| Certificates {
            hashes: vec![HashedSecret::new(*certificate.sha256(), Some(expires))],
            ..Certificates::default()
        };
        assert!(by_hash(now + Duration::seconds(1)).contain(&certificate, now));
        assert!(!by_hash(now).contain(&certificate, now), "no longer registered");
        assert!(!by_hash(now + Duration::seconds(1)).contain(&PeerCertificate::of_der(b"other"), now));
        assert!(!Certificates { alone: true, ..Certificates::default() }.suffice());
    }
}

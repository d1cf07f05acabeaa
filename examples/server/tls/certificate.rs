//! What a certificate says (RFC 5280).

use chrono::{DateTime, Utc};
use scim_service::oauth::PeerCertificate;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

/// What a certificate says. Whether that is true only its signature tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateFacts {
    /// Its subject, as RFC 4514 writes it.
    pub subject: String,
    /// From when on it is valid.
    pub begins: DateTime<Utc>,
    /// Until when.
    pub ends: DateTime<Utc>,
    /// Its subject alternative names of the type `dNSName`.
    pub dns_names: Vec<String>,
    /// Those of the type `uniformResourceIdentifier`.
    pub uris: Vec<String>,
}

impl CertificateFacts {
    /// Reads a certificate; nothing where it is none.
    pub fn of_der(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?.tbs_certificate;
        let names = certificate.get::<SubjectAltName>().ok()?.map(|(_, SubjectAltName(names))| names);
        let (mut dns_names, mut uris) = (Vec::new(), Vec::new());
        for name in names.into_iter().flatten() {
            match name {
                GeneralName::DnsName(name) => dns_names.push(name.as_str().to_owned()),
                GeneralName::UniformResourceIdentifier(uri) => uris.push(uri.as_str().to_owned()),
                _ => {}
            }
        }
        Some(Self {
            subject: certificate.subject.to_string(),
            begins: time(certificate.validity.not_before)?,
            ends: time(certificate.validity.not_after)?,
            dns_names,
            uris,
        })
    }
}

fn time(time: Time) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(i64::try_from(time.to_unix_duration().as_secs()).ok()?, 0)
}

/// The certificate of a client that has been verified. One of which nothing can be read but that it is there has a hash and no names.
pub(super) fn peer_certificate(der: &[u8]) -> PeerCertificate {
    let certificate = PeerCertificate::of_der(der);
    match CertificateFacts::of_der(der) {
        Some(facts) => certificate.with_dns_names(facts.dns_names).with_uris(facts.uris).expiring(facts.ends),
        None => certificate,
    }
}

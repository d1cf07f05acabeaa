//! Asking a service as its clients do.

use std::error::Error;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};
pub(super) use scim_examples::{AskError, Trust};
use scim_examples::{CertificateFacts, HttpClient};

/// Where a service is.
pub(super) struct Service {
    client: HttpClient,
    /// Whether the client presents a certificate.
    pub(super) shows_certificate: bool,
}

/// What it answers.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The certificate that it has shown.
    pub(super) certificate: Option<CertificateFacts>,
}

impl Service {
    /// The service at a base URL such as `https://scim.example.com/scim/v2`.
    pub(super) fn new(url: &str, trust: &Trust<'_>) -> Result<Self, Box<dyn Error>> {
        Ok(Self { client: HttpClient::new(url, trust)?, shows_certificate: trust.client.is_some() })
    }

    /// Whether it is asked by TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.client.is_tls()
    }

    /// Its name or address.
    pub(super) fn host(&self) -> &str {
        self.client.host()
    }

    /// Asks for a path below the base URL.
    pub(super) async fn get(&self, path: &str, token: Option<&str>) -> Result<Answer, AskError> {
        let headers: Vec<_> = token.map(|token| (AUTHORIZATION, format!("Bearer {token}"))).into_iter().collect();
        let answer = self.client.send(Method::GET, path, &headers, Bytes::new()).await?;
        let certificate = answer.certificate.as_ref().and_then(|certificate| CertificateFacts::of_der(certificate));
        Ok(Answer { status: answer.status, headers: answer.headers, body: answer.body, certificate })
    }
}

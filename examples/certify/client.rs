//! Asking the server.

use std::error::Error;
use std::path::Path;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use scim_examples::{HttpClient, Trust};

/// A client of one server.
pub(crate) struct Client(HttpClient);

impl Client {
    /// A client of the server at this base URL.
    pub(crate) fn new(base_url: &str, ca: Option<&Path>) -> Result<Self, Box<dyn Error>> {
        Ok(Self(HttpClient::new(base_url, &Trust { ca, client: None })?))
    }

    /// Sends a request to a path below the base URL.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: String,
        headers: &[(HeaderName, String)],
    ) -> Result<(StatusCode, HeaderMap, Bytes), Box<dyn Error + Send + Sync>> {
        let answer = self.0.send(method, path, headers, body.into()).await?;
        Ok((answer.status, answer.headers, answer.body))
    }
}

//! HTTP to the SCIM service of the source of truth.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, header};
use superset_mapping::reconcile::{MAX_DIRECTORY_PAGE, Transport};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_mins(1);

/// An HTTP client that sends a bearer token, and follows no redirection with it.
pub(crate) struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    pub(crate) fn new(token: &str) -> Result<Self, Box<dyn Error>> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| "the token holds characters that cannot stand in a header")?;
        authorization.set_sensitive(true);
        let headers = [(header::AUTHORIZATION, authorization)].into_iter().collect();
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Box<dyn Error + Send + Sync>> {
        let mut answer = self.client.execute(request.try_into()?).await?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        let mut body = BytesMut::new();
        // One byte beyond the limit is enough to be refused for.
        while let (true, Some(chunk)) = (body.len() <= MAX_DIRECTORY_PAGE, answer.chunk().await?) {
            body.extend_from_slice(&chunk);
        }
        *response.body_mut() = body.freeze();
        Ok(response)
    }
}

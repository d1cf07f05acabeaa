//! A SCIM service as the source of truth: its `/Users`, page by page (RFC 7644 section 3.4.2.4, RFC 9865).

use std::error::Error;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::reconcile::leavers::directory::{Directory, DirectoryError, DirectoryPage, DirectoryPerson};

/// The longest page that is read, in bytes.
pub const MAX_DIRECTORY_PAGE: usize = 64 * 1024 * 1024;

/// How many users a page is asked to have.
const COUNT: u64 = 200;

/// Sends a request and brings the answer: the host's HTTP client, with its authentication, timeouts and TLS.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request. The URI is absolute.
    ///
    /// # Errors
    ///
    /// Whatever kept the answer from coming.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Box<dyn Error + Send + Sync>>;
}

/// The people of a SCIM service. By cursors where the service offers them, else by `startIndex`, in the order of `id`s if it sorts.
///
/// A service that pages by `startIndex` may show somebody twice or not at all if others are created and deleted meanwhile: a walk
/// that saw fewer people than there are counts as ended early, and nobody is deactivated by it.
#[derive(Clone, Debug)]
pub struct ScimDirectory<T> {
    transport: T,
    base_url: String,
}

impl<T: Transport> ScimDirectory<T> {
    /// The service at a base URL such as `https://idp.example.com/scim/v2`.
    pub fn new(base_url: &str, transport: T) -> Self {
        Self { transport, base_url: base_url.trim_end_matches('/').to_owned() }
    }

    async fn ask(&self, query: &str) -> Result<Response<Bytes>, DirectoryError> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(format!("{}/Users?attributes=userName,externalId,active&count={COUNT}&{query}", self.base_url))
            .header(http::header::ACCEPT, "application/scim+json")
            .body(Bytes::new())
            .map_err(|error| DirectoryError::Unreachable(Box::new(error)))?;
        self.transport.send(request).await.map_err(DirectoryError::Unreachable)
    }
}

/// A `ListResponse`, as far as it matters.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListResponse {
    total_results: Option<u64>,
    next_cursor: Option<String>,
    #[serde(default, rename = "Resources")]
    resources: Vec<DirectoryPerson>,
}

fn read(response: &Response<Bytes>) -> Result<ListResponse, DirectoryError> {
    if response.status() != StatusCode::OK {
        let answer = format!("status {}", response.status().as_u16());
        return Err(DirectoryError::Answer { answer, expected: "200" });
    }
    if response.body().len() > MAX_DIRECTORY_PAGE {
        return Err(DirectoryError::TooMuch { limit: format!("{MAX_DIRECTORY_PAGE} bytes in a page") });
    }
    serde_json::from_slice(response.body()).map_err(|error| {
        let answer = format!("something unreadable in line {}, column {}", error.line(), error.column());
        DirectoryError::Answer { answer, expected: "a ListResponse of users" }
    })
}

fn index_query(index: u64) -> String {
    format!("startIndex={index}")
}

#[async_trait]
impl<T: Transport> Directory for ScimDirectory<T> {
    async fn page(&self, after: Option<&str>) -> Result<DirectoryPage, DirectoryError> {
        let index = after.and_then(|after| after.strip_prefix("index:")).and_then(|index| index.parse::<u64>().ok());
        let list = match (after, index) {
            (_, Some(index)) => read(&self.ask(&index_query(index)).await?)?,
            (None, None) => {
                // An empty cursor asks for the first page by cursor; who knows no cursors may refuse it.
                let response = self.ask("cursor=").await?;
                if response.status() == StatusCode::BAD_REQUEST {
                    read(&self.ask(&index_query(1)).await?)?
                } else {
                    read(&response)?
                }
            }
            (Some(after), None) => {
                let cursor = after.strip_prefix("cursor:").unwrap_or(after);
                let cursor = utf8_percent_encode(cursor, NON_ALPHANUMERIC);
                read(&self.ask(&format!("cursor={cursor}")).await?)?
            }
        };
        let seen = u64::try_from(list.resources.len()).unwrap_or(u64::MAX);
        let by_cursor = after.is_some_and(|after| after.starts_with("cursor:"));
        let start = index.unwrap_or(1);
        let next = match (list.next_cursor, list.total_results) {
            (Some(cursor), _) => Some(format!("cursor:{cursor}")),
            (None, Some(total)) if !by_cursor && seen > 0 && start.saturating_add(seen) <= total => {
                Some(format!("index:{}", start.saturating_add(seen)))
            }
            _ => None,
        };
        Ok(DirectoryPage { people: list.resources, next, total: list.total_results })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::leavers::directory::DirectorySnapshot;

    /// A service of ten people that shows two pages of two and then nobody.
    struct Forgetful;

    #[async_trait]
    impl Transport for Forgetful {
        async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Box<dyn Error + Send + Sync>> {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let mut response = Response::new(Bytes::new());
            if query.contains("cursor=") {
                *response.status_mut() = StatusCode::BAD_REQUEST;
                return Ok(response);
            }
            let start: u64 = query.rsplit("startIndex=").next().unwrap_or_default().parse()?;
            let people = if start < 5 { 2 } else { 0 };
            let names = (start..start + people).map(|number| format!(r#"{{"userName": "user{number}"}}"#));
            let names = names.collect::<Vec<_>>().join(", ");
            *response.body_mut() = format!(r#"{{"totalResults": 10, "Resources": [{names}]}}"#).into();
            Ok(response)
        }
    }

    #[tokio::test]
    async fn a_walk_that_sees_fewer_people_than_there_are_has_ended_early() {
        let snapshot =
            DirectorySnapshot::read(&ScimDirectory::new("https://idp.test/scim/v2/", Forgetful), &()).await.unwrap();
        assert_eq!((snapshot.people, snapshot.ended_early), (4, true));
        assert_eq!(snapshot.active("USER4", None), Some(true));
    }
}

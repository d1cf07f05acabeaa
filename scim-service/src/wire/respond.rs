//! Responses: status, headers and JSON bodies.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, ETAG, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use scim_core::{Additions, Resource, TypeSchema};
use serde::Serialize;

use crate::wire::render::Urls;

/// The media type of a response body. Both are UTF-8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// `application/scim+json`.
    #[default]
    Scim,
    /// `application/json`, for clients that accept nothing else.
    Json,
}

impl Format {
    const fn content_type(self) -> HeaderValue {
        match self {
            Self::Scim => HeaderValue::from_static("application/scim+json"),
            Self::Json => HeaderValue::from_static("application/json"),
        }
    }
}

/// A response with a JSON body.
pub(crate) fn json_response(status: u16, body: &impl Serialize, format: Format) -> Response<Bytes> {
    let body = match serde_json::to_vec(body) {
        Ok(body) => Bytes::from(body),
        Err(error) => {
            tracing::error!(%error, "a response body could not be written");
            return empty_response(StatusCode::INTERNAL_SERVER_ERROR.as_u16());
        }
    };
    body_response(status, body, format)
}

/// A response with a body that is JSON already.
pub(crate) fn body_response(status: u16, body: impl Into<Bytes>, format: Format) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, format.content_type());
    response
}

/// A response without a body.
pub(crate) fn empty_response(status: u16) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// The answer to HEAD: what GET would answer, its length included, without the body (R245, RFC 9110 section 9.3.2).
pub(crate) fn without_body(mut response: Response<Bytes>) -> Response<Bytes> {
    let length = response.body().len();
    if length > 0 {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    response.map(|_| Bytes::new())
}

/// Adds `ETag`, `Location` and `Content-Location` from what `meta` of the whole resource says (R045, R046). RFC 7644 prints
/// `Location` with every resource; HTTP's own word for where a body's resource is, is `Content-Location`. A 304 has what the
/// 200 would say of the body (RFC 9110 section 15.4.5).
pub(crate) fn with_resource_headers(mut response: Response<Bytes>, headers: ResourceHeaders) -> Response<Bytes> {
    let status = response.status();
    let value = |text: String| HeaderValue::from_maybe_shared(Bytes::from(text)).ok();
    let (etag, location) = (headers.etag.and_then(value), headers.location.and_then(value));
    let fields = response.headers_mut();
    if let Some(etag) = etag {
        fields.insert(ETAG, etag);
    }
    if let Some(location) = location {
        if status != StatusCode::NOT_MODIFIED {
            fields.insert(LOCATION, location.clone());
        }
        if status != StatusCode::NO_CONTENT {
            fields.insert(CONTENT_LOCATION, location);
        }
    }
    response
}

/// What the headers of a response say of a resource, whatever part of it the body holds. A bulk request, which has no such headers
/// for its operations, finds it among the extensions of their responses.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourceHeaders {
    pub(crate) id: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) location: Option<String>,
}

impl ResourceHeaders {
    /// Reads them from a resource with complete `meta`.
    pub(crate) fn of(of: &TypeSchema, resource: &Resource, urls: &Urls<'_>) -> Self {
        let id = resource.id();
        let version = resource.get("meta").filter(|_| urls.versions).and_then(|meta| meta.get("version")?.as_str());
        let location = id.as_deref().map(|id| urls.location(of, id));
        Self { etag: version.map(Cow::into_owned), location, id: None }
    }

    /// The same, with the id.
    pub(crate) fn with_id(self, resource: &Resource) -> Self {
        Self { id: resource.id().map(Cow::into_owned), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r245_head_tells_the_length_that_get_would_send() {
        let get = json_response(200, &serde_json::json!({"a": "b"}), Format::Scim);
        let head = without_body(get.clone());
        assert_eq!(head.headers()[CONTENT_LENGTH], get.body().len().to_string());
        assert_eq!(head.headers()[CONTENT_TYPE], get.headers()[CONTENT_TYPE]);
        assert!(head.body().is_empty());
        assert!(!without_body(empty_response(304)).headers().contains_key(CONTENT_LENGTH));
    }
}

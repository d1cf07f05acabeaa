//! What a client is told that gets no token (RFC 6749 section 5.2).

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::header::{ALLOW, CACHE_CONTROL, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::json;

use crate::wire::{Excess, Format, json_response, whole_seconds};

/// Why there is no token. The client is told the kind; the reason is for the log alone, so that nobody learns which part of what they
/// sent was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) kind: Kind,
    pub(super) reason: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Method,
    TooLarge,
    InvalidRequest,
    InvalidClient,
    UnsupportedGrantType,
    InvalidScope,
    /// Nobody can tell at the moment: the client tries again.
    Unavailable,
    /// The client, or its address, has sent too much.
    TooMany {
        /// After how long it tries again.
        retry_after: Duration,
    },
}

impl Kind {
    fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::TooLarge => 413,
            Self::InvalidRequest | Self::UnsupportedGrantType | Self::InvalidScope => 400,
            Self::InvalidClient => 401,
            Self::Unavailable => 503,
            Self::TooMany { .. } => 429,
        }
    }
}

/// The form has more bytes than are read.
pub(super) const TOO_LARGE: Refusal = Refusal { kind: Kind::TooLarge, reason: "the form is larger than 16 KiB" };

impl Refusal {
    pub(super) fn request(reason: &'static str) -> Self {
        Self { kind: Kind::InvalidRequest, reason }
    }

    pub(super) fn client(reason: &'static str) -> Self {
        Self { kind: Kind::InvalidClient, reason }
    }

    pub(super) fn unavailable(reason: &'static str) -> Self {
        Self { kind: Kind::Unavailable, reason }
    }

    /// The error code that the client is told.
    pub(super) fn error(self) -> &'static str {
        match self.kind {
            Kind::Method | Kind::TooLarge | Kind::InvalidRequest => "invalid_request",
            Kind::InvalidClient => "invalid_client",
            Kind::UnsupportedGrantType => "unsupported_grant_type",
            Kind::InvalidScope => "invalid_scope",
            Kind::Unavailable | Kind::TooMany { .. } => "temporarily_unavailable",
        }
    }

    pub(super) fn response(self) -> Response<Bytes> {
        let (status, error) = (self.kind.status(), self.error());
        let mut response = answer(status, &json!({"error": error}));
        let header = match self.kind {
            Kind::Method => Some((ALLOW, HeaderValue::from_static("POST"))),
            Kind::InvalidClient => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"scim\", charset=\"UTF-8\"")))
            }
            Kind::Unavailable => Some((RETRY_AFTER, HeaderValue::from_static("5"))),
            Kind::TooMany { retry_after } => Some((RETRY_AFTER, whole_seconds(retry_after))),
            _ => None,
        };
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<Excess> for Refusal {
    fn from(Excess { reason, retry_after }: Excess) -> Self {
        Self { kind: Kind::TooMany { retry_after }, reason }
    }
}

/// An answer of the token endpoint, which nobody keeps (RFC 6749 section 5.1).
pub(super) fn answer(status: u16, body: &serde_json::Value) -> Response<Bytes> {
    let mut response = json_response(status, body, Format::Json);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

//! From every error of the family to the response that a client gets: the only place where that is decided.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, Response};
use scim_core::json::JsonError;
use scim_core::message::MessageError;
use scim_core::{CheckError, ProjectionError, ScimError, ScimType};
use scim_patch::PatchError;

use crate::auth::AuthError;
use crate::authorize::AuthorizeError;
use crate::config::NoTenant;
use crate::cursor::CursorError;
use crate::scope::Scope;
use crate::store::ImmutableDiffers;
use crate::store::StoreError;
use crate::wire::BulkError;
use crate::wire::respond::{Format, json_response};

/// The only coding of bodies that the service reads: none.
pub(super) const IDENTITY: &str = "identity";

/// A request beyond a limit of traffic.
#[cfg_attr(not(feature = "limits"), allow(dead_code, reason = "without the feature there are no limits"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Excess {
    /// What there are too many of.
    pub(crate) reason: &'static str,
    /// After how long there is room again.
    pub(crate) retry_after: Duration,
}

/// Why a request was not served.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No endpoint has this path.
    UnknownEndpoint,
    /// The request names no tenant, and the client has none of its own.
    NoTenant,
    /// The path names another protocol version.
    ProtocolVersion {
        version: String,
    },
    /// The endpoint does not take the method.
    MethodNotAllowed {
        allowed: &'static [Method],
    },
    /// RFC 7644 has the endpoint or method, this service does not.
    NotImplemented {
        endpoint: &'static str,
    },
    /// The client cannot read what the service writes.
    NotAcceptable,
    /// The body is of another media type.
    UnsupportedMediaType,
    /// The body is compressed.
    ContentEncoding,
    /// The body is too large.
    BodyTooLarge {
        limit: usize,
    },
    /// The path and query are too long.
    UrlTooLong {
        limit: usize,
    },
    /// The arrays of the body hold too much together.
    TooManyValues {
        limit: usize,
    },
    /// The query selects more than the service gives out (R124).
    TooManyResults {
        limit: u64,
    },
    /// One resource is larger than a response may be.
    ResponseTooLarge {
        limit: usize,
        /// The attribute that is largest.
        attribute: String,
    },
    /// The body ended before it was complete.
    #[cfg(feature = "tower")]
    BodyBrokeOff,
    /// The body took longer than the host allows.
    #[cfg(feature = "tower")]
    BodyTimedOut,
    /// The credentials are missing or wrong.
    Auth {
        error: AuthError,
        /// The values of `WWW-Authenticate`.
        challenges: Vec<String>,
    },
    /// The client or its address has sent too much.
    #[cfg_attr(not(feature = "limits"), allow(dead_code, reason = "without the feature there are no limits"))]
    TooManyRequests(Excess),
    /// The service is about to end.
    Stopping,
    /// The policy cannot be asked.
    Authorize(AuthorizeError),
    /// A query parameter has a value that it cannot have.
    Parameter {
        name: &'static str,
        expected: &'static str,
    },
    /// `attributes` or `excludedAttributes` has too many names.
    TooManyNames {
        limit: usize,
    },
    /// An entity tag header cannot be read.
    EntityTag {
        header: &'static str,
    },
    /// No such schema or resource type.
    UnknownDiscoveryResource,
    /// Discovery does not filter (R228).
    DiscoveryFilter,
    /// The service has no filters.
    FilterOff,
    /// The service does not change passwords.
    PasswordChange,
    /// No resource stands for the client.
    Nobody,
    /// The policy forbids the request.
    Denied {
        reason: String,
    },
    /// The scopes of the client do not allow the request.
    InsufficientScope {
        /// One that would.
        needed: Scope,
    },
    /// The request names an attribute that the client may not see.
    HiddenAttribute {
        path: String,
    },
    /// The client would make a resource that it may not see.
    OutOfSight,
    /// The URL holds a filter of values that should not be in URLs (R098).
    Sensitive {
        path: String,
    },
    /// An immutable attribute would change (R188).
    Immutable(ImmutableDiffers),
    /// So many writers raced that the change found no gap.
    TooManyRaces,
    Json(JsonError),
    Message(MessageError),
    Check(CheckError),
    Projection(ProjectionError),
    FilterSyntax(scim_filter::ParseError),
    Filter(scim_filter::FilterError),
    SortPath(scim_core::AttrPathError),
    Sort(scim_filter::FilterError),
    Patch(PatchError),
    Store(StoreError),
    Bulk(BulkError),
    Cursor(CursorError),
}

macro_rules! from {
    ($($variant:ident($error:ty)),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

from! {
    Authorize(AuthorizeError), Json(JsonError), Message(MessageError), Check(CheckError), Projection(ProjectionError),
    FilterSyntax(scim_filter::ParseError), Filter(scim_filter::FilterError), Patch(PatchError), Store(StoreError),
    Bulk(BulkError), Cursor(CursorError), Immutable(ImmutableDiffers), TooManyRequests(Excess),
}

impl From<NoTenant> for Failure {
    fn from(_: NoTenant) -> Self {
        Self::UnknownEndpoint
    }
}

impl Failure {
    /// The error that the client is told. Nothing of what went wrong inside is in it (R234).
    pub(crate) fn to_error(&self) -> ScimError {
        match self {
            Self::UnknownEndpoint => ScimError::new(404, "no endpoint has this path"),
            Self::NoTenant => ScimError::new(404, "no endpoint has this path: expected one of a tenant"),
            Self::ProtocolVersion { version } => ScimError::of(
                ScimType::InvalidVers,
                format!("SCIM protocol version `{version}` is not supported, expected `v2`"),
            ),
            Self::MethodNotAllowed { allowed } => ScimError::new(405, format!("the endpoint takes {}", list(allowed))),
            Self::NotImplemented { endpoint } => {
                ScimError::new(501, format!("this service does not offer `{endpoint}`"))
            }
            Self::NotAcceptable => ScimError::new(
                406,
                "`Accept` leaves nothing to answer with: expected `application/scim+json` or `application/json`",
            ),
            Self::UnsupportedMediaType => {
                ScimError::new(415, "`Content-Type`: expected `application/scim+json` or `application/json` in UTF-8")
            }
            Self::ContentEncoding => {
                ScimError::new(415, "`Content-Encoding`: expected a body as it is, without compression")
            }
            Self::BodyTooLarge { limit } => {
                ScimError::new(413, format!("the body is larger than the limit of {limit} bytes"))
            }
            Self::UrlTooLong { limit } => {
                ScimError::new(414, format!("path and query are longer than the limit of {limit} bytes"))
            }
            Self::TooManyValues { limit } => {
                ScimError::new(413, format!("the arrays of the body hold more than the limit of {limit} elements"))
            }
            Self::TooManyResults { limit } => ScimError::of(
                ScimType::TooMany,
                format!("the query selects more than the limit of {limit} resources: expected a narrower filter"),
            ),
            Self::ResponseTooLarge { limit, attribute } => ScimError::of(
                ScimType::TooMany,
                format!(
                    "the resource is larger than the limit of {limit} bytes of a response: expected `excludedAttributes={attribute}`"
                ),
            ),
            #[cfg(feature = "tower")]
            Self::BodyBrokeOff => ScimError::of(ScimType::InvalidSyntax, "the body ended before it was complete"),
            #[cfg(feature = "tower")]
            Self::BodyTimedOut => ScimError::new(408, "the body did not arrive in time"),
            Self::Auth { error, .. } => match error {
                AuthError::Missing | AuthError::Invalid => ScimError::new(401, error.to_string()),
                AuthError::Unavailable(_) => ScimError::new(503, "credentials cannot be checked at the moment"),
            },
            Self::TooManyRequests(Excess { reason, .. }) => {
                ScimError::new(429, format!("{reason}: expected the next one after the seconds in `Retry-After`"))
            }
            Self::Stopping => ScimError::new(503, "the service is about to stop"),
            Self::Parameter { name, expected } => {
                ScimError::of(ScimType::InvalidValue, format!("query parameter `{name}`: expected {expected}"))
            }
            Self::TooManyNames { limit } => ScimError::of(
                ScimType::InvalidValue,
                format!("`attributes` and `excludedAttributes`: expected at most {limit} names each"),
            ),
            Self::EntityTag { header } => ScimError::new(
                400,
                format!("header `{header}`: expected `*` or a list of entity tags such as `W/\"7\"`"),
            ),
            Self::UnknownDiscoveryResource => ScimError::new(404, "no schema or resource type has this identifier"),
            Self::DiscoveryFilter => ScimError::new(403, "discovery endpoints cannot be filtered"),
            Self::FilterOff => ScimError::of(ScimType::InvalidFilter, "this service does not offer filters"),
            Self::PasswordChange => {
                ScimError::of(ScimType::Mutability, "`password`: this service does not offer to change passwords")
            }
            Self::Nobody => ScimError::new(404, "no resource stands for this client"),
            Self::Denied { reason } => ScimError::new(403, reason.as_str()),
            Self::InsufficientScope { needed } => {
                ScimError::new(403, format!("the scope of the client does not allow this: expected `{needed}`"))
            }
            Self::HiddenAttribute { path } => ScimError::new(
                403,
                format!("`{path}` is not for this client: expected a request that does not name it"),
            ),
            Self::OutOfSight => ScimError::new(403, "the resource would be outside of what this client may see"),
            Self::Sensitive { path } => ScimError::of(
                ScimType::Sensitive,
                format!("`{path}` is sensitive: expected the filter in the body of a POST to `.search`"),
            ),
            Self::Authorize(_) => ScimError::new(503, "permissions cannot be checked at the moment: try again"),
            Self::Immutable(error) => ScimError::of(ScimType::Mutability, error.to_string()),
            Self::TooManyRaces => ScimError::new(503, "the resource is being changed by others: try again"),
            Self::Json(error) => ScimError::of(error.scim_type(), error.to_string()),
            Self::Message(error) => ScimError::of(error.scim_type(), error.to_string()),
            Self::Check(error) => ScimError::of(error.scim_type(), error.to_string()),
            Self::Projection(error) => ScimError::of(ScimType::InvalidValue, error.to_string()),
            Self::FilterSyntax(error) => ScimError::of(ScimType::InvalidFilter, format!("filter: {error:#}")),
            Self::Filter(error) => ScimError::of(error.scim_type(), format!("filter: {error:#}")),
            Self::Sort(error) => ScimError::of(error.scim_type(), format!("`sortBy`: {error}")),
            Self::SortPath(error) => ScimError::of(ScimType::InvalidPath, format!("`sortBy`: {error}")),
            Self::Patch(error) => patch_error(error),
            Self::Store(error) => store_error(error),
            Self::Bulk(error) => bulk_error(error),
            Self::Cursor(error) => cursor_error(error),
        }
    }

    /// What the operator has to know, in a word: that it is the service which failed, not the client.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Store(StoreError::Internal(_) | StoreError::Unavailable(_)) => Some("the store failed"),
            Self::Authorize(_) => Some("the policy failed"),
            Self::Auth { error: AuthError::Unavailable(_), .. } => Some("credentials could not be checked"),
            Self::TooManyRaces => Some("a write found no gap between the writes of others"),
            _ => (self.to_error().status() == 500).then_some("the service failed"),
        }
    }

    /// Says to the operator what the client is not told: the cause of a fault.
    pub(crate) fn log(&self, request_id: &str) {
        let Some(fault) = self.fault() else { return };
        let error = match self {
            Self::Store(StoreError::Internal(source) | StoreError::Unavailable(source))
            | Self::Auth { error: AuthError::Unavailable(source), .. } => Some(chain(source.as_ref())),
            Self::Authorize(error) => Some(chain(error)),
            _ => None,
        };
        tracing::error!(request_id, error, "{fault}");
    }

    /// The whole response.
    pub(crate) fn into_response(self, format: Format) -> Response<Bytes> {
        let error = self.to_error();
        let mut response = json_response(error.status(), &error.to_value(), format);
        let header = match &self {
            Self::MethodNotAllowed { allowed } => {
                HeaderValue::from_str(&list(allowed)).ok().map(|value| (ALLOW, value))
            }
            Self::ContentEncoding => Some((ACCEPT_ENCODING, HeaderValue::from_static(IDENTITY))),
            // RFC 6750 section 3.1.
            Self::InsufficientScope { needed } => {
                let challenge = format!("Bearer realm=\"scim\", error=\"insufficient_scope\", scope=\"{needed}\"");
                HeaderValue::from_str(&challenge).ok().map(|value| (WWW_AUTHENTICATE, value))
            }
            Self::TooManyRaces | Self::Stopping | Self::Authorize(_) | Self::Store(StoreError::Unavailable(_)) => {
                Some((RETRY_AFTER, HeaderValue::from_static("1")))
            }
            Self::TooManyRequests(Excess { retry_after, .. }) | Self::Store(StoreError::Held { retry_after, .. }) => {
                Some((RETRY_AFTER, whole_seconds(*retry_after)))
            }
            _ => None,
        };
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        if let Self::Auth { challenges, error: AuthError::Missing | AuthError::Invalid } = &self {
            for challenge in challenges.iter().filter_map(|challenge| HeaderValue::from_str(challenge).ok()) {
                response.headers_mut().append(WWW_AUTHENTICATE, challenge);
            }
        }
        response
    }
}

/// Whole seconds after which a client may try again: at least one, and never too early.
pub(crate) fn whole_seconds(duration: Duration) -> HeaderValue {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    HeaderValue::from(seconds.max(1))
}

fn patch_error(error: &PatchError) -> ScimError {
    ScimError::of(error.scim_type(), error.to_string())
}

fn store_error(error: &StoreError) -> ScimError {
    match error {
        StoreError::NotFound => ScimError::new(404, error.to_string()),
        StoreError::PreconditionFailed => ScimError::new(412, error.to_string()),
        StoreError::Uniqueness { .. } | StoreError::HeldElsewhere { .. } => {
            ScimError::of(ScimType::Uniqueness, error.to_string())
        }
        StoreError::InvalidValue { .. } => ScimError::of(ScimType::InvalidValue, error.to_string()),
        StoreError::Budget(_) => ScimError::of(
            ScimType::TooMany,
            format!("{error}: expected fewer comparisons, or a filter that selects by an indexed attribute"),
        ),
        StoreError::Patch(error) => patch_error(error),
        StoreError::Unsupported { what } => ScimError::new(501, format!("the store of this service {what}")),
        StoreError::Refused { reason } => ScimError::new(403, reason.as_str()),
        StoreError::Held { reason, .. } => ScimError::new(503, reason.as_str()),
        StoreError::Unavailable(_) => {
            ScimError::new(503, "the service cannot reach its store at the moment: try again")
        }
        StoreError::Internal(_) => ScimError::new(500, "an internal error occurred; it has been logged"),
    }
}

fn bulk_error(error: &BulkError) -> ScimError {
    let text = error.to_string();
    match error {
        BulkError::PayloadTooLarge { .. } | BulkError::TooManyOperations { .. } => ScimError::new(413, text),
        BulkError::Path | BulkError::Version | BulkError::BulkIdTaken => ScimError::of(ScimType::InvalidValue, text),
        BulkError::UnknownReference { .. } | BulkError::FailedReference { .. } | BulkError::Circle => {
            ScimError::new(409, text)
        }
        BulkError::RolledBack => ScimError::new(424, text),
    }
}

fn cursor_error(error: &CursorError) -> ScimError {
    let scim_type = match error {
        CursorError::Invalid => ScimType::InvalidCursor,
        #[cfg(not(feature = "cursor"))]
        CursorError::Unsupported => ScimType::InvalidCursor,
        CursorError::Expired => ScimType::ExpiredCursor,
        CursorError::Count { .. } => ScimType::InvalidCount,
        CursorError::WithIndex | CursorError::SortKeyTooLong { .. } => ScimType::InvalidValue,
    };
    ScimError::of(scim_type, error.to_string())
}

/// `GET, POST`: how `Allow` and people read methods.
pub(crate) fn list(methods: &[Method]) -> String {
    methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}

/// An error with its sources, for the log.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r234_an_internal_error_tells_the_client_nothing_of_the_inside() {
        let failure = Failure::Store(StoreError::internal("relation `ab_user` does not exist"));
        let error = failure.to_error();
        assert_eq!(error.status(), 500);
        assert!(!error.detail().unwrap().contains("ab_user"));
    }

    #[test]
    fn r235_a_401_carries_a_challenge() {
        let failure = |error| Failure::Auth { error, challenges: vec!["Basic x".into(), "Bearer y".into()] };
        let response = failure(AuthError::Missing).into_response(Format::Scim);
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers().get_all(WWW_AUTHENTICATE).iter().collect::<Vec<_>>(), ["Basic x", "Bearer y"]);
        let response = failure(AuthError::Unavailable("gone".into())).into_response(Format::Scim);
        assert_eq!(response.status(), 503);
        assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
    }

    #[test]
    fn r245_a_405_says_what_is_allowed() {
        let response = Failure::MethodNotAllowed { allowed: &[Method::GET, Method::HEAD] }.into_response(Format::Scim);
        assert_eq!(response.headers()[ALLOW], "GET, HEAD");
    }
}

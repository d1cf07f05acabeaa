//! Who is there: authentication of clients (RFC 7644 section 2).

mod bearer;
mod hashed;

use std::error::Error;

use async_trait::async_trait;
use http::request::Parts;
use scim_core::message::{AuthenticationScheme, SchemeKind};
use thiserror::Error as ThisError;

use crate::context::Principal;

#[cfg(feature = "oauth")]
pub(crate) use bearer::bearer_token;
pub use bearer::{BearerTokens, TokenError};
#[cfg(feature = "oauth")]
pub(crate) use hashed::{HashedSecret, find};

/// Tells who sends a request.
///
/// [`BearerTokens`] is one; a host that knows its clients otherwise brings its own.
///
/// ```
/// use async_trait::async_trait;
/// use bytes::Bytes;
/// use http::Request;
/// use http::request::Parts;
/// use scim_core::SchemaSet;
/// use scim_core::message::{AuthenticationScheme, SchemeKind};
/// use scim_service::{AuthError, Authenticator, MemoryStore, Principal, ScimService, ServiceConfig};
///
/// /// A gateway before the service has checked the client's certificate, and names it in a header that it sets itself.
/// struct Gateway;
///
/// #[async_trait]
/// impl Authenticator for Gateway {
///     async fn authenticate(&self, request: &Parts) -> Result<Principal, AuthError> {
///         let name = request.headers.get("x-client-name").ok_or(AuthError::Missing)?;
///         Ok(Principal::new(name.to_str().map_err(|_| AuthError::Invalid)?))
///     }
///
///     fn schemes(&self) -> Vec<AuthenticationScheme> {
///         vec![AuthenticationScheme::new(SchemeKind::Oauth2, "Gateway", "A token of the gateway in front of the service")]
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let config = ServiceConfig::new("https://example.com")?;
/// let service = ScimService::new(MemoryStore::new(), SchemaSet::builtin(), config, Gateway);
/// let response = service.handle(Request::get("https://example.com/Users").body(Bytes::new())?).await;
/// assert_eq!(response.status(), 401);
/// assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"scim\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// The client behind the request's head.
    ///
    /// # Errors
    ///
    /// [`AuthError`] where nobody is known to be there: 401, or 503 where it cannot be told.
    async fn authenticate(&self, request: &Parts) -> Result<Principal, AuthError>;

    /// How clients authenticate, for `/ServiceProviderConfig` (R223).
    fn schemes(&self) -> Vec<AuthenticationScheme>;

    /// The values of `WWW-Authenticate` in a 401 (R235, RFC 9110 section 11.6.1): one for each scheme that a challenge is
    /// known of. HTTP Digest needs a nonce, so an authenticator that takes it writes its own.
    fn challenges(&self, error: &AuthError) -> Vec<String> {
        challenges(&self.schemes(), error)
    }
}

fn challenges(schemes: &[AuthenticationScheme], error: &AuthError) -> Vec<String> {
    let bearer = match error {
        AuthError::Invalid => "Bearer realm=\"scim\", error=\"invalid_token\"",
        _ => "Bearer realm=\"scim\"",
    };
    let mut challenges: Vec<String> = Vec::new();
    for scheme in schemes {
        let challenge = match scheme.kind {
            SchemeKind::Oauth2 | SchemeKind::OauthBearerToken => bearer,
            SchemeKind::HttpBasic => "Basic realm=\"scim\", charset=\"UTF-8\"",
            SchemeKind::Oauth => "OAuth realm=\"scim\"",
            SchemeKind::HttpDigest => continue,
        };
        if !challenges.iter().any(|known| known == challenge) {
            challenges.push(challenge.to_owned());
        }
    }
    if challenges.is_empty() {
        // A 401 without a challenge is none.
        challenges.push(bearer.to_owned());
    }
    challenges
}

/// Why nobody is known to be there. Neither variant holds what the client sent.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum AuthError {
    /// The request has no credentials.
    #[error("the request has no credentials")]
    Missing,
    /// The credentials are malformed, unknown or revoked.
    #[error("the credentials are not valid")]
    Invalid,
    /// What knows the credentials cannot be reached.
    #[error("credentials cannot be checked")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r235_challenges_are_those_of_the_schemes() {
        let of = |kinds: &[SchemeKind], error: &AuthError| {
            let schemes: Vec<_> = kinds.iter().map(|kind| AuthenticationScheme::new(*kind, "n", "d")).collect();
            challenges(&schemes, error)
        };
        let (bearer, basic) = ("Bearer realm=\"scim\"", "Basic realm=\"scim\", charset=\"UTF-8\"");
        let both = [SchemeKind::OauthBearerToken, SchemeKind::HttpBasic, SchemeKind::Oauth2];
        assert_eq!(of(&both, &AuthError::Missing), [bearer, basic]);
        assert_eq!(of(&[SchemeKind::HttpBasic], &AuthError::Invalid), [basic]);
        assert_eq!(of(&both[..1], &AuthError::Invalid), ["Bearer realm=\"scim\", error=\"invalid_token\""]);
        assert_eq!(of(&[SchemeKind::HttpDigest], &AuthError::Missing), [bearer], "never a 401 without a challenge");
    }
}

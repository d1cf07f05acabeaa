//! Who is there: authentication of clients (RFC 7644 section 2).

mod bearer;

use std::error::Error;

use async_trait::async_trait;
use http::request::Parts;
use scim_core::AuthenticationScheme;
use thiserror::Error as ThisError;

use crate::context::Principal;

pub use bearer::{BearerTokens, TokenError};

/// Tells who sends a request.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// The client behind the request's head.
    async fn authenticate(&self, request: &Parts) -> Result<Principal, AuthError>;

    /// How clients authenticate, for `/ServiceProviderConfig` (R223).
    fn schemes(&self) -> Vec<AuthenticationScheme>;
}

/// Why nobody is known to be there. Neither variant holds what the client sent.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum AuthError {
    /// The request has no credentials.
    #[error("the request has no credentials: expected `Authorization: Bearer <token>`")]
    Missing,
    /// The credentials are malformed, unknown or revoked.
    #[error("the credentials are not valid")]
    Invalid,
    /// What knows the credentials cannot be reached.
    #[error("credentials cannot be checked")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

//! Bearer tokens (RFC 6750).

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::header::AUTHORIZATION;
use http::request::Parts;
use scim_core::message::AuthenticationScheme;
use thiserror::Error;

use crate::auth::hashed::{HashedSecret, find};
use crate::auth::{AuthError, Authenticator};
use crate::context::Principal;

/// Long-lived tokens, each with the client it stands for.
///
/// A client may have several tokens, so that one can be rotated without a gap: add the new one, let the old one expire.
///
/// Only the SHA-256 of a token is kept, and all of them are compared in constant time. A fast hash is right here because
/// tokens are random; for a token that a person made up it is not.
///
/// ```
/// use scim_service::{BearerTokens, Principal};
///
/// let tokens = BearerTokens::new().with_token("yXh2Qm7vT0w8LbN4", Principal::new("okta"))?;
/// assert!(!format!("{tokens:?}").contains("yXh2"));
/// # Ok::<(), scim_service::TokenError>(())
/// ```
#[derive(Clone, Default)]
pub struct BearerTokens {
    tokens: Vec<(HashedSecret, Principal)>,
}

/// The text cannot serve as a bearer token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a bearer token is one or more visible ASCII characters")]
pub struct TokenError;

impl BearerTokens {
    /// No token: everybody is refused.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a token.
    ///
    /// # Errors
    ///
    /// [`TokenError`] for a token that cannot stand in a header. How hard it is to guess is for the host to see to.
    pub fn with_token(self, token: &str, principal: Principal) -> Result<Self, TokenError> {
        self.with(token, principal, None)
    }

    /// Adds a token that is refused from `expires` on.
    ///
    /// ```
    /// use chrono::{Duration, Utc};
    /// use scim_service::{BearerTokens, Principal};
    ///
    /// let tokens = BearerTokens::new()
    ///     .with_expiring_token("yXh2Qm7vT0w8LbN4", Principal::new("okta"), Utc::now() + Duration::days(7))?
    ///     .with_token("u0Gd5sKq1ZrPw9Ya", Principal::new("okta"))?;
    /// # let _ = tokens;
    /// # Ok::<(), scim_service::TokenError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`BearerTokens::with_token`].
    pub fn with_expiring_token(
        self,
        token: &str,
        principal: Principal,
        expires: DateTime<Utc>,
    ) -> Result<Self, TokenError> {
        self.with(token, principal, Some(expires))
    }

    /// Adds a token of which the host itself has only the SHA-256; it is refused from `expires` on.
    ///
    /// ```
    /// use scim_service::{BearerTokens, Principal};
    ///
    /// // What `printf %s "$token" | sha256sum` writes, as bytes.
    /// let hash = [0x5f; 32];
    /// let tokens = BearerTokens::new().with_hashed_token(hash, Principal::new("okta"), None);
    /// # let _ = tokens;
    /// ```
    #[must_use]
    pub fn with_hashed_token(self, sha256: [u8; 32], principal: Principal, expires: Option<DateTime<Utc>>) -> Self {
        self.with_secret(HashedSecret::new(sha256, expires), principal)
    }

    fn with(self, token: &str, principal: Principal, expires: Option<DateTime<Utc>>) -> Result<Self, TokenError> {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError);
        }
        Ok(self.with_secret(HashedSecret::of(token, expires), principal))
    }

    pub(crate) fn with_secret(mut self, secret: HashedSecret, principal: Principal) -> Self {
        self.tokens.push((secret, principal));
        self
    }

    /// Whose token this is.
    pub(crate) fn find(&self, token: &str, now: DateTime<Utc>) -> Option<&Principal> {
        find(self.tokens.iter().map(|(secret, principal)| (secret, principal)), token, now)
    }
}

/// The token in the `Authorization` header (RFC 6750 section 2.1).
pub(crate) fn bearer_token(request: &Parts) -> Result<&str, AuthError> {
    let mut values = request.headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(AuthError::Missing)?;
    if values.next().is_some() {
        return Err(AuthError::Invalid);
    }
    let value = value.to_str().map_err(|_| AuthError::Invalid)?;
    let (scheme, token) = value.split_once(' ').ok_or(AuthError::Invalid)?;
    if scheme.eq_ignore_ascii_case("Bearer") { Ok(token.trim()) } else { Err(AuthError::Invalid) }
}

impl fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.tokens.iter().map(|(_, principal)| principal.name())).finish()
    }
}

#[async_trait]
impl Authenticator for BearerTokens {
    async fn authenticate(&self, request: &Parts) -> Result<Principal, AuthError> {
        self.find(bearer_token(request)?, Utc::now()).cloned().ok_or(AuthError::Invalid)
    }

    fn schemes(&self) -> Vec<AuthenticationScheme> {
        vec![AuthenticationScheme::bearer_token()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn authenticate(headers: &[&str]) -> Result<Principal, AuthError> {
        let tokens = BearerTokens::new()
            .with_token("first-token", Principal::new("one"))
            .unwrap()
            .with_token("second-token", Principal::new("two").in_tenant("t"))
            .unwrap();
        let mut request = http::Request::new(());
        for value in headers {
            request.headers_mut().append(AUTHORIZATION, value.parse().unwrap());
        }
        tokens.authenticate(&request.into_parts().0).await
    }

    #[tokio::test]
    async fn a_known_token_names_its_client() {
        assert_eq!(authenticate(&["Bearer first-token"]).await.unwrap().name(), "one");
        assert_eq!(authenticate(&["bearer second-token"]).await.unwrap().tenant(), Some("t"));
    }

    #[tokio::test]
    async fn r235_anything_else_is_refused() {
        assert!(matches!(authenticate(&[]).await, Err(AuthError::Missing)));
        for bad in ["Bearer", "Bearer ", "Basic first-token", "first-token", "Bearer first-toke", "Bearer FIRST-TOKEN"]
        {
            assert!(matches!(authenticate(&[bad]).await, Err(AuthError::Invalid)), "{bad}");
        }
        assert!(authenticate(&["Bearer first-token", "Bearer first-token"]).await.is_err());
    }

    #[test]
    fn a_token_is_refused_from_its_expiry_on_and_the_next_one_is_not() {
        let expires = Utc::now();
        let tokens = BearerTokens::new()
            .with_expiring_token("old-token", Principal::new("okta"), expires)
            .and_then(|tokens| tokens.with_token("new-token", Principal::new("okta")))
            .unwrap();
        let before = expires - chrono::Duration::nanoseconds(1);
        assert_eq!(tokens.find("old-token", before), tokens.find("new-token", before));
        assert_eq!(tokens.find("old-token", expires), None);
        assert_eq!(tokens.find("new-token", expires).unwrap().name(), "okta");
    }

    #[test]
    fn a_token_fits_a_header() {
        for bad in ["", "with space in", "ümläut-token"] {
            assert!(BearerTokens::new().with_token(bad, Principal::new("x")).is_err(), "{bad}");
        }
    }
}

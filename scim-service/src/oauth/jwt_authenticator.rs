//! Clients of an authorization server of somebody else.

use std::fmt;
use std::time::Instant;

use async_trait::async_trait;
use chrono::Utc;
use http::request::Parts;
use scim_core::message::{AuthenticationScheme, SchemeKind};

use crate::auth::{AuthError, Authenticator, bearer_token};
use crate::context::Principal;
use crate::oauth::client::is_bound_to;
use crate::oauth::jwt::{ASYMMETRIC, CachedKeys, Claims, Expected, Jwt, KeyFault, KeyFetcher, KeyLocation};
use crate::scope::Scopes;

/// Takes access tokens that another issuer has signed (RFC 9068): JSON Web Tokens for this service, checked with the issuer's keys.
///
/// The claim `sub` names the client and `scope` has its scopes, by default. A token without any scope of this service may do nothing
/// but discovery. Tokens live 24 hours at most. One that is bound to a certificate (RFC 8705 section 3.1) is good over a connection with it
/// alone ([`PeerCertificate`](crate::oauth::PeerCertificate)).
///
/// ```
/// # use std::error::Error;
/// # use async_trait::async_trait;
/// use scim_service::oauth::{JwtAuthenticator, KeyFetcher, KeyLocation};
///
/// # struct Fetcher;
/// # #[async_trait]
/// # impl KeyFetcher for Fetcher {
/// #     async fn fetch(&self, _: &KeyLocation) -> Result<String, Box<dyn Error + Send + Sync>> {
/// #         Err("no network".into())
/// #     }
/// # }
/// let keys = KeyLocation::Url("https://idp.example.com/keys".to_owned());
/// let authenticator = JwtAuthenticator::new("https://idp.example.com", "https://scim.example.com", keys, Fetcher)
///     .with_name_claim("azp")
///     .with_scope_claim("roles")
///     .in_tenant("acme");
/// # let _ = authenticator;
/// ```
pub struct JwtAuthenticator {
    issuer: String,
    audience: String,
    name_claim: String,
    scope_claim: String,
    tenant: Option<String>,
    keys: CachedKeys,
    fetcher: Box<dyn KeyFetcher>,
}

impl JwtAuthenticator {
    /// Takes the tokens of `issuer` for `audience`, checked with the keys at `keys`.
    pub fn new(issuer: &str, audience: &str, keys: KeyLocation, fetcher: impl KeyFetcher) -> Self {
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            name_claim: "sub".to_owned(),
            scope_claim: "scope".to_owned(),
            tenant: None,
            keys: CachedKeys::new(keys),
            fetcher: Box::new(fetcher),
        }
    }

    /// The claim that names the client; `sub` unless set.
    #[must_use]
    pub fn with_name_claim(self, name: &str) -> Self {
        Self { name_claim: name.to_owned(), ..self }
    }

    /// The claim that has the scopes, as one string with spaces or as an array; `scope` unless set.
    #[must_use]
    pub fn with_scope_claim(self, name: &str) -> Self {
        Self { scope_claim: name.to_owned(), ..self }
    }

    /// The tenant that all clients of the issuer are confined to.
    #[must_use]
    pub fn in_tenant(self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.to_owned()), ..self }
    }

    fn principal(&self, claims: &Claims) -> Option<Principal> {
        let name = claims.text(&self.name_claim).filter(|name| !name.is_empty())?;
        let scopes = claims.texts(&self.scope_claim).flat_map(|text| Scopes::of_parameter(text).iter()).collect();
        let principal = Principal::new(name).with_scopes(scopes);
        Some(match &self.tenant {
            Some(tenant) => principal.in_tenant(tenant),
            None => principal,
        })
    }
}

#[async_trait]
impl Authenticator for JwtAuthenticator {
    async fn authenticate(&self, request: &Parts) -> Result<Principal, AuthError> {
        let jwt = Jwt::read(bearer_token(request)?, ASYMMETRIC).map_err(|_| AuthError::Invalid)?;
        let key = self.keys.find(&jwt, &*self.fetcher, Instant::now()).await.map_err(|fault| match fault {
            KeyFault::Unfit(_) => AuthError::Invalid,
            KeyFault::Unavailable => AuthError::Unavailable("the keys of the issuer could not be fetched".into()),
        })?;
        let claims = jwt.verified(&key).map_err(|_| AuthError::Invalid)?;
        let expected = Expected { issuer: &self.issuer, audience: &self.audience, subject: None };
        let now = Utc::now();
        claims.check(&expected, now).map_err(|_| AuthError::Invalid)?;
        let bound = claims.certificate().map_err(|_| AuthError::Invalid)?;
        if !is_bound_to(bound, request.extensions.get(), now) {
            return Err(AuthError::Invalid);
        }
        self.principal(claims).ok_or(AuthError::Invalid)
    }

    fn schemes(&self) -> Vec<AuthenticationScheme> {
        let description = format!("Authentication with an access token of {}", self.issuer);
        let mut scheme = AuthenticationScheme::new(SchemeKind::Oauth2, "OAuth 2.0", &description);
        scheme.spec_uri = Some("https://www.rfc-editor.org/info/rfc9068".into());
        scheme.primary = Some(true);
        vec![scheme]
    }
}

impl fmt::Debug for JwtAuthenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtAuthenticator")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

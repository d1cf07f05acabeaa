//! Who sends a request: one of the registered clients.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use chrono::Utc;
use http::header::AUTHORIZATION;
use http::request::Parts;
use scim_core::message::{AuthenticationScheme, SchemeKind};

use crate::auth::{AuthError, Authenticator, bearer_token};
use crate::context::Principal;
use crate::oauth::access_token::{AccessTokens, Granted};
use crate::oauth::client::{ClientRegistration, ClientRegistry, PeerCertificate, is_bound_to};
use crate::observe::{ClientAddress, LogLimit, log_sums};

/// Takes the access tokens of registered clients, and their static tokens.
///
/// The registry is asked for each request: a client that is no longer in it is refused at once, and so is an access token with a scope
/// that the client no longer has, and one from before the client had its tenant. The principal has the scopes of the token; a static token has all of the client's.
///
/// A client that is registered with certificates is refused over a connection without one of them
/// ([`PeerCertificate`]), whatever token it has. Where its registration says that the certificate is enough, it needs no token: without
/// an `Authorization` header the certificate tells who it is. A certificate that is that of two such clients is nobody's.
#[derive(Clone, Debug)]
pub struct RegisteredClients {
    registry: ClientRegistry,
    tokens: AccessTokens,
    log_limit: Arc<LogLimit>,
}

impl RegisteredClients {
    /// The clients of `registry`, with access tokens as `tokens` has them.
    pub fn new(registry: ClientRegistry, tokens: AccessTokens) -> Self {
        Self { registry, tokens, log_limit: Arc::new(LogLimit::new()) }
    }

    /// The clients.
    pub fn registry(&self) -> &ClientRegistry {
        &self.registry
    }

    /// Logs why a token that is right is refused, no oftener than other refusals.
    fn refuse(&self, request: &Parts, client: &ClientRegistration, reason: &'static str) -> AuthError {
        let (address, now) = (request.extensions.get::<ClientAddress>().copied(), Instant::now());
        log_sums(&self.log_limit, now);
        if self.log_limit.admits(address, reason, now) {
            tracing::warn!(client = client.id(), reason, "token refused");
        }
        AuthError::Invalid
    }
}

#[async_trait]
impl Authenticator for RegisteredClients {
    async fn authenticate(&self, request: &Parts) -> Result<Principal, AuthError> {
        let (clients, now) = (self.registry.current(), Utc::now());
        let certificate = request.extensions.get::<PeerCertificate>();
        if !request.headers.contains_key(AUTHORIZATION)
            && let Some(client) = certificate.and_then(|certificate| clients.of_certificate(certificate, now))
        {
            if !client.networks().admit(&request.extensions) {
                return Err(self.refuse(request, client, "the request does not come from the networks of the client"));
            }
            return Ok(client.principal().clone());
        }
        let token = bearer_token(request)?;
        let (client, scopes) = if let Some(principal) = clients.of_token(token, now) {
            let client = clients.client(principal.name()).ok_or(AuthError::Invalid)?;
            (client, client.scopes())
        } else {
            let Granted { client, tenant, scopes, certificate: bound } =
                self.tokens.read(token, now).map_err(|_| AuthError::Invalid)?;
            let client = clients.client(&client).ok_or(AuthError::Invalid)?;
            if client.tenant() != tenant.as_deref() {
                return Err(self.refuse(request, client, "the access token is for another tenant of the client"));
            }
            if client.scopes().grant(scopes) != scopes {
                return Err(self.refuse(request, client, "the access token has a scope that the client has lost"));
            }
            if !is_bound_to(bound, certificate, now) {
                return Err(self.refuse(request, client, "the access token is bound to another certificate"));
            }
            (client, scopes)
        };
        if !client.certificates().admit(&request.extensions, now) {
            let reason = "the token does not come over a connection with a certificate of the client";
            return Err(self.refuse(request, client, reason));
        }
        if !client.networks().admit(&request.extensions) {
            return Err(self.refuse(request, client, "the token does not come from the networks of the client"));
        }
        Ok(client.principal().clone().with_scopes(scopes))
    }

    fn schemes(&self) -> Vec<AuthenticationScheme> {
        let mut oauth2 = AuthenticationScheme::new(
            SchemeKind::Oauth2,
            "OAuth 2.0",
            "Authentication with an access token of the grant type client_credentials",
        );
        oauth2.spec_uri = Some("https://www.rfc-editor.org/info/rfc6749".into());
        oauth2.primary = Some(true);
        let mut bearer = AuthenticationScheme::bearer_token();
        bearer.primary = None;
        vec![oauth2, bearer]
    }
}

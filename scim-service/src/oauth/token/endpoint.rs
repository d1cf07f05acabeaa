//! Access tokens for clients that prove who they are (RFC 6749 section 4.4).

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{Method, Request, Response};
use serde_json::json;
use tracing::{Instrument, debug_span};

use crate::gate::Gate;
use crate::oauth::access_token::{AccessTokens, Bearer};
use crate::oauth::client::{ClientRegistration, ClientRegistry, Clients, CredentialPlace, PeerCertificate};
use crate::oauth::jwt::{ASYMMETRIC, Expected, Jwt, KeyFault, KeyFetcher, Unfit};
use crate::oauth::token::client_keys::ClientKeys;
use crate::oauth::token::form::Form;
use crate::oauth::token::presented::{Presented, Proof};
use crate::oauth::token::refusal::{Kind, Refusal, TOO_LARGE, answer};
use crate::oauth::token::replays::{Replay, Replays};
#[cfg(feature = "metrics")]
use crate::observe::metrics::token_requested;
use crate::observe::{ClientAddress, LogLimit, log_sums};
use crate::scope::Scopes;
#[cfg(feature = "limits")]
use crate::traffic::TrafficLimits;

/// The token endpoint: gives registered clients access tokens by the grant type `client_credentials`.
///
/// Clients authenticate with a secret in the body or by HTTP Basic (`client_secret_post`, `client_secret_basic`), or with an assertion
/// (`private_key_jwt`, workload identity federation): a token that their issuer has signed. An assertion with a `jti` is accepted
/// once; each instance of a service remembers those that it has seen itself. A client whose registration says so authenticates with
/// the certificate of its connection (`tls_client_auth`, RFC 8705 section 2); one that has certificates gets access tokens that are
/// bound to the one it presents.
///
/// Every refusal of a client looks the same; its reason is in the log, as an event `token refused` with `client`, where it is known,
/// `address` and `reason`. No secret, token or assertion is ever logged.
///
/// The [module](crate::oauth) shows it in use.
#[derive(Clone)]
pub struct TokenEndpoint {
    shared: Arc<Shared>,
    gate: Gate,
}

struct Shared {
    registry: ClientRegistry,
    tokens: AccessTokens,
    fetcher: Box<dyn KeyFetcher>,
    keys: ClientKeys,
    replays: Replays,
    log_limit: LogLimit,
}

/// Why there is no token, and the client that was named, if it is one.
type Refused = (Refusal, Option<String>);

impl TokenEndpoint {
    /// Gives the clients of `registry` tokens as `tokens` makes them; `fetcher` fetches the keys of their issuers.
    pub fn new(registry: ClientRegistry, tokens: AccessTokens, fetcher: impl KeyFetcher) -> Self {
        let shared = Shared {
            registry,
            tokens,
            fetcher: Box::new(fetcher),
            keys: ClientKeys::default(),
            replays: Replays::default(),
            log_limit: LogLimit::new(),
        };
        Self { shared: Arc::new(shared), gate: Gate::default() }
    }

    /// Answers requests beyond `limits` with 429 and `Retry-After`; the error is `temporarily_unavailable`. The rate of an address comes
    /// first of all, failed authentication before a secret or assertion is looked at, and the rate of a client once it has proved who it
    /// is, so that nobody uses up the budget of another by its `client_id`. Given the [`TrafficLimits`] of the service, a request for a
    /// token counts as one of the client's requests there.
    #[cfg(feature = "limits")]
    #[must_use]
    pub fn with_traffic_limits(self, limits: TrafficLimits) -> Self {
        Self { gate: Gate::new(limits), ..self }
    }

    /// Answers a request for a token. A host reads at most [`MAX_FORM`](crate::oauth::MAX_FORM) bytes of the body; where there are
    /// more, [`form_too_large`](Self::form_too_large) is the answer.
    ///
    /// Cancel safety: a request whose future is dropped may have used up its assertion.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let address = parts.extensions.get::<ClientAddress>().copied();
        let shown = address.map(|address| tracing::field::display(address.ip()));
        let outcome = self.granted(&parts, &body).instrument(debug_span!("token")).await;
        #[cfg(feature = "metrics")]
        match &outcome {
            Ok((client, ..)) => token_requested(Some(client), "granted"),
            Err((refusal, client)) => token_requested(client.as_deref(), refusal.error()),
        }
        match outcome {
            Ok((client, scopes, token)) => {
                tracing::info!(client, %scopes, address = shown, "token granted");
                let expires_in = self.shared.tokens.lifetime();
                let body = json!({
                    "access_token": token, "token_type": "Bearer", "expires_in": expires_in, "scope": scopes.to_string(),
                });
                answer(200, &body)
            }
            Err((Refusal { kind, reason }, client)) => {
                let (limit, now) = (&self.shared.log_limit, Instant::now());
                log_sums(limit, now);
                if limit.admits(address, reason, now) {
                    tracing::warn!(client, address = shown, reason, "token refused");
                }
                let mut response = Refusal { kind, reason }.response();
                if kind == Kind::InvalidClient && is_bearer(&parts) {
                    let challenge = HeaderValue::from_static("Bearer realm=\"scim\"");
                    response.headers_mut().append(WWW_AUTHENTICATE, challenge);
                }
                response
            }
        }
    }

    /// The answer to a request whose body is larger than [`MAX_FORM`](crate::oauth::MAX_FORM), for a host that stops reading there:
    /// 413.
    pub fn form_too_large(&self) -> Response<Bytes> {
        TOO_LARGE.response()
    }

    async fn granted(&self, parts: &Parts, body: &[u8]) -> Result<(String, Scopes, String), Refused> {
        let unnamed = |refusal| (refusal, None);
        self.gate.admit_address(parts).map_err(Refusal::from).map_err(unnamed)?;
        if parts.method != Method::POST {
            return Err(unnamed(Refusal { kind: Kind::Method, reason: "the method is not POST" }));
        }
        let form = Form::read(parts, body).map_err(unnamed)?;
        let presented = Presented::of(parts, &form).map_err(unnamed)?;
        match form.get("grant_type") {
            Some("client_credentials") => {}
            Some(_) => {
                let reason = "`grant_type` is not client_credentials";
                return Err(unnamed(Refusal { kind: Kind::UnsupportedGrantType, reason }));
            }
            None => return Err(unnamed(Refusal::request("`grant_type` is missing"))),
        }
        self.gate.admit_credentials(parts).map_err(Refusal::from).map_err(unnamed)?;
        let (clients, now) = (self.shared.registry.current(), Utc::now());
        let counted = |refusal: Refusal| {
            if refusal.kind == Kind::InvalidClient {
                self.gate.note_failure(parts);
            }
            refusal
        };
        let client = named(&clients, &presented).map_err(counted).map_err(unnamed)?;
        let of_client = |refusal| (refusal, Some(client.id().to_owned()));
        self.authenticate(&clients, client, &presented, parts, now).await.map_err(counted).map_err(of_client)?;
        self.gate.admit_client(client.principal()).map_err(Refusal::from).map_err(of_client)?;
        let scopes = match form.get("scope") {
            Some(requested) => client.scopes().grant(Scopes::of_parameter(requested)),
            None => client.scopes(),
        };
        if scopes.is_empty() {
            let reason = "none of the scopes that are asked for is the client's";
            return Err(of_client(Refusal { kind: Kind::InvalidScope, reason }));
        }
        let certificate = parts.extensions.get::<PeerCertificate>().filter(|_| client.has_certificates());
        let bearer = Bearer {
            client: client.id(),
            tenant: client.tenant(),
            certificate: certificate.map(PeerCertificate::sha256),
        };
        let token = self.shared.tokens.issue(bearer, scopes, now);
        let token = token.ok_or_else(|| of_client(Refusal::unavailable("the access token could not be signed")))?;
        Ok((client.id().to_owned(), scopes, token))
    }

    async fn authenticate(
        &self,
        clients: &Arc<Clients>,
        client: &ClientRegistration,
        presented: &Presented,
        parts: &Parts,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let is_bearer = matches!(presented.proof, Proof::Assertion { .. });
        let is_certificate = matches!(presented.proof, Proof::Certificate { .. });
        match (client.credentials(), presented.place) {
            (CredentialPlace::Header, CredentialPlace::Body) if !is_certificate => {
                return Err(Refusal::client("the credentials are in the body, where this client has none"));
            }
            (CredentialPlace::Body, CredentialPlace::Header) if is_bearer => {
                return Err(Refusal::client("the assertion is in the header, where this client has none"));
            }
            _ => {}
        }
        if !client.networks().admit(&parts.extensions) {
            return Err(Refusal::client("the request does not come from the networks of the client"));
        }
        if !client.certificates().admit(&parts.extensions, now) {
            return Err(Refusal::client(
                "the request does not come over a connection with a certificate of the client",
            ));
        }
        match &presented.proof {
            Proof::Secret(pairs) => {
                let is_right = |(id, secret): &(String, String)| id == client.id() && client.has_secret(secret, now);
                if pairs.iter().any(is_right) {
                    Ok(())
                } else {
                    Err(Refusal::client("the secret is not one that the client has now"))
                }
            }
            Proof::Assertion { text, .. } => self.check_assertion(clients, client, text, now).await,
            Proof::Certificate { .. } if client.certificates().suffice() => Ok(()),
            Proof::Certificate { .. } => Err(Refusal::client("the certificate of the client is not enough by itself")),
        }
    }

    async fn check_assertion(
        &self,
        clients: &Arc<Clients>,
        client: &ClientRegistration,
        text: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let Shared { fetcher, keys, replays, .. } = &*self.shared;
        let identity = client.assertion().ok_or(Refusal::client("the client has no assertions"))?;
        let jwt = Jwt::read(text, ASYMMETRIC).map_err(refused)?;
        let keys = keys.at(&identity.keys, clients);
        let key = keys.find(&jwt, &**fetcher, Instant::now()).await.map_err(|fault| match fault {
            KeyFault::Unfit(unfit) => refused(unfit),
            KeyFault::Unavailable => Refusal::unavailable("the keys of the issuer could not be fetched"),
        })?;
        let claims = jwt.verified(&key).map_err(refused)?;
        let subject = Some(&*identity.subject);
        let expected = Expected { issuer: &identity.issuer, audience: &identity.audience, subject };
        claims.check(&expected, now).map_err(refused)?;
        let id = claims.id().map_err(refused)?;
        let Some(id) = id else { return Ok(()) };
        replays.record(client.id(), id, claims.ends().unwrap_or(i64::MAX), now).map_err(|replay| match replay {
            Replay::Used => Refusal::client("the assertion was used before"),
            Replay::Full => Refusal::unavailable("too many assertions were used to remember another one"),
        })
    }
}

/// The client that a request is of, if what it presents is right.
fn named<'c>(clients: &'c Clients, presented: &Presented) -> Result<&'c ClientRegistration, Refusal> {
    let found = match &presented.proof {
        Proof::Secret(pairs) => pairs.iter().find_map(|(id, _)| clients.client(id)),
        Proof::Assertion { client: Some(id), .. } | Proof::Certificate { client: id } => clients.client(id),
        Proof::Assertion { client: None, text } => {
            let jwt = Jwt::read(text, ASYMMETRIC).map_err(refused)?;
            let claims = jwt.unverified();
            let (issuer, subject) = (claims.text("iss").unwrap_or_default(), claims.text("sub").unwrap_or_default());
            clients.of_assertion(issuer, subject)
        }
    };
    found.ok_or(Refusal::client("the client is unknown"))
}

/// Whether the client authenticates with a bearer token, which the challenge has to name too (RFC 6749 section 5.2).
fn is_bearer(parts: &Parts) -> bool {
    let schemes = parts.headers.get_all(AUTHORIZATION).iter().filter_map(|value| value.as_bytes().get(..7));
    schemes.into_iter().any(|scheme| scheme.eq_ignore_ascii_case(b"bearer "))
}

fn refused(Unfit(reason): Unfit) -> Refusal {
    Refusal::client(reason)
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenEndpoint")
            .field("registry", &self.shared.registry)
            .field("tokens", &self.shared.tokens)
            .finish_non_exhaustive()
    }
}

//! OAuth 2.0 for SCIM clients: they authenticate with short-lived access tokens in place of one token for years.
//!
//! A client is registered ([`Clients`]), gets an access token at the token endpoint ([`TokenEndpoint`], grant type
//! `client_credentials`, RFC 6749 section 4.4) with a secret or with a signed assertion of an issuer such as Entra ID (RFC 7523
//! section 2.2, workload identity federation), and uses it as a bearer token until it expires ([`RegisteredClients`]). What it may do
//! is its [scope](crate::Scope). There is no HTTP server and no HTTP client in here: requests and responses are values of the crate
//! `http`, and keys of issuers are fetched by the host ([`KeyFetcher`]).
//!
//! Where tokens come from an authorization server of somebody else, [`JwtAuthenticator`] takes them.
//!
//! ```
//! use std::error::Error;
//!
//! use async_trait::async_trait;
//! use bytes::Bytes;
//! use http::Request;
//! use scim_core::SchemaSet;
//! use scim_service::oauth::{
//!     AccessTokens, ClientRegistry, KeyFetcher, KeyLocation, RegisteredClients, ServerMetadata, TokenEndpoint,
//! };
//! use scim_service::{MemoryStore, ScimService, ServiceConfig};
//! use serde_json::Value;
//!
//! /// No client here has assertions.
//! struct NoKeys;
//!
//! #[async_trait]
//! impl KeyFetcher for NoKeys {
//!     async fn fetch(&self, location: &KeyLocation) -> Result<String, Box<dyn Error + Send + Sync>> {
//!         Err(format!("cannot fetch `{location}`").into())
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! // `printf %s "$secret" | sha256sum` writes the hash of a secret.
//! let registry = ClientRegistry::new(toml::from_str(
//!     r#"
//!     [[client]]
//!     id = "okta"
//!     scopes = ["scim"]
//!     secrets = [{ sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }]
//!     "#,
//! )?);
//! let tokens = AccessTokens::new("https://example.com");
//! let endpoint = TokenEndpoint::new(registry.clone(), tokens.clone(), NoKeys);
//! let service = ScimService::new(
//!     MemoryStore::new(),
//!     SchemaSet::builtin(),
//!     ServiceConfig::new("https://example.com/scim/v2")?,
//!     RegisteredClients::new(registry, tokens),
//! );
//!
//! let request = Request::post("https://example.com/oauth2/token")
//!     .header("content-type", "application/x-www-form-urlencoded")
//!     .body(Bytes::from("grant_type=client_credentials&client_id=okta&client_secret=test"))?;
//! let response = endpoint.handle(request).await;
//! let answer: Value = serde_json::from_slice(response.body())?;
//! assert_eq!((&answer["token_type"], &answer["scope"]), (&"Bearer".into(), &"scim".into()));
//!
//! let request = Request::get("https://example.com/scim/v2/Users")
//!     .header("authorization", format!("Bearer {}", answer["access_token"].as_str().unwrap()))
//!     .body(Bytes::new())?;
//! assert_eq!(service.handle(request).await.status(), 200);
//!
//! // RFC 8414: where clients find the endpoint.
//! let metadata = ServerMetadata::new("https://example.com", "https://example.com/oauth2/token");
//! assert_eq!(metadata.handle(&Request::get("/.well-known/oauth-authorization-server").body(())?).status(), 200);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access_token;
mod client;
mod jwt;
mod jwt_authenticator;
mod metadata;
mod registered_clients;
mod token;

pub use access_token::{AccessTokenKey, AccessTokenKeyError, AccessTokens, LifetimeError};
#[cfg(feature = "metrics")]
pub use client::CredentialMetrics;
pub use client::{
    AssertionIdentity, ClientRegistration, ClientRegistry, Clients, CredentialPlace, PeerAddress, PeerCertificate,
    RegistrationError,
};
pub use jwt::{KeyFetcher, KeyLocation, KeySet, KeySetError};
pub use jwt_authenticator::JwtAuthenticator;
pub use metadata::ServerMetadata;
pub use registered_clients::RegisteredClients;
pub use token::{MAX_FORM, TokenEndpoint};

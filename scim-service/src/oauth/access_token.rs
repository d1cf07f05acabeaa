//! The access tokens that the token endpoint makes and the service takes.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::json;
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::oauth::jwt::{Expected, Jwt, OWN, Unfit, sign};
use crate::scope::Scopes;

/// The shortest secret that a key is made of, in bytes.
const MIN_SECRET: usize = 32;

/// The media type in the header (RFC 9068 section 2.1): no other token of ours can be taken for one.
const MEDIA_TYPE: &str = "at+jwt";

/// How access tokens are made and checked: JSON Web Tokens signed with HS256, which nobody but this service reads.
///
/// By default they live 60 minutes, and the key is random: after a restart clients get new ones. Several instances behind one
/// address share a key.
///
/// ```
/// use scim_service::oauth::{AccessTokenKey, AccessTokens};
///
/// let key = AccessTokenKey::from_secret(b"an example; yours is of `openssl rand -hex 32`")?;
/// let tokens = AccessTokens::new("https://example.com").with_key(&key).with_lifetime(90)?;
/// assert_eq!(tokens.issuer(), "https://example.com");
/// assert!(AccessTokens::new("https://example.com").with_lifetime(15).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct AccessTokens {
    issuer: Arc<str>,
    audience: Arc<str>,
    /// In minutes.
    lifetime: u32,
    signs: Arc<EncodingKey>,
    verifies: Arc<DecodingKey>,
}

/// What access tokens are signed with.
#[derive(Clone)]
pub struct AccessTokenKey([u8; 32]);

/// The secret is too short for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the secret of access tokens has {found} bytes, expected at least {MIN_SECRET} random ones")]
pub struct AccessTokenKeyError {
    found: usize,
}

/// Access tokens cannot live so long, or so short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the lifetime of access tokens is {found} minutes, expected 60 to 360")]
pub struct LifetimeError {
    found: u32,
}

/// Who a token is for: the client, the tenant that it had when the token was made, and the SHA-256 of the certificate that the token is bound
/// to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bearer<'c> {
    pub(super) client: &'c str,
    pub(super) tenant: Option<&'c str>,
    pub(super) certificate: Option<&'c [u8; 32]>,
}

/// What a token says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) client: String,
    pub(super) tenant: Option<String>,
    pub(super) scopes: Scopes,
    /// The SHA-256 of the certificate that it is good with, if it is bound to one.
    pub(super) certificate: Option<[u8; 32]>,
}

impl AccessTokenKey {
    /// A key made of a secret, which has to be random: at least 32 bytes, in whatever form the host keeps secrets.
    ///
    /// # Errors
    ///
    /// [`AccessTokenKeyError`] where the secret is shorter.
    pub fn from_secret(secret: &[u8]) -> Result<Self, AccessTokenKeyError> {
        if secret.len() < MIN_SECRET {
            return Err(AccessTokenKeyError { found: secret.len() });
        }
        Ok(Self::hashed(secret))
    }

    /// A key that nobody else has.
    pub fn random() -> Self {
        // Three times the 122 random bits of an id.
        let bytes: Vec<u8> = (0..3).flat_map(|_| Uuid::new_v4().into_bytes()).collect();
        Self::hashed(&bytes)
    }

    fn hashed(secret: &[u8]) -> Self {
        Self(Sha256::new().chain_update(b"scim access token key\0").chain_update(secret).finalize().into())
    }
}

impl fmt::Debug for AccessTokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessTokenKey(hidden)")
    }
}

impl AccessTokens {
    /// Tokens of this issuer, for itself: the issuer is the URL without a path that clients know the service by.
    pub fn new(issuer: &str) -> Self {
        let tokens = |AccessTokenKey(key): AccessTokenKey| Self {
            issuer: issuer.into(),
            audience: issuer.into(),
            lifetime: 60,
            signs: Arc::new(EncodingKey::from_secret(&key)),
            verifies: Arc::new(DecodingKey::from_secret(&key)),
        };
        tokens(AccessTokenKey::random())
    }

    /// Signs and checks with this key.
    #[must_use]
    pub fn with_key(self, AccessTokenKey(key): &AccessTokenKey) -> Self {
        let (signs, verifies) = (EncodingKey::from_secret(key), DecodingKey::from_secret(key));
        Self { signs: Arc::new(signs), verifies: Arc::new(verifies), ..self }
    }

    /// For whom tokens are; the issuer unless set. Services that share a key and not their clients have one each.
    #[must_use]
    pub fn with_audience(self, audience: &str) -> Self {
        Self { audience: audience.into(), ..self }
    }

    /// How long a token lives, in minutes: 60 to 360, as identity providers expect it.
    ///
    /// # Errors
    ///
    /// [`LifetimeError`] for any other time.
    pub fn with_lifetime(self, minutes: u32) -> Result<Self, LifetimeError> {
        if !(60..=360).contains(&minutes) {
            return Err(LifetimeError { found: minutes });
        }
        Ok(Self { lifetime: minutes, ..self })
    }

    /// Whose tokens they are.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// In seconds.
    pub(super) fn lifetime(&self) -> u32 {
        self.lifetime * 60
    }

    /// A new token; nothing where it cannot be signed.
    pub(super) fn issue(&self, of: Bearer<'_>, scopes: Scopes, now: DateTime<Utc>) -> Option<String> {
        let issued = now.timestamp();
        let mut claims = json!({
            "iss": &*self.issuer,
            "aud": &*self.audience,
            "sub": of.client,
            "tenant": of.tenant,
            "scope": scopes.to_string(),
            "iat": issued,
            "exp": issued + i64::from(self.lifetime()),
            "jti": Uuid::new_v4().to_string(),
        });
        if let (Some(certificate), Some(claims)) = (of.certificate, claims.as_object_mut()) {
            // RFC 8705 section 3.1.
            claims.insert("cnf".to_owned(), json!({"x5t#S256": URL_SAFE_NO_PAD.encode(certificate)}));
        }
        sign(&json!({"alg": "HS256", "typ": MEDIA_TYPE}), &claims, &self.signs)
    }

    /// What a token says.
    pub(super) fn read(&self, token: &str, now: DateTime<Utc>) -> Result<Granted, Unfit> {
        let jwt = Jwt::read(token, OWN)?;
        let claims = jwt.verified(&self.verifies)?;
        if jwt.media_type() != Some(MEDIA_TYPE) {
            return Err(Unfit("the token is no access token"));
        }
        claims.check(&Expected { issuer: &self.issuer, audience: &self.audience, subject: None }, now)?;
        // The clock that set it is the one that looks at it.
        if claims.ends_without_leeway().is_none_or(|ends| now.timestamp() >= ends) {
            return Err(Unfit("the token has expired"));
        }
        let certificate = claims.certificate()?;
        match (claims.text("sub"), claims.text("scope")) {
            (Some(client), Some(scope)) => Ok(Granted {
                client: client.to_owned(),
                tenant: claims.text("tenant").map(str::to_owned),
                scopes: Scopes::of_parameter(scope),
                certificate,
            }),
            _ => Err(Unfit("the token names no client or no scope")),
        }
    }
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokens")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    const OKTA: Bearer<'static> = Bearer { client: "okta", tenant: Some("acme"), certificate: None };

    #[test]
    fn e4_a_token_lives_as_long_as_it_was_told_and_for_its_own_service() {
        let key = AccessTokenKey::from_secret(&[7; 32]).unwrap();
        let tokens = AccessTokens::new("https://a").with_key(&key).with_lifetime(360).unwrap();
        let (now, scopes) = (Utc::now(), Scopes::of_parameter("scim.users"));
        let token = tokens.issue(OKTA, scopes, now).unwrap();
        let expires = now + Duration::minutes(360);
        let (client, tenant) = ("okta".to_owned(), Some("acme".to_owned()));
        let granted = Granted { client, tenant, scopes, certificate: None };
        assert_eq!(tokens.read(&token, expires - Duration::seconds(1)), Ok(granted));
        assert_eq!(tokens.read(&token, expires), Err(Unfit("the token has expired")));
        let same_key = AccessTokens::new("https://a").with_key(&key);
        assert!(same_key.read(&token, now).is_ok(), "another instance");
        assert_eq!(same_key.with_audience("https://b").read(&token, now), Err(Unfit("the audience is another")));
        let other = AccessTokens::new("https://a").read(&token, now);
        assert_eq!(other, Err(Unfit("the signature is not that of the key")));
        assert_ne!(tokens.issue(OKTA, scopes, now), Some(token), "each has an id of its own");
    }

    #[test]
    fn a_token_that_is_changed_or_of_another_kind_is_refused() {
        let (tokens, now) = (AccessTokens::new("https://a"), Utc::now());
        let token = tokens.issue(OKTA, Scopes::of_parameter("scim.read"), now).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let other = tokens.issue(OKTA, Scopes::of_parameter("scim"), now).unwrap();
        let mixed = [parts[0], other.split('.').nth(1).unwrap(), parts[2]].join(".");
        assert_eq!(tokens.read(&mixed, now), Err(Unfit("the signature is not that of the key")));
        let claims = json!({"iss": "https://a", "aud": "https://a", "sub": "okta", "scope": "scim", "exp": now.timestamp() + 60});
        let of_type = |typ: &str| sign(&json!({"alg": "HS256", "typ": typ}), &claims, &tokens.signs).unwrap();
        assert!(tokens.read(&of_type("at+jwt"), now).is_ok());
        assert_eq!(tokens.read(&of_type("JWT"), now), Err(Unfit("the token is no access token")));
    }

    #[test]
    fn a_token_tells_the_certificate_that_it_is_bound_to() {
        let (tokens, now, scopes) = (AccessTokens::new("https://a"), Utc::now(), Scopes::of_parameter("scim"));
        let token = tokens.issue(Bearer { certificate: Some(&[7; 32]), ..OKTA }, scopes, now).unwrap();
        assert_eq!(tokens.read(&token, now).unwrap().certificate, Some([7; 32]));
        let claims = |cnf: serde_json::Value| {
            let claims = json!({"iss": "https://a", "aud": "https://a", "sub": "okta", "scope": "scim", "exp": now.timestamp() + 60, "cnf": cnf});
            sign(&json!({"alg": "HS256", "typ": "at+jwt"}), &claims, &tokens.signs).unwrap()
        };
        for cnf in [json!(null), json!({}), json!({"jkt": "x"}), json!({"x5t#S256": 7}), json!({"x5t#S256": "AAAA"})] {
            assert!(tokens.read(&claims(cnf.clone()), now).is_err(), "{cnf}");
        }
    }

    #[test]
    fn e4_lifetimes_are_60_to_360_minutes_and_keys_of_32_bytes() {
        for (minutes, fits) in [(59, false), (60, true), (360, true), (361, false), (0, false)] {
            assert_eq!(AccessTokens::new("i").with_lifetime(minutes).is_ok(), fits, "{minutes}");
        }
        assert!(AccessTokenKey::from_secret(&[7; 31]).is_err());
        assert!(!format!("{:?}", AccessTokenKey::random()).contains('['));
    }
}

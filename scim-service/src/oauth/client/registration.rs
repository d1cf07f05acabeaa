//! One client.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::auth::{HashedSecret, find};
use crate::context::Principal;
use crate::oauth::client::certificates::{CertificateSubject, Certificates};
use crate::oauth::client::fields::{Fields, RegistrationError};
use crate::oauth::client::networks::Networks;
use crate::oauth::jwt::KeyLocation;
use crate::scope::{Scope, Scopes};

/// How many secrets, or tokens, a client may have at once: the one in use and the one that takes its place.
const MAX_LIVE: usize = 2;

/// The longest id of a client, in bytes.
const MAX_ID: usize = 255;

/// A client that may get access tokens, or has static ones.
#[derive(Clone, Debug)]
pub struct ClientRegistration {
    principal: Principal,
    scopes: Scopes,
    secrets: Vec<HashedSecret>,
    tokens: Vec<HashedSecret>,
    networks: Networks,
    certificates: Certificates,
    assertion: Option<AssertionIdentity>,
    credentials: CredentialPlace,
}

/// Who a client is to the issuer that asserts it (RFC 7523 section 2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AssertionIdentity {
    /// `iss`, such as `https://login.microsoftonline.com/<tenant>/v2.0`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `aud`, such as `api://<app id>`.
    pub audience: String,
    /// Where the keys of the issuer are.
    pub keys: KeyLocation,
}

/// Where a client has its credentials in a request for a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialPlace {
    /// In the body. A secret may come by HTTP Basic as well, which RFC 6749 section 2.3.1 asks every server to take. The default.
    #[default]
    Body,
    /// In the `Authorization` header alone: HTTP Basic for a secret, `Bearer` for an assertion.
    Header,
}

impl ClientRegistration {
    /// Reads a client; `now` tells which of its secrets are live.
    pub(super) fn read(mut fields: Fields, now: DateTime<Utc>) -> Result<Self, RegistrationError> {
        let id = fields.required("id")?;
        if id.len() > MAX_ID || !id.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(fields.error("id", format!("at most {MAX_ID} printable ASCII characters")));
        }
        fields.is_of(&id);
        let scopes = scopes(&mut fields)?;
        let principal = Principal::new(&id).with_scopes(scopes);
        let principal = match fields.text("tenant")? {
            Some(tenant) => principal.in_tenant(&tenant),
            None => principal,
        };
        let secrets = hashes(&mut fields, "secrets", now)?;
        let tokens = hashes(&mut fields, "tokens", now)?;
        let mut networks = Networks::default();
        for (index, network) in fields.texts("networks")?.iter().enumerate() {
            if !networks.add(network) {
                let key = format!("networks[{index}]");
                return Err(fields.error(&key, "a network such as 192.0.2.0/24 or 2001:db8::/32"));
            }
        }
        let certificates = certificates(&mut fields, now)?;
        let (mut place, mut assertion) = (credentials(&mut fields)?, None);
        if let Some(mut inner) = fields.table("assertion")? {
            let inner_place = credentials(&mut inner)?;
            if let (Some(one), Some(other)) = (place, inner_place)
                && one != other
            {
                return Err(inner.error("credentials", "the same as in the client itself"));
            }
            place = place.or(inner_place);
            assertion = Some(AssertionIdentity::read(inner)?);
        }
        if secrets.is_empty() && tokens.is_empty() && assertion.is_none() && !certificates.suffice() {
            let expected = "at least one of `secrets`, `tokens` and `assertion`, or `certificate_alone`";
            return Err(fields.error("secrets", expected));
        }
        fields.end()?;
        let credentials = place.unwrap_or_default();
        Ok(Self { principal, scopes, secrets, tokens, networks, certificates, assertion, credentials })
    }

    /// The id: the name of its principal.
    pub fn id(&self) -> &str {
        self.principal.name()
    }

    /// The tenant that it is confined to.
    pub fn tenant(&self) -> Option<&str> {
        self.principal.tenant()
    }

    /// What it may be granted.
    pub fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// Who it is to the issuer that asserts it, if one does.
    pub fn assertion(&self) -> Option<&AssertionIdentity> {
        self.assertion.as_ref()
    }

    /// Where it has its credentials in a request for a token.
    pub fn credentials(&self) -> CredentialPlace {
        self.credentials
    }

    /// When each of its secrets expires, those included that have; `None` where one never does.
    pub fn secret_expiries(&self) -> impl Iterator<Item = Option<DateTime<Utc>>> {
        self.secrets.iter().map(HashedSecret::expires)
    }

    /// When each of its static tokens expires, those included that have; `None` where one never does.
    pub fn token_expiries(&self) -> impl Iterator<Item = Option<DateTime<Utc>>> {
        self.tokens.iter().map(HashedSecret::expires)
    }

    /// Whether it is let in only over connections on which it presents a certificate of its own.
    pub fn has_certificates(&self) -> bool {
        !self.certificates.is_empty()
    }

    pub(in crate::oauth) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    pub(in crate::oauth) fn principal(&self) -> &Principal {
        &self.principal
    }

    pub(in crate::oauth) fn networks(&self) -> &Networks {
        &self.networks
    }

    pub(super) fn tokens(&self) -> &[HashedSecret] {
        &self.tokens
    }

    /// Whether this is one of its secrets.
    pub(in crate::oauth) fn has_secret(&self, secret: &str, now: DateTime<Utc>) -> bool {
        find(self.secrets.iter().map(|secret| (secret, ())), secret, now).is_some()
    }
}

impl AssertionIdentity {
    fn read(mut fields: Fields) -> Result<Self, RegistrationError> {
        let (issuer, subject, audience) =
            (fields.required("issuer")?, fields.required("subject")?, fields.required("audience")?);
        let keys = match (fields.text("jwks_file")?, fields.text("jwks_url")?) {
            (Some(path), None) => KeyLocation::File(PathBuf::from(path)),
            (None, Some(url)) if url.starts_with("https://") || is_loopback(&url) => KeyLocation::Url(url),
            (None, Some(_)) => return Err(fields.error("jwks_url", "a URL that begins with `https://`")),
            _ => return Err(fields.error("jwks_file", "either `jwks_file` or `jwks_url`")),
        };
        fields.end()?;
        Ok(Self { issuer, subject, audience, keys })
    }
}

/// Whether a URL leads to this machine alone, where nobody could change the keys on their way.
fn is_loopback(url: &str) -> bool {
    let authority = url.parse::<http::Uri>().ok().filter(|url| url.scheme_str() == Some("http"));
    authority.is_some_and(|url| matches!(url.host(), Some("127.0.0.1" | "[::1]" | "localhost")))
}

fn scopes(fields: &mut Fields) -> Result<Scopes, RegistrationError> {
    let names = fields.texts("scopes")?;
    if names.is_empty() {
        return Err(fields.error("scopes", "at least one of `scim`, `scim.read`, `scim.users` and `scim.groups`"));
    }
    let scope = |(index, name): (usize, &String)| {
        name.parse::<Scope>().map_err(|_| {
            fields.error(&format!("scopes[{index}]"), "`scim`, `scim.read`, `scim.users` or `scim.groups`")
        })
    };
    names.iter().enumerate().map(scope).collect()
}

fn hashes(fields: &mut Fields, key: &'static str, now: DateTime<Utc>) -> Result<Vec<HashedSecret>, RegistrationError> {
    let mut secrets = Vec::new();
    for mut table in fields.tables(key)? {
        let digits = table.required("sha256")?;
        let mut hash = [0; 32];
        let of = if key == CERTIFICATES { "the DER encoding" } else { "the secret" };
        hex::decode_to_slice(&digits, &mut hash)
            .map_err(|_| table.error("sha256", format!("the SHA-256 of {of} as 64 hexadecimal digits")))?;
        secrets.push(HashedSecret::new(hash, table.time("expires")?));
        table.end()?;
    }
    if secrets.iter().filter(|secret| secret.is_live(now)).count() > MAX_LIVE {
        return Err(fields.error(key, format!("at most {MAX_LIVE} that have not expired")));
    }
    Ok(secrets)
}

/// The key of certificates that are registered by their SHA-256.
const CERTIFICATES: &str = "certificates";

fn certificates(fields: &mut Fields, now: DateTime<Utc>) -> Result<Certificates, RegistrationError> {
    let named = fields.has(CERTIFICATES);
    let hashes = hashes(fields, CERTIFICATES, now)?;
    // An empty list would let the client in without any.
    if named && hashes.is_empty() {
        return Err(fields.error(CERTIFICATES, "at least one certificate, or no such key"));
    }
    let subject = match (fields.text("tls_client_auth_san_dns")?, fields.text("tls_client_auth_san_uri")?) {
        (Some(name), None) => Some(CertificateSubject::Dns(name)),
        (None, Some(uri)) => Some(CertificateSubject::Uri(uri)),
        (None, None) => None,
        (Some(_), Some(_)) => {
            let expected = "either `tls_client_auth_san_dns` or `tls_client_auth_san_uri` (RFC 8705 section 2.1.2)";
            return Err(fields.error("tls_client_auth_san_uri", expected));
        }
    };
    let certificates = Certificates { hashes, subject, alone: fields.flag("certificate_alone")? };
    if certificates.alone && certificates.is_empty() {
        let expected = "`certificates`, `tls_client_auth_san_dns` or `tls_client_auth_san_uri` beside it";
        return Err(fields.error("certificate_alone", expected));
    }
    Ok(certificates)
}

fn credentials(fields: &mut Fields) -> Result<Option<CredentialPlace>, RegistrationError> {
    match fields.text("credentials")?.as_deref() {
        None => Ok(None),
        Some("body") => Ok(Some(CredentialPlace::Body)),
        Some("header") => Ok(Some(CredentialPlace::Header)),
        Some(_) => Err(fields.error("credentials", "`body` or `header`")),
    }
}

/// Reads one client of an array.
pub(super) fn registration(
    index: usize,
    value: Value,
    now: DateTime<Utc>,
) -> Result<ClientRegistration, RegistrationError> {
    ClientRegistration::read(Fields::of(Some(&(index + 1).to_string()), "", value)?, now)
}

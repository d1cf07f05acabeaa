//! The credentials in a request for a token (RFC 6749 section 2.3, RFC 7523 section 2.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::oauth::client::{CredentialPlace, PeerCertificate};
use crate::oauth::token::form::Form;
use crate::oauth::token::refusal::Refusal;

/// The only type of assertions.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client presents.
pub(super) struct Presented {
    pub(super) place: CredentialPlace,
    pub(super) proof: Proof,
}

pub(super) enum Proof {
    /// An id and a secret, in each way that they can be meant.
    Secret(Vec<(String, String)>),
    /// A token of an issuer, and the client that it is to be of.
    Assertion { client: Option<String>, text: String },
    /// An id, and nothing but the certificate of the connection (RFC 8705 section 2).
    Certificate { client: String },
}

impl Presented {
    /// The only credentials of a request. With two it would depend on the server which of them count.
    pub(super) fn of(parts: &Parts, form: &Form<'_>) -> Result<Self, Refusal> {
        let client = form.get("client_id").map(str::to_owned);
        let in_header = in_header(parts, client.as_deref())?;
        let secret = form.get("client_secret").map(str::to_owned);
        let assertion = form.get("client_assertion").map(str::to_owned);
        match (in_header, secret, assertion) {
            (Some(proof), None, None) => Ok(Self { place: CredentialPlace::Header, proof }),
            (None, Some(secret), None) => {
                let client = client.ok_or(Refusal::request("`client_secret` without `client_id`"))?;
                Ok(Self { place: CredentialPlace::Body, proof: Proof::Secret(vec![(client, secret)]) })
            }
            (None, None, Some(text)) => {
                if form.get("client_assertion_type") != Some(JWT_BEARER) {
                    return Err(Refusal::request("`client_assertion_type` is not that of RFC 7523"));
                }
                Ok(Self { place: CredentialPlace::Body, proof: Proof::Assertion { client, text } })
            }
            (None, None, None) => match client.filter(|_| parts.extensions.get::<PeerCertificate>().is_some()) {
                Some(client) => Ok(Self { place: CredentialPlace::Body, proof: Proof::Certificate { client } }),
                None => Err(Refusal::client("the request has no credentials")),
            },
            _ => Err(Refusal::request("the request has credentials of two kinds")),
        }
    }
}

/// The credentials in the `Authorization` header, if there is one.
fn in_header(parts: &Parts, client: Option<&str>) -> Result<Option<Proof>, Refusal> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::request("the request has two `Authorization` headers"));
    }
    let value = value.to_str().unwrap_or_default();
    let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("Bearer") && !credentials.is_empty() {
        return Ok(Some(Proof::Assertion { client: client.map(str::to_owned), text: credentials.to_owned() }));
    }
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Err(Refusal::client("the scheme of `Authorization` is neither Basic nor Bearer"));
    }
    let broken = Refusal::client("the Basic credentials are not Base64 of an id and a secret");
    let text = STANDARD.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(broken)?;
    let (id, secret) = text.split_once(':').ok_or(broken)?;
    // RFC 6749 section 2.3.1 has them encoded like a form; many clients send them as they are.
    let mut pairs = vec![(id.to_owned(), secret.to_owned())];
    if let (Some(id), Some(secret)) = (form_decoded(id), form_decoded(secret)) {
        pairs.push((id, secret));
    }
    pairs.dedup();
    if client.is_some_and(|client| !pairs.iter().any(|(id, _)| id == client)) {
        return Err(Refusal::request("`client_id` is not that of the Basic credentials"));
    }
    Ok(Some(Proof::Secret(pairs)))
}

/// A text that is encoded as the value of a form; nothing where it holds what would begin another parameter.
fn form_decoded(text: &str) -> Option<String> {
    if text.contains(['&', '=']) {
        return None;
    }
    let (value, _) = form_urlencoded::parse(text.as_bytes()).next().unwrap_or_default();
    Some(value.into_owned())
}

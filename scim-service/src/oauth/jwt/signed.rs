//! The text of a signed token (RFC 7515 section 7.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::Deserialize;
use serde_json::Value;

use crate::oauth::jwt::claims::Claims;
use crate::oauth::jwt::unfit::Unfit;

/// The longest token that is read, in bytes.
const MAX_JWT_LEN: usize = 8 * 1024;

/// The algorithms that tokens of others may be signed with: those with a public key. With a shared secret among them, whoever has
/// the public key could sign.
pub(in crate::oauth) const ASYMMETRIC: &[(&str, Algorithm)] = &[
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

/// What our own access tokens are signed with.
pub(in crate::oauth) const OWN: &[(&str, Algorithm)] = &[("HS256", Algorithm::HS256)];

/// A token that was read and not yet checked.
pub(in crate::oauth) struct Jwt<'a> {
    message: &'a str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    header: Header,
    claims: Claims,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

impl<'a> Jwt<'a> {
    /// Reads a token that is signed with one of `algorithms`.
    pub(in crate::oauth) fn read(text: &'a str, algorithms: &[(&str, Algorithm)]) -> Result<Self, Unfit> {
        if text.len() > MAX_JWT_LEN {
            return Err(Unfit("the token is longer than 8 KiB"));
        }
        let (message, signature) = text.rsplit_once('.').ok_or(Unfit("the token does not have three parts"))?;
        let (header, claims) = message.split_once('.').ok_or(Unfit("the token does not have three parts"))?;
        if claims.contains('.') {
            return Err(Unfit("the token does not have three parts"));
        }
        let header: Header = serde_json::from_slice(&decoded(header, "the header is not Base64")?)
            .map_err(|_| Unfit("the header is not a JSON object with `alg`"))?;
        let known = algorithms.iter().find(|(name, _)| *name == header.alg);
        let algorithm = known.map(|(_, algorithm)| *algorithm).ok_or(Unfit("the algorithm is not allowed"))?;
        if header.crit.is_some() {
            return Err(Unfit("the header has critical parameters"));
        }
        let claims = serde_json::from_slice(&decoded(claims, "the claims are not Base64")?)
            .map_err(|_| Unfit("the claims are not a JSON object"))?;
        let signature = decoded(signature, "the signature is not Base64")?;
        Ok(Self { message, signature, algorithm, header, claims: Claims::new(claims) })
    }

    pub(in crate::oauth) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of the key.
    pub(in crate::oauth) fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// The media type that the token says it has.
    pub(in crate::oauth) fn media_type(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }

    /// What the token says, whoever wrote it: good for finding the client that it may be of.
    pub(in crate::oauth) fn unverified(&self) -> &Claims {
        &self.claims
    }

    /// What the token says, if it was signed with the key.
    pub(in crate::oauth) fn verified(&self, key: &DecodingKey) -> Result<&Claims, Unfit> {
        // The factories of aws-lc themselves: the default of the process depends on what else is compiled in, and may panic.
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&self.algorithm, key)
            .map_err(|_| Unfit("the key does not fit the algorithm"))?;
        match verifier.verify(self.message.as_bytes(), &self.signature) {
            Ok(()) => Ok(&self.claims),
            Err(_) => Err(Unfit("the signature is not that of the key")),
        }
    }
}

fn decoded(text: &str, otherwise: &'static str) -> Result<Vec<u8>, Unfit> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Unfit(otherwise))
}

/// A token with this header and these claims; nothing where it cannot be signed.
pub(in crate::oauth) fn sign(header: &Value, claims: &Value, key: &EncodingKey) -> Option<String> {
    let message = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signer = (DEFAULT_PROVIDER.signer_factory)(&Algorithm::HS256, key).ok()?;
    let signature = signer.try_sign(message.as_bytes()).ok()?;
    Some(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

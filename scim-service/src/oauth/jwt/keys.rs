//! The public keys of an issuer: a JSON Web Key Set (RFC 7517).

use std::fmt;
use std::str::FromStr;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::oauth::jwt::signed::{ASYMMETRIC, Jwt};
use crate::oauth::jwt::unfit::Unfit;

/// The largest set that is read, in bytes.
const MAX_TEXT: usize = 256 * 1024;

/// The most keys that a set may have.
const MAX_KEYS: usize = 256;

const RSA: &[Algorithm] =
    &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];

/// The public keys of an issuer. Keys that cannot check a signature, and symmetric keys, are left out.
pub struct KeySet {
    keys: Vec<Key>,
}

struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    verifies: DecodingKey,
}

/// The text is no key set that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// It is too large.
    #[error("the key set is larger than the limit of 256 KiB or has more than 256 keys")]
    TooLarge,
    /// It is no key set.
    #[error("expected a JSON Web Key Set, such as `{{\"keys\": [...]}}`")]
    Syntax,
    /// None of its keys can check a signature.
    #[error("the key set has no RSA, P-256, P-384 or Ed25519 key for signatures")]
    NoKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl FromStr for KeySet {
    type Err = KeySetError;

    fn from_str(text: &str) -> Result<Self, KeySetError> {
        if text.len() > MAX_TEXT {
            return Err(KeySetError::TooLarge);
        }
        let Document { keys } = serde_json::from_str(text).map_err(|_| KeySetError::Syntax)?;
        if keys.len() > MAX_KEYS {
            return Err(KeySetError::TooLarge);
        }
        let keys: Vec<Key> = keys.into_iter().filter_map(Key::of).collect();
        if keys.is_empty() { Err(KeySetError::NoKey) } else { Ok(Self { keys }) }
    }
}

impl Key {
    /// What of a key can be used; nothing where it cannot be.
    fn of(key: Value) -> Option<Self> {
        let key: Jwk = serde_json::from_value(key).ok()?;
        let algorithms: &[Algorithm] = match &key.algorithm {
            AlgorithmParameters::RSA(_) => RSA,
            AlgorithmParameters::EllipticCurve(key) => match key.curve {
                EllipticCurve::P256 => &[Algorithm::ES256],
                EllipticCurve::P384 => &[Algorithm::ES384],
                _ => return None,
            },
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
            _ => return None,
        };
        let common = &key.common;
        if common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
            return None;
        }
        let verifies = |operations: &Vec<KeyOperations>| operations.contains(&KeyOperations::Verify);
        if !common.key_operations.as_ref().is_none_or(verifies) {
            return None;
        }
        // What the key says of itself may only narrow what its kind allows.
        let named = common.key_algorithm.map(|named| named.to_string());
        let fits = |algorithm: &Algorithm| {
            let is = |(name, known): &(&str, Algorithm)| known == algorithm && named.as_deref() == Some(*name);
            named.is_none() || ASYMMETRIC.iter().any(is)
        };
        let algorithms: Vec<Algorithm> = algorithms.iter().copied().filter(fits).collect();
        let id = common.key_id.clone();
        let verifies = DecodingKey::from_jwk(&key).ok().filter(|_| !algorithms.is_empty())?;
        Some(Self { id, algorithms, verifies })
    }
}

impl KeySet {
    /// Whether the key that a token names is here. A token may name none only where there is no choice.
    pub(super) fn has(&self, jwt: &Jwt<'_>) -> bool {
        self.named(jwt).next().is_some()
    }

    /// The key of a token.
    pub(super) fn find(&self, jwt: &Jwt<'_>) -> Result<DecodingKey, Unfit> {
        let mut named = self.named(jwt).peekable();
        if named.peek().is_none() {
            return Err(Unfit("the issuer has no such key"));
        }
        let found = named.find(|key| key.algorithms.contains(&jwt.algorithm()));
        found.map(|key| key.verifies.clone()).ok_or(Unfit("the key does not fit the algorithm"))
    }

    fn named<'k>(&'k self, jwt: &'k Jwt<'_>) -> impl Iterator<Item = &'k Key> {
        let only = self.keys.len() == 1;
        self.keys.iter().filter(move |key| match jwt.key_id() {
            Some(id) => key.id.as_deref() == Some(id),
            None => only,
        })
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::oauth::jwt::Expected;

    /// RFC 7517 section A.1 and RFC 8037 section A.2.
    fn ec() -> Value {
        json!({"kty": "EC", "crv": "P-256", "kid": "1", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"})
    }

    fn ed() -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "2", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    }

    fn with(mut key: Value, name: &str, value: &str) -> Value {
        key[name] = value.into();
        key
    }

    fn set(keys: &[Value]) -> Result<String, KeySetError> {
        json!({"keys": keys}).to_string().parse::<KeySet>().map(|set| format!("{set:?}"))
    }

    #[test]
    fn keys_that_cannot_check_a_signature_are_left_out() {
        let useless = [
            json!({"kty": "oct", "kid": "3", "k": "c2VjcmV0"}),
            json!({"kty": "OKP", "crv": "X25519", "kid": "4", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
            with(ec(), "use", "enc"),
            with(ec(), "alg", "ES384"),
            with(ed(), "crv", "P-256"),
            with(ec(), "crv", "P-521"),
            json!({"kty": "EC", "crv": "P-256", "key_ops": ["sign"], "x": "AA", "y": "AA"}),
            json!(7),
        ];
        assert_eq!(set(&useless), Err(KeySetError::NoKey));
        let all = [&useless[..], &[with(ec(), "alg", "ES256"), with(ed(), "use", "sig")]].concat();
        assert_eq!(set(&all).unwrap(), r#"{Some("1"), Some("2")}"#);
    }

    #[test]
    fn tokens_that_other_libraries_signed_are_taken_and_changed_ones_are_not() {
        let data: Value = serde_json::from_str(include_str!("../../../tests/data/oauth/tokens.json")).unwrap();
        let keys: KeySet = data["jwks"].to_string().parse().unwrap();
        let now = chrono::DateTime::from_timestamp(data["now"].as_i64().unwrap(), 0).unwrap();
        let expected = Expected { issuer: "https://idp.example", audience: "api://app", subject: Some("0b1c") };
        let cases = data["tokens"].as_array().unwrap();
        assert!(cases.len() >= 18);
        for case in cases {
            let name = &case["name"];
            let jwt = Jwt::read(case["token"].as_str().unwrap(), ASYMMETRIC).unwrap();
            let key = keys.find(&jwt).unwrap();
            let claims = jwt.verified(&key).unwrap_or_else(|unfit| panic!("{name}: {unfit:?}"));
            assert_eq!(claims.check(&expected, now), Ok(()), "{name}");
            let later = now + chrono::Duration::hours(2);
            assert_eq!(claims.check(&expected, later), Err(Unfit("the token has expired")), "{name}");
            // One bit of the signature, in the first character of it.
            let (message, signature) = case["token"].as_str().unwrap().rsplit_once('.').unwrap();
            let other = if signature.starts_with('A') { "B" } else { "A" };
            let changed = format!("{message}.{other}{}", signature.get(1..).unwrap());
            let jwt = Jwt::read(&changed, ASYMMETRIC).unwrap();
            assert_eq!(jwt.verified(&key).err(), Some(Unfit("the signature is not that of the key")), "{name}");
        }
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        for text in ["", "[]", "{}", "{\"keys\": {}}"] {
            assert_eq!(text.parse::<KeySet>().unwrap_err(), KeySetError::Syntax, "{text}");
        }
        assert_eq!(set(&vec![ec(); MAX_KEYS + 1]), Err(KeySetError::TooLarge));
        assert_eq!(" ".repeat(MAX_TEXT + 1).parse::<KeySet>().unwrap_err(), KeySetError::TooLarge);
    }
}

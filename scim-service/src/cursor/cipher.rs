//! How a cursor is sealed and opened.
//!
//! A cursor holds a [`Position`], a page size and a time, encrypted and authenticated under the service's key together
//! with the query, the tenant and the subject that it was made for. The server keeps nothing. What does not fit in any of
//! these is no cursor of this walk, and all such texts are refused alike: a forged one cannot be told from a foreign one
//! (R260). A cursor grants nothing: each page is authorised like a first one.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use chrono::{DateTime, Utc};
use scim_core::message::{SearchRequest, SortOrder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::context::Context;
use crate::cursor::CursorError;
use crate::store::{Position, Start};

/// The fewest bytes of a secret that a key is made of.
const MIN_SECRET: usize = 32;

/// The longest sort key that a cursor holds, in bytes of JSON.
const MAX_SORT_KEY: usize = 4096;

/// The longest text taken for a cursor, in bytes: more than any that is given out.
const MAX_CURSOR: usize = 16_384;

const NONCE: usize = 24;

/// The key that cursors are encrypted with.
///
/// Instances of a service that answer the same clients need the same key, and so does a service whose cursors are to
/// outlive a restart. Under another key a cursor is invalid; nothing worse happens.
///
/// `Debug` shows nothing of it.
///
/// ```
/// use scim_service::{CursorKey, ServiceConfig};
///
/// let key = CursorKey::from_secret(b"r4Jm2hZc0pVbT8sQkX6yWn1uEo5dGf9a")?;
/// let config = ServiceConfig::new("https://example.com/scim/v2")?.with_cursor_key(key);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

/// The secret is too short to make a key of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the secret of a cursor key has {found} bytes, expected at least {MIN_SECRET}")]
pub struct CursorKeyError {
    found: usize,
}

impl CursorKey {
    /// A key made of a secret, which has to be random: at least 32 bytes, in whatever form the host keeps secrets.
    ///
    /// # Errors
    ///
    /// [`CursorKeyError`] where the secret is shorter.
    pub fn from_secret(secret: &[u8]) -> Result<Self, CursorKeyError> {
        if secret.len() < MIN_SECRET {
            return Err(CursorKeyError { found: secret.len() });
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
        let hash = Sha256::new().chain_update(b"scim cursor key\0").chain_update(secret).finalize();
        Self(hash.into())
    }
}

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey(hidden)")
    }
}

/// Seals and opens the cursors of one walk: one query of one client.
pub(crate) struct CursorCipher {
    cipher: XChaCha20Poly1305,
    timeout: Duration,
    /// The digest of query, tenant and subject, which a cursor is bound to.
    walk: [u8; 32],
}

/// What a cursor says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bookmark {
    /// After or before a position.
    pub(crate) start: Start,
    /// The page size of the walk.
    pub(crate) count: u64,
}

/// The form inside the seal; names are short because every byte makes URLs longer.
#[derive(Serialize, Deserialize)]
struct Sealed {
    /// The second when it expires.
    e: i64,
    /// The page size.
    n: u64,
    /// Whether it leads back.
    b: bool,
    i: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<Value>,
}

impl CursorCipher {
    /// The seal for the walk of `cx`'s client through `request` at an endpoint.
    pub(crate) fn new(
        key: &CursorKey,
        timeout: Duration,
        cx: &Context,
        endpoint: &str,
        request: &SearchRequest,
    ) -> Self {
        let mut digest = Fields(Sha256::new());
        digest.add(Some("scim cursor 1"));
        digest.add(cx.tenant());
        digest.add(Some(cx.principal.name()));
        digest.add(Some(endpoint));
        digest.add(request.filter.as_deref());
        digest.add(request.sort_by.as_deref());
        digest.add(Some(match request.sort_order {
            SortOrder::Ascending => "ascending",
            SortOrder::Descending => "descending",
        }));
        for names in [&request.attributes, &request.excluded_attributes] {
            digest.add(Some(&names.len().to_string()));
            for name in names {
                digest.add(Some(name));
            }
        }
        let cipher = XChaCha20Poly1305::new(&Key::from(key.0));
        Self { cipher, timeout, walk: digest.0.finalize().into() }
    }

    /// Writes a cursor, in characters that a URL takes as they are (R251).
    pub(crate) fn encrypt(&self, bookmark: Bookmark, now: DateTime<Utc>) -> Result<String, CursorError> {
        let Bookmark { start, count } = bookmark;
        let (back, position) = match start {
            Start::After(position) => (false, position),
            Start::Before(position) => (true, position),
            Start::Index(_) => return Err(CursorError::Invalid),
        };
        if position.key.as_ref().is_some_and(|key| key.to_string().len() > MAX_SORT_KEY) {
            return Err(CursorError::SortKeyTooLong { limit: MAX_SORT_KEY });
        }
        let timeout = i64::try_from(self.timeout.as_secs()).unwrap_or(i64::MAX);
        let expires = now.timestamp().saturating_add(timeout);
        let sealed = Sealed { e: expires, n: count, b: back, i: position.id, k: position.key };
        let plain = serde_json::to_vec(&sealed).map_err(|_| CursorError::Invalid)?;
        let mut nonce = [0; NONCE];
        let random = Uuid::new_v4().into_bytes().into_iter().chain(Uuid::new_v4().into_bytes());
        nonce.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
        let payload = Payload { msg: &plain, aad: &self.walk };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| CursorError::Invalid)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Reads a cursor of this walk.
    pub(crate) fn open(&self, cursor: &str, now: DateTime<Utc>) -> Result<Bookmark, CursorError> {
        let sealed = self.unseal(cursor).ok_or(CursorError::Invalid)?;
        if now.timestamp() > sealed.e {
            return Err(CursorError::Expired);
        }
        let position = Position::new(sealed.k, sealed.i);
        let start = if sealed.b { Start::Before(position) } else { Start::After(position) };
        Ok(Bookmark { start, count: sealed.n })
    }

    fn unseal(&self, cursor: &str) -> Option<Sealed> {
        if cursor.len() > MAX_CURSOR {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: &self.walk };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

/// A digest of texts, each with its length before it, so that none can take from its neighbour.
struct Fields(Sha256);

impl Fields {
    fn add(&mut self, text: Option<&str>) {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        self.0.update(length.to_be_bytes());
        self.0.update(text.unwrap_or_default().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Principal;
    use chrono::TimeDelta;
    use scim_core::json::parse_date_time;
    use serde_json::json;

    fn now() -> DateTime<Utc> {
        parse_date_time("2026-11-24T10:00:00Z").unwrap()
    }

    fn cx(principal: Principal) -> Context {
        Context::new(principal, "test", now())
    }

    fn seal_for(principal: Principal, endpoint: &str, request: &SearchRequest) -> CursorCipher {
        let key = CursorKey::from_secret(&[7; 32]).unwrap();
        CursorCipher::new(&key, Duration::from_mins(1), &cx(principal), endpoint, request)
    }

    fn okta() -> CursorCipher {
        seal_for(Principal::new("okta"), "/Users", &SearchRequest::default())
    }

    fn bookmark() -> Bookmark {
        let position = Position::new(Some(json!("Zoë")), "7");
        Bookmark { start: Start::After(position), count: 10 }
    }

    #[test]
    fn r251_r261_a_cursor_is_opaque_and_needs_no_state() {
        let cursor = okta().encrypt(bookmark(), now()).unwrap();
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte)), "{cursor}");
        assert_eq!(okta().open(&cursor, now()).unwrap(), bookmark(), "another seal of the same key");
        assert_ne!(okta().encrypt(bookmark(), now()).unwrap(), cursor, "equal positions do not show");
        let back = Bookmark { start: Start::Before(Position::new(None, "x")), count: 1 };
        assert_eq!(okta().open(&okta().encrypt(back.clone(), now()).unwrap(), now()).unwrap(), back);
    }

    #[test]
    fn r261_any_changed_byte_makes_it_invalid() {
        let cursor = okta().encrypt(bookmark(), now()).unwrap();
        for index in 0..cursor.len() {
            let mut forged = cursor.clone().into_bytes();
            forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(matches!(okta().open(&forged, now()), Err(CursorError::Invalid)), "{index}");
        }
        let mut shorter = cursor.clone();
        shorter.pop();
        for text in ["", "x", "!", &shorter, &format!("{cursor}A"), &"A".repeat(20_000)] {
            assert!(matches!(okta().open(text, now()), Err(CursorError::Invalid)), "{text}");
        }
    }

    #[test]
    fn r252_r260_a_cursor_is_bound_to_query_tenant_and_subject() {
        let cursor = okta().encrypt(bookmark(), now()).unwrap();
        let plain = SearchRequest::default();
        let request = |change: fn(&mut SearchRequest)| {
            let mut request = SearchRequest::default();
            change(&mut request);
            seal_for(Principal::new("okta"), "/Users", &request)
        };
        for (name, seal) in [
            ("subject", seal_for(Principal::new("entra"), "/Users", &plain)),
            ("tenant", seal_for(Principal::new("okta").in_tenant("a"), "/Users", &plain)),
            ("endpoint", seal_for(Principal::new("okta"), "/Groups", &plain)),
            ("filter", request(|request| request.filter = Some(String::new()))),
            ("sortBy", request(|request| request.sort_by = Some("title".to_owned()))),
            ("sortOrder", request(|request| request.sort_order = SortOrder::Descending)),
            ("attributes", request(|request| request.attributes = vec!["id".to_owned()])),
            ("excludedAttributes", request(|request| request.excluded_attributes = vec!["id".to_owned()])),
        ] {
            assert!(matches!(seal.open(&cursor, now()), Err(CursorError::Invalid)), "{name}");
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let digest = |texts: &[Option<&str>]| {
            let mut fields = Fields(Sha256::new());
            for text in texts {
                fields.add(*text);
            }
            fields.0.finalize()
        };
        assert_ne!(digest(&[Some("ab"), Some("c")]), digest(&[Some("a"), Some("bc")]));
        assert_ne!(digest(&[None, Some("")]), digest(&[Some(""), None]));
    }

    #[test]
    fn r255_an_old_cursor_is_expired() {
        let cursor = okta().encrypt(bookmark(), now()).unwrap();
        assert!(okta().open(&cursor, now() + TimeDelta::seconds(60)).is_ok());
        assert!(matches!(okta().open(&cursor, now() + TimeDelta::seconds(61)), Err(CursorError::Expired)));
    }

    #[test]
    fn a_sort_key_may_be_too_long_for_a_cursor() {
        let of_length = |length: usize| {
            let key = Some(Value::String("x".repeat(length)));
            Bookmark { start: Start::After(Position::new(key, "\"".repeat(256))), count: u64::MAX }
        };
        let longest = of_length(MAX_SORT_KEY - 2);
        assert_eq!(okta().open(&okta().encrypt(longest.clone(), now()).unwrap(), now()).unwrap(), longest);
        let refused = okta().encrypt(of_length(MAX_SORT_KEY - 1), now());
        assert!(matches!(refused, Err(CursorError::SortKeyTooLong { limit: MAX_SORT_KEY })));
    }

    #[test]
    fn a_secret_has_at_least_32_bytes_and_is_never_shown() {
        assert_eq!(
            CursorKey::from_secret(&[1; 31]).unwrap_err().to_string(),
            "the secret of a cursor key has 31 bytes, expected at least 32"
        );
        assert_eq!(format!("{:?}", CursorKey::from_secret(&[1; 32]).unwrap()), "CursorKey(hidden)");
        assert_ne!(CursorKey::random().0, CursorKey::random().0);
    }
}

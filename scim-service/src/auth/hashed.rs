//! Secrets of clients, of which only the hash is kept.

use std::fmt;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The SHA-256 of a token or client secret, and when it expires.
///
/// A fast hash is right because secrets are random; for one that a person made up it is not.
#[derive(Clone)]
pub(crate) struct HashedSecret {
    hash: [u8; 32],
    expires: Option<DateTime<Utc>>,
}

impl HashedSecret {
    pub(crate) fn new(hash: [u8; 32], expires: Option<DateTime<Utc>>) -> Self {
        Self { hash, expires }
    }

    pub(crate) fn of(secret: &str, expires: Option<DateTime<Utc>>) -> Self {
        Self::new(hash(secret), expires)
    }

    /// The hash, to find out whether two clients have the same secret.
    #[cfg(feature = "oauth")]
    pub(crate) fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// From when on it is refused; `None`: never.
    #[cfg(feature = "oauth")]
    pub(crate) fn expires(&self) -> Option<DateTime<Utc>> {
        self.expires
    }

    /// Whether it may be used at this time; from its expiry on it may not.
    pub(crate) fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

impl fmt::Debug for HashedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashedSecret").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// What belongs to the secret that was presented, if it is among `candidates` and has not expired. Every candidate is compared,
/// so that the time tells nothing of which one came near.
pub(crate) fn find<'a, T>(
    candidates: impl IntoIterator<Item = (&'a HashedSecret, T)>,
    presented: &str,
    now: DateTime<Utc>,
) -> Option<T> {
    let presented = hash(presented);
    candidates.into_iter().fold(None, |found, (candidate, belongs)| {
        let same = bool::from(candidate.hash.ct_eq(&presented));
        if same && candidate.is_live(now) { Some(belongs) } else { found }
    })
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

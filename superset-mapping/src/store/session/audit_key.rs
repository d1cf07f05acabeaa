//! What shows that a row of the audit is as the store wrote it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The shortest key, in bytes: as long as the code that it makes.
const MIN_KEY: usize = 32;

/// The secret of the audit, of at least 32 bytes: with it only whoever has it can write rows, links and checkpoints that a
/// verification believes.
///
/// ```
/// use superset_mapping::store::audit::AuditKey;
///
/// assert!(AuditKey::new("too short").is_err());
/// let key = AuditKey::new("kq3Yw0mB8yqJf2dJt0nVZz1xhR7cP5aE")?;
/// assert_eq!(format!("{key:?}"), "AuditKey(..)");
/// # Ok::<(), superset_mapping::store::audit::AuditKeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct AuditKey(Vec<u8>);

/// The key is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the key of the audit has {found} bytes: expected at least {MIN_KEY}, such as `openssl rand -base64 32` prints"
)]
pub struct AuditKeyError {
    found: usize,
}

impl AuditKey {
    /// This secret.
    ///
    /// # Errors
    ///
    /// [`AuditKeyError`] where it is shorter than 32 bytes.
    pub fn new(secret: impl Into<Vec<u8>>) -> Result<Self, AuditKeyError> {
        let secret = secret.into();
        if secret.len() < MIN_KEY { Err(AuditKeyError { found: secret.len() }) } else { Ok(Self(secret)) }
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKey(..)")
    }
}

/// What a code is of. The same values stand for something else in another place.
#[derive(Clone, Copy)]
pub(in crate::store) enum Sealed {
    Row,
    Link,
    Checkpoint,
    Purge,
}

impl Sealed {
    fn domain(self) -> &'static str {
        match self {
            Self::Row => "scim audit row 1",
            Self::Link => "scim audit link 1",
            Self::Checkpoint => "scim audit checkpoint 1",
            Self::Purge => "scim audit purge 1",
        }
    }
}

/// The prefix of a code that needs a key.
pub(in crate::store) const KEYED: &str = "hmac-sha256:";
/// That of a hash that everybody can make.
pub(in crate::store) const PLAIN: &str = "sha256:";

/// The code of these values: by the key, else a hash that everybody can make.
pub(in crate::store) fn code(key: Option<&AuditKey>, of: Sealed, values: &[Option<&str>]) -> String {
    let text = canonical(of.domain(), values);
    match key.map(|key| Hmac::<Sha256>::new_from_slice(&key.0)) {
        Some(Ok(mut mac)) => {
            mac.update(&text);
            format!("{KEYED}{}", hex::encode(mac.finalize().into_bytes()))
        }
        // HMAC takes keys of any length.
        Some(Err(_)) | None => format!("{PLAIN}{}", hex::encode(Sha256::digest(&text))),
    }
}

/// The link after another one, of the row at this position with this code: by the key, else a hash that everybody can make.
pub(in crate::store) fn link(
    key: Option<&AuditKey>,
    before: &str,
    (number, position): (i64, i64),
    (seal, sealed_at): (&str, &str),
) -> String {
    let (number, position) = (number.to_string(), position.to_string());
    code(key, Sealed::Link, &[Some(before), Some(&number), Some(&position), Some(seal), Some(sealed_at)])
}

/// Values as bytes, so that no two lists of values are the same bytes.
fn canonical(domain: &str, values: &[Option<&str>]) -> Vec<u8> {
    let mut text = Vec::new();
    for value in std::iter::once(Some(domain)).chain(values.iter().copied()) {
        let Some(value) = value else {
            text.push(0);
            continue;
        };
        text.push(1);
        text.extend(u64::try_from(value.len()).unwrap_or(u64::MAX).to_be_bytes());
        text.extend(value.as_bytes());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lists_of_values_have_one_code() {
        let key = AuditKey::new([7_u8; 32]).unwrap();
        let lists: [&[Option<&str>]; 6] =
            [&[], &[None], &[Some("")], &[Some("ab"), Some("")], &[Some("a"), Some("b")], &[Some("ab"), None]];
        for key in [None, Some(&key)] {
            let codes: std::collections::BTreeSet<String> =
                lists.iter().map(|values| code(key, Sealed::Row, values)).collect();
            assert_eq!(codes.len(), lists.len());
            assert_ne!(code(key, Sealed::Row, &[]), code(key, Sealed::Purge, &[]));
        }
    }

    #[test]
    fn the_codes_are_those_of_the_standards() {
        // As `printf '\x01\0\0\0\0\0\0\0\x10scim audit row 1\0' | openssl dgst -sha256 -mac HMAC -macopt hexkey:...` prints it.
        let key = AuditKey::new([7_u8; 32]).unwrap();
        assert!(code(Some(&key), Sealed::Row, &[None]).starts_with("hmac-sha256:9e6f24c5b494109d"));
        assert!(code(None, Sealed::Row, &[None]).starts_with("sha256:909e11882622a15e"));
        assert_ne!(link(None, "", (1, 1), ("a", "b")), link(None, "", (1, 2), ("a", "b")));
        assert_ne!(link(None, "", (1, 1), ("a", "b")), link(None, "", (1, 1), ("a", "c")));
        // MySQL keeps 80 bytes of a link.
        let keyed = link(Some(&key), "", (1, 1), ("a", "b"));
        assert!(keyed.starts_with(KEYED) && keyed.len() <= 80);
    }
}

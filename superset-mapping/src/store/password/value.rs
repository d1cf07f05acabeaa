//! Passwords, in the one form that Superset reads: a hash as werkzeug writes it.

use std::fmt;

use scim_core::TypeSchema;
use scim_patch::{Difference, Secret};
use scim_service::StoreError;
use scrypt::Params;
use thiserror::Error;
use uuid::Uuid;

/// What stands in `ab_user.password` of a user who has none: no password fits it, and a login attempt gets a clean refusal
/// (an arbitrary text or null makes Superset fail).
pub(in crate::store) const UNUSABLE: &str = "!";

/// werkzeug's parameters: `scrypt:32768:8:1`, 2^15 = 32768.
const LOG_N: u8 = 15;
const BLOCK_SIZE: u32 = 8;
const PARALLEL: u32 = 1;
const KEY_BYTES: usize = 64;
const SALT_CHARACTERS: usize = 16;
const SALT_ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What a call makes of the password of a user.
#[derive(Clone)]
pub(crate) enum Password {
    /// It stays; a new user has none.
    Kept,
    /// It is taken away.
    Removed,
    /// It is set, to one that has been hashed or is still to be.
    Set { password: String, hash: Option<Hash> },
}

/// A password and its hash.
#[derive(Clone)]
pub(crate) struct Hash {
    password: String,
    hash: String,
}

impl Hash {
    /// Hashes a password with a random salt. That takes a tenth of a second of a core, and 32 MiB.
    pub(in crate::store) fn of(password: String) -> Result<Self, StoreError> {
        let hash = hash_with(&password, &salt())?;
        Ok(Self { password, hash })
    }

    pub(in crate::store) fn is_of(&self, password: &str) -> bool {
        self.password == password
    }
}

/// Neither a password nor a hash is shown.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kept => "Kept",
            Self::Removed => "Removed",
            Self::Set { .. } => "Set",
        })
    }
}

impl Password {
    /// The same, with the hash that was made of it.
    pub(in crate::store) fn hashed_as(self, hash: Option<&Hash>) -> Self {
        match self {
            Self::Set { password, .. } => Self::Set { password, hash: hash.cloned() },
            other => other,
        }
    }

    /// What the change of a user says of it.
    pub(in crate::store) fn difference(&self, of: &TypeSchema) -> Option<Difference> {
        let becomes = match self {
            Self::Kept => return None,
            Self::Removed => Secret::Removed,
            Self::Set { .. } => Secret::Set,
        };
        let target = of.attributes().find(|target| target.is_in("password"))?;
        Some(Difference::of_secret(target, becomes))
    }

    /// Whether the column is written.
    pub(in crate::store) fn is_written(&self) -> bool {
        !matches!(self, Self::Kept)
    }

    /// The new content of `ab_user.password`; `None` where it stays. Fails with [`HashWanted`] where the password has not been
    /// hashed.
    pub(in crate::store) fn column(&self) -> Result<Option<&str>, StoreError> {
        match self {
            Self::Kept => Ok(None),
            Self::Removed => Ok(Some(UNUSABLE)),
            Self::Set { password, hash: Some(hash) } if hash.is_of(password) => Ok(Some(&hash.hash)),
            Self::Set { password, .. } => Err(StoreError::internal(HashWanted { password: password.clone() })),
        }
    }
}

fn hash_with(password: &str, salt: &str) -> Result<String, StoreError> {
    let params = Params::new(LOG_N, BLOCK_SIZE, PARALLEL).map_err(StoreError::internal)?;
    let mut key = [0_u8; KEY_BYTES];
    scrypt::scrypt(password.as_bytes(), salt.as_bytes(), &params, &mut key).map_err(StoreError::internal)?;
    Ok(format!("scrypt:{}:{BLOCK_SIZE}:{PARALLEL}${salt}${}", 1_u32 << LOG_N, hex::encode(key)))
}

/// A salt from the system's randomness, by way of random UUIDs: all but 6 bits of one are random.
fn salt() -> String {
    let mut salt = String::with_capacity(SALT_CHARACTERS);
    while salt.len() < SALT_CHARACTERS {
        let uuid = Uuid::new_v4().into_bytes();
        let random = uuid.iter().enumerate().filter(|(index, _)| !matches!(index, 6 | 8)).map(|(_, byte)| *byte);
        // Of 256 values the first 248 fall evenly on 62 letters.
        let letters = random.filter(|byte| *byte < 248).filter_map(|byte| SALT_ALPHABET.get(usize::from(byte) % 62));
        salt.extend(letters.map(|letter| char::from(*letter)).take(SALT_CHARACTERS - salt.len()));
    }
    salt
}

/// A call has come to where it needs a hash, and nothing but that kept it from going on: names and addresses were free, the
/// resource was there. Hashing takes long and writers take turns, so the call gives up its turn and is made once more with
/// the hash.
#[derive(Error)]
#[error("a password is to be hashed first")]
pub(in crate::store) struct HashWanted {
    pub(in crate::store) password: String,
}

impl fmt::Debug for HashWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashWanted")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_werkzeug() {
        // Made by `werkzeug.security.generate_password_hash`.
        for (password, hash) in [
            (
                "correct horse battery staple",
                "scrypt:32768:8:1$Xre1hNsu4FhvbAxi$bae834e40d659d8b8c300654583fe4a50e41a992c4762faff6340fd1a829eb320e3a4377\
                 a0b64c99011b65d88911a2f63b0f31889065af24a719db9060fd61cd",
            ),
            (
                "p\u{e2}ss\u{1f511}",
                "scrypt:32768:8:1$QVbRbhTYvnBc3y45$6ec8921a977c80948a7cd4801fb713630f26a92fb09e71867e0e9d78086258ea59b12006\
                 6355526742d7d6d6481ca5cff4de22a67dc3fe898c8db4cf2cfaa6bc",
            ),
        ] {
            let salt = hash.split('$').nth(1).unwrap();
            assert_eq!(hash_with(password, salt).unwrap(), hash);
        }
    }

    #[test]
    fn salts_are_sixteen_letters_and_digits_and_differ() {
        let (a, b) = (salt(), salt());
        assert_eq!(a.len(), SALT_CHARACTERS);
        assert!(a.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{a}");
        assert_ne!(a, b);
    }
}

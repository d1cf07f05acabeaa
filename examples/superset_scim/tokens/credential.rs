//! Tokens and secrets of clients.

use std::fmt;

use chrono::{DateTime, Utc};
use rustls::crypto::aws_lc_rs;
use sha2::{Digest, Sha256};

/// The random part of a credential, in bytes: 256 bits.
const RANDOM: usize = 32;

/// How many digits of a SHA-256 end a credential, so that one that was copied in part shows.
const CHECK: usize = 8;

/// How many digits of a SHA-256 people are shown.
const SHORT: usize = 12;

/// The two kinds of credentials that a client may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A static bearer token.
    Token,
    /// A client secret, for the token endpoint.
    Secret,
}

impl Kind {
    pub(super) const BOTH: [Self; 2] = [Self::Token, Self::Secret];

    /// The key in the file.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Token => "tokens",
            Self::Secret => "secrets",
        }
    }

    /// How one begins.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Token => "scim_",
            Self::Secret => "scims_",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "token",
            Self::Secret => "secret",
        })
    }
}

/// What the file has of a token or secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credential {
    pub(super) kind: Kind,
    /// In lower-case hexadecimal digits.
    pub(super) sha256: String,
    pub(super) expires: Option<DateTime<Utc>>,
}

impl Credential {
    pub(super) fn of(kind: Kind, text: &str, expires: Option<DateTime<Utc>>) -> Self {
        Self { kind, sha256: hex::encode(Sha256::digest(text)), expires }
    }

    pub(super) fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    /// The beginning of the SHA-256, for people.
    pub(super) fn short(&self) -> &str {
        self.sha256.get(..SHORT).unwrap_or(&self.sha256)
    }
}

/// A new token or secret: `scim_` or `scims_`, 64 hexadecimal digits of 256 random bits, and the first 8 digits of the SHA-256 of all
/// that. So a scanner of secrets finds one by `scims?_[0-9a-f]{72}`, and tells it from a text that only looks like one:
/// `printf %s scim_<the 64 digits> | sha256sum | cut -c1-8` writes its last 8 digits.
pub(super) fn draw(kind: Kind) -> Result<String, String> {
    let mut random = [0; RANDOM];
    let source = aws_lc_rs::default_provider().secure_random;
    source.fill(&mut random).map_err(|_| "the system gives no random numbers".to_owned())?;
    Ok(checked(kind, &random))
}

fn checked(kind: Kind, random: &[u8; RANDOM]) -> String {
    let text = format!("{}{}", kind.prefix(), hex::encode(random));
    let check = hex::encode(Sha256::digest(&text));
    text + check.get(..CHECK).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_form_that_scanners_look_for() {
        let token = checked(Kind::Token, &[0xab; RANDOM]);
        assert_eq!(token, format!("scim_{}67c23462", "ab".repeat(RANDOM)));
        for kind in Kind::BOTH {
            let (one, other) = (draw(kind).unwrap(), draw(kind).unwrap());
            assert_ne!(one, other);
            let digits = one.strip_prefix(kind.prefix()).unwrap();
            assert_eq!(digits.len(), 2 * RANDOM + CHECK);
            assert!(digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{kind}");
        }
    }
}

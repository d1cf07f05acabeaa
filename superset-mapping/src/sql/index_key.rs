//! Texts of any length in an index of limited width.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

/// The longest text, in bytes, that stands in an index as it is. Indexes of `PostgreSQL` take 2,704 bytes, those of `MySQL`
/// 3,072 with all columns.
pub(crate) const MAX_INDEXED: usize = 1536;

/// What hashes start with, and no text that is indexed as it is.
pub(crate) const HASHED: char = '\u{1}';

/// The form in which a text stands in an indexed column, for equality: itself, or the hash of a long one. Two different
/// texts never have one form, as far as hashes can guarantee.
pub(crate) fn index_key(text: &str) -> Cow<'_, str> {
    if text.len() <= MAX_INDEXED && !text.starts_with(HASHED) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{HASHED}{}", hex::encode(Sha256::digest(text.as_bytes()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_and_those_that_look_like_a_hash_are_hashed() {
        assert_eq!(index_key("bjensen"), "bjensen");
        let long = "é".repeat(1000);
        let key = index_key(&long);
        assert_eq!(key.len(), 65);
        assert_ne!(index_key(&key), key);
        assert_ne!(key, index_key(&"é".repeat(1001)));
    }
}

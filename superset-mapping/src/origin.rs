//! The names of identity providers, which rules and logins know.

/// Longest name of an identity provider, in bytes.
pub(crate) const MAX_PROVIDER_NAME_LEN: usize = 40;

/// Whether an identity provider can be called so. No name has a colon, so that the prefix of no `externalId` is part of another.
pub(crate) fn is_provider_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.len() <= MAX_PROVIDER_NAME_LEN && name.chars().all(legal)
}

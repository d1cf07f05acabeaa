//! What an `externalId` says of where somebody comes from.

/// What the `externalId` of people and groups starts with that a login created. No other client's looks like that.
pub(crate) const BY_LOGIN: &str = "jit:";

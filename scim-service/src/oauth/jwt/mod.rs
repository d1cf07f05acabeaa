//! JSON Web Tokens (RFC 7519): how they are read, whose keys check them, and what their claims have to say.

mod cached_keys;
mod claims;
mod keys;
mod signed;
mod unfit;

pub(super) use cached_keys::{CachedKeys, KeyFault};
pub use cached_keys::{KeyFetcher, KeyLocation};
pub(super) use claims::{Claims, Expected};
pub use keys::{KeySet, KeySetError};
pub(super) use signed::{ASYMMETRIC, Jwt, OWN, sign};
pub(super) use unfit::Unfit;

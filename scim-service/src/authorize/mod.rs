//! What a client may do and see: the host's policy (RFC 7644 section 2).

mod authorizer;

pub use authorizer::{Access, AccessDecision, AccessScope, AuthorizeError, Authorizer, Operation};

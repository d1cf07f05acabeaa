//! The token endpoint (RFC 6749 section 3.2).

mod client_keys;
mod endpoint;
mod form;
mod presented;
mod refusal;
mod replays;

pub use endpoint::TokenEndpoint;
pub use form::MAX_FORM;

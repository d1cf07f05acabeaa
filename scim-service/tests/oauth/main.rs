//! OAuth 2.0 for SCIM clients: from a request for a token to what it lets its bearer do.
#![cfg(all(feature = "oauth", feature = "memory"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

#[path = "../log/mod.rs"]
mod log;

mod certificates;
mod hostile;
mod issuer;
mod lab;
mod outside_issuer;
mod rotation;
mod scopes;
mod secrecy;
mod token_requests;

//! Decisions, from `tests/data/rules`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

mod corpus;
#[cfg(feature = "sqlite")]
mod over_scim;
mod refusals;
mod rename;

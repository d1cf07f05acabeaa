//! Logins, over the store in memory and over Superset's tables.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

mod boundaries;
mod groups;
mod people;
mod support;

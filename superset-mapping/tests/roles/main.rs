//! Roles of a host's own, over any store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod conformance;
mod cost;
mod failures;
mod guard;
mod identifiers;
#[cfg(feature = "jit")]
mod login;
mod over_http;
mod properties;
mod stores;
mod world;

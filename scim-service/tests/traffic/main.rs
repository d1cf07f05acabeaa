//! Limits of traffic, at the service and at the token endpoint, by a clock of the test.
#![cfg(all(feature = "limits", feature = "memory"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod lab;
#[path = "../log/mod.rs"]
mod log;
mod service;
#[cfg(feature = "oauth")]
mod tokens;

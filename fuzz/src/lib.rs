//! What the fuzz targets demand of any input, a file for each part of the crate family.
//!
//! `cargo fuzz` runs these functions on inputs that it invents. The tests named `fuzz_seeds` of the crates run them on the
//! seeds, so that `cargo test` keeps what was found. An input that is no text is made into something that fits a type.

pub mod filter;
pub mod fixture;
pub mod generated;
pub mod patch;

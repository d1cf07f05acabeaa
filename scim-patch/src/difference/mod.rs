//! What differs between two states of a resource.

mod all;
mod comparison;
mod one;

pub use all::Differences;
pub use one::{Difference, Secret};

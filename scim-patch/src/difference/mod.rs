//! What differs between two states of a resource.

mod all;
mod one;

pub use all::Differences;
pub use one::{Difference, Secret};

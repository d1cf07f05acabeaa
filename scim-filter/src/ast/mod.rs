//! What a filter says, before anybody asks whether the attributes exist.

mod builder;
mod filter;

pub use builder::{AttrBuilder, BuildError, FilterBuilder, attr};
pub use filter::{Comparison, Filter, Literal, Operator};

//! Text to syntax tree, with nom for the tokens and the limits enforced on the way.
//!
//! One file per level of the grammar: [`expression`] (`and`, `or`), [`term`] (groups, `not`, brackets, comparisons),
//! [`literal`] (JSON values) and [`path`] (PATCH paths). [`grammar`] holds the entry points, [`state`] what one parse keeps,
//! [`failure`] the error that the levels pass up.

mod display;
mod error;
mod expression;
mod failure;
mod grammar;
mod literal;
mod path;
mod serialise;
mod state;
mod term;

pub(crate) use error::MAX_FOUND;
pub use error::ParseError;
pub(crate) use grammar::attribute_offset;
pub use grammar::{parse, parse_with};
pub use path::{PatchPath, parse_path, parse_path_with};

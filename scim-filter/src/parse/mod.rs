//! Text to syntax tree, with nom for the tokens and the limits enforced on the way.
//!
//! One file per level of the grammar: [`expression`] (`and`, `or`), [`term`] (groups, `not`, brackets, comparisons),
//! [`literal`] (JSON values) and [`path`] (PATCH paths). [`grammar`] holds the entry points, [`failure`] the error that
//! the levels pass up.

mod expression;
mod failure;
mod grammar;
mod literal;
mod path;
mod term;

pub(crate) use grammar::attribute_offset;
pub use grammar::{parse, parse_with};
pub use path::{PatchPath, parse_path, parse_path_with};

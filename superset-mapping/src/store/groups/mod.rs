//! The groups of Superset, and who is in them.

mod membership;
mod pins;
mod rows;
mod subjects;

pub(super) use membership::{rendered, show};
pub use pins::Pin;
pub(crate) use rows::row_name;

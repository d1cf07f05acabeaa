//! The accounts of Superset, and whose they are.

mod adoption;
mod candidates;
mod profile;
mod purge;
mod reports;
mod rows;
mod table;

pub(crate) use profile::{Email, Profile};
pub(super) use rows::Rows;
pub use table::{Account, AccountSession};

//! Queries over many users.

pub(crate) mod migration;
pub(crate) mod plans;
mod population;

//! What the benchmarks have in common: the filters, the users and groups, and a service that answers in this process.
//!
//! `README.md` beside this crate has the figures and tells how to make them.

pub mod filters;
pub mod host;
pub mod population;

pub use filters::{MEDIUM, SHORT, TWENTY, chain, user_predicate};
pub use population::user;

//! What the benchmarks have in common: the filters, the users and groups, a service that answers in this process, and a client.
//!
//! `README.md` beside this crate has the figures and tells how to make them.

pub mod client;
pub mod filters;
pub mod host;
pub mod population;

pub use filters::{MEDIUM, SHORT, TWENTY, chain, user_predicate};
pub use population::user;

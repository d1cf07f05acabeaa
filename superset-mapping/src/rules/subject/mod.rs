//! Whom a decision is about, and who asserts it.

mod belief;
#[cfg(any(feature = "_store", feature = "jit", feature = "roles"))]
mod chains;
mod person;

pub(super) use belief::Trust;
pub use belief::{Belief, Believed, Doubt};
#[cfg(any(feature = "_store", feature = "jit", feature = "roles"))]
pub(crate) use chains::Edges;
pub(super) use person::user_in;
pub use person::{GroupRef, Subject};

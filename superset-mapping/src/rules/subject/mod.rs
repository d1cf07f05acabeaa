//! Whom a decision is about, and who asserts it.

mod belief;
mod person;

pub(super) use belief::Trust;
pub use belief::{Belief, Believed, Doubt};
pub(super) use person::user_in;
pub use person::{GroupRef, Subject};

//! The checked plan: operations on attributes, with checked values.

mod membership;
mod operation;
mod relate;
mod selector;

pub use membership::{Member, MembershipDelta};
pub use operation::Patch;
pub(crate) use operation::{Effect, Missing, Operation, Part, Write};
pub(crate) use relate::{Edit, Relate, id};
pub(crate) use selector::Selector;

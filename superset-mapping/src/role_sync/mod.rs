//! Roles of a host's own that follow what is written to any store.
//!
//! [`target`] is what a host implements, [`sync`] the store that it puts around its own. A write goes through [`write`], which finds out
//! whom it touched; [`follow`] decides about each by the rules and [`plan`]s what differs. The plan is carried out at once in the
//! store's transaction, at the end of it where the target is elsewhere ([`transaction`]), and after the write where there is none.
//! [`turns`] keeps writers apart where no database does.

mod core;
mod follow;
mod interrupted;
#[cfg(feature = "jit")]
mod login;
mod memory;
mod plan;
mod sync;
mod target;
mod transaction;
mod turns;
mod write;

pub use memory::MemoryRoles;
pub use sync::RoleSync;
pub use target::{RoleContext, RoleGrant, RoleTarget};

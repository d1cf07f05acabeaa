//! Roles of a host's own that follow what is written to any store.
//!
//! [`RoleTarget`] is what a host implements over its grants, [`RoleSync`] the store that it puts around its own, in which roles follow
//! every write; [`MemoryRoles`] are grants for tests and examples.

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

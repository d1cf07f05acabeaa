//! Tests for whoever implements a [`RoleTarget`](crate::RoleTarget) over tables of their own.
//!
//! [`role_conformance!`](crate::role_conformance!) makes one `#[test]` of each case. Give it a way to make an empty store and its target,
//! and a way to wait for a future:
//!
//! ```
//! use scim_service::MemoryStore;
//! use std::sync::LazyLock;
//! use superset_mapping::MemoryRoles;
//! use tokio::runtime::Runtime;
//!
//! static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
//!
//! superset_mapping::role_conformance!(
//!     async || (MemoryStore::new(), MemoryRoles::new(), ()),
//!     |future| RUNTIME.block_on(future)
//! );
//! # fn main() {}
//! ```
//!
//! - The factory is called once for each case. It makes the store, the target, and something to keep until the case ends, such as a
//!   temporary folder, or `()`.
//! - The roles in [`ROLES`] are there; nobody holds any.
//! - A case writes to a [`RoleSync`](crate::RoleSync) of the two, by the rules in [`RULES`], and asks the target what users hold. At its
//!   end [`reconcile_all`](crate::RoleSync::reconcile_all) must find nothing: what follows write by write is what deciding from scratch
//!   gives.
//! - The store passes its own suite, `scim_service::store_conformance!`.
//!
//! # My target fails this: now what?
//!
//! | it says | what is usually wrong |
//! |---|---|
//! | a manual grant | `held` does not tell manual grants from those of rules, or `give` overwrites what tells them apart |
//! | by whose word | the source that `give` is told is not kept, or not changed when a role is given again |
//! | rolled back | `give` or `take` goes past the transaction of the context: see [`RoleContext::transaction`](crate::RoleContext::transaction) |
//! | a user who is deleted | grants refer to users, and the store deletes the user's row before they are gone |
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a case fails by a panic, as tests do"
)]

pub mod belief;
pub mod following;
mod suite;
pub mod together;
mod trial;

pub use suite::{RoleCase, run};
pub use trial::{ROLES, RULES, RoleTrial};

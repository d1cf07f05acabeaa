//! A login, step by step: which user it is about, and what becomes of it.

mod attempt;
mod known_user;
mod login_store;
mod membership;
mod provisioning;

pub(super) use attempt::Attempt;
pub use login_store::{LoginAccess, LoginStore, LoginTransaction};

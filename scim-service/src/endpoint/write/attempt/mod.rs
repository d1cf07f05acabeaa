//! Writes to the store, with what may come between them.

mod create;
mod patch;
mod replace;

pub(super) use create::store_new;
pub(super) use patch::store_patched;
pub(super) use replace::{ATTEMPTS, replace_with};

//! Passwords, which only Superset reads back.

mod hashing;
mod value;

pub(super) use hashing::hashing;
pub(crate) use value::Password;
pub(super) use value::{Hash, UNUSABLE};

//! The names and addresses of all rows of `ab_user`, in a table of ours with an index on each.

mod account_name;
mod catch_up;
mod difference;
mod lookup;

pub(crate) use account_name::AccountName;
pub(super) use account_name::{forget, key, learn};
pub(super) use catch_up::catch_up;
pub(crate) use difference::{outdated, relearn};
pub(super) use lookup::{Learned, Namesake, namesakes};

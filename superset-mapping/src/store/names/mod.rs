//! The names and addresses of all rows of `ab_user`, in a table of ours with an index on each.

mod account_name;
mod catch_up;
mod lookup;

pub(super) use account_name::{AccountName, forget, key, learn};
pub(super) use catch_up::catch_up;
pub(super) use lookup::{Namesake, namesakes};

//! SQL as text: pure functions, without a database.

mod fragment;
mod lower;
mod side_tables;

pub(crate) use fragment::{Fragment, Param};
pub(crate) use lower::Target;
pub(crate) use side_tables::SIDE_TABLES;

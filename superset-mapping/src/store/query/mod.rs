//! Queries.

mod list;
mod order;
mod scan;

pub(super) use list::Relations;

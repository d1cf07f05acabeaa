//! Queries.

mod list;
mod order;
mod page;
mod plan;
mod scan;

pub(super) use list::Relations;

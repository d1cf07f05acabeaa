//! Queries: of one resource type or of all, by index or by cursor (RFC 7644 section 3.4.2, RFC 9865).

#[cfg(feature = "cursor")]
mod by_cursor;
#[cfg(not(feature = "cursor"))]
#[path = "without_cursor.rs"]
mod by_cursor;
mod list;
mod merge;
mod page;
mod part;
mod root_filter;
mod search;

pub(crate) use list::{list, list_all};
pub(crate) use search::{search, search_all};

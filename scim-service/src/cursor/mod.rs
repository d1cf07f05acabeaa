//! Sealed cursors: where a client is in a walk through results, kept by the client (RFC 9865).

mod error;
mod seal;

pub(crate) use error::CursorError;
pub(crate) use seal::{Bookmark, Seal};
pub use seal::{CursorKey, CursorKeyError};

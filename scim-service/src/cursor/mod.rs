//! Sealed cursors: where a client is in a walk through results, kept by the client (RFC 9865).

mod cipher;
mod error;

pub(crate) use cipher::{Bookmark, CursorCipher};
pub use cipher::{CursorKey, CursorKeyError};
pub(crate) use error::CursorError;

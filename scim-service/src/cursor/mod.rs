//! Encrypted cursors: where a client is in a list that it reads page by page, kept by the client (RFC 9865).

#[cfg(feature = "cursor")]
mod cipher;
mod error;

#[cfg(feature = "cursor")]
pub(crate) use cipher::{Bookmark, CursorCipher};
#[cfg(feature = "cursor")]
pub use cipher::{CursorKey, CursorKeyError};
pub(crate) use error::CursorError;

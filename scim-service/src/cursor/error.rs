//! Why a page of a walk is not given.

use thiserror::Error;

/// Why not. What a client is told of it, `fail.rs` says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[cfg_attr(not(feature = "cursor"), expect(dead_code, reason = "what cursors that are there are refused for"))]
pub(crate) enum CursorError {
    /// The service has no cursors.
    #[cfg(not(feature = "cursor"))]
    #[error("`cursor`: this service has no pagination by cursor; expected `startIndex` and `count`")]
    Unsupported,
    /// The cursor is none of this walk: malformed, forged, or of another query, tenant or subject (R255, R260).
    #[error("`cursor`: expected the cursor of an earlier page of this query, or an empty one to start")]
    Invalid,
    /// The cursor is too old.
    #[error("`cursor`: it has expired; start again with an empty one")]
    Expired,
    /// The page size is no number, or another than the walk began with (R252, R255).
    #[error("`count`: expected {expected}")]
    Count { expected: String },
    /// `startIndex` and `cursor` came together (R258).
    #[error("`startIndex` and `cursor` exclude each other: expected one of them")]
    WithIndex,
    /// A cursor would have to hold a value that is too long.
    #[error("`sortBy`: a value has more than {limit} bytes, too many for a cursor; page by `startIndex`")]
    SortKeyTooLong { limit: usize },
}

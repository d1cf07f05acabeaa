//! What cursors are encrypted with, and how long they are good for.

use std::time::Duration;

use crate::cursor::CursorKey;

/// What cursors are encrypted with, and how long they are good for.
#[derive(Clone, Debug)]
pub(super) struct Cursors {
    pub(super) key: CursorKey,
    pub(super) timeout: Duration,
}

impl Default for Cursors {
    fn default() -> Self {
        Self { key: CursorKey::random(), timeout: Duration::from_hours(1) }
    }
}

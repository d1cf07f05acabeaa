//! Cursors in the set-up of a service (RFC 9865).

use std::time::Duration;

use crate::config::service_config::ServiceConfig;
use crate::cursor::CursorKey;

impl ServiceConfig {
    /// What cursors are encrypted with (RFC 9865); a random key unless set. Cursors of a random key do not survive a restart, and
    /// other instances of the service refuse them.
    #[must_use]
    pub fn with_cursor_key(mut self, cursor_key: CursorKey) -> Self {
        self.cursors.key = cursor_key;
        self
    }

    /// How long a cursor is good for, in whole seconds, at least 1; an hour unless set. Every page gives fresh cursors, so
    /// this bounds the time between two pages, not the walk.
    #[must_use]
    pub fn with_cursor_timeout(mut self, timeout: Duration) -> Self {
        self.cursors.timeout = Duration::from_secs(timeout.as_secs().max(1));
        self
    }

    /// What cursors are encrypted with.
    pub(crate) fn cursor_key(&self) -> &CursorKey {
        &self.cursors.key
    }

    /// How long a cursor is good for.
    pub fn cursor_timeout(&self) -> Duration {
        self.cursors.timeout
    }
}

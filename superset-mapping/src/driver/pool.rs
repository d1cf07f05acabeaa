//! When a connection that was idle is tried before it is used again.

use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::{Connection, Database};

/// How long a connection counts as there after it was given back, for which it was tried. To try it costs every call a round trip.
const RECENTLY: Duration = Duration::from_secs(1);

/// Tries only connections that were idle for a while: the server may have ended those, or a firewall on the way.
pub(super) fn trying_idle_connections<D: Database>(options: PoolOptions<D>) -> PoolOptions<D> {
    options.test_before_acquire(false).before_acquire(|connection, metadata| {
        Box::pin(async move { Ok(metadata.idle_for < RECENTLY || connection.ping().await.is_ok()) })
    })
}

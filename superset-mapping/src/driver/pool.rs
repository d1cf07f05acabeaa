//! The pools of connections: when one that was idle is tried before it is used again, and how many there are.

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

/// How many connections a pool has.
#[cfg(feature = "metrics")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolUse {
    pub(crate) name: &'static str,
    pub(crate) used: u32,
    pub(crate) idle: u32,
    /// How many there may be.
    pub(crate) most: u32,
}

#[cfg(feature = "metrics")]
impl PoolUse {
    pub(super) fn of<D: Database>(name: &'static str, pool: &sqlx::Pool<D>) -> Self {
        let (size, idle) = (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX));
        Self { name, used: size.saturating_sub(idle), idle: idle.min(size), most: pool.options().get_max_connections() }
    }
}

//! The connections to the database, as metrics.

use metrics::gauge;

use crate::metrics::{CONNECTIONS, MOST_CONNECTIONS};
use crate::store::session::SupersetStore;

impl SupersetStore {
    /// Tells how many connections to the database there are, used and idle (`db.client.connection.count`), and how many there may be.
    /// For a host to call whenever somebody is about to look at the metrics.
    pub fn record_connections(&self) {
        for pool in self.database.pools() {
            for (state, count) in [("used", pool.used), ("idle", pool.idle)] {
                let labels = [("db.client.connection.pool.name", pool.name), ("db.client.connection.state", state)];
                gauge!(CONNECTIONS, &labels).set(f64::from(count));
            }
            gauge!(MOST_CONNECTIONS, "db.client.connection.pool.name" => pool.name).set(f64::from(pool.most));
        }
    }
}

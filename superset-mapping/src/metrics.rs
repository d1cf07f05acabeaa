//! What this crate measures, by the facade of the crate [`metrics`]: the table of it.
//!
//! No label has a name, an address, an id or a subject of anybody: they hold words of the code, and the names of identity providers.

#[cfg(feature = "_store")]
use metrics::Unit;
use scim_service::observe::metrics::Metric;

pub(crate) const LOGINS: &str = "scim.logins";
pub(crate) const BATCH_WRITES: &str = "scim.batch.writes";
pub(crate) const CONNECTIONS: &str = "db.client.connection.count";
pub(crate) const MOST_CONNECTIONS: &str = "db.client.connection.max";

/// What a process with logins or a store measures. [`describe`] tells the recorder of it.
pub const METRICS: &[Metric] = &[
    Metric::counter(
        LOGINS,
        &["provider", "outcome", "reason"],
        "Logins: logged in, created at their first login, refused with the reason, or failed",
    ),
    Metric::histogram(BATCH_WRITES, &[], "Writes that one transaction of Superset's database committed together"),
    Metric::gauge(
        CONNECTIONS,
        &["db.client.connection.pool.name", "db.client.connection.state"],
        "Connections to Superset's database, used and idle",
    ),
    Metric::gauge(
        MOST_CONNECTIONS,
        &["db.client.connection.pool.name"],
        "Most connections that a pool opens to Superset's database",
    ),
];

/// What a [`Drift`](crate::reconcile::Drift) tells as metrics, in a file.
#[cfg(feature = "_store")]
pub const DRIFT_METRICS: &[Metric] = &[
    Metric::gauge("scim.drift.findings", &["kind"], "Differences that the last comparison found, by kind"),
    Metric::gauge("scim.drift.checked", &["what"], "Users, groups and accounts that the last comparison looked at"),
    Metric::gauge("scim.drift.last_run.timestamp", &[], "When the last comparison that came to its end began")
        .in_unit(Unit::Seconds),
];

/// Tells the recorder of the units and meanings, once it is installed.
pub fn describe() {
    METRICS.iter().for_each(Metric::describe);
}

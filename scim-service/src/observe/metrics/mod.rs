//! What a service measures, by the facade of the crate [`metrics`]: the host installs a recorder of its choice.
//!
//! Names and labels of HTTP are those of OpenTelemetry's semantic conventions, our own begin with `scim.`. Nobody who is unknown to
//! the service can make a new series: labels hold templates of paths, words of the code, and names of clients that were
//! authenticated, of which at most [`MAX_MEASURED_CLIENTS`] are told apart. No label has the value of an attribute, an id, a path
//! or a credential.

mod by_change;
mod metric;
mod record;
mod service_metrics;

#[cfg(feature = "oauth")]
pub(crate) use metric::DAYS_LEFT;
pub use metric::{METRICS, Metric, MetricKind};
#[cfg(feature = "oauth")]
pub(crate) use record::token_requested;
pub use record::{DeprovisionedAttempt, attempted, audit_failed, request_served};
pub use service_metrics::{MAX_MEASURED_CLIENTS, ServiceMetrics};

//! What there is to measure: the one table of it.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// A family of time series: one name, with labels that tell its series apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// The name, as OpenTelemetry writes names.
    pub name: &'static str,
    /// What its values are.
    pub kind: MetricKind,
    /// What its values count.
    pub unit: Option<Unit>,
    /// The labels that a series can have.
    pub labels: &'static [&'static str],
    /// What it means, in a sentence.
    pub description: &'static str,
}

/// What the values of a metric are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// A number of events, which only grows.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Observations, sorted into buckets by their size.
    Histogram,
}

impl Metric {
    /// A counter of events.
    pub const fn counter(name: &'static str, labels: &'static [&'static str], description: &'static str) -> Self {
        Self { name, kind: MetricKind::Counter, unit: Some(Unit::Count), labels, description }
    }

    /// A gauge.
    pub const fn gauge(name: &'static str, labels: &'static [&'static str], description: &'static str) -> Self {
        Self { name, kind: MetricKind::Gauge, unit: None, labels, description }
    }

    /// A histogram.
    pub const fn histogram(name: &'static str, labels: &'static [&'static str], description: &'static str) -> Self {
        Self { name, kind: MetricKind::Histogram, unit: Some(Unit::Count), labels, description }
    }

    /// The same, with values in this unit.
    #[must_use]
    pub const fn in_unit(self, unit: Unit) -> Self {
        Self { unit: Some(unit), ..self }
    }

    /// Tells the recorder of the unit and the meaning.
    pub fn describe(&self) {
        let Self { name, unit, description, .. } = *self;
        match (self.kind, unit) {
            (MetricKind::Counter, unit) => describe_counter!(name, unit.unwrap_or(Unit::Count), description),
            (MetricKind::Gauge, Some(unit)) => describe_gauge!(name, unit, description),
            (MetricKind::Gauge, None) => describe_gauge!(name, description),
            (MetricKind::Histogram, unit) => describe_histogram!(name, unit.unwrap_or(Unit::Count), description),
        }
    }

    /// The name as Prometheus has it: with the unit, and `_total` for a counter.
    ///
    /// ```
    /// use scim_service::observe::metrics::METRICS;
    ///
    /// assert_eq!(METRICS[0].prometheus_name(), "http_server_request_duration_seconds");
    /// ```
    pub fn prometheus_name(&self) -> String {
        let unit = self.unit.filter(|unit| *unit != Unit::Count);
        let unit = unit.map(|unit| format!("_{}", unit.as_str())).unwrap_or_default();
        let total = if self.kind == MetricKind::Counter { "_total" } else { "" };
        format!("{}{unit}{total}", self.name.replace('.', "_"))
    }
}

pub(super) const REQUEST_DURATION: &str = "http.server.request.duration";
pub(super) const CHANGES: &str = "scim.changes";
pub(super) const REFUSALS: &str = "scim.refusals";
pub(super) const QUIRKS: &str = "scim.quirks";
pub(super) const ATTEMPTS: &str = "scim.deprovisioned.attempts";
pub(super) const AUDIT_FAILURES: &str = "scim.audit.failures";
#[cfg(feature = "oauth")]
pub(super) const TOKEN_REQUESTS: &str = "scim.token.requests";
#[cfg(feature = "oauth")]
pub(crate) const DAYS_LEFT: &str = "scim.client.credential.days_left";

/// What this crate measures.
pub const METRICS: &[Metric] = &[
    Metric::histogram(
        REQUEST_DURATION,
        &["http.request.method", "http.route", "http.response.status_code", "error.type"],
        "How long requests took, from their head to their answer",
    )
    .in_unit(Unit::Seconds),
    Metric::counter(
        CHANGES,
        &["kind", "resource_type", "client"],
        "What committed writes did: resources created, updated, activated, deactivated and deleted, members added and removed, roles granted and revoked",
    ),
    Metric::counter(
        REFUSALS,
        &["reason", "client"],
        "Requests that were refused for who sent them or how many there were",
    ),
    Metric::counter(QUIRKS, &["quirk", "client"], "Requests that needed a compatibility quirk"),
    Metric::counter(
        ATTEMPTS,
        &["attempt"],
        "Attempts of, or for, somebody who was deprovisioned: logins, sessions, and clients that activate them again",
    ),
    Metric::counter(AUDIT_FAILURES, &["audit"], "Records of an audit that could not be written"),
    #[cfg(feature = "oauth")]
    Metric::counter(
        TOKEN_REQUESTS,
        &["outcome", "client"],
        "Requests for an access token, granted or refused with an error of OAuth 2.0",
    ),
    #[cfg(feature = "oauth")]
    Metric::gauge(
        DAYS_LEFT,
        &["client", "kind"],
        "Days until the last secret, or static token, of a client expires; +Inf where one never does, NaN where there is none any more",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_prometheus_shows() {
        let names: Vec<String> = METRICS.iter().map(Metric::prometheus_name).collect();
        assert_eq!(names[..2], ["http_server_request_duration_seconds", "scim_changes_total"]);
        for metric in METRICS {
            assert!(!metric.description.ends_with('.') && metric.name.contains('.'), "{metric:?}");
        }
    }
}

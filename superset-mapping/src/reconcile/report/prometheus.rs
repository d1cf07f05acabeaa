//! A comparison as metrics, for the textfile collector of Prometheus' node exporter.

use std::fmt::Write;

use chrono::DateTime;
use scim_service::observe::metrics::Metric;

use crate::metrics::DRIFT_METRICS;
use crate::reconcile::drift::{Drift, FindingKind};

impl Drift {
    /// The comparison in Prometheus' text format: how many findings there are of each kind, 0 included, what was looked at, and when.
    /// A comparison that fails has none, so that the time of the last one that came to its end stays.
    ///
    /// Whoever writes it to a file writes another one first and renames it, so that nobody reads half of it.
    pub fn to_prometheus(&self) -> String {
        let counts = self.counts();
        let findings =
            FindingKind::ALL.map(|kind| (kind.as_str(), counts.get(&kind).copied().unwrap_or_default() as u64));
        let checked =
            [("groups", self.checked.groups), ("users", self.checked.users), ("accounts", self.checked.accounts)];
        let mut text = String::new();
        let (of_kind, of_checked) = (labelled("kind", &findings), labelled("what", &checked));
        let at = DateTime::parse_from_rfc3339(&self.at).map(|at| vec![(String::new(), at.timestamp().unsigned_abs())]);
        for (metric, series) in DRIFT_METRICS.iter().zip([of_kind, of_checked, at.unwrap_or_default()]) {
            family(metric, &series, &mut text);
        }
        text
    }
}

/// Series that a label with a word of ours tells apart.
fn labelled(label: &str, values: &[(&'static str, u64)]) -> Vec<(String, u64)> {
    values.iter().map(|(word, value)| (format!("{{{label}=\"{word}\"}}"), *value)).collect()
}

fn family(metric: &Metric, series: &[(String, u64)], text: &mut String) {
    let name = metric.prometheus_name();
    // Writing to a string does not fail.
    let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} gauge", metric.description);
    for (labels, value) in series {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

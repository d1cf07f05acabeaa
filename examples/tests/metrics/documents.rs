//! Alert rules, dashboard and table, beside what servers serve.

use std::collections::BTreeSet;
use std::fs;

use scim_service::observe::metrics::{METRICS, Metric, MetricKind};

use crate::scrape::Scrape;

/// Every metric that there is.
fn all() -> impl Iterator<Item = &'static Metric> {
    METRICS.iter().chain(superset_mapping::metrics::METRICS).chain(superset_mapping::metrics::DRIFT_METRICS)
}

/// What Prometheus calls the series of a metric.
fn names_of(metric: &Metric) -> Vec<String> {
    let name = metric.prometheus_name();
    match metric.kind {
        MetricKind::Histogram => ["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")).to_vec(),
        _ => vec![name],
    }
}

fn document(name: &str) -> String {
    fs::read_to_string(format!("{}/../docs/monitoring/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The names in a text that could be those of metrics of ours.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = |word: &&str| ["scim_", "http_server_", "db_client_"].iter().any(|start| word.starts_with(start));
    words.filter(ours).map(str::to_owned).collect()
}

/// The tables, the documents and what was scraped are about the same metrics.
pub(crate) fn agree_with(scraped: &[&Scrape]) {
    let served: BTreeSet<String> = scraped.iter().flat_map(|text| text.families()).collect();
    let expected: BTreeSet<String> = all().map(Metric::prometheus_name).collect();
    assert_eq!(served, expected, "the tables in the code, beside what is served");

    let labels: BTreeSet<String> =
        all().flat_map(|metric| metric.labels).map(|label| label.replace('.', "_")).collect();
    let series: BTreeSet<String> = all().flat_map(names_of).collect();
    for name in ["alerts.yml", "alerts_test.yml", "alerts_week_test.yml", "dashboard.json"] {
        // What describes a metric names the family.
        let unknown = |word: &String| !series.contains(word) && !expected.contains(word) && !labels.contains(word);
        let strange: Vec<String> = named(&document(name)).into_iter().filter(unknown).collect();
        assert!(strange.is_empty(), "{name} names what no server serves: {strange:?}");
    }
    let shown = document("dashboard.json") + &document("alerts.yml");
    for metric in all() {
        let used = names_of(metric).iter().any(|name| shown.contains(name));
        assert!(used, "{} is in no alert and on no dashboard", metric.name);
    }
    readme();
}

/// The table of the README says of each metric what the code says.
fn readme() {
    let readme = document("README.md");
    for metric in all() {
        let name = metric.prometheus_name();
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{name}`")));
        let row = row.unwrap_or_else(|| panic!("{name} is not in the table"));
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            _ => "histogram",
        };
        assert!(row.contains(&format!("| {kind}")) && row.contains(metric.description), "{row}\n{metric:?}");
        for label in metric.labels {
            assert!(row.contains(&format!("`{}`", label.replace('.', "_"))), "{label} in {row}");
        }
    }
}

//! Finding what differs.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use superset_mapping::{Drift, DriftOptions, Finding, FindingKind, Progress, Stage};

use crate::harness::{Case, cases};
use crate::reconcile::faults::plant;
use crate::reconcile::population::{Population, name, options};
use crate::support::{Superset, id_of};

pub(crate) const CASES: &[Case] = cases![drift_finds_the_planted_faults_and_nothing_else,];

/// A finding as a line: kind, whom it is about, and what.
pub(crate) fn line(finding: &Finding) -> String {
    let name = finding.who.name.as_deref().unwrap_or("-");
    format!("{} {name} {}", finding.kind, finding.what.as_deref().unwrap_or("-"))
}

pub(crate) fn lines(drift: &Drift) -> Vec<String> {
    let mut lines: Vec<String> = drift.findings.iter().map(line).collect();
    lines.sort();
    lines
}

async fn drift_finds_the_planted_faults_and_nothing_else() {
    let population = Population::new().await;
    let drift = population.superset.store.drift(&options(), &()).await.unwrap();
    assert_eq!(lines(&drift), Vec::<String>::new());
    let expected = plant(&population).await;
    assert!(expected.len() >= 30);
    let drift = population.superset.store.drift(&options(), &()).await.unwrap();
    assert_eq!(lines(&drift), expected);
    let kinds: BTreeSet<FindingKind> = drift.findings.iter().map(|finding| finding.kind).collect();
    let missing: Vec<_> = FindingKind::ALL.into_iter().filter(|kind| !kinds.contains(kind)).collect();
    assert_eq!(missing, [FindingKind::RoleUnknown], "which is a case of its own");
    println!("{} faults of {} kinds", expected.len(), kinds.len());
}

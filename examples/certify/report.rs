//! What the checks came to: a line for each, a summary, and JUnit XML.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::Profile;
use crate::check::Check;
use crate::manual;

/// A check that was run.
pub(crate) struct Checked {
    pub(crate) check: &'static Check,
    pub(crate) ending: Ending,
    pub(crate) took: Duration,
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Held,
    /// Not as it should be, and why.
    Failed(String),
    /// The server does not offer it, which it may.
    NotOffered(String),
    /// It could not be run.
    NotRun(String),
}

impl Ending {
    fn word(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Failed(_) => "FAILED",
            Self::NotOffered(_) => "not offered",
            Self::NotRun(_) => "NOT RUN",
        }
    }

    fn why(&self) -> Option<&str> {
        match self {
            Self::Held => None,
            Self::Failed(why) | Self::NotOffered(why) | Self::NotRun(why) => Some(why),
        }
    }
}

/// A check as a line.
pub(crate) fn line(checked: &Checked) -> String {
    let Checked { check, ending, .. } = checked;
    let mut line = format!("{:<12} {:<28} {}", ending.word(), check.id, check.rule);
    if let Some(why) = ending.why() {
        let _ = write!(line, "\n{:<12} {:<28} {why} ({})", "", "", check.source);
    }
    line
}

/// How many there were of each, and what is left to a person.
pub(crate) fn summary(results: &[Checked], profile: Profile) -> String {
    let mut counts = BTreeMap::new();
    for checked in results {
        *counts.entry(checked.ending.word()).or_insert(0) += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let mut text = format!("\n{} checks: {}\n", results.len(), counts.join(", "));
    let left = manual::of(profile);
    if !left.is_empty() {
        text.push_str("\nLeft to a person before a submission:\n");
        for (rule, source) in left {
            let _ = writeln!(text, "  [ ] {rule} ({source})");
        }
    }
    text
}

/// 0 where all held, 1 where one failed, 2 where one could not be run.
pub(crate) fn exit_code(results: &[Checked]) -> ExitCode {
    let any = |is: fn(&Ending) -> bool| results.iter().any(|checked| is(&checked.ending));
    if any(|ending| matches!(ending, Ending::Failed(_))) {
        ExitCode::from(1)
    } else if any(|ending| matches!(ending, Ending::NotRun(_))) {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

/// The results as JUnit XML, a suite for each source of rules.
pub(crate) fn junit(results: &[Checked], base_url: &str) -> Result<String, Box<dyn Error>> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for Checked { check, ending, took } in results {
        let family = check.id.split('-').next().unwrap_or_default();
        let status = match ending {
            Ending::Held => TestCaseStatus::success(),
            Ending::Failed(_) => TestCaseStatus::non_success(NonSuccessKind::Failure),
            Ending::NotRun(_) => TestCaseStatus::non_success(NonSuccessKind::Error),
            Ending::NotOffered(_) => TestCaseStatus::skipped(),
        };
        let mut case = TestCase::new(check.id, status);
        if let Some(why) = ending.why() {
            case.status.set_message(format!("{why} ({}: {})", check.source, check.rule));
        }
        case.set_classname(check.source).set_time(*took);
        suites.entry(family).or_insert_with(|| TestSuite::new(family)).add_test_case(case);
    }
    let mut report = Report::new(format!("certify {base_url}"));
    report.add_test_suites(suites.into_values());
    Ok(report.to_string()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfc_discovery::CHECKS;

    fn results() -> Vec<Checked> {
        let endings = [
            Ending::Held,
            Ending::Failed("`id` is <null> & \"x\"".to_owned()),
            Ending::NotOffered("the server does not offer sort".to_owned()),
            Ending::NotRun("nobody listens".to_owned()),
        ];
        let took = Duration::from_millis(5);
        endings.into_iter().zip(CHECKS).map(|(ending, check)| Checked { check, ending, took }).collect()
    }

    #[test]
    fn junit_tells_failures_errors_and_skipped_checks_apart() {
        let xml = junit(&results(), "http://127.0.0.1/scim").unwrap();
        for part in ["tests=\"4\"", "failures=\"1\"", "errors=\"1\"", "<skipped", "&lt;null&gt; &amp; "] {
            assert!(xml.contains(part), "{part} is not in {xml}");
        }
    }

    #[test]
    fn the_worst_ending_decides_the_exit_code() {
        let code = |from: usize, to: usize| format!("{:?}", exit_code(&results()[from..to]));
        let [all, held, none] =
            [ExitCode::from(1), ExitCode::SUCCESS, ExitCode::from(2)].map(|code| format!("{code:?}"));
        assert_eq!([code(0, 4), code(0, 1), code(2, 3), code(2, 4)], [all, held.clone(), held, none]);
    }
}

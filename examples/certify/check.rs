//! A check, and how it ends.

use std::pin::Pin;

use serde_json::Value;

use crate::subject::Subject;

/// How a check ends that does not hold.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The service does something else than it should.
    Failed(String),
    /// The service says that it does not offer what is checked.
    NotOffered(&'static str),
    /// The service gave no answer.
    NoAnswer(String),
}

/// What a check gives.
pub(crate) type Outcome<T = ()> = Result<T, Trouble>;

/// A check on its way.
pub(crate) type Checking<'s> = Pin<Box<dyn Future<Output = Outcome> + Send + 's>>;

/// One thing that a service has to do.
pub(crate) struct Check {
    /// Its name in reports: the source and what is asked, such as `rfc7644-3.3-create`.
    pub(crate) id: &'static str,
    /// Where that is demanded.
    pub(crate) source: &'static str,
    /// What the service has to do, as a sentence.
    pub(crate) rule: &'static str,
    pub(crate) run: for<'s> fn(&'s Subject) -> Checking<'s>,
}

/// A list of checks: id, source, rule and the function for each.
#[macro_export]
macro_rules! checks {
    ($($id:literal, $source:literal, $rule:literal, $run:ident;)*) => {
        &[$($crate::check::Check { id: $id, source: $source, rule: $rule, run: |subject| Box::pin($run(subject)) }),*]
    };
}

/// Ends the check where `holds` is false.
pub(crate) fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Trouble::Failed(otherwise())) }
}

/// Ends the check where two values differ.
pub(crate) fn same(what: &str, found: &Value, expected: &Value) -> Outcome {
    expect(found == expected, || format!("{what} is {}, expected {}", short(found), short(expected)))
}

/// A value as a report shows it.
pub(crate) fn short(value: &Value) -> String {
    const LONGEST: usize = 160;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

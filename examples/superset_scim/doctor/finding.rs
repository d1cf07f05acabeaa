//! What a check finds.

use std::fmt;

/// The outcome of one check, as a line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// What was checked, such as `clock of the database`.
    pub(super) check: &'static str,
    /// What was found, and where that is not as it should be what was expected, and what to do.
    pub(super) text: String,
}

/// How good it is. The worst of all is the exit code of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Ok,
    /// Somebody should look at it.
    Warn,
    /// Nothing works, or somebody gets what they must not.
    Fail,
}

impl Finding {
    pub(super) fn ok(check: &'static str, found: impl fmt::Display) -> Self {
        Self { level: Level::Ok, check, text: found.to_string() }
    }

    pub(super) fn warn(check: &'static str, found: impl fmt::Display, expected: &str, mend: &str) -> Self {
        Self { level: Level::Warn, check, text: format!("{found}; expected {expected}: {mend}") }
    }

    pub(super) fn fail(check: &'static str, found: impl fmt::Display, expected: &str, mend: &str) -> Self {
        Self { level: Level::Fail, check, text: format!("{found}; expected {expected}: {mend}") }
    }

    /// Something that could not be looked at, with the error and its causes.
    pub(super) fn error(check: &'static str, error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            // Some libraries repeat the cause in their own text.
            if !text.contains(&error.to_string()) {
                text = format!("{text}: {error}");
            }
            cause = error.source();
        }
        Self { level: Level::Fail, check, text }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        // One line, whatever a database or server says.
        let text: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        write!(f, "{level:4}  {}: {text}", self.check)
    }
}

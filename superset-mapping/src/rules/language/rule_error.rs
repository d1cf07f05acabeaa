//! Why rules can't be used.

use std::fmt;
use std::ops::Range;

use thiserror::Error;

/// Most characters that are shown on each side of the place.
const CONTEXT: usize = 60;

/// The rules can't be used: what is wrong, and where.
///
/// `Display` is one line; `{:#}` adds two lines, with the line of the file and a caret under the place.
///
/// ```
/// use superset_mapping::RuleSet;
///
/// let error = "[[rule]]\ngroup = \"board\"\nroles = [\"Admin\"]".parse::<RuleSet>().unwrap_err();
/// assert_eq!((error.line(), error.column()), (Some(3), Some(10)));
/// assert!(format!("{error:#}").ends_with("\nroles = [\"Admin\"]\n         ^"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct RuleError {
    message: String,
    place: Option<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// Both 1-based; the column counts characters.
    line: usize,
    column: usize,
    shown: String,
    /// Characters of `shown` before the place.
    before: usize,
}

impl RuleError {
    pub(in crate::rules) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None }
    }

    pub(in crate::rules) fn in_text(message: impl Into<String>, text: &str, span: Option<Range<usize>>) -> Self {
        Self { message: message.into(), place: span.map(|span| Place::at(text, span.start)) }
    }

    /// The 1-based line; `None` where the rules did not come as text.
    pub fn line(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.line)
    }

    /// The 1-based column, in characters.
    pub fn column(&self) -> Option<usize> {
        self.place.as_ref().map(|place| place.column)
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl Place {
    fn at(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = before.get(start..).unwrap_or_default().chars().count();
        let skipped = column.saturating_sub(CONTEXT);
        let visible = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
        Self {
            line: before.matches('\n').count() + 1,
            column: column + 1,
            shown: line.chars().skip(skipped).take(column - skipped + CONTEXT).map(visible).collect(),
            before: column - skipped,
        }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Place { line, column, shown, before }) = &self.place else { return f.write_str(&self.message) };
        write!(f, "line {line}, column {column}: {}", self.message)?;
        if f.alternate() { write!(f, "\n{shown}\n{:before$}^", "") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_counts_characters() {
        let error = RuleError::in_text("bad", "a\n\té = x\nb", Some(8..9));
        assert_eq!((error.line(), error.column()), (Some(2), Some(6)));
        assert_eq!(format!("{error:#}"), "line 2, column 6: bad\n é = x\n     ^");
        assert_eq!(error.to_string(), "line 2, column 6: bad");
        assert_eq!(RuleError::new("bad").to_string(), "bad");
    }

    #[test]
    fn a_long_line_is_shown_in_part() {
        let text = format!("{}x{}", "é".repeat(200), "b".repeat(200));
        let shown = format!("{:#}", RuleError::in_text("bad", &text, Some(400..401)));
        let [_, line, caret] = shown.lines().collect::<Vec<_>>()[..] else { panic!("{shown}") };
        assert_eq!(line.chars().nth(caret.len() - 1), Some('x'));
        assert_eq!(line.chars().count(), 2 * CONTEXT);
    }
}

//! Why a text is no filter or no PATCH path.

use std::error::Error;
use std::fmt;

use scim_core::ScimType;

use crate::caret::Caret;

/// A text that is no filter or no PATCH path: where it goes wrong, what was found there and what was expected.
///
/// `Display` is one line; with `{:#}` two lines more show the text and a caret under the place.
///
/// ```
/// use scim_filter::Filter;
///
/// let text = r#"userName regex ".*""#;
/// let error = text.parse::<Filter>().unwrap_err();
/// assert_eq!(error.offset(), 9);
/// assert_eq!(error.found(), Some("regex"));
/// assert_eq!(
///     error.to_string(),
///     "at byte 9: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr), found `regex`"
/// );
/// assert_eq!(
///     format!("{error:#}").lines().skip(1).collect::<Vec<_>>(),
///     ["userName regex \".*\"", "         ^"]
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    offset: usize,
    found: Box<str>,
    reason: Reason,
    in_filter: bool,
    caret: Caret,
}

/// What is wrong at the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Something else should stand here.
    Expected(&'static str),
    /// The text has more bytes than this.
    TooLong(usize),
    /// Parentheses and brackets nest deeper than this.
    TooDeep(usize),
    /// There are more comparisons than this.
    TooManyComparisons(usize),
}

/// Longest part of the client's text that an error repeats, in characters.
pub(crate) const MAX_FOUND: usize = 40;

impl ParseError {
    pub(crate) fn new(text: &str, offset: usize, reason: Reason, in_filter: bool) -> Self {
        let rest = text.get(offset..).unwrap_or_default();
        let found = match reason {
            Reason::Expected(_) => excerpt(rest),
            _ => String::new(),
        };
        Self { offset, found: found.into_boxed_str(), reason, in_filter, caret: Caret::at(text, offset) }
    }

    /// Where the text goes wrong: a UTF-8 byte offset from its start.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What could have stood there; `None` when a limit was reached.
    pub fn expected(&self) -> Option<&'static str> {
        match self.reason {
            Reason::Expected(expected) => Some(expected),
            _ => None,
        }
    }

    /// The word or character that stood there, cut to 40 characters; `None` at the end of the text, or when a limit was
    /// reached.
    pub fn found(&self) -> Option<&str> {
        (!self.found.is_empty()).then_some(&*self.found)
    }

    /// Whether a filter is wrong, as opposed to the path around it: what follows the first word inside the brackets of a
    /// PATCH path, and any error of a filter as such. Tells `invalidFilter` from `invalidPath` (R139).
    pub fn is_in_filter(&self) -> bool {
        self.in_filter
    }

    /// [`ScimType::InvalidFilter`] or [`ScimType::InvalidPath`], as [`is_in_filter`](Self::is_in_filter) tells.
    pub fn scim_type(&self) -> ScimType {
        if self.in_filter { ScimType::InvalidFilter } else { ScimType::InvalidPath }
    }

    /// Two lines: the text around the place, and a caret under it. Control characters are shown as spaces.
    pub fn caret(&self) -> &impl fmt::Display {
        &self.caret
    }
}

/// The first word of `rest`, or its first character when that is no word character.
fn excerpt(rest: &str) -> String {
    let delimiter = |c: char| matches!(c, ' ' | '(' | ')' | '[' | ']' | '"');
    let end = match rest.find(delimiter) {
        Some(0) => 1,
        Some(end) => end,
        None => rest.len(),
    };
    let word = rest.get(..end).unwrap_or_default();
    let mut shown = String::new();
    for c in word.chars().take(MAX_FOUND) {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    if word.chars().nth(MAX_FOUND).is_some() {
        shown.push('…');
    }
    shown
}

impl Error for ParseError {}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::Expected(expected) => {
                write!(f, "at byte {}: expected {expected}, found ", self.offset)?;
                match self.found() {
                    Some(found) => write!(f, "`{found}`")?,
                    None => f.write_str("the end")?,
                }
            }
            Reason::TooLong(limit) => write!(f, "longer than {limit} bytes")?,
            Reason::TooDeep(limit) => write!(f, "at byte {}: nested more than {limit} deep", self.offset)?,
            Reason::TooManyComparisons(limit) => write!(f, "at byte {}: more than {limit} comparisons", self.offset)?,
        }
        if f.alternate() { write!(f, "\n{}", self.caret) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use crate::Filter;

    fn message(text: &str) -> String {
        text.parse::<Filter>().unwrap_err().to_string()
    }

    #[test]
    fn messages_are_one_line_whatever_the_client_wrote() {
        for text in ["", "a\nb pr", "a eq \"\n\"", "a eq 'x\ny'", &format!("a {} 1", "é".repeat(100))] {
            let message = message(text);
            assert_eq!(message.lines().count(), 1, "{message}");
            assert!(message.chars().count() < 200, "{message}");
        }
    }

    #[test]
    fn r089_an_unknown_operator_is_named() {
        assert!(message("userName regex \".*\"").contains("`regex`"));
        assert!(message("a = \"x\"").contains("found `=`"));
    }

    #[test]
    fn the_end_is_named_as_what_was_found() {
        assert!(message("userName eq").ends_with("found the end"));
        assert_eq!("a eq".parse::<Filter>().unwrap_err().found(), None);
    }
}

//! Why a filter, a path or a sort key was refused.

use std::error::Error;
use std::fmt;

use scim_core::{ScimType, UnknownAttribute};

use crate::ast::Literal;

/// A text that is no filter or no PATCH path: where it goes wrong, what was found there and what was expected.
///
/// `Display` is one line. [`caret`](Self::caret) shows the place in the text.
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
/// assert_eq!(error.caret(text), "userName regex \".*\"\n         ^");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    offset: usize,
    found: Box<str>,
    reason: Reason,
    in_filter: bool,
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
const MAX_FOUND: usize = 40;
/// Most characters that [`ParseError::caret`] shows on each side of the place.
const CARET_CONTEXT: usize = 60;

impl ParseError {
    pub(crate) fn new(text: &str, offset: usize, reason: Reason, in_filter: bool) -> Self {
        let rest = text.get(offset..).unwrap_or_default();
        let found = match reason {
            Reason::Expected(_) => excerpt(rest),
            _ => String::new(),
        };
        Self { offset, found: found.into_boxed_str(), reason, in_filter }
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

    /// Two lines: the text around the place, and a caret under it. `text` is the text that was parsed. Control
    /// characters are shown as spaces.
    pub fn caret(&self, text: &str) -> String {
        let before = text.get(..self.offset).unwrap_or(text);
        let after = text.get(self.offset..).unwrap_or_default();
        let start = before.chars().count().saturating_sub(CARET_CONTEXT);
        let visible = |c: char| if c.is_control() { ' ' } else { c };
        let shown: String = before.chars().skip(start).map(visible).collect();
        let width = shown.chars().count();
        let rest: String = after.chars().take(CARET_CONTEXT).map(visible).collect();
        format!("{shown}{rest}\n{:width$}^", "")
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
                    Some(found) => write!(f, "`{found}`"),
                    None => f.write_str("the end"),
                }
            }
            Reason::TooLong(limit) => write!(f, "longer than {limit} bytes"),
            Reason::TooDeep(limit) => write!(f, "at byte {}: nested more than {limit} deep", self.offset),
            Reason::TooManyComparisons(limit) => write!(f, "at byte {}: more than {limit} comparisons", self.offset),
        }
    }
}

/// A filter or sort key that is well formed but does not fit the schema: which attribute, and why.
///
/// `Display` is one line and names the attribute as the client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckError {
    path: String,
    kind: CheckErrorKind,
    scim_type: ScimType,
}

/// Why an attribute cannot be used this way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CheckErrorKind {
    Unknown(UnknownAttribute),
    UnknownSub { attribute: String },
    NeverReturned,
    Complex,
    Extension,
    SortByExtension,
    BracketsOnSimple,
    Operator { operator: &'static str, kind: &'static str },
    NullOperator { operator: &'static str },
    LiteralType { expected: &'static str, found: Literal },
    TooDeep { limit: usize },
}

impl CheckError {
    pub(crate) fn new(path: &str, kind: CheckErrorKind) -> Self {
        Self { path: path.to_owned(), kind, scim_type: ScimType::InvalidFilter }
    }

    pub(crate) fn with_scim_type(mut self, scim_type: ScimType) -> Self {
        self.scim_type = scim_type;
        self
    }

    /// The attribute as the client wrote it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether the schema has no such attribute, as opposed to one that cannot be used this way.
    pub fn is_unknown_attribute(&self) -> bool {
        matches!(self.kind, CheckErrorKind::Unknown(_) | CheckErrorKind::UnknownSub { .. })
    }

    /// [`ScimType::InvalidFilter`]; for a sort key [`ScimType::InvalidPath`].
    pub fn scim_type(&self) -> ScimType {
        self.scim_type
    }
}

impl Error for CheckError {}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.kind {
            CheckErrorKind::Unknown(unknown) => unknown.fmt(f),
            CheckErrorKind::UnknownSub { attribute } => write!(f, "unknown sub-attribute `{path}` of `{attribute}`"),
            CheckErrorKind::NeverReturned => {
                write!(f, "attribute `{path}` is never returned, so it cannot be asked about")
            }
            CheckErrorKind::Complex => write!(f, "attribute `{path}` is complex: name one of its sub-attributes"),
            CheckErrorKind::Extension => write!(f, "`{path}` is an extension as a whole: only `pr` applies to it"),
            CheckErrorKind::SortByExtension => {
                write!(f, "`{path}` is an extension as a whole: name an attribute of it")
            }
            CheckErrorKind::BracketsOnSimple => {
                write!(f, "attribute `{path}` has no sub-attributes, so brackets do not apply to it")
            }
            CheckErrorKind::Operator { operator, kind } => {
                write!(f, "operator `{operator}` does not apply to attribute `{path}` of type {kind}")
            }
            CheckErrorKind::NullOperator { operator } => {
                write!(f, "operator `{operator}` does not apply to null: attribute `{path}` takes `eq` or `ne` with it")
            }
            CheckErrorKind::LiteralType { expected, found } => {
                let found: String = found.to_string().chars().take(MAX_FOUND).collect();
                write!(f, "attribute `{path}` compares with {expected}, not with `{found}`")
            }
            CheckErrorKind::TooDeep { limit } => write!(f, "filter around `{path}` is nested more than {limit} deep"),
        }
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

    #[test]
    fn the_caret_counts_characters_and_keeps_to_a_window() {
        let text = "name.é eq 1";
        let error = text.parse::<Filter>().unwrap_err();
        assert_eq!(error.caret(text), "name.é eq 1\n     ^");
        let long = format!("{}x = 1", "a pr or ".repeat(50));
        let error = long.parse::<Filter>().unwrap_err();
        let caret = error.caret(&long);
        let (line, mark) = caret.split_once('\n').unwrap();
        assert_eq!(line.chars().nth(mark.len() - 1), Some('='));
        assert!(line.len() < 130);
    }
}

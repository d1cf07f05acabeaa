//! Why a filter or a sort key does not fit the schema.

use std::error::Error;
use std::fmt;

use scim_core::ScimType;
use scim_core::schema::UnknownAttribute;

use crate::ast::Literal;
use crate::caret::Caret;
use crate::parse::MAX_FOUND;
use crate::parse::attribute_offset;

/// A filter or sort key that is well formed but does not fit the schema: which attribute, and why.
///
/// `Display` is one line and names the attribute as the client wrote it. Who has the text of the filter says so with
/// [`in_text`](Self::in_text): then the byte offset is known, and `{:#}` adds two lines with the text and a caret under the
/// attribute.
///
/// ```
/// use scim_core::{SchemaSet, Tolerance};
/// use scim_filter::{Filter, check};
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().unwrap();
/// let text = "title pr and actve eq true";
/// let filter: Filter = text.parse()?;
/// let error = check(&filter, user, &mut Tolerance::rfc()).unwrap_err().in_text(text);
/// assert_eq!(error.offset(), Some(13));
/// assert_eq!(
///     format!("{error:#}").lines().collect::<Vec<_>>(),
///     [
///         "at byte 13: unknown attribute `actve` of resource type `User`; did you mean `active`?",
///         "title pr and actve eq true",
///         "             ^",
///     ]
/// );
/// # Ok::<(), scim_filter::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    // Behind a pointer, so that what succeeds does not pay for the size of what fails.
    fault: Box<Fault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    path: String,
    kind: FilterErrorKind,
    scim_type: ScimType,
    /// Which attribute of the filter it is, counted from 0 in the order of the text.
    ordinal: Option<usize>,
    place: Option<Place>,
}

/// Where the attribute stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    offset: usize,
    /// Not shown where the text may hold a secret.
    caret: Option<Caret>,
}

/// Why an attribute cannot be used this way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FilterErrorKind {
    Unknown(UnknownAttribute),
    UnknownSub { attribute: String, suggestion: Option<String> },
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

impl FilterError {
    pub(crate) fn new(path: &str, kind: FilterErrorKind) -> Self {
        let path = path.to_owned();
        Self { fault: Box::new(Fault { path, kind, scim_type: ScimType::InvalidFilter, ordinal: None, place: None }) }
    }

    pub(crate) fn with_scim_type(mut self, scim_type: ScimType) -> Self {
        self.fault.scim_type = scim_type;
        self
    }

    pub(crate) fn at_ordinal(mut self, ordinal: usize) -> Self {
        self.fault.ordinal = self.fault.ordinal.or(Some(ordinal));
        self
    }

    /// The same error, which now knows where in `text` it is. `text` is what the filter was parsed from; a text of which
    /// that is not so changes nothing.
    #[must_use]
    pub fn in_text(mut self, text: &str) -> Self {
        let offset = self.fault.ordinal.and_then(|ordinal| attribute_offset(text, ordinal));
        let offset = offset.filter(|offset| text.get(*offset..).is_some_and(|rest| rest.starts_with(&self.fault.path)));
        // What stands beside an attribute that nobody may read is likely its value.
        let secret = matches!(self.fault.kind, FilterErrorKind::NeverReturned);
        self.fault.place = offset.map(|offset| Place { offset, caret: (!secret).then(|| Caret::at(text, offset)) });
        self
    }

    /// Where the attribute stands: a UTF-8 byte offset from the start of the text. `None` until [`in_text`](Self::in_text)
    /// gave the text.
    pub fn offset(&self) -> Option<usize> {
        self.fault.place.as_ref().map(|place| place.offset)
    }

    /// The attribute as the client wrote it.
    pub fn path(&self) -> &str {
        &self.fault.path
    }

    /// Whether the schema has no such attribute, as opposed to one that cannot be used this way.
    pub fn is_unknown_attribute(&self) -> bool {
        matches!(self.fault.kind, FilterErrorKind::Unknown(_) | FilterErrorKind::UnknownSub { .. })
    }

    /// [`ScimType::InvalidFilter`]; for a sort key [`ScimType::InvalidPath`].
    pub fn scim_type(&self) -> ScimType {
        self.fault.scim_type
    }
}

impl Error for FilterError {}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.fault.place {
            write!(f, "at byte {}: ", place.offset)?;
        }
        self.fmt_kind(f)?;
        match self.fault.place.as_ref().and_then(|place| place.caret.as_ref()) {
            Some(caret) if f.alternate() => write!(f, "\n{caret}"),
            _ => Ok(()),
        }
    }
}

impl FilterError {
    fn fmt_kind(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.fault.path;
        match &self.fault.kind {
            FilterErrorKind::Unknown(unknown) => write!(f, "{unknown}"),
            FilterErrorKind::UnknownSub { attribute, suggestion } => {
                write!(f, "unknown sub-attribute `{path}` of `{attribute}`")?;
                match suggestion {
                    Some(name) => write!(f, "; did you mean `{name}`?"),
                    None => Ok(()),
                }
            }
            FilterErrorKind::NeverReturned => {
                write!(f, "attribute `{path}` is never returned, so it cannot be asked about")
            }
            FilterErrorKind::Complex => write!(f, "attribute `{path}` is complex: name one of its sub-attributes"),
            FilterErrorKind::Extension => write!(f, "`{path}` is an extension as a whole: only `pr` applies to it"),
            FilterErrorKind::SortByExtension => {
                write!(f, "`{path}` is an extension as a whole: name an attribute of it")
            }
            FilterErrorKind::BracketsOnSimple => {
                write!(f, "attribute `{path}` has one simple value, so brackets do not apply to it")
            }
            FilterErrorKind::Operator { operator, kind } => {
                write!(f, "operator `{operator}` does not apply to attribute `{path}` of type {kind}")
            }
            FilterErrorKind::NullOperator { operator } => {
                write!(f, "operator `{operator}` does not apply to null: attribute `{path}` takes `eq` or `ne` with it")
            }
            FilterErrorKind::LiteralType { expected, found } => {
                let found: String = found.to_string().chars().take(MAX_FOUND).collect();
                write!(f, "attribute `{path}` compares with {expected}, not with `{found}`")
            }
            FilterErrorKind::TooDeep { limit } => write!(f, "filter around `{path}` is nested more than {limit} deep"),
        }
    }
}

#[cfg(test)]
mod tests {
    use scim_core::{SchemaSet, Tolerance};

    use super::*;
    use crate::check;
    use crate::{FilterLimits, parse_with};

    fn refused(text: &str) -> FilterError {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let mut tolerance = Tolerance::compatible();
        let filter = parse_with(text, &FilterLimits::default(), &mut tolerance).unwrap();
        check(&filter, user, &mut tolerance).unwrap_err()
    }

    #[test]
    fn the_place_is_that_of_the_attribute_however_deep_it_stands() {
        for text in [
            "nope pr",
            "title pr and nope pr",
            "title eq \"nope\" or not (userName pr and (active eq true and nope eq 1))",
            "emails[type pr and nope pr] or title pr",
            "emails[type pr] and (emails[value eq \"x]\" or nope pr])",
            "emails[type eq \"work\"].nope pr",
            "é.x pr or nope pr".strip_prefix("é.x pr or ").unwrap(),
        ] {
            let error = refused(text).in_text(text);
            let offset = error.offset().unwrap();
            assert!(
                text.split_at(offset).1.starts_with("nope ") && !text.split_at(offset).0.ends_with('"'),
                "{text} {offset}"
            );
            assert_eq!(format!("{error:#}").lines().count(), 3);
            assert_eq!(error.to_string().lines().count(), 1);
        }
    }

    #[test]
    fn another_text_gives_no_place() {
        let error = refused("title pr and nope pr");
        for other in ["", "title pr", "nope pr", "title pr and userName pr", "(("] {
            assert_eq!(error.clone().in_text(other), error, "{other}");
        }
    }

    #[test]
    fn r096_the_text_around_a_secret_is_not_repeated() {
        let text = "title pr and password eq \"hunter2\"";
        let error = refused(text).in_text(text);
        assert_eq!(error.offset(), Some(13));
        assert!(!format!("{error:#}").contains("hunter2"));
    }

    #[test]
    fn a_sub_attribute_one_edit_away_is_suggested() {
        assert!(refused("emails[vale pr]").to_string().ends_with("of `emails`; did you mean `value`?"));
    }
}

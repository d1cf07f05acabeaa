//! The entry points, and what the levels of the grammar share.

use std::str::FromStr;

use scim_core::{Profile, Quirk, Tolerance};

use super::failure::finish;
use super::state::Grammar;
use super::term::{Scope, spaces};
use crate::ast::Filter;
use crate::limits::FilterLimits;
use crate::parse::error::{ParseError, Reason};

impl Grammar<'_> {
    fn filter(mut self, text: &str) -> Result<Filter, ParseError> {
        if text.len() > self.limits.text {
            return Err(ParseError::new(text, self.limits.text, Reason::TooLong(self.limits.text), true));
        }
        let parsed = self.expression(text, Scope::Resource).map(|(rest, filter)| (spaces(rest), filter));
        finish(text, parsed).map_err(|failure| ParseError::new(text, text.len() - failure.left, failure.reason, true))
    }
}

/// Parses a filter by the letter of RFC 7644 section 3.4.2.2.
///
/// Time is linear in the length of the text, and the stack is bounded by [`FilterLimits::depth`].
///
/// # Errors
///
/// [`ParseError`] with the byte offset, what was found and what was expected.
///
/// # Examples
///
/// ```
/// use scim_filter::{FilterLimits, parse};
///
/// let filter = parse(r#"emails[type eq "work" and value co "@example.com"]"#, &FilterLimits::default())?;
/// assert_eq!(filter.to_string(), r#"emails[type eq "work" and value co "@example.com"]"#);
/// # Ok::<(), scim_filter::ParseError>(())
/// ```
pub fn parse(text: &str, limits: &FilterLimits) -> Result<Filter, ParseError> {
    Grammar::strict(limits).filter(text)
}

/// Parses a filter, with what `tolerance` allows beyond the RFC:
/// [`Quirk::ValuePathSubAttribute`] (R087), [`Quirk::UppercaseLiteral`] (R061) and [`Quirk::UnquotedString`].
///
/// # Errors
///
/// [`ParseError`] as for [`parse`].
///
/// # Examples
///
/// ```
/// use scim_core::{Quirk, Tolerance};
/// use scim_filter::{FilterLimits, parse_with};
///
/// let mut tolerance = Tolerance::compatible();
/// let text = r#"emails[type eq "work"].value eq "x""#;
/// let filter = parse_with(text, &FilterLimits::default(), &mut tolerance)?;
/// assert_eq!(filter.to_string(), r#"emails[type eq "work" and value eq "x"]"#);
/// assert!(tolerance.used().contains(Quirk::ValuePathSubAttribute));
/// # Ok::<(), scim_filter::ParseError>(())
/// ```
pub fn parse_with(text: &str, limits: &FilterLimits, tolerance: &mut Tolerance) -> Result<Filter, ParseError> {
    Grammar::lenient(limits, tolerance).filter(text)
}

/// The byte offset of an attribute in the text of a filter, counted from 0 in the order of the text; for a text that has
/// been parsed before.
pub(crate) fn attribute_offset(text: &str, ordinal: usize) -> Option<usize> {
    let limits = FilterLimits { text: usize::MAX, depth: usize::MAX, comparisons: usize::MAX };
    let profile = Profile::compatible().with(Quirk::UppercaseLiteral);
    let mut tolerance = Tolerance::new(&profile);
    let mut grammar = Grammar::noting_attributes(&limits, &mut tolerance);
    grammar.expression(text, Scope::Resource).ok()?;
    text.len().checked_sub(grammar.noted_attribute(ordinal)?)
}

/// Strict, with the default [`FilterLimits`].
impl FromStr for Filter {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text, &FilterLimits::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(text: &str) -> usize {
        text.parse::<Filter>().unwrap_err().offset()
    }

    fn printed(text: &str) -> String {
        text.parse::<Filter>().unwrap().to_string()
    }

    #[test]
    fn r091_spaces_are_free_only_next_to_parentheses_and_brackets() {
        assert_eq!(printed("  userName   eq   \"a\"  "), "userName eq \"a\"");
        assert_eq!(printed("( a pr )and( b pr )or not( c pr )"), "a pr and b pr or not (c pr)");
        assert_eq!(printed("emails [ type eq\"work\" ]and a pr"), "emails[type eq \"work\"] and a pr");
        assert_eq!(offset("userName eq\"a\"and title pr"), 14);
        assert_eq!(offset("a\tpr"), 1);
        assert_eq!(offset("a pr\n"), 2);
    }

    #[test]
    fn offsets_point_at_the_first_thing_that_is_wrong() {
        for (text, at) in [
            ("", 0),
            ("   ", 3),
            ("userName", 8),
            ("userName eq", 11),
            ("userName eq ", 12),
            ("a pr and", 8),
            ("a pr b pr", 5),
            ("(a pr", 5),
            ("a pr)", 4),
            ("a pr]", 4),
            ("a eq \"x", 7),
            ("a eq \"\\ud83d\"", 12),
            ("a eq 01", 5),
            ("a.b.c pr", 3),
            ("not title pr", 4),
            ("emails[a[b pr]]", 8),
            ("emails[type.x pr]", 11),
            ("emails[]", 7),
            ("emails[type pr].value pr", 15),
            ("é pr", 0),
        ] {
            assert_eq!(offset(text), at, "{text}");
        }
    }

    #[test]
    fn not_and_or_may_name_attributes() {
        assert_eq!(printed("not pr"), "not pr");
        assert_eq!(printed("and eq 1 or or pr"), "and eq 1 or or pr");
        assert_eq!(printed("not pr and not (not pr)"), "not pr and not (not pr)");
    }

    #[test]
    fn quirks_are_off_unless_the_profile_has_them() {
        let with = |text: &str, profile: &Profile| {
            let mut tolerance = Tolerance::new(profile);
            let parsed = parse_with(text, &FilterLimits::default(), &mut tolerance);
            parsed.map(|filter| (filter.to_string(), tolerance.used()))
        };
        let path = "emails[type eq \"work\" and primary eq true].value pr";
        assert!(with(path, &Profile::rfc()).is_err());
        let (filter, used) = with(path, &Profile::compatible()).unwrap();
        assert_eq!(filter, "emails[type eq \"work\" and primary eq true and value pr]");
        assert_eq!(used.iter().collect::<Vec<_>>(), [Quirk::ValuePathSubAttribute]);
        assert!(with("active eq TRUE", &Profile::compatible()).is_err());
        let (filter, used) = with("active eq TRUE", &Profile::rfc().with(Quirk::UppercaseLiteral)).unwrap();
        assert_eq!(filter, "active eq true");
        assert!(used.contains(Quirk::UppercaseLiteral));
    }
}

//! PATCH paths (RFC 7644 figure 7): `attrPath / valuePath [subAttr]`.

use scim_core::{AttrName, AttrPath, Tolerance};

use super::failure::finish;
use super::failure::{Parsed, fail};
use super::state::Grammar;
use super::term::{Scope, path, word};
use crate::ast::Filter;
use crate::limits::FilterLimits;
use crate::parse::error::{ParseError, Reason};

/// The `path` of a PATCH operation (RFC 7644 figure 7).
///
/// ```
/// use scim_filter::{FilterLimits, parse_path};
///
/// let path = parse_path(r#"addresses[type eq "work"].postalCode"#, &FilterLimits::default())?;
/// assert_eq!(path.attribute.as_str(), "addresses");
/// assert_eq!(path.filter.as_ref().map(ToString::to_string).as_deref(), Some(r#"type eq "work""#));
/// assert_eq!(path.sub.as_ref().map(|sub| sub.as_str()), Some("postalCode"));
///
/// let path = parse_path("name.familyName", &FilterLimits::default())?;
/// assert_eq!(path.attribute.sub(), Some("familyName"));
/// # Ok::<(), scim_filter::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchPath {
    /// The attribute; without brackets it may carry a sub-attribute of its own (`name.familyName`).
    pub attribute: AttrPath,
    /// The filter in brackets that selects elements of the attribute.
    pub filter: Option<Filter>,
    /// The sub-attribute after the brackets. `None` when there are no brackets.
    pub sub: Option<AttrName>,
}

/// Parses a PATCH path.
///
/// # Errors
///
/// [`ParseError`] with the byte offset. [`ParseError::is_in_filter`] tells a bad filter in brackets from a bad path.
pub fn parse_path(text: &str, limits: &FilterLimits) -> Result<PatchPath, ParseError> {
    with_grammar(text, limits, Grammar::strict(limits))
}

/// Parses a PATCH path, with what `tolerance` allows in the filter beyond the RFC, as [`parse_with`](crate::parse_with) does.
///
/// # Errors
///
/// As [`parse_path`].
pub fn parse_path_with(text: &str, limits: &FilterLimits, tolerance: &mut Tolerance) -> Result<PatchPath, ParseError> {
    with_grammar(text, limits, Grammar::lenient(limits, tolerance))
}

fn with_grammar(text: &str, limits: &FilterLimits, mut grammar: Grammar<'_>) -> Result<PatchPath, ParseError> {
    if text.len() > limits.text {
        return Err(ParseError::new(text, limits.text, Reason::TooLong(limits.text), false));
    }
    finish(text, patch_path(&mut grammar, text)).map_err(|failure| {
        let offset = text.len() - failure.left;
        // `emails[0]` and an unclosed bracket are no value paths at all; `emails[type zz 1]` holds a bad filter (R139).
        let body = text.find('[').map_or(text.len(), |open| open + 1);
        let body = text.get(body..).map_or(body, |rest| text.len() - rest.trim_start_matches(' ').len());
        let limit = !matches!(failure.reason, Reason::Expected(_));
        let in_filter = failure.in_brackets && (limit || (offset > body && offset < text.len()));
        ParseError::new(text, offset, failure.reason, in_filter)
    })
}

fn patch_path<'a>(grammar: &mut Grammar<'_>, input: &'a str) -> Parsed<'a, PatchPath> {
    let (rest, name) = word(input)?;
    if name.is_empty() {
        return fail(input, "an attribute");
    }
    let attribute = path(input, name, Scope::Resource)?;
    if !rest.starts_with('[') {
        return Ok((rest, PatchPath { attribute, filter: None, sub: None }));
    }
    let (rest, filter) = grammar.brackets(rest)?;
    let Some(after) = rest.strip_prefix('.') else {
        return Ok((rest, PatchPath { attribute, filter: Some(filter), sub: None }));
    };
    let (rest, sub) = word(after)?;
    match sub.parse() {
        Ok(sub) => Ok((rest, PatchPath { attribute, filter: Some(filter), sub: Some(sub) })),
        Err(_) => fail(after, "one sub-attribute name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PatchPath, ParseError> {
        parse_path(text, &FilterLimits::default())
    }

    #[test]
    fn r138_each_form_of_a_path_prints_as_it_was_read() {
        let ent = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        for text in [
            "members",
            "name.familyName",
            "addresses[type eq \"work\"]",
            "members[value eq \"x\"].display",
            ent,
            &format!("{ent}:manager.value"),
            "urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq \"work\"].value",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn r139_a_bad_bracket_filter_is_told_from_a_bad_path() {
        for text in [
            "",
            "emails[0]",
            "emails[*]",
            "emails[]",
            "/name",
            "$.name",
            "*",
            "name..x",
            "emails.",
            "a and b",
            "a pr",
            "emails[type eq \"work\"",
            "emails[type eq \"work\"].a.b",
            "emails[type eq \"work\"]value",
            "emails[type eq \"work\"] ",
            " members",
            "emails[type eq \"work",
            "emails[type pr].value[type pr]",
        ] {
            let error = parse(text).expect_err(text);
            assert!(!error.is_in_filter(), "{text}: {error}");
        }
        for text in
            ["emails[type zz 1]", "emails[type]", "emails[type eq work]", "emails[type pr and 0 pr]", "emails[a[b pr]]"]
        {
            let error = parse(text).expect_err(text);
            assert!(error.is_in_filter(), "{text}: {error}");
        }
    }
}

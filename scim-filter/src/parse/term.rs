//! Terms: everything between `and` and `or` (RFC 7644 figure 1: `attrExp`, `valuePath`, groups and `not`).

use nom::character::complete::char;
use scim_core::{AttrName, AttrPath, AttrPathError, Quirk};

use super::failure::{Failure, Parsed, fail, or_fail, stop};
use super::state::Grammar;
use crate::ast::{Comparison, Filter, Operator};
use crate::parse::error::Reason;

const TERM: &str = "an attribute, `not` or `(`";
const OPERATOR: &str = "an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr)";

/// Where a term stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// In the filter of a resource.
    Resource,
    /// In the brackets of a value path, where only plain sub-attribute names make sense (R085).
    Element,
}

/// Everything up to the next delimiter; may be empty.
#[inline]
pub(super) fn word(input: &str) -> Parsed<'_, &str> {
    take_till_byte(input, |byte| matches!(byte, b' ' | b'(' | b')' | b'[' | b']' | b'"'))
}

/// nom's `take_till` for a condition that only ASCII fulfils, so that no character needs decoding.
#[inline]
pub(super) fn take_till_byte(input: &str, stop: impl Fn(u8) -> bool) -> Parsed<'_, &str> {
    let end = input.bytes().position(stop).unwrap_or(input.len());
    match input.split_at_checked(end) {
        Some((taken, rest)) => Ok((rest, taken)),
        // INVARIANT: an ASCII byte is a character boundary.
        None => fail(input, "ASCII"),
    }
}

/// Skips spaces. Only U+0020 separates tokens (R091).
pub(super) fn spaces(input: &str) -> &str {
    match input.strip_prefix(' ') {
        None => input,
        // One space is by far the usual case.
        Some(rest) if !rest.starts_with(' ') => rest,
        Some(rest) => rest.trim_start_matches(' '),
    }
}

impl Grammar<'_> {
    /// One term, with the spaces before it.
    pub(super) fn term<'a>(&mut self, input: &'a str, scope: Scope) -> Parsed<'a, Filter> {
        let input = spaces(input);
        if input.starts_with('(') {
            return self.group(input, scope);
        }
        let (rest, name) = word(input)?;
        if name.is_empty() {
            return fail(input, TERM);
        }
        let next = spaces(rest);
        if name.eq_ignore_ascii_case("not") {
            if next.starts_with('(') {
                let (rest, inner) = self.group(next, scope)?;
                return Ok((rest, Filter::Not(Box::new(inner))));
            }
            // `not` may also be an attribute; it is one when an operator or a bracket follows.
            let (_, operator) = word(next)?;
            let operator = Operator::from_word(operator).is_some() || operator.eq_ignore_ascii_case("pr");
            if !operator && !next.starts_with('[') {
                return fail(next, "`(` after `not`");
            }
        }
        self.note_attribute(input);
        let path = path(input, name, scope)?;
        if next.starts_with('[') {
            return match scope {
                Scope::Resource => self.value_path(next, path),
                Scope::Element => fail(next, "an operator: brackets do not nest"),
            };
        }
        self.test(rest, path)
    }

    /// `( filter )`.
    fn group<'a>(&mut self, input: &'a str, scope: Scope) -> Parsed<'a, Filter> {
        let (rest, filter) = self.nested(input, '(', scope)?;
        let (rest, _) = or_fail(char(')'), "`and`, `or` or `)`")(rest)?;
        Ok((rest, filter))
    }

    /// `[ filter ]`, the body of a value path; errors inside are marked so.
    pub(super) fn brackets<'a>(&mut self, input: &'a str) -> Parsed<'a, Filter> {
        let mark = |error: nom::Err<Failure>| error.map(|failure| Failure { in_brackets: true, ..failure });
        let (rest, filter) = self.nested(input, '[', Scope::Element).map_err(mark)?;
        let (rest, _) = or_fail(char(']'), "`and`, `or` or `]`")(rest).map_err(mark)?;
        Ok((rest, filter))
    }

    /// One level of nesting: the opening character, and the expression up to where it should be closed.
    fn nested<'a>(&mut self, input: &'a str, open: char, scope: Scope) -> Parsed<'a, Filter> {
        let limit = self.max_depth();
        if self.depth >= limit {
            return stop(input, Reason::TooDeep(limit));
        }
        let (rest, _) = char(open)(input)?;
        self.depth += 1;
        let (rest, filter) = self.expression(rest, scope)?;
        self.depth -= 1;
        Ok((spaces(rest), filter))
    }

    /// `attrPath [ filter ]`, and by quirk a sub-attribute test after the brackets (R087).
    fn value_path<'a>(&mut self, input: &'a str, path: AttrPath) -> Parsed<'a, Filter> {
        let (rest, filter) = self.brackets(input)?;
        let Some(after) = rest.strip_prefix('.') else {
            return Ok((rest, Filter::ValuePath { path, filter: Box::new(filter) }));
        };
        if !self.take(Quirk::ValuePathSubAttribute) {
            return fail(rest, "`and`, `or` or the end, for a sub-attribute cannot follow `]` in a filter");
        }
        let (rest, sub) = word(after)?;
        let Ok(sub) = sub.parse::<AttrName>() else { return fail(after, "a sub-attribute name") };
        self.note_attribute(after);
        let (rest, test) = self.test(rest, AttrPath::from_name(&sub))?;
        let filter = match filter {
            Filter::And(mut terms) => {
                terms.push(test);
                Filter::And(terms)
            }
            other => Filter::And(vec![other, test]),
        };
        Ok((rest, Filter::ValuePath { path, filter: Box::new(filter) }))
    }

    /// What follows the attribute: an operator and its value, or `pr`.
    fn test<'a>(&mut self, input: &'a str, path: AttrPath) -> Parsed<'a, Filter> {
        let at = spaces(input);
        let (rest, operator) = word(at)?;
        if at.len() == input.len() || operator.is_empty() {
            return fail(at, OPERATOR);
        }
        if self.comparisons >= self.limits.comparisons {
            return stop(at, Reason::TooManyComparisons(self.limits.comparisons));
        }
        self.comparisons += 1;
        match Operator::from_word(operator) {
            Some(operator) => {
                let (rest, value) = self.literal(spaces(rest))?;
                Ok((rest, Filter::Compare(Comparison { path, operator, value })))
            }
            None if operator.eq_ignore_ascii_case("pr") => Ok((rest, Filter::Present(path))),
            None => fail(at, OPERATOR),
        }
    }
}

/// Reads an attribute path; `at` is the text from its start, `name` its whole word.
pub(super) fn path(at: &str, name: &str, scope: Scope) -> Result<AttrPath, nom::Err<Failure>> {
    let refuse = |offset: usize, expected| {
        let rest = at.get(offset..).unwrap_or_default();
        nom::Err::Failure(Failure::expected(rest, expected))
    };
    let path: AttrPath = name.parse().map_err(|error: AttrPathError| refuse(error.offset, error.expected))?;
    if scope == Scope::Element && (path.sub().is_some() || path.uri().is_some()) {
        let offset = name.find(['.', ':']).unwrap_or_default();
        return Err(refuse(offset, "an operator, for inside brackets a sub-attribute stands alone"));
    }
    Ok(path)
}

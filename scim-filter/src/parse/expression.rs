//! The expression level: `and` binds tighter than `or` (R062), and chains are flat (R063).

use super::failure::{Parsed, fail};
use super::state::Grammar;
use super::term::{Scope, spaces, word};
use crate::ast::Filter;

impl Grammar<'_> {
    /// Terms joined by `and` and `or`. Stops before `)` or `]` and at the end, leaving the spaces there.
    ///
    /// This is precedence climbing with its two levels laid open: the terms of the current `and` chain and the finished
    /// operands of the `or` chain. A single term allocates neither list, and only parentheses recurse.
    pub(super) fn expression<'a>(&mut self, input: &'a str, scope: Scope) -> Parsed<'a, Filter> {
        let (mut rest, mut term) = self.term(input, scope)?;
        let mut conjunction = Vec::new();
        let mut disjunction = Vec::new();
        while let (after, Some(connective)) = self.connective(input, rest)? {
            match connective {
                Connective::And => conjunction.push(term),
                Connective::Or => disjunction.push(chain(&mut conjunction, term, Filter::And)),
            }
            (rest, term) = self.term(after, scope)?;
        }
        let last = chain(&mut conjunction, term, Filter::And);
        Ok((rest, chain(&mut disjunction, last, Filter::Or)))
    }

    /// The word after a term, if the expression goes on. `input` is where the expression began, `rest` where the term ended.
    fn connective<'a>(&self, input: &str, rest: &'a str) -> Parsed<'a, Option<Connective>> {
        let at = spaces(rest);
        if at.is_empty() || at.starts_with([')', ']']) {
            return Ok((rest, None));
        }
        // A space may be left out only next to a parenthesis or bracket (R091).
        let end = input.len() - rest.len();
        let closed = input.as_bytes().get(end.wrapping_sub(1)).is_some_and(|byte| matches!(byte, b')' | b']'));
        let expected = if self.depth == 0 { "`and`, `or` or the end" } else { "`and`, `or` or the closing bracket" };
        if at.len() == rest.len() && !closed {
            return fail(at, expected);
        }
        match word(at)? {
            (after, word) if word.eq_ignore_ascii_case("and") => Ok((after, Some(Connective::And))),
            (after, word) if word.eq_ignore_ascii_case("or") => Ok((after, Some(Connective::Or))),
            _ => fail(at, expected),
        }
    }
}

/// Ends a chain with its last term; a chain of one is that term.
fn chain(terms: &mut Vec<Filter>, last: Filter, join: fn(Vec<Filter>) -> Filter) -> Filter {
    if terms.is_empty() {
        return last;
    }
    terms.push(last);
    join(std::mem::take(terms))
}

enum Connective {
    And,
    Or,
}

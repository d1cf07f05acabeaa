//! How the parsers report where they stopped.

use nom::error::{ErrorKind, ParseError as NomError};
use nom::{Err, IResult, Parser};

use crate::parse::error::Reason;

/// Where and why a parser stopped. Small and without allocation: the words for people are found once, at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Bytes of the text from the place to the end; known to any parser without knowing the whole text.
    pub(super) left: usize,
    pub(super) reason: Reason,
    /// Whether it happened inside brackets.
    pub(super) in_brackets: bool,
}

/// What a parser over text returns.
pub(super) type Parsed<'a, O> = IResult<&'a str, O, Failure>;

impl NomError<&str> for Failure {
    fn from_error_kind(input: &str, _: ErrorKind) -> Self {
        Self::expected(input, "a filter")
    }

    fn append(_: &str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl Failure {
    pub(super) fn expected(at: &str, expected: &'static str) -> Self {
        Self { left: at.len(), reason: Reason::Expected(expected), in_brackets: false }
    }
}

/// Gives up: `expected` should stand at the start of `at`.
#[cold]
pub(super) fn fail<'a, O>(at: &str, expected: &'static str) -> Parsed<'a, O> {
    Err(Err::Failure(Failure::expected(at, expected)))
}

/// Gives up because a limit is reached at the start of `at`.
pub(super) fn stop<'a, O>(at: &str, reason: Reason) -> Parsed<'a, O> {
    Err(Err::Failure(Failure { left: at.len(), reason, in_brackets: false }))
}

/// `parser`, or else giving up with `expected` where the parser began.
pub(super) fn or_fail<'a, P>(mut parser: P, expected: &'static str) -> impl FnMut(&'a str) -> Parsed<'a, P::Output>
where
    P: Parser<&'a str, Error = Failure>,
{
    move |input| match parser.parse(input) {
        Err(Err::Error(_) | Err::Incomplete(_)) => fail(input, expected),
        done => done,
    }
}

/// The result of parsing the whole of `text`, which must leave nothing behind.
pub(super) fn finish<'a, O>(text: &'a str, parsed: Parsed<'a, O>) -> Result<O, Failure> {
    let complete =
        parsed.and_then(
            |(rest, output)| {
                if rest.is_empty() { Ok(output) } else { fail(rest, "the end").map(|(_, output)| output) }
            },
        );
    complete.map_err(|error| match error {
        nom::Err::Error(failure) | nom::Err::Failure(failure) => failure,
        // The parsers are nom's complete ones, which never ask for more input.
        nom::Err::Incomplete(_) => Failure::expected(text, "a filter"),
    })
}

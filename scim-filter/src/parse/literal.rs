//! Comparison values: the JSON literals, exactly as JSON has them (R061, R070, R071), and by quirk strings without quotes.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while_m_n};
use nom::character::complete::{char, digit1, one_of};
use nom::combinator::{eof, map_opt, opt, peek, recognize, value, verify};
use nom::sequence::{preceded, terminated};
use scim_core::Quirk;
use serde_json::Number;

use super::failure::{Parsed, fail, or_fail};
use super::state::Grammar;
use super::term::{take_till_byte, word};
use crate::ast::{Literal, Operator};

const ESCAPE: &str = "a JSON escape, such as `\\\"`, `\\\\` or `\\u00e9`";
const LITERAL: &str = "a JSON string, number, `true`, `false` or `null`";

impl Grammar<'_> {
    /// `compValue` of RFC 7644 figure 1.
    pub(super) fn literal<'a>(&mut self, input: &'a str) -> Parsed<'a, Literal> {
        match input.as_bytes().first() {
            Some(b'"') => string(input).map(|(rest, text)| (rest, Literal::String(text))),
            Some(b'-' | b'0'..=b'9') => match (number(input), self.unquoted(input)?) {
                (Err(nom::Err::Error(_)), (rest, Some(text))) => Ok((rest, Literal::String(text))),
                _ => or_fail(number, "a JSON number").map(Literal::Number).parse(input),
            },
            _ => {
                let (rest, word) = word(input)?;
                let words = [("true", Literal::Bool(true)), ("false", Literal::Bool(false)), ("null", Literal::Null)];
                let Some((lower, literal)) = words.into_iter().find(|(lower, _)| lower.eq_ignore_ascii_case(word))
                else {
                    return match self.unquoted(input)? {
                        (rest, Some(text)) => Ok((rest, Literal::String(text))),
                        _ => fail(input, LITERAL),
                    };
                };
                if lower == word || self.take(Quirk::UppercaseLiteral) {
                    Ok((rest, literal))
                } else {
                    fail(input, "`true`, `false` and `null` in lower case")
                }
            }
        }
    }

    /// A string without quotes, where the profile takes it and it is nothing else.
    fn unquoted<'a>(&mut self, input: &'a str) -> Parsed<'a, Option<String>> {
        let (rest, word) = word(input)?;
        let taken = is_unquoted_string(word) && self.take(Quirk::UnquotedString);
        Ok((rest, taken.then(|| word.to_owned())))
    }
}

/// Whether a word can be nothing but a string whose quotes were forgotten. What is a word of the language, is made of the
/// characters of numbers alone, or has characters that are rather a mistake (`'bjensen'`, `"`, `=`), stays an error.
fn is_unquoted_string(word: &str) -> bool {
    const RESERVED: [&str; 7] = ["and", "or", "not", "pr", "true", "false", "null"];
    let inside = |c: char| c.is_alphanumeric() || "._-+@:/#~'".contains(c);
    let of_numbers = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    word.starts_with(char::is_alphanumeric)
        && word.ends_with(char::is_alphanumeric)
        && word.chars().all(inside)
        && !word.chars().all(of_numbers)
        && !RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
        && Operator::from_word(word).is_none()
}

/// A JSON number (RFC 8259 section 6): no leading zero or plus sign, digits on both sides of the point.
fn number(input: &str) -> Parsed<'_, Number> {
    // Not `digit0`: at the end of a text nom 8.0.0 gives it a rest that starts at the wrong place for `recognize`.
    let digits = take_while(|c: char| c.is_ascii_digit());
    let whole = alt((tag("0"), recognize((one_of("123456789"), digits))));
    let fraction = opt((char('.'), digit1));
    let exponent = opt((one_of("eE"), opt(one_of("+-")), digit1));
    let token = terminated(recognize((opt(char('-')), whole, fraction, exponent)), peek(boundary));
    map_opt(token, to_number).parse(input)
}

/// Whole numbers within 64 bits stay exact, everything else is the nearest double; what no double can hold is refused.
/// The standard library's conversion is the correctly rounded one, so that a printed number reads back as itself.
fn to_number(token: &str) -> Option<Number> {
    if let Ok(whole) = token.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = token.parse::<u64>() {
        return Some(whole.into());
    }
    Number::from_f64(token.parse().ok()?)
}

/// The end of a token that is not a string.
fn boundary(input: &str) -> Parsed<'_, ()> {
    alt((value((), eof), value((), one_of(" )]")))).parse(input)
}

/// A JSON string (RFC 8259 section 7). A text without escapes is found in one pass and copied once.
fn string(input: &str) -> Parsed<'_, String> {
    let (input, _) = or_fail(char('"'), LITERAL)(input)?;
    let (mut rest, plain) = plain(input)?;
    let mut text = plain.to_owned();
    loop {
        match rest.as_bytes().first() {
            Some(b'"') => {
                let (rest, _) = char('"')(rest)?;
                return Ok((rest, text));
            }
            Some(b'\\') => {
                let (after, c) = escape(rest)?;
                text.push(c);
                let (after, run) = self::plain(after)?;
                text.push_str(run);
                rest = after;
            }
            Some(_) => return fail(rest, "an escape such as `\\n` in place of the control character"),
            None => return fail(rest, "the string's closing `\"`"),
        }
    }
}

/// Characters that stand for themselves.
fn plain(input: &str) -> Parsed<'_, &str> {
    take_till_byte(input, |byte| matches!(byte, b'"' | b'\\' | 0..b' '))
}

/// One escape sequence.
fn escape(input: &str) -> Parsed<'_, char> {
    let c = match input.as_bytes().get(1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return or_fail(preceded(tag("\\u"), code_point), ESCAPE).parse(input),
        _ => return fail(input, ESCAPE),
    };
    // INVARIANT: a backslash and one ASCII letter end at a character boundary.
    Ok((input.get(2..).unwrap_or_default(), c))
}

/// What follows `\u`: four hexadecimal digits, or the two halves of a surrogate pair.
fn code_point(input: &str) -> Parsed<'_, char> {
    let (rest, first) = code_unit(input)?;
    if !(0xd800..0xdc00).contains(&first) {
        // A low half on its own is no character, and `from_u32` knows.
        return match char::from_u32(first) {
            Some(c) => Ok((rest, c)),
            None => fail(input, "a code point: a surrogate comes in pairs"),
        };
    }
    let low = verify(code_unit, |unit| (0xdc00..0xe000).contains(unit));
    let (rest, second) = or_fail(preceded(tag("\\u"), low), "the second half of a surrogate pair")(rest)?;
    match char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)) {
        Some(c) => Ok((rest, c)),
        None => fail(input, "a code point"),
    }
}

fn code_unit(input: &str) -> Parsed<'_, u32> {
    map_opt(take_while_m_n(4, 4, |c: char| c.is_ascii_hexdigit()), |digits| u32::from_str_radix(digits, 16).ok())
        .parse(input)
}

#[cfg(test)]
mod tests {
    use scim_core::{Quirk, Tolerance};

    use crate::{Filter, FilterLimits, Literal, parse_with};

    fn literal(text: &str) -> Option<Literal> {
        match format!("a eq {text}").parse::<Filter>() {
            Ok(Filter::Compare(comparison)) => Some(comparison.value),
            _ => None,
        }
    }

    #[test]
    fn r070_strings_decode_as_json_does() {
        for text in
            [r#""""#, r#""a\"b\\c\/\b\f\n\r\t\u00e9\ud83d\ude00""#, r#""\u0000\uFFFF\uD7FF\ue000""#, r#""é😀 \\u0041""#]
        {
            let json: String = serde_json::from_str(text).unwrap();
            assert_eq!(literal(text), Some(Literal::String(json)), "{text}");
        }
        for text in [
            r#""\x""#,
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83d\u0041""#,
            r#""\ud83dx""#,
            r#""\u12""#,
            r#""\u+123""#,
            r#""\U0041""#,
            "\"\u{1}\"",
            "\"a\nb\"",
            "\"open",
            "\"open\\\"",
            "'single'",
        ] {
            assert!(serde_json::from_str::<String>(text).is_err(), "{text}");
            assert_eq!(literal(text), None, "{text}");
        }
    }

    #[test]
    fn r071_numbers_follow_json() {
        for text in
            ["0", "-0", "10", "-10", "1.5", "1.5e3", "-0.1E+2", "1E-2", "9007199254740993", "18446744073709551615"]
        {
            let json: serde_json::Number = serde_json::from_str(text).unwrap();
            let Some(Literal::Number(number)) = literal(text) else { panic!("{text}") };
            assert_eq!(number.as_f64(), json.as_f64(), "{text}");
        }
        assert_eq!(literal("9007199254740993"), Some(Literal::Number(9_007_199_254_740_993_i64.into())));
        for text in [
            "01",
            "-01",
            "+1",
            ".5",
            "1.",
            "-",
            "1e",
            "1e+",
            "0x1",
            "NaN",
            "Infinity",
            "-Infinity",
            "1_000",
            "1e400",
            "1a",
        ] {
            assert_eq!(literal(text), None, "{text}");
        }
    }

    #[test]
    fn r061_words_are_lower_case() {
        assert_eq!(literal("null"), Some(Literal::Null));
        assert_eq!(literal("true"), Some(Literal::Bool(true)));
        for text in ["TRUE", "False", "NULL", "nil", "truex", "User"] {
            assert_eq!(literal(text), None, "{text}");
        }
    }

    #[test]
    fn p11_a_string_without_quotes_is_nothing_else() {
        let taken = |text: &str| {
            let mut tolerance = Tolerance::compatible();
            let filter = parse_with(&format!("a eq {text}"), &FilterLimits::default(), &mut tolerance);
            match filter {
                Ok(Filter::Compare(comparison)) => {
                    Some((comparison.value, tolerance.used().contains(Quirk::UnquotedString)))
                }
                _ => None,
            }
        };
        for text in [
            "bjensen",
            "bjensen@example.com",
            "jim_x.com#EXT#@contoso.onmicrosoft.com",
            "o'brien",
            "é",
            "2819c223-7f76-453a-919d-413861904646",
            "2011-05-13T04:42:34Z",
            "nil",
            "andrea",
            "User",
        ] {
            assert_eq!(taken(text), Some((Literal::String(text.to_owned()), true)), "{text}");
            assert_eq!(literal(text), None, "{text}: the RFC has quotes");
        }
        for (text, literal) in
            [("true", Literal::Bool(true)), ("null", Literal::Null), ("7", Literal::Number(7.into()))]
        {
            assert_eq!(taken(text), Some((literal, false)), "{text}");
        }
        for text in [
            "",
            "True",
            "NULL",
            "and",
            "OR",
            "not",
            "pr",
            "eq",
            "Gt",
            "01",
            "1.",
            "+1",
            "1e",
            "1e400",
            "'bjensen'",
            "`b`",
            "b'",
            "a b",
            "a\"b",
            "b\"",
            "a=b",
            "a&&b",
            "a,b",
            "a;b",
            "a*",
            "(a",
            "a)",
            "a[b]",
            "a\\b",
            "{a}",
            "a%20b",
            "-a",
            "_a",
            "a and",
            "a\tb",
        ] {
            assert_eq!(taken(text), None, "{text}");
        }
    }
}

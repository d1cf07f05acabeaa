//! Finding values in compact JSON text: no tree is built, nothing is copied.
//!
//! The text is what `serde_json` writes: valid and without spaces. Of other text the functions find something or nothing; none
//! panics, and each looks at a byte once.

use std::borrow::Cow;
use std::io::{self, Write};

use memchr::memchr2;
use serde::Serialize;
use serde_json::Value;

/// The index after the value that begins at `start`.
pub(super) fn value_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    match bytes.get(start)? {
        b'"' => string_end(bytes, start),
        b'{' | b'[' => nested_end(bytes, start),
        _ => {
            let rest = bytes.get(start..)?;
            let length = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']')).unwrap_or(rest.len());
            let is_compact = !rest.iter().take(length).any(u8::is_ascii_whitespace);
            (length > 0 && is_compact).then_some(start + length)
        }
    }
}

/// The index after the string whose opening quote is at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        let rest = bytes.get(at..)?;
        let found = memchr2(b'"', b'\\', rest)?;
        if rest.get(found) == Some(&b'"') {
            return Some(at + found + 1);
        }
        at += found + 2;
    }
}

fn nested_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = string_end(bytes, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            // Not compact.
            b' ' | b'\n' | b'\r' | b'\t' => return None,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// The string that a JSON string between its quotes stands for.
pub(super) fn unescaped(inner: &str) -> Cow<'_, str> {
    if !inner.as_bytes().contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    Cow::Owned(plainly_unescaped(inner).unwrap_or_else(|| read(inner)))
}

/// The string of which no more than quotes and backslashes are escaped, such as an entity tag.
fn plainly_unescaped(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push_str(plain);
        text.push(escaped.chars().next().filter(|next| matches!(next, '"' | '\\' | '/'))?);
        rest = escaped.get(1..)?;
    }
    text.push_str(rest);
    Some(text)
}

#[cold]
fn read(inner: &str) -> String {
    serde_json::from_str(&format!("\"{inner}\"")).unwrap_or_default()
}

/// Writes a string with its quotes and escapes.
pub(crate) fn write_string(out: &mut String, text: &str) {
    // All bytes, many at once, because that is quicker than to stop at the first.
    let needs_escape = |byte: u8| u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\');
    if text.bytes().fold(0, |found, byte| found | needs_escape(byte)) != 0 {
        write_value(out, &text);
    } else {
        out.push('"');
        out.push_str(text);
        out.push('"');
    }
}

/// Writes a tree of values as compact JSON.
pub(super) fn write_tree(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_value(out, number),
        Value::String(text) => write_string(out, text),
        Value::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_tree(out, element);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(out, name);
                out.push(':');
                write_tree(out, value);
            }
            out.push('}');
        }
    }
}

/// Writes a value as compact JSON.
pub(crate) fn write_value(out: &mut String, value: &impl Serialize) {
    // What cannot be written is not JSON, such as a map whose keys are no strings; values always can.
    let _ = serde_json::to_writer(Text(out), value);
}

/// A text that is written to by bytes.
struct Text<'a>(&'a mut String);

impl Write for Text<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.push_str(str::from_utf8(bytes).map_err(io::Error::other)?);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The values of a JSON array.
#[derive(Clone, Debug)]
pub(super) struct Items<'a> {
    rest: &'a str,
}

impl<'a> Items<'a> {
    /// Of an array with its brackets.
    pub(super) fn of(array: &'a str) -> Self {
        Self { rest: array.get(1..).unwrap_or_default() }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.starts_with(']') {
            return None;
        }
        let (value, rest) = self.rest.split_at_checked(value_end(self.rest, 0)?)?;
        self.rest = rest.strip_prefix(',').unwrap_or(rest);
        Some(value)
    }
}

/// The members of a JSON object: names between their quotes, as they are written, and values.
#[derive(Clone, Debug)]
pub(super) struct Pairs<'a> {
    rest: &'a str,
}

impl<'a> Pairs<'a> {
    /// Of an object with its braces.
    pub(super) fn of(object: &'a str) -> Self {
        Self { rest: object.get(1..).unwrap_or_default() }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        if !self.rest.starts_with('"') {
            return None;
        }
        let (name, rest) = self.rest.split_at_checked(string_end(self.rest.as_bytes(), 0)?)?;
        let name = name.get(1..name.len() - 1)?;
        let rest = rest.strip_prefix(':')?;
        let (value, rest) = rest.split_at_checked(value_end(rest, 0)?)?;
        self.rest = rest.strip_prefix(',').unwrap_or(rest);
        Some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_where_the_next_begins() {
        for value in [r#""a""#, r#""a\"}""#, r#""\\""#, "12", "-1.5e3", "true", "null", r#"{"a":[1,{"b":"]"}]}"#, "[]"]
        {
            for after in ["", ",1", "]", "}"] {
                assert_eq!(value_end(&format!("{value}{after}"), 0), Some(value.len()), "{value}{after}");
            }
        }
        for broken in ["", "\"a", "\"a\\", "{\"a\":1", "[1,2", ",", "}", "1 ", "[1, 2]", "{\"a\": \"b c\"}", "[\n]"] {
            assert_eq!(value_end(broken, 0), None, "{broken}");
        }
    }

    #[test]
    fn arrays_and_objects_are_taken_apart() {
        assert_eq!(Items::of(r#"[1,"a,b",[2],{"c":3}]"#).collect::<Vec<_>>(), ["1", "\"a,b\"", "[2]", "{\"c\":3}"]);
        assert_eq!(Items::of("[]").count(), 0);
        let pairs: Vec<_> = Pairs::of(r#"{"a":1,"b\"":"x","c":{}}"#).collect();
        assert_eq!(pairs, [("a", "1"), (r#"b\""#, "\"x\""), ("c", "{}")]);
        for (written, text) in [
            (r#"b\"\u00e9"#, "b\"é"),
            (r#"W/\"3\""#, "W/\"3\""),
            (r"\\\/\n", "\\/\n"),
            (r#"é\"\\é"#, "é\"\\é"),
            (r"\", ""),
            (r"a\é", ""),
        ] {
            assert_eq!(unescaped(written), text, "{written}");
        }
        assert_eq!(Pairs::of("{}").count(), 0);
    }

    #[test]
    fn strings_are_written_as_serde_json_writes_them() {
        for text in ["", "plain", "qu\"ote", "back\\slash", "new\nline", "é\u{1f600}", "\u{7f}"] {
            let mut out = String::new();
            write_string(&mut out, text);
            assert_eq!(out, serde_json::to_string(text).unwrap());
        }
    }
}

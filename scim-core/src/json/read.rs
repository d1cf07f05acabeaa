//! Reading JSON strictly: one value, no duplicate member names, bounded depth, arrays and texts.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::scim_error::ScimType;

/// The text is not the JSON that was due.
///
/// Positions are lines and columns, both from 1. The message never repeats a value of the text, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body cannot be read as JSON: {problem}")]
pub struct JsonError {
    problem: String,
    scim_type: ScimType,
}

impl JsonError {
    /// `invalidSyntax`; for a number beyond what can be kept, `invalidValue` (R009).
    pub fn scim_type(&self) -> ScimType {
        self.scim_type
    }
}

/// How much JSON a text may hold. The size of the text as a whole is for the caller to limit.
///
/// ```
/// use scim_core::json::{JsonLimits, parse_json_with};
///
/// let limits = JsonLimits { array: 2, ..JsonLimits::default() };
/// assert!(parse_json_with(b"[1, 2]", &limits).is_ok());
/// assert!(parse_json_with(b"[1, 2, 3]", &limits).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonLimits {
    /// Deepest nesting of arrays and objects, in levels: `[[1]]` has two. 64; values above [`JsonLimits::MAX_DEPTH`] count
    /// as that.
    pub depth: usize,
    /// Most elements of one array. 20,000.
    pub array: usize,
    /// Longest text or member name, in bytes of UTF-8 after escapes are resolved. 1 MiB.
    pub string: usize,
}

impl JsonLimits {
    /// The nesting that no setting goes beyond, because depth costs stack.
    pub const MAX_DEPTH: usize = 127;
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self { depth: 64, array: 20_000, string: 1 << 20 }
    }
}

/// Reads one JSON text within the default [`JsonLimits`].
///
/// Member names that occur twice in an object are refused (R003).
///
/// # Errors
///
/// [`JsonError`] with the place and the problem.
///
/// ```
/// assert!(scim_core::parse_json(br#"{"userName": "a"}"#).is_ok());
/// assert!(scim_core::parse_json(br#"{"userName": "a", "userName": "b"}"#).is_err());
/// ```
pub fn parse_json(text: &[u8]) -> Result<Value, JsonError> {
    parse_json_with(text, &JsonLimits::default())
}

/// Reads one JSON text within the given limits (R246). What exceeds them costs no more than what does not.
///
/// # Errors
///
/// As [`parse_json`].
pub fn parse_json_with(text: &[u8], limits: &JsonLimits) -> Result<Value, JsonError> {
    if let Some(mark) = byte_order_mark(text) {
        let problem = format!("it begins with a byte order mark of {mark}, expected UTF-8 without one");
        return Err(JsonError { problem, scim_type: ScimType::InvalidSyntax });
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let strict = Strict { limits, depth: limits.depth.min(JsonLimits::MAX_DEPTH) };
    let value = strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| {
        let problem = error.to_string();
        let out_of_range = problem.starts_with("number out of range");
        JsonError { problem, scim_type: if out_of_range { ScimType::InvalidValue } else { ScimType::InvalidSyntax } }
    })
}

/// The encoding that a text begins by naming, which JSON does not do (RFC 8259 section 8.1).
fn byte_order_mark(text: &[u8]) -> Option<&'static str> {
    match text {
        [0xef, 0xbb, 0xbf, ..] => Some("UTF-8"),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        _ => None,
    }
}

/// Builds a [`Value`] and refuses duplicate member names, which `Value` itself would silently merge.
#[derive(Clone, Copy)]
struct Strict<'l> {
    limits: &'l JsonLimits,
    /// The levels that may still open.
    depth: usize,
}

impl Strict<'_> {
    fn text<E: Error>(self, text: String) -> Result<String, E> {
        let limit = self.limits.string;
        if text.len() > limit {
            return Err(E::custom(format_args!("a text is longer than the limit of {limit} bytes")));
        }
        Ok(text)
    }

    /// What reads the content of an array or object.
    fn inner<E: Error>(self) -> Result<Self, E> {
        let limit = self.limits.depth.min(JsonLimits::MAX_DEPTH);
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth, ..self }),
            None => Err(E::custom(format_args!("arrays and objects nest deeper than the limit of {limit} levels"))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.text(value.to_owned()).map(Value::String)
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        self.text(value).map(Value::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let limit = self.limits.array;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            if array.len() == limit {
                return Err(A::Error::custom(format_args!("an array has more than the limit of {limit} elements")));
            }
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let name = self.text(name)?;
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!("member `{name}` occurs twice in one object")));
            }
            let value = members.next_value_seed(inner)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_serde_json_reads_them() {
        let text = r#"{"a": [1, -2, 1.5, true, null, "x\u00e9"], "b": {"c": 9007199254740993}}"#;
        assert_eq!(parse_json(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn r184_ill_formed_text_is_invalid_syntax() {
        for bad in ["", "{", "{}x", "{\"a\":}", "[1,]"] {
            assert_eq!(parse_json(bad.as_bytes()).unwrap_err().scim_type(), ScimType::InvalidSyntax, "{bad}");
        }
        assert_eq!(parse_json(b"\"\xff\"").unwrap_err().scim_type(), ScimType::InvalidSyntax);
    }

    #[test]
    fn p14_a_byte_order_mark_is_named() {
        for (text, encoding) in [
            (&b"\xef\xbb\xbf{}"[..], "UTF-8"),
            (b"\xef\xbb\xbf", "UTF-8"),
            (b"\xff\xfe{\0}\0", "UTF-16"),
            (b"\xfe\xff\0{\0}", "UTF-16"),
            (b"\xff\xfe\0\0{\0\0\0", "UTF-32"),
            (b"\0\0\xfe\xff\0\0\0{", "UTF-32"),
        ] {
            let error = parse_json(text).unwrap_err();
            assert_eq!(error.scim_type(), ScimType::InvalidSyntax);
            assert!(error.to_string().contains(&format!("byte order mark of {encoding}")), "{error}");
        }
        assert!(parse_json("\"\u{feff}\"".as_bytes()).is_ok(), "within a text it is a character");
    }

    #[test]
    fn r003_a_repeated_member_is_refused() {
        let error = parse_json(br#"{"a": {"b": 1, "b": 2}}"#).unwrap_err();
        assert!(error.to_string().contains("member `b` occurs twice"), "{error}");
    }

    #[test]
    fn r009_a_number_out_of_range_is_an_invalid_value() {
        assert_eq!(parse_json(b"1e400").unwrap_err().scim_type(), ScimType::InvalidValue);
    }

    #[test]
    fn r246_each_limit_holds_at_its_value_and_not_beyond() {
        let limits = JsonLimits { depth: 3, array: 3, string: 3 };
        let read = |text: &str| parse_json_with(text.as_bytes(), &limits).map_err(|error| error.to_string());
        for good in ["[[[1]]]", r#"{"a": {"b": []}}"#, "[1, 2, 3]", r#"{"abc": "\u0041\u0042C"}"#, "\"a\u{e9}\"", "1"] {
            assert!(read(good).is_ok(), "{good}");
        }
        for (bad, limit) in [
            ("[[[[]]]]", "3 levels"),
            (r#"{"a": {"b": [{}]}}"#, "3 levels"),
            ("[1, 2, 3, 4]", "3 elements"),
            (r#"["abcd"]"#, "3 bytes"),
            (r#"{"abcd": 1}"#, "3 bytes"),
            ("\"ab\u{e9}\"", "3 bytes"),
        ] {
            let error = read(bad).unwrap_err();
            assert!(error.contains(limit), "{bad}: {error}");
        }
    }

    #[test]
    fn r246_no_setting_goes_beyond_what_the_stack_bears() {
        let limits = JsonLimits { depth: usize::MAX, ..JsonLimits::default() };
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse_json_with(nested(JsonLimits::MAX_DEPTH).as_bytes(), &limits).is_ok());
        assert!(parse_json_with(nested(JsonLimits::MAX_DEPTH + 1).as_bytes(), &limits).is_err());
    }

    #[test]
    fn r246_deep_nesting_is_refused_without_overflow() {
        let deep = "[".repeat(1_000_000);
        assert_eq!(parse_json(deep.as_bytes()).unwrap_err().scim_type(), ScimType::InvalidSyntax);
    }
}

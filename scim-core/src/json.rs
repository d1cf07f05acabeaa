//! Reading JSON strictly: one value, no duplicate member names, bounded depth.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::scim_error::ScimType;

/// The text is not the JSON that was due.
///
/// Positions are lines and columns, both from 1. The message never repeats a value of the text, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not valid JSON: {problem}")]
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

/// Reads one JSON text.
///
/// Member names that occur twice in an object are refused (R003), and so are arrays and objects nested deeper than 128
/// levels.
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
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| {
        let problem = error.to_string();
        let out_of_range = problem.starts_with("number out of range");
        JsonError { problem, scim_type: if out_of_range { ScimType::InvalidValue } else { ScimType::InvalidSyntax } }
    })
}

/// Builds a [`Value`] and refuses duplicate member names, which `Value` itself would silently merge.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
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

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(Self)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!("member `{name}` occurs twice in one object")));
            }
            let value = members.next_value_seed(Self)?;
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
    fn r003_a_repeated_member_is_refused() {
        let error = parse_json(br#"{"a": {"b": 1, "b": 2}}"#).unwrap_err();
        assert!(error.to_string().contains("member `b` occurs twice"), "{error}");
    }

    #[test]
    fn r009_a_number_out_of_range_is_an_invalid_value() {
        assert_eq!(parse_json(b"1e400").unwrap_err().scim_type(), ScimType::InvalidValue);
    }

    #[test]
    fn r246_deep_nesting_is_refused_without_overflow() {
        let deep = "[".repeat(1_000_000);
        assert_eq!(parse_json(deep.as_bytes()).unwrap_err().scim_type(), ScimType::InvalidSyntax);
    }
}

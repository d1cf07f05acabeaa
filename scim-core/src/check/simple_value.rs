//! Simple values: the data types of RFC 7643 section 2.3.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use crate::check::error::CheckProblem;
use crate::json::parse_date_time;
use crate::schema::{Attribute, AttributeType};
use crate::tolerance::Quirk;
use crate::tolerance::Tolerance;

/// Checks one simple value of an attribute. Values keep the text they came with; a boolean given as text becomes one.
pub(crate) fn simple_value(
    attribute: &Attribute,
    value: Value,
    tolerance: &mut Tolerance,
) -> Result<Option<Value>, CheckProblem> {
    let form = |fits: bool, expected: &'static str| if fits { Ok(()) } else { Err(CheckProblem::Form { expected }) };
    match (attribute.kind(), &value) {
        (AttributeType::String, Value::String(_))
        | (AttributeType::Boolean, Value::Bool(_))
        | (AttributeType::Decimal, Value::Number(_)) => {}
        (AttributeType::Boolean, Value::String(text)) => {
            let read = if text.eq_ignore_ascii_case("true") {
                Some(true)
            } else if text.eq_ignore_ascii_case("false") {
                Some(false)
            } else {
                None
            };
            if let Some(read) = read
                && tolerance.take(Quirk::StringBoolean)
            {
                return Ok(Some(Value::Bool(read)));
            }
            return Err(CheckProblem::type_mismatch("a boolean", &value));
        }
        (AttributeType::Integer, Value::Number(number)) => {
            form(number.is_i64(), "a whole number between -2^63 and 2^63 - 1, without fraction or exponent")?;
        }
        (AttributeType::DateTime, Value::String(text)) => {
            form(parse_date_time(text).is_ok(), "a date and time such as `2008-01-23T04:56:22Z`")?;
        }
        (AttributeType::Binary, Value::String(text)) => form(decode_base64(text).is_some(), "base64")?,
        (AttributeType::Reference, Value::String(text)) => form(is_uri_reference(text), "a URI")?,
        (kind, _) => {
            let article = if matches!(kind, AttributeType::Integer) { "an" } else { "a" };
            let expected = match kind {
                AttributeType::DateTime | AttributeType::Binary | AttributeType::Reference => {
                    format!("a {kind} as a string")
                }
                AttributeType::Decimal => "a number".to_owned(),
                _ => format!("{article} {kind}"),
            };
            return Err(CheckProblem::type_mismatch(expected, &value));
        }
    }
    Ok(Some(value))
}

/// R019: at most one element has `primary` true.
pub(crate) fn check_primary(elements: &[Value]) -> Result<(), CheckProblem> {
    let primary = elements.iter().filter(|element| element.get("primary") == Some(&Value::Bool(true)));
    if primary.count() > 1 { Err(CheckProblem::PrimaryTwice) } else { Ok(()) }
}

/// Base64 (RFC 4648 section 4), with or without padding (R012).
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The bytes that a string says in base64; `None` where it is something else.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// Whether the text is an absolute or relative URI reference (R014). Characters beyond ASCII are taken as they are.
fn is_uri_reference(text: &str) -> bool {
    let illegal = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
    };
    if text.is_empty() || text.contains(illegal) {
        return false;
    }
    let first_segment = text.split(['/', '?', '#']).next().unwrap_or_default();
    match first_segment.split_once(':') {
        None => true,
        Some((scheme, _)) => {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(kind: &str, value: Value) -> Result<Option<Value>, CheckProblem> {
        let attribute: Attribute = serde_json::from_value(json!({"name": "x", "type": kind})).unwrap();
        simple_value(&attribute, value, &mut Tolerance::rfc())
    }

    #[test]
    fn r006_to_r010_json_types_are_those_of_the_attribute() {
        for (kind, good) in [
            ("string", json!("\u{1f600}")),
            ("string", json!("")),
            ("boolean", json!(false)),
            ("decimal", json!(1.5)),
            ("decimal", json!(2)),
            ("integer", json!(42)),
            ("integer", json!(9_007_199_254_740_993_i64)),
            ("dateTime", json!("2008-01-23T04:56:22.123+02:00")),
        ] {
            assert_eq!(check(kind, good.clone()), Ok(Some(good)));
        }
        for (kind, bad) in [
            ("string", json!(1)),
            ("boolean", json!("true")),
            ("boolean", json!(1)),
            ("decimal", json!("1.5")),
            ("integer", json!(42.5)),
            ("integer", serde_json::from_str("4.2e1").unwrap()),
            ("integer", json!(u64::MAX)),
            ("integer", json!("42")),
            ("dateTime", json!("2008-01-23")),
            ("dateTime", json!(2008)),
            ("string", json!({})),
        ] {
            assert!(check(kind, bad.clone()).is_err(), "{kind} {bad}");
        }
    }

    #[test]
    fn r012_binary_is_base64_and_padding_may_be_left_off() {
        for good in ["AQI=", "AQI", "AQ==", "AQ", "AQID", "", "+/aA"] {
            assert!(decode_base64(good).is_some(), "{good}");
        }
        for bad in ["A*I=", "A", "AQI==", "AQID=", "A=QI", "-_aA", "AQ ="] {
            assert!(decode_base64(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn r014_a_reference_is_an_absolute_or_relative_uri() {
        for good in
            ["https://example.com/x?y#z", "Users/2", "../Users/2", "/a:b", "urn:x:y", "?q", "tel:+1", "http://[::1]/"]
        {
            assert!(is_uri_reference(good), "{good}");
        }
        for bad in ["::not a uri", ":x", "", "a b", "1x:y", "<x>", "a\\b"] {
            assert!(!is_uri_reference(bad), "{bad}");
        }
    }
}

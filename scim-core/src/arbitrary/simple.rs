//! Values of the simple data types (RFC 7643 section 2.3).

use std::fmt::Write as _;

use ::arbitrary::{Result, Unstructured};
use serde_json::{Number, Value};

use crate::arbitrary::odds::happens;
use crate::arbitrary::text::{identifier, some_text, text};
use crate::schema::{Attribute, AttributeType, Mutability, Uniqueness};

/// One value of a simple attribute. `null` for a complex attribute, which has no simple value.
pub(super) fn simple(attribute: &Attribute, u: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match attribute.kind() {
        AttributeType::String => string(attribute, u)?.into(),
        AttributeType::Boolean => u.arbitrary::<bool>()?.into(),
        AttributeType::Decimal => decimal(u)?,
        AttributeType::Integer => integer(u)?.into(),
        AttributeType::DateTime => date_time(u)?.into(),
        AttributeType::Binary => binary(u)?.into(),
        AttributeType::Reference => reference(u)?.into(),
        AttributeType::Complex => Value::Null,
    })
}

fn string(attribute: &Attribute, u: &mut Unstructured<'_>) -> Result<String> {
    if !attribute.canonical_values().is_empty() && happens(u, 1, 2)? {
        return u.choose(attribute.canonical_values()).cloned();
    }
    if attribute.uniqueness() != Uniqueness::None {
        return identifier(u);
    }
    // A secret is never empty, and neither is what is required.
    let must_be_some = attribute.required() || attribute.mutability() == Mutability::WriteOnly;
    if must_be_some { some_text(u) } else { text(u) }
}

fn integer(u: &mut Unstructured<'_>) -> Result<i64> {
    const MEETING: [i64; 8] = [0, 1, -1, 2, 42, i64::MAX, i64::MIN, (1 << 53) + 1];
    if happens(u, 1, 4)? { u.arbitrary() } else { u.choose(&MEETING).copied() }
}

/// A number: whole, or with a fraction that a double holds exactly, so that it reads as it prints.
fn decimal(u: &mut Unstructured<'_>) -> Result<Value> {
    const MEETING: [f64; 7] = [0.0, -0.0, 0.5, 1.0, 1.5, -1.5, 1e300];
    let fraction = match u.int_in_range(0..=3)? {
        0 => return integer(u).map(Value::from),
        1 => f64::from(u.arbitrary::<i32>()?) / 8.0,
        _ => *u.choose(&MEETING)?,
    };
    Ok(Number::from_f64(fraction).map_or_else(|| 0.into(), Value::Number))
}

/// An `xsd:dateTime`, in one of its forms.
pub(super) fn date_time(u: &mut Unstructured<'_>) -> Result<String> {
    const MEETING: [&str; 7] = [
        "2011-05-13T04:42:34Z",
        "2011-05-13T06:42:34.000+02:00",
        "2011-05-13T04:42:34.5Z",
        "2011-05-13T04:42:33.999999999Z",
        "2020-01-01T24:00:00Z",
        "2020-01-02T00:00:00Z",
        "1969-12-31T23:59:59Z",
    ];
    if !happens(u, 1, 4)? {
        return u.choose(&MEETING).map(|text| (*text).to_owned());
    }
    let (year, month, day) = (u.int_in_range(1900..=2100)?, u.int_in_range(1..=12)?, u.int_in_range(1..=28)?);
    let (hour, minute, second) = (u.int_in_range(0..=23)?, u.int_in_range(0..=59)?, u.int_in_range(0..=59)?);
    let zone = *u.choose(&["Z", "", "+02:00", "-14:00"])?;
    Ok(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}"))
}

/// Base64, with its padding or without (R012). It is never empty: some profiles take that for no value.
fn binary(u: &mut Unstructured<'_>) -> Result<String> {
    const MEETING: [&str; 6] = ["AQI=", "AQI", "AQ==", "aqi=", "AA==", "AQID"];
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if !happens(u, 1, 4)? {
        return u.choose(&MEETING).map(|text| (*text).to_owned());
    }
    let (whole, (rest, padding)) =
        (u.int_in_range(1..=4)?, *u.choose(&[(0, ""), (2, "=="), (2, ""), (3, "="), (3, "")])?);
    let digits = (0..4 * whole + rest).map(|_| u.choose(DIGITS).map(|digit| char::from(*digit)));
    let mut text: String = digits.collect::<Result<_>>()?;
    text.push_str(padding);
    Ok(text)
}

fn reference(u: &mut Unstructured<'_>) -> Result<String> {
    const MEETING: [&str; 9] = [
        "Users/1",
        "users/1",
        "/v2/Users/1",
        "https://example.com/v2/Users/1",
        "https://example.com/v2/users/1",
        "https://example.com/é",
        "urn:example:a",
        "data:image/png;base64,AQID",
        "../Groups/2?x=1#y",
    ];
    let mut uri = (*u.choose(&MEETING)?).to_owned();
    if happens(u, 1, 4)? {
        write!(uri, "/{}", u.arbitrary::<u16>()?).unwrap_or_default();
    }
    Ok(uri)
}

//! JSON that fits nothing in particular.

use ::arbitrary::{Result, Unstructured};
use serde_json::{Map, Value, json};

use crate::arbitrary::odds::happens;
use crate::arbitrary::text::text;

/// Deepest nesting of the arrays and objects that [`json()`] makes, in levels.
pub const MAX_JSON_DEPTH: usize = 3;

/// Any JSON: what clients send for a value by mistake, and arrays and objects of up to [`MAX_JSON_DEPTH`] levels.
///
/// ```
/// use arbitrary::Unstructured;
///
/// let value = scim_core::arbitrary::json(&mut Unstructured::new(&[3, 1, 4, 1, 5]))?;
/// assert!(serde_json::to_string(&value).is_ok());
/// # Ok::<(), arbitrary::Error>(())
/// ```
///
/// # Errors
///
/// None: bytes that run out make `null`.
pub fn json(u: &mut Unstructured<'_>) -> Result<Value> {
    if happens(u, 1, 2)? {
        return nested(MAX_JSON_DEPTH, u);
    }
    let mistakes = [
        json!(null),
        json!(""),
        json!("True"),
        json!([]),
        json!({}),
        json!([null, {"value": "a"}, "b"]),
        json!({"value": "a", "VALUE": "b"}),
        json!({"value": null, "type": "work"}),
        json!({"value": "{\"value\": \"a\"}"}),
        json!([[1]]),
    ];
    u.choose(&mistakes).cloned()
}

fn nested(depth: usize, u: &mut Unstructured<'_>) -> Result<Value> {
    const NAMES: [&str; 6] = ["value", "type", "primary", "$ref", "VALUE", ""];
    Ok(match u.int_in_range(0..=if depth == 0 { 4 } else { 6 })? {
        0 => Value::Null,
        1 => u.arbitrary::<bool>()?.into(),
        2 => u.arbitrary::<i64>()?.into(),
        3 => (f64::from(u.arbitrary::<i16>()?) / 8.0).into(),
        4 => text(u)?.into(),
        5 => (0..u.int_in_range(0..=3)?).map(|_| nested(depth - 1, u)).collect::<Result<_>>()?,
        _ => {
            let members =
                (0..u.int_in_range(0..=3)?).map(|_| Ok(((*u.choose(&NAMES)?).to_owned(), nested(depth - 1, u)?)));
            Value::Object(members.collect::<Result<Map<_, _>>>()?)
        }
    })
}

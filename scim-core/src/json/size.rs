//! How large values are as JSON.

use serde_json::Value;

/// The bytes of JSON that a value has, give or take its escapes and numbers.
pub fn json_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 12,
        Value::String(text) => text.len() + 2,
        Value::Array(elements) => 2 + elements.iter().map(|element| json_size(element) + 1).sum::<usize>(),
        Value::Object(members) => {
            2 + members.iter().map(|(name, value)| name.len() + 4 + json_size(value)).sum::<usize>()
        }
    }
}

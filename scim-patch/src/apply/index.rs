//! Which elements of an attribute can be equal to a value, without comparing each with each.

use std::borrow::Cow;
use std::collections::HashMap;

use scim_core::Attribute;
use scim_core::json::parse_date_time;
use scim_core::schema::{AttributeType, Mutability};
use scim_filter::fold;
use serde_json::Value;

/// Up to so many comparisons an index costs more than it saves.
const FEW: usize = 64;

/// The elements by their parts. A client can send very many, and send them again.
pub(crate) struct Index<'a> {
    attribute: &'a Attribute,
    /// For each part, by name and key, the elements that have it; `None` where there is little to compare.
    by_part: Option<HashMap<(&'a str, String), Vec<usize>>>,
}

impl<'a> Index<'a> {
    /// An index of `elements`, for `lookups` look-ups.
    pub(crate) fn new(attribute: &'a Attribute, elements: &[Value], lookups: usize) -> Self {
        let few = (elements.len() + lookups).saturating_mul(lookups) <= FEW;
        let mut index = Self { attribute, by_part: (!few).then(HashMap::new) };
        for (position, element) in elements.iter().enumerate() {
            index.push(element, position);
        }
        index
    }

    /// Takes an element in.
    pub(crate) fn push(&mut self, element: &Value, position: usize) {
        let parts = parts(self.attribute, element);
        if let Some(by_part) = &mut self.by_part {
            for part in parts {
                by_part.entry(part).or_default().push(position);
            }
        }
    }

    /// The positions, in order, of the elements that can have every part of `sent`, among the first `all`: those that
    /// share the part that the fewest have.
    pub(crate) fn candidates(&self, sent: &Value, all: usize) -> Box<dyn Iterator<Item = usize> + '_> {
        let Some(by_part) = &self.by_part else { return Box::new(0..all) };
        // Of an element that is known by its value, other parts may differ.
        let relation = self.attribute.is_multi_valued_reference();
        let known_by = |name: &str| match name {
            "value" => true,
            "type" => !relation,
            _ => sent.get("value").is_none(),
        };
        let parts = parts(self.attribute, sent).filter(|(name, _)| known_by(name));
        let fewest =
            parts.map(|part| by_part.get(&part).map(Vec::as_slice).unwrap_or_default()).min_by_key(|p| p.len());
        match fewest {
            Some(positions) => Box::new(positions.iter().copied()),
            None => Box::new(0..all),
        }
    }
}

/// The name of each part of an element that a client can write, with a key that equal values have in common. A simple value is its own part.
fn parts<'a>(attribute: &'a Attribute, element: &Value) -> impl Iterator<Item = (&'a str, String)> {
    let mut parts = Vec::new();
    match element {
        Value::Object(members) => {
            for (name, value) in members {
                if let Some(sub) = attribute.sub_attribute(name)
                    && !sub.multi_valued()
                    && sub.mutability() != Mutability::ReadOnly
                    && sub.name() != "$ref"
                {
                    parts.push((sub.name(), key(sub, value)));
                }
            }
        }
        simple => parts.push(("", key(attribute, simple))),
    }
    parts.into_iter()
}

/// A text that is the same for values that `equal_values` finds equal. Others may share it.
fn key(attribute: &Attribute, value: &Value) -> String {
    let key = match (attribute.kind(), value) {
        (AttributeType::DateTime, Value::String(text)) => match parse_date_time(text) {
            Ok(instant) => Cow::from(instant.timestamp_micros().to_string()),
            Err(_) => Cow::from(text.as_str()),
        },
        (AttributeType::Binary, Value::String(text)) => Cow::from(text.trim_end_matches('=')),
        (_, Value::String(text)) if attribute.case_exact() => Cow::from(text.as_str()),
        (_, Value::String(text)) => fold(text),
        // Adding zero makes zero of minus zero.
        (_, Value::Number(number)) => {
            number.as_f64().map(|double| (double + 0.0).to_string()).unwrap_or_default().into()
        }
        (_, other) => other.to_string().into(),
    };
    key.into_owned()
}

#[cfg(test)]
mod tests {
    use scim_filter::equal_values;
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_values_have_one_key() {
        for (kind, a, b) in [
            ("string", json!("Å"), json!("a\u{30a}")),
            ("binary", json!("AQI="), json!("AQI")),
            ("decimal", json!(-0.0), json!(0)),
            ("decimal", json!(2), json!(2.0)),
            ("dateTime", json!("2011-05-13T04:42:34Z"), json!("2011-05-13T06:42:34.000+02:00")),
        ] {
            let attribute: Attribute = serde_json::from_value(json!({"name": "x", "type": kind})).unwrap();
            assert!(equal_values(&attribute, &a, &b));
            assert_eq!(key(&attribute, &a), key(&attribute, &b), "{a} {b}");
        }
    }

    #[test]
    fn candidates_are_those_that_share_the_rarest_part() {
        let attribute: Attribute = serde_json::from_value(json!({"name": "x", "type": "complex", "multiValued": true,
            "subAttributes": [{"name": "value"}, {"name": "type"}]}))
        .unwrap();
        let elements: Vec<Value> = (0..100).map(|n| json!({"type": "work", "value": n.to_string()})).collect();
        let index = Index::new(&attribute, &elements, 100);
        let found = |sent: Value| index.candidates(&sent, 100).collect::<Vec<_>>();
        assert_eq!(found(json!({"type": "WORK", "value": "7"})), [7]);
        assert_eq!(found(json!({"type": "work"})).len(), 100);
        assert_eq!(found(json!({"type": "home"})), [0; 0]);
    }
}

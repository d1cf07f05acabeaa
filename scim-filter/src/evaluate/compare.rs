//! The comparison rules of each data type (RFC 7644 table 3, RFC 7643 section 2.3).

use std::borrow::Cow;
use std::cmp::Ordering;

use scim_core::json::parse_date_time;
use scim_core::resource::ValueKind;
use scim_core::schema::AttributeType;
use scim_core::{Attribute, ValueRef};
use serde_json::Number;

use crate::ast::Operator;
use crate::budget::{Budget, BudgetExceeded, steps_of};
use crate::fold::{self, Folded};
use crate::predicate::{Operand, Test};

impl Test {
    /// Whether one assigned value fulfils the test. A value of another type than the operand's is merely different.
    pub(crate) fn accepts<'r>(
        &self,
        value: ValueRef<'r>,
        folded: &Folded<'r>,
        budget: &Budget,
    ) -> Result<bool, BudgetExceeded> {
        match value.kind() {
            // A string with an escape has been put together: what is known of the last one is not known of it.
            ValueKind::String(Cow::Owned(text)) => self.accepts_text(&text, &Folded::default(), budget),
            ValueKind::String(Cow::Borrowed(text)) => self.accepts_text(text, folded, budget),
            ValueKind::Boolean(value) => {
                budget.spend(1)?;
                Ok(self.accepts_bool(value))
            }
            ValueKind::Number(number) => {
                budget.spend(1)?;
                Ok(self.accepts_number(&number))
            }
            _ => {
                budget.spend(1)?;
                Ok(self.operator == Operator::Ne)
            }
        }
    }

    /// Whether a boolean fulfils the test.
    pub(crate) fn accepts_bool(&self, value: bool) -> bool {
        match &self.operand {
            Operand::Bool(operand) => ordering_holds(self.operator, value.cmp(operand)),
            _ => self.operator == Operator::Ne,
        }
    }

    fn accepts_number(&self, number: &Number) -> bool {
        let order = match &self.operand {
            Operand::Integer(operand) => match number.as_i64() {
                Some(whole) => whole.cmp(operand),
                None => order_numbers(number, &(*operand).into()),
            },
            Operand::Decimal(operand) => order_numbers(number, operand),
            _ => return self.operator == Operator::Ne,
        };
        ordering_holds(self.operator, order)
    }

    fn accepts_text<'r>(&self, text: &'r str, folded: &Folded<'r>, budget: &Budget) -> Result<bool, BudgetExceeded> {
        let operator = self.operator;
        budget.spend(match &self.operand {
            // A date is parsed.
            Operand::Instant(_) => 4,
            // A string that is searched is folded first.
            _ if operator == Operator::Co => 1 + steps_of(text),
            _ => steps_of(text),
        })?;
        Ok(match &self.operand {
            Operand::Text(operand) if self.case_exact => text_holds(operator, text, operand, |text| text.cmp(operand)),
            Operand::Text(operand) => caseless_holds(operator, text, operand, folded),
            Operand::Instant(operand) => match parse_date_time(text) {
                Ok(instant) => ordering_holds(operator, instant.cmp(operand)),
                Err(_) => operator == Operator::Ne,
            },
            Operand::Binary(operand) => ordering_holds(operator, without_padding(text).cmp(operand)),
            _ => operator == Operator::Ne,
        })
    }
}

fn text_holds(operator: Operator, text: &str, operand: &str, order: impl FnOnce(&str) -> Ordering) -> bool {
    match operator {
        Operator::Eq => text == operand,
        Operator::Ne => text != operand,
        Operator::Co => text.contains(operand),
        Operator::Sw => text.starts_with(operand),
        Operator::Ew => text.ends_with(operand),
        Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le => ordering_holds(operator, order(text)),
    }
}

/// Without regard to case; the operand is folded. What is ASCII needs no copy for it, unless it is searched.
fn caseless_holds<'r>(operator: Operator, text: &'r str, operand: &str, folded: &Folded<'r>) -> bool {
    match operator {
        Operator::Eq if text.is_ascii() => fold::equals(text, operand),
        Operator::Ne if text.is_ascii() => !fold::equals(text, operand),
        Operator::Sw if text.is_ascii() => fold::starts_with(text, operand),
        Operator::Ew if text.is_ascii() => fold::ends_with(text, operand),
        Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le if text.is_ascii() && operand.is_ascii() => {
            ordering_holds(operator, fold::order(text, operand))
        }
        Operator::Co => {
            fold::contains(text, operand).unwrap_or_else(|| folded.with(text, |text| text.contains(operand)))
        }
        _ => folded.with(text, |text| text_holds(operator, text, operand, |text| text.cmp(operand))),
    }
}

/// Whether `value operator operand` holds, given how `value` compares with `operand`. Substring operators do not reach
/// here: the check refuses them for everything but texts (R077).
fn ordering_holds(operator: Operator, ordering: Ordering) -> bool {
    match operator {
        Operator::Eq => ordering.is_eq(),
        Operator::Ne => ordering.is_ne(),
        Operator::Gt => ordering.is_gt(),
        Operator::Ge => ordering.is_ge(),
        Operator::Lt => ordering.is_lt(),
        Operator::Le => ordering.is_le(),
        Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}

fn order_texts(a: &str, b: &str, case_exact: bool) -> Ordering {
    if case_exact { a.cmp(b) } else { fold::order(a, b) }
}

/// Compares exactly, also a whole number with a fraction: rounding both to doubles would make one double equal to several
/// whole numbers that differ, and that is no order to sort by.
pub(crate) fn order_numbers(a: &Number, b: &Number) -> Ordering {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(a), None) => order_with_double(a, double(b)),
        (None, Some(b)) => order_with_double(b, double(a)).reverse(),
        (None, None) => order_doubles(double(a), double(b)),
    }
}

fn double(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "whole numbers are 64 bits wide, and the cast saturates beyond 128"
)]
fn order_with_double(whole: i128, double: f64) -> Ordering {
    whole.cmp(&(double as i128)).then_with(|| order_doubles(0.0, double.fract()))
}

fn order_doubles(a: f64, b: f64) -> Ordering {
    // `partial_cmp` first, because `total_cmp` tells -0.0 from 0.0.
    a.partial_cmp(&b).unwrap_or_else(|| a.total_cmp(&b))
}

/// Base64 without its padding, which may be left off (R012).
pub(crate) fn without_padding(base64: &str) -> &str {
    base64.trim_end_matches('=')
}

/// The order of two assigned values of one simple attribute (R126). Values that are not of the attribute's type are equal
/// to each other and after all others.
fn order_values(kind: AttributeType, case_exact: bool, a: &ValueKind<'_>, b: &ValueKind<'_>) -> Ordering {
    let ordering = match (kind, a, b) {
        (AttributeType::Boolean, ValueKind::Boolean(a), ValueKind::Boolean(b)) => Some(a.cmp(b)),
        (AttributeType::Integer | AttributeType::Decimal, ValueKind::Number(a), ValueKind::Number(b)) => {
            Some(order_numbers(a, b))
        }
        (AttributeType::DateTime, ValueKind::String(a), ValueKind::String(b)) => {
            match (parse_date_time(a), parse_date_time(b)) {
                (Ok(a), Ok(b)) => Some(a.cmp(&b)),
                (a, b) => Some(a.is_err().cmp(&b.is_err())),
            }
        }
        (AttributeType::Binary, ValueKind::String(a), ValueKind::String(b)) => {
            Some(without_padding(a).cmp(without_padding(b)))
        }
        (AttributeType::String | AttributeType::Reference, ValueKind::String(a), ValueKind::String(b)) => {
            Some(order_texts(a, b, case_exact))
        }
        _ => None,
    };
    ordering.unwrap_or_else(|| misplaced(kind, a).cmp(&misplaced(kind, b)))
}

fn misplaced(kind: AttributeType, value: &ValueKind<'_>) -> bool {
    match kind {
        AttributeType::Boolean => !matches!(value, ValueKind::Boolean(_)),
        AttributeType::Integer | AttributeType::Decimal => !matches!(value, ValueKind::Number(_)),
        AttributeType::Complex => true,
        _ => !matches!(value, ValueKind::String(_)),
    }
}

/// Whether two checked values of one attribute mean the same: by type, with regard to case only where the attribute
/// has it, instants across zones, references across the version segment of the URL (R016).
///
/// Arrays are equal element by element in order. Objects are equal when every sub-attribute is, whatever the order of the
/// members; a missing `primary` is false (R020).
///
/// ```
/// use scim_core::SchemaSet;
/// use scim_filter::equal_values;
/// use serde_json::json;
///
/// let schemas = SchemaSet::builtin();
/// let emails = schemas.user().unwrap().top_level("emails").unwrap();
/// assert!(equal_values(emails, &json!({"value": "A@x"}), &json!({"value": "a@x", "primary": false})));
/// assert!(!equal_values(emails, &json!({"value": "a@x"}), &json!({"value": "b@x"})));
/// ```
pub fn equal_values<'a, 'b>(attribute: &Attribute, a: impl Into<ValueRef<'a>>, b: impl Into<ValueRef<'b>>) -> bool {
    are_equal(attribute, a.into(), b.into())
}

fn are_equal(attribute: &Attribute, a: ValueRef<'_>, b: ValueRef<'_>) -> bool {
    match (a.kind(), b.kind()) {
        (ValueKind::Array(mut a), ValueKind::Array(mut b)) => loop {
            match (a.next(), b.next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if are_equal(attribute, a, b) => {}
                _ => return false,
            }
        },
        (ValueKind::Object(mut members), ValueKind::Object(mut others)) => {
            members.all(|(name, value)| equal_members(attribute, &name, value, b.get(&name)))
                && others.all(|(name, value)| equal_members(attribute, &name, value, a.get(&name)))
        }
        (ValueKind::String(a), ValueKind::String(b)) if attribute.name() == "$ref" => same_reference(&a, &b),
        (x, y) if misplaced(attribute.kind(), &x) || misplaced(attribute.kind(), &y) => a == b,
        (a, b) => order_values(attribute.kind(), attribute.case_exact(), &a, &b).is_eq(),
    }
}

fn equal_members(attribute: &Attribute, name: &str, value: ValueRef<'_>, other: Option<ValueRef<'_>>) -> bool {
    match (attribute.sub_attribute(name), other) {
        (Some(sub), Some(other)) => are_equal(sub, value, other),
        (None, Some(other)) => value == other,
        (_, None) => value.is_null() || (name == "primary" && value == false),
    }
}

/// Whether two URLs are equal but for a version segment, such as `/v2` (R016).
fn same_reference(a: &str, b: &str) -> bool {
    a == b || segments(a).eq(segments(b))
}

fn segments(url: &str) -> impl Iterator<Item = &str> {
    let version = |segment: &str| {
        let digits = segment.strip_prefix(['v', 'V']).unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    url.split('/').filter(move |segment| !version(segment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn attribute(definition: Value) -> Attribute {
        serde_json::from_value(definition).unwrap()
    }

    fn equal(definition: Value, a: &Value, b: &Value) -> bool {
        equal_values(&attribute(definition), a, b)
    }

    #[test]
    fn equality_follows_the_type() {
        assert!(equal(json!({"name": "x"}), &json!("A"), &json!("a")));
        assert!(!equal(json!({"name": "x", "caseExact": true}), &json!("A"), &json!("a")));
        assert!(!equal(json!({"name": "x", "type": "reference"}), &json!("A"), &json!("a")));
        assert!(equal(json!({"name": "x", "type": "binary"}), &json!("AQI="), &json!("AQI")));
        assert!(!equal(json!({"name": "x", "type": "binary"}), &json!("aQI="), &json!("AQI")));
        assert!(equal(json!({"name": "x", "type": "decimal"}), &json!(1), &json!(1.0)));
        assert!(!equal(
            json!({"name": "x", "type": "integer"}),
            &json!(9_007_199_254_740_993_i64),
            &json!(9_007_199_254_740_992_i64)
        ));
        let (utc, berlin) = (json!("2011-05-13T04:42:34Z"), json!("2011-05-13T06:42:34.000+02:00"));
        assert!(equal(json!({"name": "x", "type": "dateTime"}), &utc, &berlin));
    }

    #[test]
    fn r126_numbers_have_one_order_whether_whole_or_not() {
        let ascending = [
            "-1e300",
            "-2",
            "-1.5",
            "-1",
            "-0.0",
            "0.5",
            "9007199254740992.0",
            "9007199254740993",
            "9007199254740994",
            "18446744073709551615",
            "18446744073709551616.0",
            "1e300",
        ];
        let numbers: Vec<Number> = ascending.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        for (i, a) in numbers.iter().enumerate() {
            for (j, b) in numbers.iter().enumerate() {
                assert_eq!(order_numbers(a, b), i.cmp(&j), "{a} {b}");
            }
        }
        assert!(order_numbers(&0.into(), &Number::from_f64(-0.0).unwrap()).is_eq());
        assert!(order_numbers(&2.into(), &Number::from_f64(2.0).unwrap()).is_eq());
    }

    #[test]
    fn values_of_a_foreign_type_are_equal_only_when_identical() {
        assert!(!equal(json!({"name": "x", "type": "integer"}), &json!("1"), &json!("2")));
        assert!(!equal(json!({"name": "x", "type": "dateTime"}), &json!(1), &json!(2)));
        assert!(equal(json!({"name": "x", "type": "boolean"}), &json!("True"), &json!("True")));
    }

    #[test]
    fn r016_references_are_equal_across_the_version_segment() {
        let reference = json!({"name": "$ref", "type": "reference"});
        assert!(equal(reference.clone(), &json!("https://x/scim/v2/Users/1"), &json!("https://x/scim/Users/1")));
        assert!(!equal(reference, &json!("https://x/scim/v2/Users/1"), &json!("https://x/scim/Users/2")));
    }

    #[test]
    fn r017_member_order_and_r020_missing_primary_make_no_difference() {
        let emails = json!({"name": "emails", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "value"}, {"name": "type"}, {"name": "primary", "type": "boolean"}]});
        let a: Value = serde_json::from_str(r#"[{"value": "a", "type": "WORK", "primary": false}]"#).unwrap();
        let b: Value = serde_json::from_str(r#"[{"type": "work", "value": "A"}]"#).unwrap();
        assert!(equal(emails.clone(), &a, &b));
        assert!(!equal(emails.clone(), &a, &json!([{"type": "work", "value": "A", "primary": true}])));
        assert!(!equal(emails, &b, &json!([])));
    }
}

//! Random filters and resources of any resource type, made from its schema.

use std::sync::Arc;

use proptest::prelude::*;
use scim_core::schema::{AttributeType, Mutability, Returned};
use scim_core::{AttrPath, Attribute, Resource, TypeSchema};
use scim_filter::{Filter, FilterBuilder, Literal, Operator, attr};
use serde_json::{Map, Number, Value, json};

/// What a filter can test.
#[derive(Clone, Debug)]
struct Leaf {
    path: AttrPath,
    kind: AttributeType,
}

/// A multi-valued or singular complex attribute, and what its brackets can test.
#[derive(Clone, Debug)]
struct Bracketed {
    path: AttrPath,
    subs: Vec<Leaf>,
}

/// A filter that fits the schema.
pub(crate) fn filter(schema: &TypeSchema) -> BoxedStrategy<Filter> {
    let mut leaves = Vec::new();
    let mut bracketed = Vec::new();
    let mut collect = |prefix: &str, attributes: &[Arc<Attribute>]| {
        for attribute in attributes.iter().filter(|attribute| testable(attribute)) {
            let path = |sub: &str| format!("{prefix}{}{sub}", attribute.name()).parse().expect("a path");
            leaves.push(Leaf { path: path(""), kind: attribute.kind() });
            let subs = attribute.sub_attributes().iter().filter(|sub| testable(sub));
            leaves.extend(subs.clone().map(|sub| Leaf { path: path(&format!(".{}", sub.name())), kind: sub.kind() }));
            for sub in subs.clone().filter(|sub| sub.multi_valued()) {
                let own = Leaf { path: "value".parse().expect("a name"), kind: sub.kind() };
                bracketed.push(Bracketed { path: path(&format!(".{}", sub.name())), subs: vec![own] });
            }
            let subs: Vec<Leaf> =
                subs.map(|sub| Leaf { path: sub.name().parse().expect("a name"), kind: sub.kind() }).collect();
            if attribute.is_own_value("value") {
                leaves.push(Leaf { path: path(".value"), kind: attribute.kind() });
                let own = Leaf { path: "VALUE".parse().expect("a name"), kind: attribute.kind() };
                bracketed.push(Bracketed { path: path(""), subs: vec![own] });
            } else if !subs.is_empty() {
                bracketed.push(Bracketed { path: path(""), subs });
            }
        }
    };
    collect("", schema.base().attributes());
    collect("", schema.common());
    for extension in schema.extensions() {
        collect(&format!("{}:", extension.schema.id()), extension.schema.attributes());
    }
    let brackets = prop::sample::select(bracketed).prop_flat_map(|Bracketed { path, subs }| {
        chains(tests(subs), 2).prop_map(move |inner| attr(path.as_str()).any(inner)).boxed()
    });
    let term = prop_oneof![4 => tests(leaves), 1 => brackets].boxed();
    chains(term, 3).prop_map(|filter| filter.build().expect("a filter")).boxed()
}

fn testable(attribute: &Attribute) -> bool {
    attribute.returned() != Returned::Never
        && attribute.mutability() != Mutability::WriteOnly
        && attribute.name() != "schemas"
}

fn chains(term: BoxedStrategy<FilterBuilder>, depth: u32) -> BoxedStrategy<FilterBuilder> {
    term.prop_recursive(depth, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
            inner.prop_map(FilterBuilder::not),
        ]
    })
    .boxed()
}

fn tests(leaves: Vec<Leaf>) -> BoxedStrategy<FilterBuilder> {
    prop::sample::select(leaves)
        .prop_flat_map(|Leaf { path, kind }| {
            let text = path.as_str().to_owned();
            let present = Just(attr(&text).pr());
            let null = prop::sample::select(vec![Operator::Eq, Operator::Ne]);
            let null = null.prop_map({
                let text = text.clone();
                move |operator| attr(&text).compare(operator, Literal::Null)
            });
            if kind == AttributeType::Complex {
                return prop_oneof![present, null].boxed();
            }
            // Numbers compare as numbers, of whatever kind the attribute is.
            let wanted = match kind {
                AttributeType::Integer => [pool(kind), pool(AttributeType::Decimal)].concat(),
                _ => pool(kind),
            };
            let compared = (prop::sample::select(operators(kind)), prop::sample::select(wanted));
            let compared = compared.prop_map(move |(operator, value)| attr(&text).compare(operator, literal(value)));
            prop_oneof![1 => present, 1 => null, 6 => compared].boxed()
        })
        .boxed()
}

fn operators(kind: AttributeType) -> Vec<Operator> {
    let fits = |operator: &Operator| match operator {
        Operator::Eq | Operator::Ne => true,
        Operator::Co | Operator::Sw | Operator::Ew => matches!(kind, AttributeType::String | AttributeType::Reference),
        _ => !matches!(kind, AttributeType::Boolean | AttributeType::Binary),
    };
    Operator::ALL.into_iter().filter(fits).collect()
}

fn literal(value: Value) -> Literal {
    match value {
        Value::Bool(value) => value.into(),
        Value::Number(value) => value.into(),
        Value::String(value) => value.into(),
        _ => Literal::Null,
    }
}

/// Few values of each type, so that filters meet resources: equal ones in other spellings, neighbours, extremes, and
/// characters that mean something to SQL.
fn pool(kind: AttributeType) -> Vec<Value> {
    let texts = |texts: &[&str]| texts.iter().map(|text| Value::from(*text)).collect();
    match kind {
        AttributeType::Boolean => vec![true.into(), false.into()],
        AttributeType::Integer => [-1, 0, 1, 2, 42, i64::MAX, i64::MIN, 9_007_199_254_740_993].map(Value::from).into(),
        AttributeType::Decimal => {
            let fraction = |number: f64| Value::from(Number::from_f64(number).expect("a finite number"));
            vec![fraction(-1.5), 0.into(), fraction(0.5), 1.into(), fraction(1.0), fraction(1.5), 2.into()]
        }
        AttributeType::DateTime => texts(&[
            "2011-05-13T04:42:34Z",
            "2011-05-13T06:42:34.000+02:00",
            "2011-05-13T04:42:34.5Z",
            "2011-05-13T04:42:33.999999999Z",
            "2020-01-01T24:00:00Z",
            "2020-01-02T00:00:00Z",
            "1969-12-31T23:59:59Z",
        ]),
        AttributeType::Binary => texts(&["AQI=", "AQI", "AQ==", "aqi=", "AA=="]),
        AttributeType::Reference => texts(&["Users/1", "users/1", "https://x/A", "https://x/a", "/v2/Users/1"]),
        _ => texts(&[
            "", "a", "A", "ab", "aB", "b", "ba", "ä", "A\u{308}", "%", "_", "a_b", "axb", "\\", "\"", "'", "a'b", "ﬁ",
            "Ａ", "ς", "Σ", "😀", "\u{fffd}",
        ]),
    }
}

/// A resource that fits the schema. Two of three attributes are unassigned.
pub(crate) fn resource(schema: &TypeSchema) -> BoxedStrategy<Resource> {
    let extensions: Vec<_> = schema
        .extensions()
        .iter()
        .map(|extension| (extension.schema.id().to_owned(), members(extension.schema.attributes())))
        .map(|(uri, members)| members.prop_map(move |members| (uri.clone(), members)).boxed())
        .collect();
    (members(schema.base().attributes()), members(schema.common()), extensions)
        .prop_map(|(mut attributes, common, extensions)| {
            attributes.extend(common);
            for (uri, members) in extensions.into_iter().filter(|(_, members)| !members.is_empty()) {
                attributes.insert(uri, Value::Object(members));
            }
            Resource::from_attributes(attributes)
        })
        .boxed()
}

fn members(attributes: &[Arc<Attribute>]) -> BoxedStrategy<Map<String, Value>> {
    let members: Vec<_> = attributes
        .iter()
        .map(|attribute| {
            let name = attribute.name().to_owned();
            prop::option::weighted(0.35, value(attribute)).prop_map(move |value| (name.clone(), value)).boxed()
        })
        .collect();
    let assigned = |(name, value): (String, Option<Value>)| {
        let empty = |value: &Value| value.as_object().is_some_and(Map::is_empty) || *value == json!([]);
        value.filter(|value| !empty(value)).map(|value| (name, value))
    };
    members.prop_map(move |members| members.into_iter().filter_map(assigned).collect()).boxed()
}

fn value(attribute: &Arc<Attribute>) -> BoxedStrategy<Value> {
    let one = if attribute.kind() == AttributeType::Complex {
        members(attribute.sub_attributes()).prop_map(Value::Object).boxed()
    } else {
        prop::sample::select(pool(attribute.kind())).boxed()
    };
    if !attribute.multi_valued() {
        return one;
    }
    let empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
    prop::collection::vec(one, 1..4)
        .prop_map(move |elements| elements.into_iter().filter(|element| !empty(element)).collect())
        .boxed()
}

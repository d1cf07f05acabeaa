//! Random resources that fit a type, and random messages about it.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use scim_core::schema::{AttributeType, Mutability, Uniqueness};
use scim_core::{Attribute, Resource, TypeSchema};
use serde_json::{Map, Value, json};

/// The URI of an extension, and its attributes where it has any.
type Container = (String, Option<Map<String, Value>>);

/// A resource of the type, as a check leaves it, with what the service adds.
pub(crate) fn resource(schema: &Arc<TypeSchema>) -> BoxedStrategy<Resource> {
    let object = |attributes: Vec<Arc<Attribute>>| members(attributes.into_iter().filter(|a| a.name() != "schemas"));
    let common =
        schema.common().iter().chain(schema.base().attributes()).filter(|attribute| attribute.name() != "meta");
    let base = object(common.cloned().collect());
    let extensions: Vec<_> = schema
        .extensions()
        .iter()
        .map(|extension| {
            let container = object(extension.schema.attributes().to_vec());
            (Just(extension.schema.id().to_owned()), sometimes(extension.required, container))
        })
        .collect();
    let schema = schema.clone();
    let finish = move |(mut attributes, extensions): (Map<String, Value>, Vec<Container>)| {
        for (uri, container) in extensions {
            if let Some(container) = container.filter(|container| !container.is_empty()) {
                attributes.insert(uri, container.into());
            }
        }
        attributes.insert("id".into(), "1".into());
        let meta = json!({"resourceType": schema.resource_type().name().as_str(), "created": "2020-01-01T00:00:00Z"});
        attributes.insert("meta".into(), meta);
        let schemas = schema.schemas_of(&attributes);
        attributes.insert("schemas".into(), schemas);
        Resource::from_attributes(attributes)
    };
    (base, extensions).prop_map(finish).boxed()
}

/// Some of the attributes, those that are required always.
fn members(attributes: impl Iterator<Item = Arc<Attribute>>) -> BoxedStrategy<Map<String, Value>> {
    let members: Vec<_> = attributes
        .map(|attribute| (Just(attribute.name().to_owned()), sometimes(attribute.required(), value(&attribute))))
        .collect();
    let assigned = |members: Vec<(String, Option<Value>)>| {
        members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect::<Map<_, _>>()
    };
    members.prop_map(assigned).boxed()
}

fn sometimes<T: std::fmt::Debug + 'static>(always: bool, value: BoxedStrategy<T>) -> BoxedStrategy<Option<T>> {
    if always { value.prop_map(Some).boxed() } else { prop::option::weighted(0.4, value).boxed() }
}

/// The whole value of an attribute.
pub(crate) fn value(attribute: &Arc<Attribute>) -> BoxedStrategy<Value> {
    if !attribute.multi_valued() {
        return element(attribute);
    }
    let relation = attribute.sub_attribute("$ref").is_some();
    let subs = attribute.sub_attributes().to_vec();
    let writable = move |element: &Value| {
        let mut element = element.clone();
        for sub in subs.iter().filter(|sub| sub.mutability() == Mutability::ReadOnly) {
            element.as_object_mut().unwrap().remove(sub.name());
        }
        element
    };
    let tidy = move |elements: Vec<Value>| {
        let mut tidy: Vec<Value> = Vec::new();
        let mut primary = false;
        for mut element in elements {
            if element.get("primary") == Some(&true.into()) && std::mem::replace(&mut primary, true) {
                element["primary"] = false.into();
            }
            if !tidy
                .iter()
                .any(|known| writable(known) == writable(&element) || (relation && known["value"] == element["value"]))
            {
                tidy.push(element);
            }
        }
        Value::Array(tidy)
    };
    prop::collection::vec(element(attribute), 1..5).prop_map(tidy).boxed()
}

/// One element of an attribute, or the value of a singular one.
pub(crate) fn element(attribute: &Arc<Attribute>) -> BoxedStrategy<Value> {
    match attribute.kind() {
        // What identifies somebody has nothing in it that nobody sees.
        AttributeType::String if attribute.uniqueness() != Uniqueness::None => {
            select(vec!["a", "b", "B", "work", "é", "x \"y\""]).prop_map_into().boxed()
        }
        AttributeType::String => {
            select(vec!["a", "b", "B", "work", "home", "é", "x \"y\"", "\u{1}]."]).prop_map_into().boxed()
        }
        AttributeType::Boolean => any::<bool>().prop_map_into().boxed(),
        AttributeType::Integer => select(vec![0, 1, -7]).prop_map_into().boxed(),
        AttributeType::Decimal => select(vec![json!(0), json!(1.5), json!(-0.0), json!(1e300)]).boxed(),
        AttributeType::DateTime => {
            select(vec!["2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", "2021-06-01T00:00:00Z"])
                .prop_map_into()
                .boxed()
        }
        AttributeType::Binary => select(vec!["AQI=", "AQI", "AQID"]).prop_map_into().boxed(),
        AttributeType::Reference => {
            select(vec!["https://x/Users/1", "https://x/v2/Users/1", "b"]).prop_map_into().boxed()
        }
        AttributeType::Complex => {
            let subs = attribute.sub_attributes().to_vec();
            let mut must: Vec<_> = subs.iter().filter(|sub| sub.required() || *sub.name() == *"value").collect();
            let writable: Vec<_> =
                subs.iter().filter(|sub| sub.mutability() != Mutability::ReadOnly).cloned().collect();
            let writable = if writable.is_empty() { subs.clone() } else { writable };
            if must.is_empty() {
                must.extend(subs.iter().find(|sub| sub.mutability() != Mutability::ReadOnly));
            }
            let must = members(must.into_iter().cloned());
            let one = select(writable).prop_flat_map(|sub| (Just(sub.name().to_owned()), value(&sub)));
            let mix = |(may, must, (name, value)): (Map<_, _>, Map<_, _>, (String, Value))| {
                let mut object = may;
                object.extend(must);
                object.insert(name, value);
                Value::Object(object)
            };
            (members(subs.into_iter()), must, one).prop_map(mix).boxed()
        }
    }
}

/// Operations about a type: paths and keys in every spelling, values that fit and values that do not.
pub(crate) fn operations(schema: &Arc<TypeSchema>) -> BoxedStrategy<Vec<Value>> {
    prop::collection::vec(operation(schema), 1..6).boxed()
}

/// One operation.
pub(crate) fn operation(schema: &Arc<TypeSchema>) -> BoxedStrategy<Value> {
    let places: Vec<(Option<String>, String, Arc<Attribute>)> = places(schema);
    let extensions: Vec<_> = schema.extensions().iter().map(|extension| extension.schema.clone()).collect();
    let at_place = select(places).prop_flat_map(|(uri, base, attribute)| at(uri, base, &attribute));
    let nonsense = (select(vec!["nope", "emails[", "a.b.c", "", "urn:x:y", "members[value eq 1]"]), junk())
        .prop_map(|(path, value)| (path.to_owned(), value));
    let whole = if extensions.is_empty() {
        junk().prop_map(|value| ("id".to_owned(), value)).boxed()
    } else {
        select(extensions)
            .prop_flat_map(|extension| {
                (Just(extension.id().to_owned()), members(extension.attributes().to_vec().into_iter()).prop_map_into())
            })
            .boxed()
    };
    let target = prop_oneof![12 => at_place, 1 => nonsense, 1 => whole];
    let op = select(vec!["add", "add", "remove", "replace", "replace", "Replace"]);
    (op, target, any::<bool>(), prop::option::weighted(0.9, Just(())))
        .prop_map(|(op, (path, value), keyed, valued)| {
            let mut operation = json!({"op": op});
            if keyed && op != "remove" {
                operation["value"] = json!({path: value});
                return operation;
            }
            operation["path"] = path.into();
            if valued.is_some() && (op != "remove" || keyed) {
                operation["value"] = value;
            }
            operation
        })
        .boxed()
}

/// Every attribute, with the extension's URI and a URI to qualify it with.
fn places(schema: &TypeSchema) -> Vec<(Option<String>, String, Arc<Attribute>)> {
    let base = schema.base().id().to_owned();
    let of_base = schema.common().iter().chain(schema.base().attributes());
    let of_base = of_base.map(|attribute| (None, base.clone(), attribute.clone()));
    let of_extensions = schema.extensions().iter().flat_map(|extension| {
        let uri = extension.schema.id().to_owned();
        extension.schema.attributes().iter().map(move |attribute| (Some(uri.clone()), uri.clone(), attribute.clone()))
    });
    of_base.chain(of_extensions).collect()
}

/// A path about an attribute, and a value for it.
fn at(uri: Option<String>, base: String, attribute: &Arc<Attribute>) -> BoxedStrategy<(String, Value)> {
    let subs = attribute.sub_attributes().to_vec();
    let name = attribute.name().to_owned();
    let spelled = (any::<bool>(), any::<bool>()).prop_map(move |(qualified, upper)| {
        let name = if upper { name.to_uppercase() } else { name.clone() };
        match &uri {
            Some(uri) => format!("{uri}:{name}"),
            None if qualified => format!("{base}:{name}"),
            None => name,
        }
    });
    let fits = prop_oneof![6 => value(attribute), 3 => element(attribute), 1 => junk(), 1 => Just(Value::Null)];
    let test = |sub: &Arc<Attribute>, name: &str| {
        let (name, operator) = (name.to_owned(), select(vec!["eq", "eq", "eq", "ne", "pr"]));
        let text = |name: String, op: &str, value: &Value| {
            if op == "pr" { format!("{name} pr") } else { format!("{name} {op} {value}") }
        };
        (Just(name), operator, element(sub)).prop_map(move |(name, op, value)| text(name, op, &value))
    };
    if subs.is_empty() {
        if !attribute.multi_valued() {
            return (spelled, fits).boxed();
        }
        let filter = joined(test(attribute, "value").boxed());
        let selected = (spelled.clone(), filter, fits.clone(), select(vec!["", ".value"]));
        let selected = selected.prop_map(|(path, filter, value, sub)| (format!("{path}[{filter}]{sub}"), value));
        return prop_oneof![2 => (spelled, fits), 1 => selected].boxed();
    }
    let sub = select(subs.clone());
    let part = sub.clone().prop_flat_map(|sub| {
        (Just(sub.name().to_owned()), prop_oneof![6 => value(&sub), 1 => junk(), 1 => Just(Value::Null)])
    });
    let filter = joined(sub.prop_flat_map(move |sub| test(&sub, sub.name())).boxed());
    let own: Vec<_> = subs.into_iter().filter(|sub| sub.multi_valued() && sub.sub_attributes().is_empty()).collect();
    if !own.is_empty() && !attribute.multi_valued() {
        let selected = (spelled.clone(), select(own)).prop_flat_map(move |(path, sub)| {
            let path = format!("{path}.{}", sub.name());
            (Just(path), test(&sub, "value"), element(&sub))
        });
        let selected = selected.prop_map(|(path, filter, value)| (format!("{path}[{filter}]"), value)).boxed();
        return prop_oneof![1 => selected, 2 => of_complex(spelled, filter, part, fits)].boxed();
    }
    of_complex(spelled, filter, part, fits)
}

/// Tests as people join them.
fn joined(test: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let two = (test.clone(), select(vec!["and", "and", "or"]), test.clone());
    prop_oneof![
        6 => test.clone(),
        3 => two.prop_map(|(one, word, other)| format!("{one} {word} {other}")),
        1 => test.prop_map(|test| format!("not ({test})")),
    ]
    .boxed()
}

/// Paths about a complex attribute, with values for them.
fn of_complex(
    spelled: impl Strategy<Value = String> + Clone + 'static,
    filter: BoxedStrategy<String>,
    part: impl Strategy<Value = (String, Value)> + Clone + 'static,
    fits: impl Strategy<Value = Value> + Clone + 'static,
) -> BoxedStrategy<(String, Value)> {
    prop_oneof![
        3 => (spelled.clone(), fits.clone()),
        2 => (spelled.clone(), part.clone()).prop_map(|(path, (sub, value))| (format!("{path}.{sub}"), value)),
        2 => (spelled.clone(), filter.clone(), fits).prop_map(|(path, filter, value)| (format!("{path}[{filter}]"), value)),
        3 => (spelled, filter, part)
            .prop_map(|(path, filter, (sub, value))| (format!("{path}[{filter}].{sub}"), value)),
    ]
    .boxed()
}

/// Values that fit few attributes.
fn junk() -> BoxedStrategy<Value> {
    select(vec![
        json!(null),
        json!(""),
        json!("text"),
        json!("True"),
        json!(1),
        json!([]),
        json!({}),
        json!([null, {"value": "a"}, "b"]),
        json!({"value": "a", "VALUE": "b"}),
        json!({"value": null, "type": "work"}),
        json!([[1]]),
    ])
    .boxed()
}

/// An operation by which a client tries to write an attribute, in each spelling.
pub(crate) fn spellings(uri: Option<&str>, base: &str, path: &str, value: &Value) -> Vec<Value> {
    let container = uri.unwrap_or(base);
    let mut spellings = Vec::new();
    let qualified = format!("{container}:{path}");
    let plain = if uri.is_some() { qualified.clone() } else { path.to_owned() };
    for op in ["add", "replace"] {
        for path in [plain.clone(), qualified.clone(), qualified.to_uppercase(), plain.to_uppercase()] {
            spellings.push(json!({"op": op, "path": path, "value": value}));
            spellings.push(json!({"op": op, "value": {path: value}}));
        }
        if uri.is_some() {
            spellings.push(json!({"op": op, "value": {container: {path: value}}}));
            spellings.push(json!({"op": op, "path": container, "value": {path: value}}));
            spellings.push(json!({"op": op, "path": path, "value": value}));
            spellings.push(json!({"op": op, "value": {path: value}}));
        }
        if let Some((attribute, sub)) = plain.rsplit_once('.') {
            spellings.push(json!({"op": op, "path": attribute, "value": {sub: value}}));
            spellings.push(json!({"op": op, "path": format!("{attribute}[{sub} pr].{sub}"), "value": value}));
            spellings.push(json!({"op": op, "path": format!("{attribute}[{sub} pr]"), "value": {sub: value}}));
            spellings.push(json!({"op": op, "value": {format!("{attribute}[{sub} pr].{sub}"): value}}));
        }
    }
    spellings
}

/// One of a list, for the choice among things that are known only later.
pub(crate) fn chosen() -> impl Strategy<Value = Index> {
    any::<Index>()
}

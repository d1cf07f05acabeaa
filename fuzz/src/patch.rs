//! What is demanded of any PATCH message and any resource.
//!
//! `scim-patch/tests` run these functions too: on its corpus, on random messages and resources, and on the seeds.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, LazyLock};

use scim_core::message::PatchOp;
use scim_core::schema::{AttributeType, Mutability, ResourceType, Returned, Schema};
use scim_core::{Attribute, Checker, Profile, Quirk, Resource, SchemaSet, Tolerance, TypeSchema, ValueRef, urn};
use scim_patch::{Differences, Patch, PatchErrorKind, apply};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The first line is the array of a message's operations, the rest a resource as JSON. The message runs on that resource
/// where it fits a type, else on one of the fixtures of each type; the resource is compared with one of them, too.
pub fn patch(text: &str) {
    let (operations, resource) = text.split_once('\n').unwrap_or((text, ""));
    let operations: Value = serde_json::from_str(operations).unwrap_or_default();
    let resource: Value = serde_json::from_str(resource).unwrap_or_default();
    let profiles = [Profile::rfc(), Profile::compatible(), Profile::interop()];
    let mut fits = false;
    for (schema, fixtures) in &FIXTURE.types {
        let fixture = &fixtures[text.len() % fixtures.len()];
        if let Some(sent) = fit(&resource, schema, fixture) {
            fits = true;
            for profile in &profiles {
                runs(&operations, &sent, schema, profile);
            }
            leads(&sent, fixture, schema);
            leads(fixture, &sent, schema);
        }
    }
    for (schema, fixtures) in FIXTURE.types.iter().filter(|_| !fits) {
        for profile in &profiles {
            runs(&operations, &fixtures[text.len() % fixtures.len()], schema, profile);
        }
    }
}

/// The resource as a check leaves it, with what only the service writes.
fn fit(resource: &Value, schema: &TypeSchema, fixture: &Resource) -> Option<Resource> {
    let mut fitting = Checker::new(schema, &mut Tolerance::compatible()).resource(resource.clone()).ok()?;
    for attribute in schema.common().iter().chain(schema.base().attributes()) {
        if attribute.mutability() == Mutability::ReadOnly
            && let Some(value) = fixture.get(attribute.name())
        {
            fitting.attributes_mut().entry(attribute.name()).or_insert_with(|| value.to_value());
        }
    }
    Some(fitting)
}

/// Checks and applies a message; the resource that comes of it, if any.
///
/// All or nothing; what is read-only stays, what is immutable too; what is left is a resource that could have been created;
/// `Differences` tells the difference, no more and no less; operations one by one do the same; a difference of members too.
pub fn runs(operations: &Value, before: &Resource, schema: &Arc<TypeSchema>, profile: &Profile) -> Option<Resource> {
    let (patch, _) = checked(operations, schema, profile)?;
    let mut after = before.clone();
    let outcome = apply(&patch, &mut after);
    let mut compact = before.clone();
    compact.compact();
    assert_eq!(apply(&patch, &mut compact), outcome, "a patch does the same to a resource in either form");
    assert_eq!(compact, after, "a patch makes the same of a resource in either form");
    let changed = match outcome {
        Ok(changed) => changed,
        Err(error) => {
            assert_eq!(&after, before, "R166: a patch that fails changes nothing ({error})");
            return None;
        }
    };
    stays_valid(before, &after, schema);
    tells_the_difference(&changed, before, &after, schema);
    one_by_one(operations, before, &after, schema, profile);
    if let Some(delta) = patch.membership_delta() {
        let ids = |resource: &Resource| -> Vec<String> {
            let members = resource.get("members").into_iter().flat_map(ValueRef::elements);
            members.filter_map(|member| Some(member.get("value")?.as_str()?.into_owned())).collect()
        };
        let mut expected = if delta.replace_all { Vec::new() } else { ids(before) };
        expected.retain(|id| !delta.remove.contains(id));
        expected.extend(delta.add.into_iter().map(|member| member.value));
        let sorted = |mut ids: Vec<String>| {
            ids.sort();
            ids.dedup();
            ids
        };
        assert_eq!(sorted(ids(&after)), sorted(expected), "the difference of members is what applying does");
    }
    Some(after)
}

/// The patch that leads from one resource to another leads there, without a quirk.
pub fn leads(before: &Resource, after: &Resource, schema: &Arc<TypeSchema>) -> Option<PatchOp> {
    let message = Patch::between(before, after, schema).ok()?;
    // What `between` removes is to be removed, `active` of somebody inactive included.
    let profile = Profile::rfc().without(Quirk::InactiveUntilTrue);
    let patch = Patch::check(&message, schema, &profile).expect("a message that needs no quirk");
    let mut made = before.clone();
    let changed = apply(&patch, &mut made).expect("a message that fits the resource");
    assert!(changed.quirks().is_empty());
    let [made, after] = [&made, after].map(|resource| comparable(resource, schema));
    assert_eq!(made, after, "{message:?} leads from {before:?}");
    assert_eq!(message.operations.is_empty(), changed.is_unchanged(), "{message:?}");
    Some(message)
}

fn checked(operations: &Value, schema: &Arc<TypeSchema>, profile: &Profile) -> Option<(Patch, PatchOp)> {
    let message = json!({"schemas": [urn::PATCH_OP], "Operations": operations});
    let message = PatchOp::from_json(message, &mut Tolerance::new(profile), 100).ok()?;
    match Patch::check(&message, schema, profile) {
        Ok(patch) => Some((patch, message)),
        Err(error) => {
            assert!(error.operation() < message.operations.len());
            let one_line = !error.to_string().contains(char::is_control);
            assert!(one_line || matches!(error.kind(), PatchErrorKind::Value(_)), "{error}");
            None
        }
    }
}

fn stays_valid(before: &Resource, after: &Resource, schema: &TypeSchema) {
    let valid = Checker::new(schema, &mut Tolerance::rfc()).resource(Value::Object(after.clone().into_attributes()));
    let valid = valid.unwrap_or_else(|error| panic!("{error}: {after:?}"));
    for (uri, attribute) in attributes(schema) {
        let (old, new) = (value(before, uri, &attribute), value(after, uri, &attribute));
        if attribute.name() == "schemas" {
            assert_eq!(new, Some(schema.schemas_of(after.as_value())), "R170");
            continue;
        }
        match attribute.mutability() {
            Mutability::ReadOnly => {
                assert_eq!(old, new, "R167: `{}` is read-only", attribute.name());
                continue;
            }
            Mutability::Immutable if old.is_some() => {
                assert_eq!(old, new, "R169: `{}` is immutable", attribute.name());
            }
            _ => {}
        }
        let new = new.and_then(|new| writable(&attribute, &new));
        assert_eq!(value(&valid, uri, &attribute), new, "`{}` is as a check leaves it", attribute.name());
        if attribute.kind() == AttributeType::Complex && !attribute.multi_valued() {
            for sub in attribute.sub_attributes() {
                let part = |value: Option<&Value>| value.and_then(|value| value.get(sub.name()).cloned());
                let (old, new) = (part(old.as_ref()), part(value(after, uri, &attribute).as_ref()));
                let kept = match sub.mutability() {
                    // With the whole value its read-only sub-attributes go; a later operation may give it another value.
                    Mutability::ReadOnly => new.is_none() || old == new,
                    Mutability::Immutable => old.is_none() || old == new,
                    _ => true,
                };
                assert!(kept, "`{}.{}` has changed", attribute.name(), sub.name());
            }
        }
    }
}

/// Compares `Differences` with the difference that there is.
pub fn tells_the_difference(changed: &Differences, before: &Resource, after: &Resource, schema: &TypeSchema) {
    type Difference = (Vec<Value>, Vec<Value>);
    let mut expected: BTreeMap<String, Difference> = BTreeMap::new();
    let mut secrets = Vec::new();
    for (uri, attribute) in attributes(schema) {
        if attribute.name() == "schemas" {
            continue;
        }
        let path = uri.map_or_else(|| attribute.name().to_owned(), |uri| format!("{uri}:{}", attribute.name()));
        let (old, new) = (value(before, uri, &attribute), value(after, uri, &attribute));
        if attribute.kind() == AttributeType::Complex && !attribute.multi_valued() {
            for sub in attribute.sub_attributes() {
                let part = |value: Option<&Value>| value.and_then(|value| value.get(sub.name()).cloned());
                let (old, new) = (part(old.as_ref()), part(new.as_ref()));
                let path = format!("{path}.{}", sub.name());
                if is_secret(sub) {
                    secrets.push((path, old != new));
                } else if old != new {
                    expected.insert(path, (old.into_iter().collect(), new.into_iter().collect()));
                }
            }
        } else if is_secret(&attribute) {
            secrets.push((path, old != new));
        } else if attribute.is_multi_valued_reference() {
            let elements = |value: Option<Value>| match value {
                Some(Value::Array(elements)) => elements,
                _ => Vec::new(),
            };
            let (mut old, mut new) = (elements(old), elements(new));
            let both: Vec<Value> = old.iter().filter(|element| new.contains(element)).cloned().collect();
            old.retain(|element| !both.contains(element));
            new.retain(|element| !both.contains(element));
            if !old.is_empty() || !new.is_empty() {
                expected.insert(path, (old, new));
            }
        } else if old != new {
            let shown = |value: Option<Value>| value.map(|value| without_secrets(&attribute, &value));
            expected.insert(path, (shown(old).into_iter().collect(), shown(new).into_iter().collect()));
        }
    }
    for change in changed.all() {
        if let Some(at) = secrets.iter().position(|(path, _)| *path == change.target().to_string()) {
            assert!(change.is_secret() && change.before().is_none() && change.after().is_none());
            secrets.remove(at);
            continue;
        }
        let (old, new) =
            expected.remove(&change.target().to_string()).unwrap_or_else(|| panic!("{change:?} is no change"));
        let told = |value: Option<&Value>| match value {
            Some(Value::Array(elements)) if change.tells_elements() => elements.clone(),
            value => value.into_iter().cloned().collect(),
        };
        assert!(
            same_elements(&told(change.before()), &old) && same_elements(&told(change.after()), &new),
            "{change:?}"
        );
    }
    assert!(expected.is_empty(), "untold: {expected:?}");
    assert!(!secrets.iter().any(|(_, differs)| *differs), "untold: {secrets:?}");
    assert!(changed.targets().is_sorted() && changed.is_unchanged() == changed.all().is_empty());
    assert!(!changed.is_unchanged() || before == after, "nothing has changed");
}

/// Operations that are sent one by one do what they do in one message, as far as each leaves a valid resource.
fn one_by_one(operations: &Value, before: &Resource, after: &Resource, schema: &Arc<TypeSchema>, profile: &Profile) {
    let operations = operations.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut resource = before.clone();
    for operation in operations {
        let Some((patch, _)) = checked(&json!([operation]), schema, profile) else { return };
        if apply(&patch, &mut resource).is_err() {
            return;
        }
    }
    let [one_by_one, at_once] = [&resource, after].map(|resource| comparable_all(resource, schema));
    assert_eq!(one_by_one, at_once, "R165: {operations:?}");
}

/// Attributes of a type, with the URI of the extension.
fn attributes(schema: &TypeSchema) -> Vec<(Option<&str>, Arc<Attribute>)> {
    let base = schema.common().iter().chain(schema.base().attributes()).map(|attribute| (None, attribute.clone()));
    let extensions = schema.extensions().iter().flat_map(|extension| {
        let uri = extension.schema.id();
        extension.schema.attributes().iter().map(move |attribute| (Some(uri), attribute.clone()))
    });
    base.chain(extensions).collect()
}

fn value(resource: &Resource, uri: Option<&str>, attribute: &Attribute) -> Option<Value> {
    let value = match uri {
        None => resource.get(attribute.name()),
        Some(uri) => resource.get(uri)?.get(attribute.name()),
    };
    value.map(ValueRef::to_value)
}

/// What a client may write of a resource, relations in one order.
fn comparable(resource: &Resource, schema: &TypeSchema) -> Map<String, Value> {
    let mut comparable = Map::new();
    for (uri, attribute) in attributes(schema) {
        if attribute.mutability() != Mutability::ReadOnly
            && attribute.name() != "schemas"
            && let Some(value) = value(resource, uri, &attribute)
            && let Some(mut value) = writable(&attribute, &value)
        {
            in_one_order(&attribute, &mut value);
            comparable.insert(format!("{uri:?} {}", attribute.name()), value);
        }
    }
    comparable
}

/// The resource, relations in one order.
fn comparable_all(resource: &Resource, schema: &TypeSchema) -> Resource {
    let mut comparable = resource.clone();
    for attribute in schema.base().attributes() {
        if let Some(value) = comparable.attributes_mut().get_mut(attribute.name()) {
            in_one_order(attribute, value);
        }
    }
    comparable
}

fn in_one_order(attribute: &Attribute, value: &mut Value) {
    if let Value::Array(elements) = value
        && attribute.is_multi_valued_reference()
    {
        elements.sort_by_key(ToString::to_string);
    }
}

fn writable(attribute: &Attribute, value: &Value) -> Option<Value> {
    match value {
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.iter().filter_map(|element| writable(attribute, element)).collect();
            let mut seen = HashSet::new();
            elements.retain(|element| seen.insert(element.clone()));
            (!elements.is_empty()).then_some(elements.into())
        }
        Value::Object(members) => {
            let mut members = members.clone();
            let sub = |name: &str| attribute.sub_attribute(name);
            members.retain(|name, _| sub(name).is_none_or(|sub| sub.mutability() != Mutability::ReadOnly));
            (!members.is_empty()).then_some(members.into())
        }
        simple => Some(simple.clone()),
    }
}

fn without_secrets(attribute: &Attribute, value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(|element| without_secrets(attribute, element)).collect(),
        Value::Object(members) => {
            let mut members = members.clone();
            members.retain(|name, _| attribute.sub_attribute(name).is_none_or(|sub| !is_secret(sub)));
            members.into()
        }
        simple => simple.clone(),
    }
}

fn same_elements(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().all(|element| b.contains(element))
}

fn is_secret(attribute: &Attribute) -> bool {
    attribute.mutability() == Mutability::WriteOnly || attribute.returned() == Returned::Never
}

/// Resource types, each with resources that fit.
#[derive(Debug)]
pub struct Fixture {
    /// The types of the corpus.
    pub types: Vec<(Arc<TypeSchema>, Vec<Resource>)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    schemas: Vec<Arc<Schema>>,
    resource_types: Vec<ResourceType>,
    fixtures: BTreeMap<String, Resource>,
}

/// The fixture of the corpus.
pub static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let file: File =
        serde_json::from_str(include_str!("../../scim-patch/tests/data/fixtures.json")).expect("the fixtures");
    let schemas = SchemaSet::builtin().with(file.schemas, file.resource_types).expect("the types register");
    let types = schemas.types().map(|schema| {
        let fits = |resource: &&Resource| resource.schemas().next().as_deref() == Some(schema.base().id());
        (schema.clone(), file.fixtures.values().filter(fits).cloned().collect())
    });
    Fixture { types: types.collect() }
});

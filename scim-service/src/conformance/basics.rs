//! What every case relies on. Where it is not so, that is one cause, told once.

use std::sync::Arc;

use scim_core::schema::Schema;
use scim_core::{AttributeRef, Resource, ResourceTypeName, SchemaSet, TypeSchema, ValueRef};
use serde_json::{Value, json};

use super::trial::{Trial, ids_of, is_not_found};
use super::values::{prune, put, value_for, written};
use crate::store::{List, Precondition, StoreError};

const ANY: &Precondition = &Precondition::None;

/// What there is to know of a store before the cases are tried.
#[derive(Debug)]
pub(super) struct Basics {
    /// What is wrong, in one line.
    pub(super) cause: Option<String>,
    /// Whether any case can be tried nevertheless.
    pub(super) is_fatal: bool,
    /// The schemas without what the store does not keep.
    pub(super) schemas: Arc<SchemaSet>,
}

impl Basics {
    /// Tries the store.
    pub(super) fn of(trial: &Trial<'_>) -> Self {
        let schemas = trial.schemas().clone();
        let outcome = whole_life(trial).and_then(|()| lost_attributes(trial));
        match outcome {
            Err(cause) => Self { cause: Some(cause), is_fatal: true, schemas },
            Ok(lost) if lost.is_empty() => Self { cause: None, is_fatal: false, schemas },
            Ok(lost) => {
                let named: Vec<String> = lost.iter().map(|(of, path)| format!("`{path}` of {of}")).collect();
                let cause = format!(
                    "promise 1: the store does not keep {}, which the schemas have. All other cases are tried without. If the service \
                     has schemas of its own, give them to `store_conformance!`",
                    named.join(", ")
                );
                match without(&schemas, &lost) {
                    Some(narrowed) => Self { cause: Some(cause), is_fatal: false, schemas: Arc::new(narrowed) },
                    None => Self { cause: Some(cause), is_fatal: true, schemas },
                }
            }
        }
    }
}

/// A user and a group are created, read, listed, changed and deleted. The first thing that goes wrong is the cause of the rest.
fn whole_life(trial: &Trial<'_>) -> Result<(), String> {
    if !trial.has("User", "userName") {
        return Err("the schemas have no User with `userName`: there is nothing to try the store with".to_owned());
    }
    let made = trial.create("User", json!({"userName": "basics"}));
    let made = made.map_err(|error| failed(1, "a user with a `userName` alone cannot be created", &error))?;
    let id = made.id().ok_or("promise 1: `create` answers with a user without `id`")?.into_owned();
    if made.meta().is_none() {
        return Err(
            "promise 1: `create` answers with a user without complete `meta`: resourceType, created, lastModified and \
                    version"
                .to_owned(),
        );
    }
    let read = trial.get("User", &id).map_err(|error| failed(1, "a user that was created cannot be read", &error))?;
    if read != made {
        return Err(format!("promise 1: `read` answers otherwise than `create`: {}", difference(&made, &read)));
    }
    let page = trial
        .listed(List::new(trial.of("User"), 10))
        .map_err(|error| failed(7, "a list without a filter fails", &error))?;
    if ids_of(&page) != [id.as_str()] {
        return Err(format!(
            "promise 7: a list without a filter holds {} users, expected the one there is",
            page.resources.len()
        ));
    }
    if let Some(note) = trial.note() {
        changes(trial, &id, &note, &read)?;
    }
    if trial.has("Group", "displayName") {
        let members = if trial.has("Group", "members") { json!([{ "value": id }]) } else { json!([]) };
        let group = trial.create("Group", json!({"displayName": "basics", "members": members}));
        let group = group.map_err(|error| failed(1, "a group cannot be created", &error))?;
        let group_id = group.id().ok_or("promise 1: `create` answers with a group without `id`")?.into_owned();
        if trial.has("Group", "members") && group.get("members").is_none() {
            return Err("promise 8: a group that was created with a member has none".to_owned());
        }
        trial.delete("Group", &group_id, ANY).map_err(|error| failed(10, "a group cannot be deleted", &error))?;
    }
    trial.delete("User", &id, ANY).map_err(|error| failed(10, "a user cannot be deleted", &error))?;
    if !is_not_found(&trial.get("User", &id)) {
        return Err("promise 10: a user that was deleted can still be read".to_owned());
    }
    Ok(())
}

/// What is written is there, and the version moves.
fn changes(trial: &Trial<'_>, id: &str, note: &str, before: &Resource) -> Result<(), String> {
    let replaced = trial.replace("User", id, json!({"userName": "basics", note: "Dr"}), ANY);
    let replaced = replaced.map_err(|error| failed(4, "a user cannot be replaced", &error))?;
    if replaced.get(note).and_then(ValueRef::as_str).as_deref() != Some("Dr") {
        return Err(format!("promise 1: the store does not keep `{note}`, or `replace` has no effect"));
    }
    if replaced.version() == before.version() {
        return Err("promise 4: the version of a user stays the same when the user changes".to_owned());
    }
    let read = trial.get("User", id).map_err(|error| failed(1, "a user that was changed cannot be read", &error))?;
    if read != replaced {
        return Err(format!("promise 1: `read` answers otherwise than `replace`: {}", difference(&replaced, &read)));
    }
    Ok(())
}

/// The attributes whose values do not come back, by type and path.
fn lost_attributes(trial: &Trial<'_>) -> Result<Vec<(ResourceTypeName, String)>, String> {
    let mut lost = Vec::new();
    for (name, key) in [("User", "userName"), ("Group", "displayName")] {
        if !trial.has(name, key) {
            continue;
        }
        let of = trial.of(name);
        let mut sent = json!({ key: "all-attributes" });
        let targets: Vec<AttributeRef> = written(of)
            .into_iter()
            .filter(|target| target.uri().is_some() || target.name() != key)
            .filter(|target| {
                let mut one = json!({ key: "all-attributes" });
                put(&mut one, target, value_for(target.attribute(), "all"));
                let is_valid = trial.is_valid(name, &one);
                if is_valid {
                    put(&mut sent, target, value_for(target.attribute(), "all"));
                }
                is_valid
            })
            .collect();
        prune(of, &mut sent);
        let made = trial.create(name, sent.clone());
        let made =
            made.map_err(|error| failed(1, &format!("a {name} with all its attributes cannot be created"), &error))?;
        let id = made.id().unwrap_or_default().into_owned();
        let read = trial.get(name, &id).map_err(|error| failed(1, "what was created cannot be read", &error))?;
        for target in targets {
            let value = target.uri().map_or_else(|| sent.get(target.name()), |uri| sent.get(uri)?.get(target.name()));
            let found = target.attribute_in(&read).map(ValueRef::to_value);
            lost.extend(lost_in(of, &target, value, found.as_ref()));
        }
        trial.delete(name, &id, ANY).map_err(|error| failed(10, "what was created cannot be deleted", &error))?;
    }
    Ok(lost)
}

/// What of a value is lost: the attribute, or some of its sub-attributes.
fn lost_in(
    of: &TypeSchema,
    target: &AttributeRef,
    sent: Option<&Value>,
    found: Option<&Value>,
) -> Vec<(ResourceTypeName, String)> {
    let name = of.resource_type().name();
    let Some(sent) = sent.filter(|sent| found != Some(*sent)) else { return Vec::new() };
    let first = |value: &Value| match value {
        Value::Array(elements) => elements.first().cloned(),
        one => Some(one.clone()),
    };
    let (sent, found) = (first(sent), found.and_then(first));
    let (Some(Value::Object(sent)), Some(Value::Object(found))) = (sent, found) else {
        return vec![(name.clone(), target.to_string())];
    };
    let subs = sent.iter().filter(|(sub, value)| found.get(*sub) != Some(*value));
    subs.map(|(sub, _)| (name.clone(), format!("{target}.{sub}"))).collect()
}

/// The schemas without these attributes.
fn without(schemas: &SchemaSet, lost: &[(ResourceTypeName, String)]) -> Option<SchemaSet> {
    let mut narrowed: Vec<Value> = schemas.schemas().map(|schema| json!(**schema)).collect();
    for (of, path) in lost {
        let of = schemas.of(of)?;
        let (uri, path) = of
            .extensions()
            .iter()
            .find_map(|extension| {
                Some((extension.schema.id(), path.strip_prefix(extension.schema.id())?.strip_prefix(':')?))
            })
            .unwrap_or((of.base().id(), path));
        let schema = narrowed.iter_mut().find(|schema| schema["id"] == uri)?;
        let (name, sub) = path.split_once('.').map_or((path, None), |(name, sub)| (name, Some(sub)));
        let attributes = schema["attributes"].as_array_mut()?;
        match sub {
            None => attributes.retain(|attribute| attribute["name"] != name),
            Some(sub) => {
                let attribute = attributes.iter_mut().find(|attribute| attribute["name"] == name)?;
                attribute["subAttributes"].as_array_mut()?.retain(|attribute| attribute["name"] != sub);
            }
        }
    }
    let schemas_left: Option<Vec<Arc<Schema>>> =
        narrowed.into_iter().map(|schema| serde_json::from_value(schema).ok()).collect();
    let types: Vec<_> = schemas.types().map(|of| of.resource_type().clone()).collect();
    SchemaSet::default().with(schemas_left?, types).ok()
}

fn failed(promise: u8, what: &str, error: &StoreError) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    format!("promise {promise}: {what}: {error}{source}")
}

/// The members that differ.
fn difference(a: &Resource, b: &Resource) -> String {
    let mut names: Vec<String> = a.members().chain(b.members()).map(|(name, _)| name.into_owned()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| a.get(name) != b.get(name));
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

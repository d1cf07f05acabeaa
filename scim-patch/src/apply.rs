//! The effect of a patch on a resource: all or nothing.

use std::collections::BTreeSet;

use scim_core::{Attribute, AttributeType, Leniencies, Leniency, Mutability, Resource, TypeSchema};
use scim_filter::equal_values;
use serde_json::{Map, Value};

use crate::assign::{assign, assign_sub};
use crate::changed::Changed;
use crate::elements::{Elements, is_relation};
use crate::error::{PatchError, PatchProblem};
use crate::journal::Journal;
use crate::operation::{Effect, Operation, Patch};

/// Applies a patch. Operations run in order, each on what the one before left (R165).
///
/// The resource must be of the patch's resource type. What it was is kept attribute by attribute, as far as the patch
/// touches it.
///
/// # Errors
///
/// [`PatchError`] with the operation at fault; the resource is then as it was (R166).
pub fn apply(patch: &Patch, resource: &mut Resource) -> Result<Changed, PatchError> {
    let mut journal = Journal::default();
    match run(patch, resource, &mut journal) {
        Ok(used) => {
            let mut changed = changed(patch, resource, &journal);
            changed.leniencies.extend(used);
            Ok(changed)
        }
        Err(error) => {
            journal.roll_back(resource);
            Err(error)
        }
    }
}

/// Runs the operations, and tells which leniencies they needed beyond those of the check.
fn run(patch: &Patch, resource: &mut Resource, journal: &mut Journal) -> Result<Leniencies, PatchError> {
    let mut used = Leniencies::default();
    for operation in &patch.operations {
        let at = |problem: PatchProblem| problem.at(operation.index, operation.path.as_deref());
        if let Effect::ExpectEqual(value) = &operation.effect {
            expect_equal(operation, resource, value).map_err(at)?;
            continue;
        }
        journal.remember(resource, operation.place.top_level_name());
        if let Some(leniency) = effect(operation, resource).map_err(at)? {
            used.insert(leniency);
        }
    }
    let Some(last) = patch.operations.last() else { return Ok(used) };
    let at = |problem: PatchProblem| problem.at(last.index, last.path.as_deref());
    journal.remember(resource, "schemas");
    let schemas = patch.schema.schemas_of(resource.attributes());
    resource.attributes_mut().insert("schemas".into(), schemas);
    still_valid(&patch.schema, resource, journal).map_err(at)?;
    Ok(used)
}

/// Runs one operation, and tells the leniency by which it made an element.
fn effect(operation: &Operation, resource: &mut Resource) -> Result<Option<Leniency>, PatchProblem> {
    let place = &operation.place;
    let attributes = resource.attributes_mut();
    if let (Effect::RemoveExtension, Some(extension)) = (&operation.effect, &place.extension) {
        attributes.remove(extension.id());
        return Ok(None);
    }
    let Some(attribute) = &place.attribute else { return Ok(None) };
    let Some(extension) = &place.extension else {
        return within(operation, attribute, attributes);
    };
    let entry = attributes.entry(extension.id()).or_insert_with(|| Value::Object(Map::new()));
    let outcome = entry.as_object_mut().map_or(Ok(None), |container| within(operation, attribute, container));
    if entry.as_object().is_none_or(Map::is_empty) {
        attributes.remove(extension.id());
    }
    outcome
}

fn within(
    operation: &Operation,
    attribute: &Attribute,
    container: &mut Map<String, Value>,
) -> Result<Option<Leniency>, PatchProblem> {
    match &operation.effect {
        Effect::Assign(value) => return assign(container, attribute, value.clone()).map(|()| None),
        Effect::AssignSub { sub, value } => {
            return assign_sub(container, attribute, sub, value.clone()).map(|()| None);
        }
        Effect::RemoveExtension | Effect::ExpectEqual(_) => return Ok(None),
        _ => {}
    }
    let immutable = attribute.mutability() == Mutability::Immutable;
    let before = if immutable { container.get(attribute.name()).cloned() } else { None };
    let mut elements = Elements::take(container, attribute);
    match &operation.effect {
        Effect::AddElements(values) => elements.add(values),
        Effect::ReplaceElements(values) => elements.replace_all(values.clone()),
        Effect::MergeMatching { selector, parts, missing } => elements.merge_matching(selector, parts, *missing)?,
        Effect::ReplaceMatching { selector, element, missing } => {
            elements.replace_matching(selector, element, *missing)?;
        }
        Effect::AssignSubOfMatching { selector, sub, value, missing } => {
            elements.assign_sub_of_matching(selector, sub, value.as_ref(), *missing)?;
        }
        Effect::RemoveMatching(selector) => elements.remove_matching(selector)?,
        Effect::RemoveElements(values) => elements.remove(values),
        Effect::Assign(_) | Effect::AssignSub { .. } | Effect::RemoveExtension | Effect::ExpectEqual(_) => {}
    }
    let created_by = elements.put(container)?;
    match before {
        Some(before) if container.get(attribute.name()) != Some(&before) => Err(PatchProblem::Immutable),
        _ => Ok(created_by),
    }
}

/// R168: a read-only attribute may be repeated as it is.
fn expect_equal(operation: &Operation, resource: &Resource, sent: &Value) -> Result<(), PatchProblem> {
    let Some(attribute) = &operation.place.attribute else { return Err(PatchProblem::ReadOnly) };
    let current = match &operation.place.extension {
        None => resource.get(attribute.name()),
        Some(extension) => resource.get(extension.id()).and_then(|container| container.get(attribute.name())),
    };
    let equal = match (current, sent) {
        (None, Value::Null) => true,
        (None, Value::Array(elements)) => elements.is_empty(),
        (None, _) => false,
        // Parts that the service adds on the way out, such as `meta.location`, are not known here.
        (Some(Value::Object(current)), Value::Object(sent)) => sent.iter().all(|(name, sent)| {
            let sub = attribute.sub_attribute(name);
            let known = sub.and_then(|sub| current.get(sub.name()).map(|current| (sub, current)));
            known.is_none_or(|(sub, current)| equal_values(sub, current, sent))
        }),
        (Some(Value::Array(current)), Value::Array(sent)) => ids(current) == ids(sent),
        (Some(current), sent) => equal_values(attribute, current, sent),
    };
    if equal { Ok(()) } else { Err(PatchProblem::ReadOnly) }
}

fn ids(elements: &[Value]) -> BTreeSet<&str> {
    elements.iter().filter_map(|element| element.get("value")?.as_str()).collect()
}

/// What a check of a whole resource would find missing in what the patch touched.
fn still_valid(schema: &TypeSchema, resource: &Resource, journal: &Journal) -> Result<(), PatchProblem> {
    for name in journal.touched() {
        let value = resource.get(name);
        if let Some(attribute) = schema.base().attribute(name) {
            complete(attribute, value)?;
        }
        let Some(extension) = schema.extensions().iter().find(|extension| extension.schema.id() == name) else {
            continue;
        };
        match value.and_then(Value::as_object) {
            None if extension.required => return Err(PatchProblem::Required),
            None => {}
            Some(container) => {
                for attribute in extension.schema.attributes() {
                    complete(attribute, container.get(attribute.name()))?;
                }
            }
        }
    }
    Ok(())
}

fn complete(attribute: &Attribute, value: Option<&Value>) -> Result<(), PatchProblem> {
    let Some(value) = value else {
        let needed = attribute.required() && attribute.mutability() != Mutability::ReadOnly;
        return if needed { Err(PatchProblem::Required) } else { Ok(()) };
    };
    // Elements of a relation were complete when they were sent, and there may be very many.
    if attribute.kind() != AttributeType::Complex || is_relation(attribute) {
        return Ok(());
    }
    let elements = match value {
        Value::Array(elements) => elements.as_slice(),
        single => std::slice::from_ref(single),
    };
    for element in elements {
        for sub in attribute.sub_attributes() {
            complete(sub, element.get(sub.name()))?;
        }
    }
    Ok(())
}

fn changed(patch: &Patch, resource: &Resource, journal: &Journal) -> Changed {
    let mut paths = BTreeSet::new();
    for (name, before) in journal.differences(resource) {
        let Some(extension) = patch.schema.extension(name) else {
            paths.insert(name.to_owned());
            continue;
        };
        let member = |value: Option<&Value>, attribute: &str| value.and_then(|value| value.get(attribute)).cloned();
        for attribute in extension.attributes() {
            if member(before, attribute.name()) != member(resource.get(name), attribute.name()) {
                paths.insert(format!("{}:{}", extension.id(), attribute.name()));
            }
        }
    }
    // `schemas` follows from the rest.
    paths.remove("schemas");
    Changed { paths: paths.into_iter().collect(), leniencies: patch.leniencies }
}

//! The effect of a patch on a resource: all or nothing.

use std::collections::BTreeSet;

use scim_core::resource::members_size;
use scim_core::schema::{AttributeType, Mutability};
use scim_core::{Attribute, AttributeRef, Quirk, Resource, Tolerance, TypeSchema, ValueLimits};
use scim_filter::{Budget, equal_values};
use serde_json::{Map, Value};

use crate::apply::assign::{assign, assign_parts, refuse_immutable_change};
use crate::apply::elements::Elements;
use crate::apply::journal::{Journal, in_tree, put};
use crate::difference::Differences;
use crate::error::{PatchError, PatchErrorKind};
use crate::plan::{Effect, Operation, Patch};
use crate::plan::{Relate, id};

/// Applies a patch. Operations run in order, each on what the one before left (R165).
///
/// The resource must be of the patch's resource type. It is not copied: the attributes that the patch is about are looked at as a tree
/// of values, and all others stay as they are. What an operation touches is remembered, as far as
/// it is touched, and put back when a later operation fails. Of a relation such as `members` only the elements that come
/// and go are remembered, however many others there are; finding them means one look at each element, which
/// [`Patch::membership_delta`] spares a store that can look an id up.
///
/// # Errors
///
/// [`PatchError`] with the operation at fault; the resource is then as it was (R166).
pub fn apply(patch: &Patch, resource: &mut Resource) -> Result<Differences, PatchError> {
    let names = patch.members();
    let others = 2 + members_size(&patch.schema, resource.as_value(), &names);
    let mut attributes = resource.take_members(&names);
    let outcome = apply_to(patch, &mut attributes, others);
    let differ = outcome.as_ref().is_ok_and(|differences| !differences.is_unchanged());
    resource.put_members(&names, attributes, differ);
    outcome
}

/// Applies a patch to the attributes that it is about; `others` is what the resource has beside them, in bytes.
fn apply_to(patch: &Patch, attributes: &mut Map<String, Value>, others: usize) -> Result<Differences, PatchError> {
    let own = Budget::default();
    let budget = patch.limits.budget.as_deref().unwrap_or(&own);
    let mut journal = Journal::default();
    let mut tolerance = Tolerance::new(&patch.profile);
    let mut outcome = run(patch, attributes, &mut journal, &mut tolerance, budget);
    let size_of = |attributes: &Map<String, Value>| members_size(&patch.schema, attributes.into(), &[]);
    let size = size_of(attributes);
    if outcome.is_ok() && others + size > patch.limits.value.resource {
        let mut before = attributes.clone();
        std::mem::take(&mut journal).roll_back(&mut before);
        let grows = size > size_of(&before);
        *attributes = before;
        outcome =
            if grows { Err(too_large(patch)) } else { run(patch, attributes, &mut journal, &mut tolerance, budget) };
    }
    match outcome {
        Ok(()) => {
            let mut quirks = patch.quirks();
            quirks.extend(tolerance.used());
            Ok(Differences::new(journal.into_differences(attributes), quirks))
        }
        Err(error) => {
            journal.roll_back(attributes);
            Err(error)
        }
    }
}

/// The resource would be too large after the last operation.
fn too_large(patch: &Patch) -> PatchError {
    let last = patch.operations.last();
    let kind = PatchErrorKind::TooLarge { limit: patch.limits.value.resource };
    kind.at(last.map_or(0, |last| last.index), last.and_then(|last| last.path.as_deref()))
}

/// Runs the operations, and tells which quirks they needed beyond those of the check.
fn run<'p>(
    patch: &'p Patch,
    attributes: &mut Map<String, Value>,
    journal: &mut Journal<'p>,
    tolerance: &mut Tolerance,
    budget: &Budget,
) -> Result<(), PatchError> {
    // Operations on the elements of one attribute that follow each other work on the same ones.
    let mut open: Option<Open<'p>> = None;
    for operation in &patch.operations {
        let at = |problem: PatchErrorKind| problem.at(operation.index, operation.path.as_deref());
        let together = operation.effect.is_on_elements() && !is_guarded(operation.place.attribute());
        if open.as_ref().is_some_and(|open| !together || *open.place != operation.place) {
            put_back(open.take(), attributes);
        }
        if keeps_inactive(operation, attributes, tolerance) {
            continue;
        }
        let made = if together {
            let open = match &mut open {
                Some(open) => {
                    journal.remember_whole(operation, &Map::new());
                    open
                }
                None => open.insert(Open::take(operation, attributes, journal)),
            };
            open.elements.run(&operation.effect, &patch.limits.value, budget).map_err(at)?
        } else if let Effect::ExpectEqual { sub, value } = &operation.effect {
            expect_equal(operation, sub.as_deref(), attributes, value, budget).map_err(at)?;
            None
        } else {
            effect(operation, attributes, journal, &patch.limits.value, budget).map_err(at)?
        };
        if let Some(quirk) = made {
            tolerance.take(quirk);
        }
    }
    put_back(open, attributes);
    if journal.extensions_changed(attributes) {
        journal.remember_schemas(attributes);
        let schemas = patch.schema.schemas_of(&*attributes);
        attributes.insert("schemas".into(), schemas);
    }
    still_valid(&patch.schema, attributes, journal)
}

/// The elements of an attribute, taken out of the resource for the operations on them.
struct Open<'p> {
    place: &'p AttributeRef,
    elements: Elements<'p>,
}

impl<'p> Open<'p> {
    fn take(operation: &'p Operation, attributes: &mut Map<String, Value>, journal: &mut Journal<'p>) -> Self {
        let place = &operation.place;
        let mut nothing = Map::new();
        let container = match place.extension() {
            None => attributes,
            Some(extension) => {
                journal.remember_extension(extension, attributes);
                attributes.get_mut(extension.id()).and_then(Value::as_object_mut).unwrap_or(&mut nothing)
            }
        };
        journal.remember_whole(operation, container);
        Self { place, elements: Elements::take(container, place.attribute()) }
    }
}

/// Puts elements back where they were taken from.
fn put_back(open: Option<Open<'_>>, attributes: &mut Map<String, Value>) {
    let Some(Open { place, elements }) = open else { return };
    let (name, value) = (place.name(), elements.into_value());
    let Some(extension) = place.extension() else { return put(attributes, name, value) };
    let container = attributes.entry(extension.id()).or_insert_with(|| Value::Object(Map::new()));
    if let Some(container) = container.as_object_mut() {
        put(container, name, value);
        if container.is_empty() {
            attributes.remove(extension.id());
        }
    }
}

/// Whether every operation on the attribute has to leave some of it alone: immutable values, or what cannot be changed of the
/// one value.
fn is_guarded(attribute: &Attribute) -> bool {
    attribute.mutability() == Mutability::Immutable || !attribute.multi_valued()
}

/// Whether the operation would take `active` from somebody who is inactive, and the profile does not let it.
fn keeps_inactive(operation: &Operation, attributes: &Map<String, Value>, tolerance: &mut Tolerance) -> bool {
    match &operation.effect {
        Effect::Assign(after) if operation.place.is_in("active") => {
            let before = attributes.get("active").and_then(Value::as_bool);
            tolerance.keeps_inactive(before, after.as_ref().and_then(Value::as_bool))
        }
        _ => false,
    }
}

/// Runs one operation, and tells the quirk by which it made an element.
fn effect<'p>(
    operation: &'p Operation,
    attributes: &mut Map<String, Value>,
    journal: &mut Journal<'p>,
    limits: &ValueLimits,
    budget: &Budget,
) -> Result<Option<Quirk>, PatchErrorKind> {
    let Some(extension) = operation.place.extension() else {
        return within(operation, attributes, journal, limits, budget);
    };
    journal.remember_extension(extension, attributes);
    let uri = extension.id();
    if !attributes.contains_key(uri) {
        attributes.insert(uri.to_owned(), Value::Object(Map::new()));
    }
    let Some(Value::Object(container)) = attributes.get_mut(uri) else { return Ok(None) };
    let outcome = within(operation, container, journal, limits, budget);
    if container.is_empty() {
        attributes.remove(uri);
    }
    outcome
}

/// Runs one operation on the object that holds its attribute.
fn within<'p>(
    operation: &'p Operation,
    container: &mut Map<String, Value>,
    journal: &mut Journal<'p>,
    limits: &ValueLimits,
    budget: &Budget,
) -> Result<Option<Quirk>, PatchErrorKind> {
    let attribute = &**operation.place.attribute();
    match &operation.effect {
        Effect::Assign(value) => {
            journal.remember_whole(operation, container);
            assign(container, attribute, value.as_ref())?;
        }
        Effect::AssignParts(parts) => {
            journal.remember_parts(operation, parts, container);
            assign_parts(container, attribute, parts, budget)?;
        }
        Effect::Relate(relate) => run_relate(operation, relate, container, journal, budget)?,
        _ => {
            journal.remember_whole(operation, container);
            return on_elements(operation, container, limits, budget);
        }
    }
    Ok(None)
}

fn run_relate<'p>(
    operation: &'p Operation,
    relate: &Relate,
    container: &mut Map<String, Value>,
    journal: &mut Journal<'p>,
    budget: &Budget,
) -> Result<(), PatchErrorKind> {
    let name = operation.place.name();
    let value = container.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(elements) = value {
        budget.spend(1 + elements.len() as u64 / 4)?;
        let edit = relate.apply(elements);
        let gone = elements.is_empty();
        journal.remember_edit(operation, edit, elements);
        if gone {
            container.remove(name);
        }
    }
    Ok(())
}

/// Runs an operation on elements of which some have to stay.
fn on_elements(
    operation: &Operation,
    container: &mut Map<String, Value>,
    limits: &ValueLimits,
    budget: &Budget,
) -> Result<Option<Quirk>, PatchErrorKind> {
    let attribute = &**operation.place.attribute();
    let before = container.get(attribute.name()).cloned();
    budget.spend(before.as_ref().and_then(Value::as_array).map_or(1, Vec::len) as u64)?;
    let mut elements = Elements::take(container, attribute);
    let created_by = elements.run(&operation.effect, limits, budget)?;
    put(container, attribute.name(), elements.into_value());
    let Some(before) = before else { return Ok(created_by) };
    let after = container.get(attribute.name());
    if attribute.mutability() == Mutability::Immutable && after != Some(&before) {
        return Err(PatchErrorKind::Immutable);
    }
    if !attribute.multi_valued() {
        refuse_immutable_change(attribute, &before, after)?;
    }
    Ok(created_by)
}

/// R168: a read-only attribute may be repeated as it is.
fn expect_equal(
    operation: &Operation,
    sub: Option<&Attribute>,
    attributes: &Map<String, Value>,
    sent: &Value,
    budget: &Budget,
) -> Result<(), PatchErrorKind> {
    let attribute = &**operation.place.attribute();
    let whole = in_tree(&operation.place, attributes);
    let (attribute, current) = match sub {
        None => (attribute, whole),
        Some(sub) => (sub, whole.and_then(|whole| whole.get(sub.name()))),
    };
    let elements = |value: Option<&Value>| value.and_then(Value::as_array).map_or(1, Vec::len) as u64;
    budget.spend(elements(current) + elements(Some(sent)))?;
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
        (Some(Value::Array(current)), Value::Array(sent)) if is_reference_list(attribute) => ids(current) == ids(sent),
        (Some(current), sent) => equal_values(attribute, current, sent),
    };
    if equal { Ok(()) } else { Err(PatchErrorKind::ReadOnly) }
}

/// Whether the elements point at other resources, as `groups` of a user do: what else they say of them is computed.
fn is_reference_list(attribute: &Attribute) -> bool {
    attribute.sub_attribute("$ref").is_some() && attribute.sub_attribute("value").is_some()
}

fn ids(elements: &[Value]) -> BTreeSet<&str> {
    elements.iter().filter_map(id).collect()
}

/// What a check of a whole resource would find missing in what the patch touched.
fn still_valid(schema: &TypeSchema, attributes: &Map<String, Value>, journal: &Journal<'_>) -> Result<(), PatchError> {
    for operation in journal.touched() {
        let at = |problem: PatchErrorKind| problem.at(operation.index, operation.path.as_deref());
        let place = &operation.place;
        let Some(extension) = place.extension() else {
            complete(place.attribute(), attributes.get(place.name())).map_err(at)?;
            continue;
        };
        match attributes.get(extension.id()).and_then(Value::as_object) {
            None => {
                let of_type = schema.extensions().iter().find(|of_type| of_type.schema.id() == extension.id());
                if of_type.is_some_and(|of_type| of_type.required) {
                    return Err(at(PatchErrorKind::Required));
                }
            }
            Some(container) => {
                for attribute in extension.attributes() {
                    complete(attribute, container.get(attribute.name())).map_err(at)?;
                }
            }
        }
    }
    Ok(())
}

fn complete(attribute: &Attribute, value: Option<&Value>) -> Result<(), PatchErrorKind> {
    let Some(value) = value else {
        let needed = attribute.required() && attribute.mutability() != Mutability::ReadOnly;
        return if needed { Err(PatchErrorKind::Required) } else { Ok(()) };
    };
    let asks = |sub: &std::sync::Arc<Attribute>| sub.required() && sub.mutability() != Mutability::ReadOnly;
    // Elements of a relation were complete when they were sent, and there may be very many.
    if attribute.kind() != AttributeType::Complex
        || attribute.is_multi_valued_reference()
        || !attribute.sub_attributes().iter().any(asks)
    {
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

//! The patch that turns one resource into another.

use std::collections::HashSet;
use std::sync::Arc;

use scim_core::message::{PatchOp, PatchOperation};
use scim_core::schema::{AttributeType, Mutability, Schema, TypeExtension};
use scim_core::{Attribute, AttributeRef, Profile, Quirk, Resource, TypeSchema};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::apply::apply;
use crate::between::align::by_elements;
use crate::between::parts::{by_parts, size};
use crate::plan::Patch;
use crate::plan::{Relate, id};

/// No patch turns the one resource into the other.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DifferenceError {
    /// An immutable value differs or is gone (RFC 7643 section 7).
    #[error("`{path}` is immutable: no patch changes it")]
    Immutable {
        /// The attribute or sub-attribute.
        path: String,
    },
    /// A required value is gone.
    #[error("`{path}` is required: no patch removes it")]
    Required {
        /// The attribute or sub-attribute.
        path: String,
    },
    /// The new value is not one that a resource can have.
    #[error("the new value of `{path}` does not fit its schema")]
    Unfit {
        /// The attribute.
        path: String,
    },
}

impl Patch {
    /// The message that turns `before` into `after`: for clients, and for whoever keeps two services alike.
    ///
    /// Both are resources of the type, as a check leaves them or a service returns them. The message has an operation for
    /// each attribute that differs; values of multi-valued attributes come and go one by one where that is shorter than to
    /// send them all, members of a group by their ids unless more of them go than stay. Every operation has a path, and none
    /// needs a quirk. The message is empty, which is none to send, when nothing differs.
    ///
    /// A service that keeps people inactive until they are said to be active
    /// ([`Quirk::InactiveUntilTrue`](scim_core::Quirk::InactiveUntilTrue)) leaves `active` false where the message
    /// removes it.
    ///
    /// What is read-only is not looked at. The order of members means nothing; of other values it counts.
    ///
    /// # Errors
    ///
    /// [`DifferenceError`] for the first attribute that no patch can change in that way.
    ///
    /// ```
    /// use scim_core::{Resource, SchemaSet};
    /// use scim_patch::Patch;
    /// use serde_json::json;
    ///
    /// let schemas = SchemaSet::builtin();
    /// let group = schemas.group().unwrap();
    /// let before: Resource = serde_json::from_value(
    ///     json!({"displayName": "Analysts", "members": [{"value": "ada"}, {"value": "grace"}]}))?;
    /// let after: Resource = serde_json::from_value(
    ///     json!({"displayName": "Engineers", "members": [{"value": "grace"}, {"value": "hedy"}]}))?;
    /// let message = Patch::between(&before, &after, group)?;
    /// assert_eq!(message.to_value()["Operations"], json!([
    ///     {"op": "replace", "path": "displayName", "value": "Engineers"},
    ///     {"op": "remove", "path": "members[value eq \"ada\"]"},
    ///     {"op": "add", "path": "members", "value": [{"value": "hedy"}]}
    /// ]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn between(before: &Resource, after: &Resource, schema: &Arc<TypeSchema>) -> Result<PatchOp, DifferenceError> {
        let profile = Profile::rfc().without(Quirk::InactiveUntilTrue);
        let trial = trial(before, schema);
        let mut message = Message { before, after, schema, trial, profile, operations: Vec::new() };
        for attribute in schema.common().iter().chain(schema.base().attributes()) {
            message.attribute(&AttributeRef::new(None, attribute))?;
        }
        for extension in schema.extensions() {
            message.extension(extension)?;
        }
        Ok(PatchOp { operations: message.operations })
    }
}

/// What the resource was, without its relations, to try operations on.
fn trial(before: &Resource, schema: &TypeSchema) -> Resource {
    let relation =
        |name: &str| schema.base().attribute(name).is_some_and(|attribute| attribute.is_multi_valued_reference());
    let kept = before.members().filter(|(name, _)| !relation(name));
    Resource::from_attributes(kept.map(|(name, value)| (name.into_owned(), value.to_value())).collect())
}

struct Message<'a> {
    before: &'a Resource,
    after: &'a Resource,
    schema: &'a Arc<TypeSchema>,
    trial: Resource,
    /// The letter of the RFC: what the message removes is to be gone.
    profile: Profile,
    operations: Vec<PatchOperation>,
}

impl Message<'_> {
    /// An extension that comes or goes does so as a whole where that is shorter and touches nothing read-only.
    fn extension(&mut self, extension: &TypeExtension) -> Result<(), DifferenceError> {
        let TypeExtension { schema, required } = extension;
        let uri = schema.id();
        let has = |resource: &Resource| {
            resource.get(uri).is_some_and(|value| writable_members(schema, &value.to_value()).len() > 1)
        };
        let whole = match (has(self.before), has(self.after)) {
            (true, _) if self.after.get(uri).is_none() && !required => Some(PatchOperation::remove(uri)),
            (_, true) if self.before.get(uri).is_none() => {
                let value = self.after.get(uri).map(|value| writable_members(schema, &value.to_value()));
                Some(PatchOperation::add(uri, value.unwrap_or_default()))
            }
            _ => None,
        };
        let places = schema.attributes().iter();
        let places: Vec<AttributeRef> = places.map(|attribute| AttributeRef::new(Some(schema), attribute)).collect();
        if let Some(whole) = whole {
            let operations = vec![whole];
            if self.leads(&operations, &places) {
                self.operations.extend(operations);
                return Ok(());
            }
        }
        places.iter().try_for_each(|place| self.attribute(place))
    }

    fn attribute(&mut self, place: &AttributeRef) -> Result<(), DifferenceError> {
        let attribute = &**place.attribute();
        if attribute.mutability() == Mutability::ReadOnly || place.is_in("schemas") {
            return Ok(());
        }
        let at = |resource: &Resource| resource.at(place).and_then(|value| writable(attribute, &value.to_value()));
        let (before, after) = (at(self.before), at(self.after));
        if is_same(attribute, before.as_ref(), after.as_ref()) {
            return Ok(());
        }
        refuse_impossible(attribute, &place.to_string(), before.as_ref(), after.as_ref())?;
        if attribute.is_multi_valued_reference()
            && let Some(operations) = by_ids(place, before.as_ref(), after.as_ref())
        {
            self.operations.extend(operations);
            return Ok(());
        }
        let mut candidates = candidates(place, before.as_ref(), after.as_ref());
        candidates.sort_by_key(|operations| operations.iter().map(size).sum::<usize>());
        let places = std::slice::from_ref(place);
        let found = candidates.into_iter().find(|operations| self.leads(operations, places));
        self.operations.extend(found.ok_or_else(|| DifferenceError::Unfit { path: place.to_string() })?);
        Ok(())
    }

    /// Whether the operations make of these places what they are to be.
    fn leads(&self, operations: &[PatchOperation], places: &[AttributeRef]) -> bool {
        let message = PatchOp { operations: operations.to_vec() };
        let Ok(patch) = Patch::check(&message, self.schema, &self.profile) else { return false };
        let relation = places.iter().any(|place| place.attribute().is_multi_valued_reference());
        let mut made = if relation { self.before.clone() } else { self.trial.clone() };
        let applied = apply(&patch, &mut made).is_ok();
        let at = |resource: &Resource, place: &AttributeRef| {
            resource.at(place).and_then(|value| writable(place.attribute(), &value.to_value()))
        };
        applied
            && places
                .iter()
                .all(|place| is_same(place.attribute(), at(&made, place).as_ref(), at(self.after, place).as_ref()))
    }
}

/// Whether two values are the same: of a relation, whatever the order.
fn is_same(attribute: &Attribute, a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(Value::Array(a)), Some(Value::Array(b))) if a != b && attribute.is_multi_valued_reference() => {
            let [a, b] = [a, b].map(|elements| elements.iter().collect::<HashSet<&Value>>());
            a == b
        }
        _ => a == b,
    }
}

/// What a client may write of a value; `None` when that is nothing.
fn writable(attribute: &Attribute, value: &Value) -> Option<Value> {
    match value {
        Value::Array(elements) => {
            let elements: Vec<Value> = elements.iter().filter_map(|element| writable(attribute, element)).collect();
            (!elements.is_empty()).then_some(Value::Array(elements))
        }
        Value::Object(members) => {
            let read_only =
                |name: &str| attribute.sub_attribute(name).is_some_and(|sub| sub.mutability() == Mutability::ReadOnly);
            let members = members.iter().filter(|(name, _)| !read_only(name));
            let members: Map<String, Value> = members.map(|(name, value)| (name.clone(), value.clone())).collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        simple => Some(simple.clone()),
    }
}

/// What a client may write of an extension's container.
fn writable_members(schema: &Schema, container: &Value) -> Map<String, Value> {
    let attributes = schema.attributes().iter().filter(|attribute| attribute.mutability() != Mutability::ReadOnly);
    let member = |attribute: &Arc<Attribute>| {
        let value = writable(attribute, container.get(attribute.name())?)?;
        Some((attribute.name().to_owned(), value))
    };
    attributes.filter_map(member).collect()
}

fn refuse_impossible(
    attribute: &Attribute,
    path: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<(), DifferenceError> {
    if attribute.required() && after.is_none() {
        return Err(DifferenceError::Required { path: path.to_owned() });
    }
    if attribute.mutability() == Mutability::Immutable && before.is_some() && before != after {
        return Err(DifferenceError::Immutable { path: path.to_owned() });
    }
    if attribute.kind() == AttributeType::Complex && !attribute.multi_valued() {
        for sub in attribute.sub_attributes() {
            let (old, new) =
                (before.and_then(|before| before.get(sub.name())), after.and_then(|after| after.get(sub.name())));
            let gone = sub.required() && after.is_some() && new.is_none() && sub.mutability() != Mutability::ReadOnly;
            let path = || format!("{path}.{}", sub.name());
            if gone {
                return Err(DifferenceError::Required { path: path() });
            }
            if sub.mutability() == Mutability::Immutable && old.is_some() && old != new {
                return Err(DifferenceError::Immutable { path: path() });
            }
        }
    }
    Ok(())
}

/// Ways to give an attribute its new value. The last of equal length is the most telling.
fn candidates(place: &AttributeRef, before: Option<&Value>, after: Option<&Value>) -> Vec<Vec<PatchOperation>> {
    let path = place.to_string();
    let attribute = &**place.attribute();
    let Some(after) = after else { return vec![vec![PatchOperation::remove(path)]] };
    let Some(before) = before else {
        return vec![
            vec![PatchOperation::add(&*path, after.clone())],
            vec![PatchOperation::replace(path, after.clone())],
        ];
    };
    let whole = vec![PatchOperation::replace(&*path, after.clone())];
    if attribute.is_multi_valued_reference() {
        // To replace would keep what is the same resource.
        return vec![whole, vec![PatchOperation::remove(&*path), PatchOperation::add(path, after.clone())]];
    }
    match (before, after) {
        (Value::Array(before), Value::Array(after)) => {
            let by_elements = by_elements(&path, attribute, before, after);
            by_elements.into_iter().chain([whole]).collect()
        }
        (Value::Object(before), Value::Object(after)) => {
            vec![by_parts(&path, attribute, before, after, false), by_parts(&path, attribute, before, after, true)]
        }
        _ => vec![whole],
    }
}

/// Adds and removes elements of a relation by their ids, whatever their order; `None` where one has no id.
fn by_ids(place: &AttributeRef, before: Option<&Value>, after: Option<&Value>) -> Option<Vec<PatchOperation>> {
    let path = place.to_string();
    let Some(after) = after else { return Some(vec![PatchOperation::remove(path)]) };
    let named = |value: Option<&Value>| {
        let mut named = Relate::default();
        let elements = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        named.add(elements).then_some(named)
    };
    let (old, new) = (named(before)?, named(Some(after))?);
    let is_in = |elements: &Relate, id: &str, element: &Value| elements.element(id) == Some(element);
    let gone = old.added().filter(|(id, element)| !is_in(&new, id, element));
    let mut operations: Vec<PatchOperation> =
        gone.map(|(id, _)| PatchOperation::remove(format!("{path}[value eq {}]", Value::from(id)))).collect();
    let removals = operations.len();
    let come = after.as_array().into_iter().flatten();
    let come: Vec<Value> =
        come.filter(|element| id(element).is_some_and(|id| !is_in(&old, id, element))).cloned().collect();
    if !come.is_empty() {
        operations.push(PatchOperation::add(&*path, come));
    }
    // To send the whole list undoes what others change meanwhile: only where more go than stay.
    let stay = new.added().filter(|(id, element)| is_in(&old, id, element)).count();
    let anew = PatchOperation::replace(path, after.clone());
    // An element that stays under its id would keep its other parts.
    let renewed = new.added().any(|(id, element)| old.element(id).is_some_and(|before| before != element));
    let shorter = !renewed && removals > stay && size(&anew) < operations.iter().map(size).sum();
    Some(if shorter { vec![anew] } else { operations })
}

//! From a message to checked operations.

use std::sync::Arc;

use scim_core::{
    Attribute, AttributeType, Checker, InteropRule, Leniencies, Leniency, Mutability, PatchOp, PatchOperation, Profile,
    TypeSchema,
};
use serde_json::{Map, Value};

use crate::error::{PatchError, PatchProblem};
use crate::operation::{Effect, Missing, Operation, Patch, Place, Selector};
use crate::target::{Resolver, Target};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Add,
    Remove,
    Replace,
}

impl Patch {
    /// Checks a message against the schemas of a resource type.
    ///
    /// # Errors
    ///
    /// [`PatchError`] for the first operation that can be refused without looking at a resource: an unknown operation,
    /// path or attribute, a value that does not fit, a read-only target.
    pub fn check(message: &PatchOp, schema: &Arc<TypeSchema>, profile: &Profile) -> Result<Self, PatchError> {
        let mut operations = Vec::with_capacity(message.operations.len());
        let mut leniencies = Leniencies::default();
        for (index, operation) in message.operations.iter().enumerate() {
            let mut check = Check {
                schema,
                profile,
                used: Leniencies::default(),
                index,
                path: operation.path.clone(),
                operations: &mut operations,
            };
            let checked = check.operation(operation);
            let path = check.path.take();
            leniencies.extend(check.used);
            checked.map_err(|problem| problem.at(index, path.as_deref()))?;
        }
        Ok(Self { schema: schema.clone(), operations, leniencies })
    }
}

/// One operation of the message under check.
struct Check<'a> {
    schema: &'a TypeSchema,
    profile: &'a Profile,
    used: Leniencies,
    index: usize,
    /// Where the check is, for errors.
    path: Option<String>,
    operations: &'a mut Vec<Operation>,
}

impl<'a> Check<'a> {
    fn operation(&mut self, operation: &PatchOperation) -> Result<(), PatchProblem> {
        let action = self.action(&operation.op)?;
        let Some(path) = &operation.path else {
            if action == Action::Remove {
                return Err(PatchProblem::RemoveWithoutPath);
            }
            if self.profile.requires(InteropRule::PathRequired) {
                return Err(PatchProblem::PathRequired);
            }
            let value = operation.value.clone().ok_or(PatchProblem::ValueMissing)?;
            let Value::Object(members) = value else { return Err(PatchProblem::ValueNotAnObject) };
            return self.members(action, members);
        };
        let target = self.resolver().path(path, &mut self.used)?;
        if target.is_read_only() {
            return Err(PatchProblem::ReadOnly);
        }
        match action {
            Action::Remove => self.remove(&target, operation.value.clone()),
            Action::Add | Action::Replace => {
                let value = operation.value.clone().ok_or(PatchProblem::ValueMissing)?;
                self.write(action, target, value)
            }
        }
    }

    fn resolver(&self) -> Resolver<'a> {
        Resolver { schema: self.schema, profile: self.profile }
    }

    fn action(&mut self, op: &str) -> Result<Action, PatchProblem> {
        let known = [("add", Action::Add), ("remove", Action::Remove), ("replace", Action::Replace)];
        let found = known.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(op));
        match found {
            Some((word, action)) if word == op => Ok(action),
            Some((_, action)) if self.profile.take(Leniency::OperationCase, &mut self.used) => Ok(action),
            _ => Err(PatchProblem::Operation { found: op.to_owned() }),
        }
    }

    /// The members of a value without a path, each like an operation with a path (R142, R155).
    fn members(&mut self, action: Action, members: Map<String, Value>) -> Result<(), PatchProblem> {
        for (key, value) in members {
            self.path = Some(key.clone());
            let Some(target) = self.resolver().key(&key, &mut self.used)? else { continue };
            if target.is_read_only() {
                if !self.profile.take(Leniency::EqualReadOnly, &mut self.used) {
                    return Err(PatchProblem::ReadOnly);
                }
                if target.selector.is_some() || target.sub.is_some() {
                    return Err(PatchProblem::ReadOnly);
                }
                self.push(target.place, Effect::ExpectEqual(value));
                continue;
            }
            self.write(action, target, value)?;
        }
        self.path = None;
        Ok(())
    }

    fn push(&mut self, place: Place, effect: Effect) {
        self.operations.push(Operation { index: self.index, path: self.path.clone(), place, effect });
    }

    /// `add` and `replace`.
    fn write(&mut self, action: Action, target: Target, value: Value) -> Result<(), PatchProblem> {
        let Target { place, selector, sub } = target;
        let Some(attribute) = place.attribute.clone() else {
            return self.write_extension(action, place, value);
        };
        if attribute.name() == "schemas" && place.extension.is_none() {
            return self.schemas(&value);
        }
        let many = attribute.multi_valued() && attribute.kind() == AttributeType::Complex;
        match (selector, sub) {
            (None, None) if attribute.multi_valued() => self.write_elements(action, place, &attribute, value),
            (None, None) => self.write_singular(action, place, &attribute, value),
            (None, Some(sub)) if !many => self.write_sub(place, &sub, value),
            (selector, Some(sub)) => {
                let selector = selector.unwrap_or(Selector { filter: None, value: None, single: false });
                self.write_sub_of_matching(action, place, selector, &sub, value)
            }
            (Some(selector), None) => self.write_matching(action, place, &attribute, selector, value),
        }
    }

    /// The bare URN of an extension is a path to its container (R171).
    fn write_extension(&mut self, action: Action, place: Place, value: Value) -> Result<(), PatchProblem> {
        let Some(extension) = place.extension.clone() else { return Ok(()) };
        match value {
            Value::Null => {
                self.required_extension(&place)?;
                self.push(place, Effect::RemoveExtension);
                Ok(())
            }
            Value::Object(members) => {
                let path = self.path.take();
                for (key, value) in members {
                    self.path = Some(format!("{}:{key}", extension.id()));
                    let Some(attribute) = extension.attribute(&key) else {
                        if self.profile.take(Leniency::UnknownAttribute, &mut self.used) {
                            continue;
                        }
                        let message = format!("schema `{}` has no attribute `{key}`", extension.id());
                        return Err(PatchProblem::UnknownAttribute(message));
                    };
                    let place = Place { extension: Some(extension.clone()), attribute: Some(attribute.clone()) };
                    let target = Target { place, selector: None, sub: None };
                    if target.is_read_only() {
                        self.push(target.place, Effect::ExpectEqual(value));
                    } else {
                        self.write(action, target, value)?;
                    }
                }
                self.path = path;
                Ok(())
            }
            _ => Err(PatchProblem::ValueNotAnObject),
        }
    }

    /// `schemas` follows from the attributes: it can be repeated, not set.
    fn schemas(&mut self, value: &Value) -> Result<(), PatchProblem> {
        let uris = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let known = |uri: &Value| {
            let uri = uri.as_str().unwrap_or_default();
            uri.eq_ignore_ascii_case(self.schema.base().id()) || self.schema.extension(uri).is_some()
        };
        let all_known = !uris.is_empty() && uris.iter().all(known);
        if all_known || (!uris.is_empty() && self.profile.take(Leniency::UnknownSchema, &mut self.used)) {
            return Ok(());
        }
        Err(PatchProblem::ReadOnly)
    }

    fn write_elements(
        &mut self,
        action: Action,
        place: Place,
        attribute: &Arc<Attribute>,
        value: Value,
    ) -> Result<(), PatchProblem> {
        // RFC 7644 section 3.5.2.1 adds "a value" or values: one that is not in an array is no leniency here (R145).
        let value = match value {
            single @ Value::Object(_) if action == Action::Add => Value::Array(vec![single]),
            other => other,
        };
        let elements = match self.checked(attribute, |checker, name| checker.value(attribute, name, value))? {
            Some(Value::Array(elements)) => elements,
            _ => Vec::new(),
        };
        let effect = match action {
            Action::Add => Effect::AddElements(elements),
            _ if elements.is_empty() && attribute.required() => return Err(PatchProblem::Required),
            _ => Effect::ReplaceElements(elements),
        };
        self.push(place, effect);
        Ok(())
    }

    fn write_singular(
        &mut self,
        action: Action,
        place: Place,
        attribute: &Arc<Attribute>,
        value: Value,
    ) -> Result<(), PatchProblem> {
        let whole = action == Action::Replace && self.profile.requires(InteropRule::ReplaceWholeComplex);
        match value {
            // R144, R158: what the object does not mention stays.
            Value::Object(members) if attribute.kind() == AttributeType::Complex && !whole => {
                self.write_parts(&place, attribute, members)
            }
            value => {
                let value = self.checked(attribute, |checker, name| checker.element(attribute, name, value))?;
                match value {
                    Some(Value::Object(members)) if attribute.kind() == AttributeType::Complex && !whole => {
                        self.write_parts(&place, attribute, members)
                    }
                    value => {
                        refuse_unassigning(attribute, value.as_ref())?;
                        self.push(place, Effect::Assign(value));
                        Ok(())
                    }
                }
            }
        }
    }

    fn write_parts(
        &mut self,
        place: &Place,
        attribute: &Arc<Attribute>,
        members: Map<String, Value>,
    ) -> Result<(), PatchProblem> {
        for (key, value) in members {
            let Some(sub) = attribute.sub_attribute(&key) else {
                if self.profile.take(Leniency::UnknownAttribute, &mut self.used) {
                    continue;
                }
                let message = format!("attribute `{}` has no sub-attribute `{key}`", attribute.name());
                return Err(PatchProblem::UnknownAttribute(message));
            };
            if sub.mutability() != Mutability::ReadOnly {
                self.write_sub(place.clone(), sub, value)?;
            }
        }
        Ok(())
    }

    fn write_sub(&mut self, place: Place, sub: &Arc<Attribute>, value: Value) -> Result<(), PatchProblem> {
        let value = self.checked(sub, |checker, name| checker.value(sub, name, value))?;
        refuse_unassigning(sub, value.as_ref())?;
        self.push(place, Effect::AssignSub { sub: sub.clone(), value });
        Ok(())
    }

    fn write_sub_of_matching(
        &mut self,
        action: Action,
        place: Place,
        selector: Selector,
        sub: &Arc<Attribute>,
        value: Value,
    ) -> Result<(), PatchProblem> {
        let value = self.checked(sub, |checker, name| checker.value(sub, name, value))?;
        refuse_unassigning(sub, value.as_ref())?;
        let missing = if value.is_none() { Missing::Ignore } else { self.missing(action) };
        self.push(place, Effect::AssignSubOfMatching { selector, sub: sub.clone(), value, missing });
        Ok(())
    }

    fn write_matching(
        &mut self,
        action: Action,
        place: Place,
        attribute: &Arc<Attribute>,
        selector: Selector,
        value: Value,
    ) -> Result<(), PatchProblem> {
        let element = self.checked(attribute, |checker, name| checker.element(attribute, name, value))?;
        let missing = self.missing(action);
        let effect = match (action, element) {
            (_, None) => Effect::RemoveMatching(selector),
            (Action::Add, Some(Value::Object(parts))) => Effect::MergeMatching { selector, parts, missing },
            (_, Some(element)) => Effect::ReplaceMatching { selector, element, missing },
        };
        self.push(place, effect);
        Ok(())
    }

    /// What happens when a value path selects nothing (R147, R161).
    fn missing(&self, action: Action) -> Missing {
        let leniency =
            if action == Action::Add { Leniency::AddCreatesElement } else { Leniency::ReplaceCreatesElement };
        if self.profile.allows(leniency) { Missing::Create(leniency) } else { Missing::Refuse }
    }

    fn remove(&mut self, target: &Target, value: Option<Value>) -> Result<(), PatchProblem> {
        let value = value.filter(|value| !value.is_null());
        let Target { place, selector, sub } = target.clone();
        let Some(attribute) = place.attribute.clone() else {
            self.required_extension(&place)?;
            self.push(place, Effect::RemoveExtension);
            return Ok(());
        };
        if target.leaf().is_some_and(|leaf| leaf.required()) && (selector.is_none() || sub.is_some()) {
            return Err(PatchProblem::Required);
        }
        let many = attribute.multi_valued() && attribute.kind() == AttributeType::Complex;
        let effect = match (selector, sub) {
            (None, None) if attribute.multi_valued() => match value {
                None => Effect::ReplaceElements(Vec::new()),
                Some(value) => self.remove_by_value(&attribute, value)?,
            },
            (None, None) => Effect::Assign(None),
            (None, Some(sub)) if !many => Effect::AssignSub { sub, value: None },
            (selector, Some(sub)) => Effect::AssignSubOfMatching {
                selector: selector.unwrap_or(Selector { filter: None, value: None, single: false }),
                sub,
                value: None,
                missing: Missing::Ignore,
            },
            (Some(selector), None) => Effect::RemoveMatching(selector),
        };
        self.push(place, effect);
        Ok(())
    }

    /// R174: Entra ID and others name the members to remove in a value; ignoring it would empty the group.
    fn remove_by_value(&mut self, attribute: &Arc<Attribute>, value: Value) -> Result<Effect, PatchProblem> {
        if !self.profile.take(Leniency::RemoveByValue, &mut self.used) {
            return Err(PatchProblem::RemoveWithValue);
        }
        // Some clients repeat the attribute's name around the list: {"members": [{"value": "..."}]}.
        let value = match value {
            Value::Object(mut members) if members.len() == 1 => {
                let wrapped = members.keys().next().filter(|key| key.eq_ignore_ascii_case(attribute.name())).cloned();
                match wrapped.and_then(|key| members.remove(&key)) {
                    Some(inner) => inner,
                    None => Value::Object(members),
                }
            }
            other => other,
        };
        let elements = match self.checked(attribute, |checker, name| checker.value(attribute, name, value))? {
            Some(Value::Array(elements)) => elements,
            _ => Vec::new(),
        };
        Ok(Effect::RemoveElements(elements))
    }

    fn required_extension(&self, place: &Place) -> Result<(), PatchProblem> {
        let required = self
            .schema
            .extensions()
            .iter()
            .any(|extension| extension.required && Some(&extension.schema) == place.extension.as_ref());
        if required { Err(PatchProblem::Required) } else { Ok(()) }
    }

    /// Checks a value, and remembers what it needed.
    fn checked<T>(
        &mut self,
        attribute: &Attribute,
        check: impl FnOnce(&mut Checker<'_>, &str) -> Result<T, scim_core::CheckError>,
    ) -> Result<T, PatchProblem> {
        let mut checker = Checker::new(self.schema, self.profile);
        let outcome = check(&mut checker, attribute.name());
        self.used.extend(checker.used());
        outcome.map_err(PatchProblem::Value)
    }
}

/// R154, R162: a required attribute keeps a value that is not empty.
fn refuse_unassigning(attribute: &Attribute, value: Option<&Value>) -> Result<(), PatchProblem> {
    let empty = value.is_none_or(|value| value.as_str() == Some(""));
    if attribute.required() && empty { Err(PatchProblem::Required) } else { Ok(()) }
}

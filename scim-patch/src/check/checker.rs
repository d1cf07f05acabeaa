//! From a message to checked operations.

use std::collections::HashSet;
use std::sync::Arc;

use scim_core::message::{PatchOp, PatchOperation};
use scim_core::schema::Mutability;
use scim_core::{Attribute, AttributeRef, Checker, InteropRule, Profile, Quirk, Tolerance, TypeSchema, ValueLimits};
use serde_json::{Map, Value};

use crate::check::target::{Resolver, Target};
use crate::error::{PatchError, PatchErrorKind, shown};
use crate::limits::PatchLimits;
use crate::plan::{Effect, Operation, Patch};
use crate::plan::{Relate, id};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
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
        Self::check_within(message, schema, profile, PatchLimits::default())
    }

    /// The same with other limits than the default ones.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn check_within(
        message: &PatchOp,
        schema: &Arc<TypeSchema>,
        profile: &Profile,
        limits: PatchLimits,
    ) -> Result<Self, PatchError> {
        let mut operations = Vec::with_capacity(message.operations.len());
        let mut tolerance = Tolerance::new(profile);
        for (index, operation) in message.operations.iter().enumerate() {
            let path = operation.path.clone();
            let mut check = Check {
                schema,
                tolerance: &mut tolerance,
                limits: limits.value,
                index,
                path,
                operations: &mut operations,
            };
            let checked = check.operation(operation);
            let path = check.path.take();
            checked.map_err(|problem| problem.at(index, path.as_deref()))?;
        }
        Ok(Self::new(schema.clone(), operations, profile.clone(), limits, tolerance.used()))
    }
}

/// One operation of the message under check. What `add` and `replace` write is in `write.rs`, what `remove` takes away in
/// `remove.rs`.
pub(crate) struct Check<'a> {
    pub(crate) schema: &'a TypeSchema,
    pub(crate) tolerance: &'a mut Tolerance,
    pub(crate) limits: ValueLimits,
    index: usize,
    /// Where the check is, for errors.
    pub(crate) path: Option<String>,
    operations: &'a mut Vec<Operation>,
}

impl<'a> Check<'a> {
    fn operation(&mut self, operation: &PatchOperation) -> Result<(), PatchErrorKind> {
        let action = self.action(&operation.op)?;
        let Some(path) = &operation.path else {
            if action == Action::Remove {
                return Err(PatchErrorKind::RemoveWithoutPath);
            }
            if self.tolerance.requires(InteropRule::PathRequired) {
                return Err(PatchErrorKind::PathRequired);
            }
            let value = operation.value.clone().ok_or(PatchErrorKind::ValueMissing)?;
            let Value::Object(members) = value else { return Err(PatchErrorKind::ValueNotAnObject) };
            return self.members(action, members);
        };
        let Some(target) = self.resolver().path(path, self.tolerance)? else { return Ok(()) };
        if target.is_read_only() {
            return Err(PatchErrorKind::ReadOnly);
        }
        match action {
            Action::Remove => self.remove(target, operation.value.clone()),
            Action::Add | Action::Replace => {
                let value = operation.value.clone().ok_or(PatchErrorKind::ValueMissing)?;
                self.write(action, target, value)
            }
        }
    }

    pub(crate) fn resolver(&self) -> Resolver<'a> {
        Resolver { schema: self.schema }
    }

    fn action(&mut self, op: &str) -> Result<Action, PatchErrorKind> {
        let known = [("add", Action::Add), ("remove", Action::Remove), ("replace", Action::Replace)];
        let found = known.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(op));
        match found {
            Some((word, action)) if word == op => Ok(action),
            Some((_, action)) if self.tolerance.take(Quirk::OperationCase) => Ok(action),
            _ => Err(PatchErrorKind::Operation { found: shown(op) }),
        }
    }

    /// The members of a value without a path, each like an operation with a path (R142, R155).
    fn members(&mut self, action: Action, members: Map<String, Value>) -> Result<(), PatchErrorKind> {
        refuse_repeated(&members)?;
        for (key, value) in members {
            let target = self.resolver().key(&key, self.tolerance);
            self.path = Some(key);
            if let Some(target) = target? {
                self.member(action, target, value)?;
            }
        }
        self.path = None;
        Ok(())
    }

    /// One member of a value: written, unless it is read-only and repeats what is there (R168).
    pub(crate) fn member(&mut self, action: Action, target: Target, value: Value) -> Result<(), PatchErrorKind> {
        if !target.is_read_only() {
            return self.write(action, target, value);
        }
        match target {
            Target::Attribute { target, selector: None } if self.tolerance.take(Quirk::EqualReadOnly) => {
                let sub = target.sub_attribute().cloned();
                self.push(target.whole(), Effect::ExpectEqual { sub, value });
                Ok(())
            }
            _ => Err(PatchErrorKind::ReadOnly),
        }
    }

    /// Appends an operation. What happens to the elements of a relation by their ids becomes one operation for all that
    /// stand next to each other, so that a hundred removals cost one pass over the elements.
    pub(crate) fn push(&mut self, place: AttributeRef, effect: Effect) {
        let mut effect = effect;
        if comes_and_goes(place.attribute()) {
            if let Some(Operation { place: last, effect: Effect::Relate(relate), .. }) = self.operations.last_mut()
                && *last == place
                && related(relate, &effect)
            {
                return;
            }
            let mut relate = Relate::default();
            if related(&mut relate, &effect) {
                effect = Effect::Relate(relate);
            }
        }
        self.operations.push(Operation { index: self.index, path: self.path.clone(), place, effect });
    }

    /// Checks a value, and remembers what it needed.
    pub(crate) fn checked<T>(
        &mut self,
        attribute: &Attribute,
        check: impl FnOnce(&mut Checker<'_>, &str) -> Result<T, scim_core::CheckError>,
    ) -> Result<T, PatchErrorKind> {
        let mut checker = Checker::new(self.schema, self.tolerance).with_limits(self.limits);
        check(&mut checker, attribute.name()).map_err(PatchErrorKind::Value)
    }
}

/// Whether elements of a relation can come and go whatever the resource holds: no such operation can fail.
fn comes_and_goes(attribute: &Attribute) -> bool {
    attribute.is_multi_valued_reference() && attribute.mutability() == Mutability::ReadWrite && !attribute.required()
}

/// Takes the effect into what happens to the ids. `false` where it regards more than ids.
fn related(relate: &mut Relate, effect: &Effect) -> bool {
    match effect {
        Effect::AddElements(elements) => relate.add(elements),
        Effect::ReplaceElements(elements) => relate.replace(elements),
        Effect::RemoveElements(elements) => {
            let ids: Option<Vec<&str>> = elements.iter().map(id).collect();
            ids.map(|ids| relate.remove(ids)).is_some()
        }
        Effect::RemoveMatching(selector) => {
            selector.ids().map(|ids| relate.remove(ids.iter().map(String::as_str))).is_some()
        }
        _ => false,
    }
}

/// R003: refuses members whose names are equal up to case, of which nobody knows which one counts.
pub(crate) fn refuse_repeated(members: &Map<String, Value>) -> Result<(), PatchErrorKind> {
    let mut seen = HashSet::with_capacity(members.len());
    match members.keys().find(|key| !seen.insert(key.to_ascii_lowercase())) {
        Some(key) => Err(PatchErrorKind::RepeatedMember { key: shown(key) }),
        None => Ok(()),
    }
}

/// R154, R162: a required attribute keeps a value that is not empty.
pub(crate) fn refuse_unassigning(attribute: &Attribute, value: Option<&Value>) -> Result<(), PatchErrorKind> {
    let empty = value.is_none_or(|value| value.as_str() == Some(""));
    if attribute.required() && empty { Err(PatchErrorKind::Required) } else { Ok(()) }
}

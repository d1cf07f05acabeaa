//! What `remove` takes away, checked (RFC 7644 section 3.5.2.2).

use std::sync::Arc;

use scim_core::schema::{Mutability, Schema};
use scim_core::{Attribute, AttributeRef, Quirk};
use serde_json::Value;

use crate::check::checker::Check;
use crate::check::target::Target;
use crate::error::PatchErrorKind;
use crate::plan::{Effect, Missing, Part, Write};

impl Check<'_> {
    /// `remove`, where the target is not read-only.
    pub(crate) fn remove(&mut self, target: Target, value: Option<Value>) -> Result<(), PatchErrorKind> {
        let (place, selector, sub) = match target {
            Target::Extension(extension) => return self.remove_extension(&extension),
            Target::Attribute { target, selector } => (target.whole(), selector, target.sub_attribute().cloned()),
            Target::Values { target, selector } => {
                let write = Write::Select { selector, becomes: None };
                let parts = vec![Part { sub: target.leaf().clone(), write }];
                self.push(target.whole(), Effect::AssignParts(parts));
                return Ok(());
            }
        };
        let attribute = place.attribute().clone();
        if place.is_in("schemas") {
            return Err(PatchErrorKind::ReadOnly);
        }
        let value = value.filter(|value| !value.is_null());
        let effect = match (selector, sub) {
            (None, None) if attribute.multi_valued() => match value {
                None => {
                    refuse_required(&attribute)?;
                    Effect::ReplaceElements(Vec::new())
                }
                Some(value) => Effect::RemoveElements(self.values_to_remove(&attribute, value)?),
            },
            (None, None) => {
                refuse_required(&attribute)?;
                Effect::Assign(None)
            }
            (selector, Some(sub)) => {
                let write = match value {
                    Some(value) if sub.multi_valued() => Write::Remove(self.values_to_remove(&sub, value)?),
                    _ => {
                        refuse_required(&sub)?;
                        Write::Set(None)
                    }
                };
                let parts = vec![Part { sub, write }];
                if selector.is_none() && !attribute.multi_valued() {
                    Effect::AssignParts(parts)
                } else {
                    let selector = selector.unwrap_or_default();
                    Effect::WriteMatching { selector, parts, missing: Missing::Ignore }
                }
            }
            (Some(selector), None) => Effect::RemoveMatching(selector),
        };
        self.push(place, effect);
        Ok(())
    }

    /// R174: Entra ID and others name the members to remove in a value; ignoring it would empty the group. A value that names
    /// none is a mistake: whoever sends it believes that somebody is gone.
    fn values_to_remove(&mut self, attribute: &Arc<Attribute>, value: Value) -> Result<Vec<Value>, PatchErrorKind> {
        if !self.tolerance.take(Quirk::RemoveByValue) {
            return Err(PatchErrorKind::RemoveWithValue);
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
        // Of a relation, type and display say nothing of whom they are about.
        let names_one = |element: &Value| {
            let text = |name: &str| element.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
            !attribute.is_multi_valued_reference() || text("value") || text("$ref")
        };
        if elements.is_empty() || !elements.iter().all(names_one) {
            return Err(PatchErrorKind::NothingToRemove);
        }
        Ok(elements)
    }

    /// Removes every attribute of an extension that a client may write; without attributes there is no container (R171).
    pub(crate) fn remove_extension(&mut self, extension: &Arc<Schema>) -> Result<(), PatchErrorKind> {
        let of_type = self.schema.extensions().iter().find(|of_type| of_type.schema.id() == extension.id());
        if of_type.is_some_and(|of_type| of_type.required) {
            return Err(PatchErrorKind::Required);
        }
        for attribute in extension.attributes() {
            if attribute.mutability() != Mutability::ReadOnly {
                let place = AttributeRef::new(Some(extension), attribute);
                let nothing = || Effect::ReplaceElements(Vec::new());
                self.push(place, if attribute.multi_valued() { nothing() } else { Effect::Assign(None) });
            }
        }
        Ok(())
    }
}

/// R154: a required attribute cannot be unassigned.
fn refuse_required(attribute: &Attribute) -> Result<(), PatchErrorKind> {
    if attribute.required() { Err(PatchErrorKind::Required) } else { Ok(()) }
}

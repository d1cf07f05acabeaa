//! What `add` and `replace` write, checked (RFC 7644 sections 3.5.2.1 and 3.5.2.3).

use std::sync::Arc;

use scim_core::schema::{AttributeType, Mutability, Schema};
use scim_core::{Attribute, AttributeRef, Checker, InteropRule, Quirk};
use serde_json::{Map, Value};

use crate::check::checker::{Action, Check, refuse_repeated, refuse_unassigning};
use crate::check::target::Target;
use crate::error::{PatchErrorKind, shown};
use crate::plan::Selector;
use crate::plan::{Effect, Missing, Part, Write};

impl Check<'_> {
    /// `add` and `replace`, where the target is not read-only.
    pub(crate) fn write(&mut self, action: Action, target: Target, value: Value) -> Result<(), PatchErrorKind> {
        let (place, selector, sub) = match target {
            Target::Extension(extension) => return self.write_extension(action, &extension, value),
            Target::Attribute { target, selector } => (target.whole(), selector, target.sub_attribute().cloned()),
            Target::Values { target, selector } => {
                let sub = target.leaf().clone();
                let value = self.checked(&sub, |checker, name| checker.element(&sub, name, value))?;
                let parts = vec![Part { sub, write: Write::Select { selector, becomes: value } }];
                self.push(target.whole(), Effect::AssignParts(parts));
                return Ok(());
            }
        };
        let attribute = place.attribute().clone();
        if place.is_in("schemas") {
            return self.schemas(&value);
        }
        match (selector, sub) {
            (None, None) if attribute.multi_valued() => self.write_elements(action, place, &attribute, value),
            (None, None) => self.write_singular(action, place, &attribute, value),
            (None, Some(sub)) if !attribute.multi_valued() => {
                let part = self.part(action, &sub, value)?;
                self.push(place, Effect::AssignParts(vec![part]));
                Ok(())
            }
            (selector, Some(sub)) => {
                let part = self.part(action, &sub, value)?;
                self.write_matching(action, place, selector.unwrap_or_default(), vec![part]);
                Ok(())
            }
            (Some(selector), None) => self.write_selected(action, place, &attribute, selector, value),
        }
    }

    /// The bare URN of an extension is a path to its container (R171).
    fn write_extension(&mut self, action: Action, extension: &Arc<Schema>, value: Value) -> Result<(), PatchErrorKind> {
        let members = match value {
            Value::Null => return self.remove_extension(extension),
            Value::Object(members) => members,
            _ => return Err(PatchErrorKind::ExtensionNotAnObject),
        };
        refuse_repeated(&members)?;
        let path = self.path.take();
        for (key, value) in members {
            let target = self.resolver().extension_key(extension, &key, self.tolerance);
            self.path = Some(format!("{}:{key}", extension.id()));
            if let Some(target) = target? {
                self.member(action, target, value)?;
            }
        }
        self.path = path;
        Ok(())
    }

    /// `schemas` follows from the attributes: it can be repeated, not set.
    fn schemas(&mut self, value: &Value) -> Result<(), PatchErrorKind> {
        let uris = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let known = |uri: &Value| {
            let uri = uri.as_str().unwrap_or_default();
            uri.eq_ignore_ascii_case(self.schema.base().id()) || self.schema.extension(uri).is_some()
        };
        let all_known = !uris.is_empty() && uris.iter().all(known);
        if all_known || (!uris.is_empty() && self.tolerance.take(Quirk::UnknownSchema)) {
            return Ok(());
        }
        Err(PatchErrorKind::ReadOnly)
    }

    fn write_elements(
        &mut self,
        action: Action,
        place: AttributeRef,
        attribute: &Arc<Attribute>,
        value: Value,
    ) -> Result<(), PatchErrorKind> {
        let value = added(action, attribute, value);
        let elements = match self.checked(attribute, |checker, name| checker.value(attribute, name, value))? {
            Some(Value::Array(elements)) => elements,
            _ => Vec::new(),
        };
        let effect = match action {
            Action::Add => Effect::AddElements(elements),
            _ if elements.is_empty() && attribute.required() => return Err(PatchErrorKind::Required),
            _ => Effect::ReplaceElements(elements),
        };
        self.push(place, effect);
        Ok(())
    }

    fn write_singular(
        &mut self,
        action: Action,
        place: AttributeRef,
        attribute: &Arc<Attribute>,
        value: Value,
    ) -> Result<(), PatchErrorKind> {
        let whole = action == Action::Replace && self.tolerance.requires(InteropRule::ReplaceWholeComplex);
        let value = match value {
            // R144, R158: what the object does not mention stays.
            Value::Object(members) if attribute.kind() == AttributeType::Complex && !whole => Some(members.into()),
            value => self.whole(attribute, value)?,
        };
        let effect = match value {
            Some(Value::Object(members)) if attribute.kind() == AttributeType::Complex && !whole => {
                Effect::AssignParts(self.parts(action, attribute, members)?)
            }
            value => {
                refuse_unassigning(attribute, value.as_ref())?;
                Effect::Assign(value)
            }
        };
        self.push(place, effect);
        Ok(())
    }

    /// One value that takes the place of another. An object that says something, but nothing that a client may write, is
    /// refused: to take it for an empty one would remove the value that it is to replace.
    fn whole(&mut self, attribute: &Attribute, value: Value) -> Result<Option<Value>, PatchErrorKind> {
        let read_only =
            |key: &str| attribute.sub_attribute(key).is_some_and(|sub| sub.mutability() == Mutability::ReadOnly);
        let says = value
            .as_object()
            .is_some_and(|object| object.iter().any(|(key, value)| !value.is_null() || read_only(key)));
        match self.checked(attribute, |checker, name| checker.element(attribute, name, value))? {
            None if says => Err(PatchErrorKind::NothingToWrite),
            value => Ok(value),
        }
    }

    /// The members of a complex value, each as a part to write. Read-only ones are ignored, as they are wherever a client
    /// sends the value whole (RFC 7643 section 2.2).
    fn parts(
        &mut self,
        action: Action,
        attribute: &Attribute,
        members: Map<String, Value>,
    ) -> Result<Vec<Part>, PatchErrorKind> {
        refuse_repeated(&members)?;
        let mut parts = Vec::with_capacity(members.len());
        for (key, value) in members {
            match attribute.sub_attribute(&key) {
                Some(sub) if sub.mutability() == Mutability::ReadOnly => {}
                Some(sub) => parts.push(self.part(action, sub, value)?),
                None if self.tolerance.take(Quirk::UnknownAttribute) => {}
                None => {
                    let message = format!("attribute `{}` has no sub-attribute `{}`", attribute.name(), shown(&key));
                    return Err(PatchErrorKind::UnknownAttribute(message));
                }
            }
        }
        Ok(parts)
    }

    fn part(&mut self, action: Action, sub: &Arc<Attribute>, value: Value) -> Result<Part, PatchErrorKind> {
        let value = added(action, sub, value);
        let value = self.checked(sub, |checker, name| checker.value(sub, name, value))?;
        let write = match value {
            Some(Value::Array(values)) if action == Action::Add => Write::Append(values),
            None if action == Action::Add && sub.multi_valued() => Write::Append(Vec::new()),
            value => {
                refuse_unassigning(sub, value.as_ref())?;
                Write::Set(value)
            }
        };
        Ok(Part { sub: sub.clone(), write })
    }

    /// A value path without a sub-attribute: `add` gives the elements more parts, `replace` puts another in their place
    /// (R159). A bare string is their `value`, and says nothing of their other parts.
    fn write_selected(
        &mut self,
        action: Action,
        place: AttributeRef,
        attribute: &Arc<Attribute>,
        selector: Selector,
        value: Value,
    ) -> Result<(), PatchErrorKind> {
        let complex = attribute.kind() == AttributeType::Complex;
        let value = match value {
            Value::Array(mut elements) if elements.len() == 1 && self.tolerance.take(Quirk::ArrayForSingular) => {
                elements.pop().unwrap_or_default()
            }
            value => value,
        };
        if let (Value::String(text), Some(sub)) = (&value, attribute.sub_attribute("value"))
            && !text.is_empty()
            && self.tolerance.take(Quirk::SimpleForComplex)
        {
            let part = self.part(action, sub, value)?;
            self.write_matching(action, place, selector, vec![part]);
            return Ok(());
        }
        let unassigned = unassigned(attribute, &value);
        let element = match value {
            Value::Object(parts) if complex && action == Action::Add => Some(parts.into()),
            value => self.whole(attribute, value)?,
        };
        match element {
            None => self.push(place, Effect::RemoveMatching(selector)),
            Some(Value::Object(parts)) if action == Action::Add => {
                let parts = self.parts(action, attribute, parts)?;
                self.write_matching(action, place, selector, parts);
            }
            Some(mut element) => {
                if let Value::Object(element) = &mut element {
                    element.extend(unassigned.into_iter().map(|name| (name, Value::Null)));
                }
                let missing = self.missing(action, attribute, &selector);
                self.push(place, Effect::ReplaceMatching { selector, element, missing });
            }
        }
        Ok(())
    }

    fn write_matching(&mut self, action: Action, place: AttributeRef, selector: Selector, parts: Vec<Part>) {
        let unassigns = |part: &Part| match &part.write {
            Write::Set(value) => value.as_ref().is_none_or(|value| value.as_str() == Some("")),
            Write::Append(values) => values.is_empty(),
            Write::Remove(_) | Write::Select { .. } => true,
        };
        let missing = if parts.iter().all(unassigns) {
            Missing::Ignore
        } else {
            self.missing(action, place.attribute(), &selector)
        };
        self.push(place, Effect::WriteMatching { selector, parts, missing });
    }

    /// What happens when a value path selects nothing (R147, R161). An element is made only of what the filter says: of `eq`
    /// tests of what a client may write. None is made that stands for another resource: who becomes a member is named by a
    /// value, not by a path.
    fn missing(&self, action: Action, attribute: &Attribute, selector: &Selector) -> Missing {
        let quirk = if action == Action::Add { Quirk::AddCreatesElement } else { Quirk::ReplaceCreatesElement };
        let refers = attribute.multi_valued() && attribute.sub_attribute("$ref").is_some();
        let Some(terms) = selector.template().filter(|_| !refers && self.tolerance.allows(quirk)) else {
            return Missing::Refuse;
        };
        let mut template = Map::new();
        let mut tolerance = self.tolerance.clone();
        if attribute.kind() != AttributeType::Complex {
            return Missing::Create { quirk, template };
        }
        for (name, value) in terms {
            let sub = attribute.sub_attribute(&name).filter(|sub| sub.mutability() != Mutability::ReadOnly);
            let mut checker = Checker::new(self.schema, &mut tolerance).with_limits(self.limits);
            match sub.map(|sub| checker.value(sub, &name, value)) {
                Some(Ok(Some(value))) => template.insert(name, value),
                _ => return Missing::Refuse,
            };
        }
        Missing::Create { quirk, template }
    }
}

/// The parts of a value, by their names in the schema, that it says there are none of.
fn unassigned(attribute: &Attribute, value: &Value) -> Vec<String> {
    let members = value.as_object().into_iter().flatten();
    let none = members.filter(|(_, value)| value.is_null() || value.as_array().is_some_and(Vec::is_empty));
    none.filter_map(|(name, _)| Some(attribute.sub_attribute(name)?.name().to_owned())).collect()
}

/// RFC 7644 section 3.5.2.1 adds "a value" or values: one that is not in an array is no quirk here (R145).
fn added(action: Action, attribute: &Attribute, value: Value) -> Value {
    let single = match &value {
        Value::Object(_) => true,
        Value::Null | Value::Array(_) => false,
        Value::String(text) if text.is_empty() => false,
        _ => attribute.kind() != AttributeType::Complex,
    };
    if single && action == Action::Add && attribute.multi_valued() { Value::Array(vec![value]) } else { value }
}

//! Effects on multi-valued attributes, and on the elements that a selector picks.

use std::collections::HashSet;

use scim_core::{Attribute, AttributeType, Leniency, Mutability};
use scim_filter::equal_values;
use serde_json::{Map, Value};

use crate::assign::{guarded, keep_read_only};
use crate::error::PatchProblem;
use crate::operation::{Missing, Selector};
use crate::primary::settle;

/// The elements of an attribute, to change. A singular complex attribute counts as a list of one (R088).
pub(crate) struct Elements<'a> {
    attribute: &'a Attribute,
    values: Vec<Value>,
    /// The elements that this operation has written.
    written: Vec<usize>,
    /// The leniency that made an element, if one was made.
    created_by: Option<Leniency>,
}

impl<'a> Elements<'a> {
    /// Takes the elements out of the container.
    pub(crate) fn take(container: &mut Map<String, Value>, attribute: &'a Attribute) -> Self {
        let elements = match container.remove(attribute.name()) {
            Some(Value::Array(elements)) => elements,
            Some(single) => vec![single],
            None => Vec::new(),
        };
        Self { attribute, values: elements, written: Vec::new(), created_by: None }
    }

    /// Puts the elements back: without empty ones and repetitions, at most one of them primary. Tells the leniency that
    /// made an element.
    pub(crate) fn put(mut self, container: &mut Map<String, Value>) -> Result<Option<Leniency>, PatchProblem> {
        settle(&mut self.values, &self.written)?;
        if !self.written.is_empty() {
            self.values.retain(|element| element.as_object().is_none_or(|object| !object.is_empty()));
            fold_repeated(&mut self.values);
        }
        let value = if self.attribute.multi_valued() {
            (!self.values.is_empty()).then_some(Value::Array(self.values))
        } else {
            self.values.into_iter().next()
        };
        if let Some(value) = value {
            container.insert(self.attribute.name().to_owned(), value);
        }
        Ok(self.created_by)
    }

    /// Adds values that are not there yet (R133, R145, R146).
    pub(crate) fn add(&mut self, added: &[Value]) {
        let relation = is_relation(self.attribute);
        // A group may have very many members: their ids are looked up, not searched.
        let known: HashSet<String> = if relation && added.len() > 8 {
            self.values.iter().filter_map(|element| text(element, "value")).map(str::to_owned).collect()
        } else {
            HashSet::new()
        };
        let mut new = HashSet::new();
        for value in added {
            if relation && added.len() > 8 {
                let id = text(value, "value").unwrap_or_default();
                if !known.contains(id) && new.insert(id.to_owned()) {
                    self.values.push(value.clone());
                }
                continue;
            }
            match self.values.iter().position(|element| self.is_same(element, value)) {
                Some(_) if relation => {}
                Some(index) => self.merge(index, value),
                None => {
                    self.written.push(self.values.len());
                    self.values.push(value.clone());
                }
            }
        }
    }

    /// Makes these the only values (R156).
    pub(crate) fn replace_all(&mut self, values: Vec<Value>) {
        self.values = values;
    }

    /// Gives the parts to every selected element (add on a value path).
    pub(crate) fn merge_matching(
        &mut self,
        selector: &Selector,
        parts: &Map<String, Value>,
        missing: Missing,
    ) -> Result<(), PatchProblem> {
        let matching = self.matching(selector)?;
        if matching.is_empty() {
            return self.create(selector, parts.clone(), missing);
        }
        for index in matching {
            for (name, value) in parts {
                self.assign_part(index, name, Some(value.clone()))?;
            }
            self.written.push(index);
        }
        Ok(())
    }

    /// Puts the element in the place of every selected one (R159).
    pub(crate) fn replace_matching(
        &mut self,
        selector: &Selector,
        element: &Value,
        missing: Missing,
    ) -> Result<(), PatchProblem> {
        let matching = self.matching(selector)?;
        if matching.is_empty() {
            let parts = element.as_object().cloned().unwrap_or_default();
            return self.create(selector, parts, missing);
        }
        for index in matching {
            let Some(before) = self.values.get_mut(index) else { continue };
            refuse_immutable_change(self.attribute, before, element)?;
            let mut after = element.clone();
            keep_read_only(self.attribute, before, &mut after);
            *before = after;
            self.written.push(index);
        }
        Ok(())
    }

    /// Gives a part of every selected element a value, or none (R152, R160).
    pub(crate) fn assign_sub_of_matching(
        &mut self,
        selector: &Selector,
        sub: &Attribute,
        value: Option<&Value>,
        missing: Missing,
    ) -> Result<(), PatchProblem> {
        let matching = self.matching(selector)?;
        if matching.is_empty() {
            let Some(value) = value else { return Ok(()) };
            let parts = Map::from_iter([(sub.name().to_owned(), value.clone())]);
            return self.create(selector, parts, missing);
        }
        for index in matching {
            self.assign_part(index, sub.name(), value.cloned())?;
            self.written.push(index);
        }
        Ok(())
    }

    /// Removes the selected elements (R151); none selected is no error (R153).
    pub(crate) fn remove_matching(&mut self, selector: &Selector) -> Result<(), PatchProblem> {
        self.matching(selector)?;
        self.values.retain(|element| !selector.selects(element));
        Ok(())
    }

    /// Removes the elements that are the same as one of these (R174).
    pub(crate) fn remove(&mut self, values: &[Value]) {
        if is_relation(self.attribute) {
            let gone: HashSet<&str> = values.iter().filter_map(|value| text(value, "value")).collect();
            self.values.retain(|element| text(element, "value").is_none_or(|id| !gone.contains(id)));
            return;
        }
        let attribute = self.attribute;
        self.values.retain(|element| !values.iter().any(|value| has_all(attribute, element, value)));
    }

    /// The indexes of the selected elements.
    fn matching(&self, selector: &Selector) -> Result<Vec<usize>, PatchProblem> {
        let all = self.values.iter().enumerate().filter(|(_, element)| selector.selects(element));
        let matching: Vec<usize> = all.map(|(index, _)| index).collect();
        if selector.single && matching.len() > 1 { Err(PatchProblem::TooManyMatches) } else { Ok(matching) }
    }

    /// Makes an element of what the selector asks for and the parts given (R147).
    fn create(&mut self, selector: &Selector, parts: Map<String, Value>, missing: Missing) -> Result<(), PatchProblem> {
        let leniency = match missing {
            Missing::Ignore => return Ok(()),
            Missing::Refuse => return Err(PatchProblem::NoTarget),
            Missing::Create(leniency) => leniency,
        };
        let mut element = selector.template();
        element.extend(parts);
        if !self.attribute.multi_valued() && !self.values.is_empty() {
            return Err(PatchProblem::NoTarget);
        }
        self.created_by = Some(leniency);
        self.written.push(self.values.len());
        self.values.push(Value::Object(element));
        Ok(())
    }

    fn assign_part(&mut self, index: usize, name: &str, value: Option<Value>) -> Result<(), PatchProblem> {
        let Some(Value::Object(object)) = self.values.get_mut(index) else { return Ok(()) };
        match self.attribute.sub_attribute(name) {
            Some(sub) => guarded(object, sub, value),
            None => Ok(()),
        }
    }

    /// Adds to an element what the same element, sent again, says more.
    fn merge(&mut self, index: usize, value: &Value) {
        let (Some(Value::Object(element)), Some(parts)) = (self.values.get_mut(index), value.as_object()) else {
            return;
        };
        let mut more = false;
        for (name, value) in parts {
            let same = match (self.attribute.sub_attribute(name), element.get(name)) {
                (Some(sub), Some(before)) => equal_values(sub, before, value),
                (_, None) => name == "primary" && value == &Value::Bool(false),
                (None, Some(_)) => true,
            };
            if !same {
                element.insert(name.clone(), value.clone());
                more = true;
            }
        }
        if more {
            self.written.push(index);
        }
    }

    /// Whether two elements are one: for members the id decides, for others type and value, else everything sent (R021,
    /// R146).
    fn is_same(&self, element: &Value, sent: &Value) -> bool {
        if self.attribute.kind() != AttributeType::Complex {
            return equal_values(self.attribute, element, sent);
        }
        let equal = |name: &str| match (self.attribute.sub_attribute(name), element.get(name), sent.get(name)) {
            (_, None, None) => true,
            (Some(sub), Some(a), Some(b)) => equal_values(sub, a, b),
            _ => false,
        };
        if is_relation(self.attribute) {
            return text(element, "value") == text(sent, "value");
        }
        if sent.get("value").is_some() {
            return equal("value") && equal("type");
        }
        has_all(self.attribute, element, sent)
    }
}

/// Whether the element has every part of `sent`, with an equal value.
fn has_all(attribute: &Attribute, element: &Value, sent: &Value) -> bool {
    let Some(parts) = sent.as_object() else { return equal_values(attribute, element, sent) };
    parts.iter().all(|(name, value)| match (attribute.sub_attribute(name), element.get(name)) {
        (Some(sub), Some(found)) => equal_values(sub, found, value),
        _ => false,
    })
}

/// Whether the elements stand for other resources, as members do: a client can add and remove them, not change them.
pub(crate) fn is_relation(attribute: &Attribute) -> bool {
    attribute.multi_valued()
        && attribute.sub_attribute("$ref").is_some()
        && attribute.sub_attribute("value").is_some_and(|value| value.mutability() == Mutability::Immutable)
}

fn text<'v>(element: &'v Value, name: &str) -> Option<&'v str> {
    element.get(name)?.as_str()
}

/// R159: the immutable parts of an element stay when another takes its place.
fn refuse_immutable_change(attribute: &Attribute, before: &Value, after: &Value) -> Result<(), PatchProblem> {
    for sub in attribute.sub_attributes() {
        if sub.mutability() != Mutability::Immutable {
            continue;
        }
        if let Some(before) = before.get(sub.name())
            && !after.get(sub.name()).is_some_and(|after| equal_values(sub, before, after))
        {
            return Err(PatchProblem::Immutable);
        }
    }
    Ok(())
}

/// Of equal elements the first stays.
fn fold_repeated(elements: &mut Vec<Value>) {
    let mut seen = HashSet::with_capacity(elements.len());
    elements.retain(|element| seen.insert(element.clone()));
}

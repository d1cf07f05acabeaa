//! Effects on multi-valued attributes, and on the elements that a selector picks.

use std::collections::HashSet;

use scim_core::schema::{AttributeType, Mutability};
use scim_core::{Attribute, Quirk, ValueLimits};
use scim_filter::{Budget, equal_values};
use serde_json::{Map, Value};

use crate::apply::assign::{keep_fixed, keep_read_only, refuse_immutable_change, write_parts};
use crate::apply::index::Index;
use crate::apply::primary::{is_primary, settle};
use crate::error::PatchErrorKind;
use crate::plan::Selector;
use crate::plan::id;
use crate::plan::{Effect, Missing, Part};

/// Up to so many elements, looking at each costs less than an index of them.
const FEW: usize = 32;
/// What it costs to take an element into the index.
const INDEXED: u64 = 8;

/// The elements of an attribute, to change by one operation after another. A singular complex attribute counts as a list of
/// one (R088).
pub(crate) struct Elements<'a> {
    attribute: &'a Attribute,
    /// Those that are gone are null, so that the others stay where they are.
    values: Vec<Value>,
    /// Where elements with certain parts may be, once that has been asked. Parts that an element had before it was written
    /// are still in it.
    index: Option<Index<'a>>,
    /// How many there were at first.
    before: usize,
    /// The elements that this operation has written.
    written: Vec<usize>,
    /// The quirk that made an element, if one was made.
    created_by: Option<Quirk>,
}

impl<'a> Elements<'a> {
    /// Takes the elements out of the container.
    pub(crate) fn take(container: &mut Map<String, Value>, attribute: &'a Attribute) -> Self {
        let values = match container.remove(attribute.name()) {
            Some(Value::Array(elements)) => elements,
            Some(single) => vec![single],
            None => Vec::new(),
        };
        let before = values.len();
        Self { attribute, values, index: None, before, written: Vec::new(), created_by: None }
    }

    /// What the attribute holds in the end.
    pub(crate) fn into_value(mut self) -> Option<Value> {
        self.values.retain(|element| !element.is_null());
        if self.attribute.multi_valued() {
            (!self.values.is_empty()).then_some(Value::Array(self.values))
        } else {
            self.values.into_iter().next()
        }
    }

    /// Runs one operation, and tells the quirk by which it made an element.
    pub(crate) fn run(
        &mut self,
        effect: &Effect,
        limits: &ValueLimits,
        budget: &Budget,
    ) -> Result<Option<Quirk>, PatchErrorKind> {
        match effect {
            Effect::AddElements(values) => self.add(values, budget)?,
            Effect::ReplaceElements(values) => self.replace_all(values, budget)?,
            Effect::WriteMatching { selector, parts, missing } => {
                self.write_matching(selector, parts, missing, budget)?;
            }
            Effect::ReplaceMatching { selector, element, missing } => {
                self.replace_matching(selector, element, missing, budget)?;
            }
            Effect::RemoveMatching(selector) => self.remove_matching(selector, budget)?,
            Effect::RemoveElements(values) => self.remove(values, budget)?,
            Effect::Assign(_) | Effect::AssignParts(_) | Effect::Relate(_) | Effect::ExpectEqual { .. } => {}
        }
        self.settle(budget)?;
        if self.values.len() > limits.elements {
            let count = self.values.iter().filter(|element| !element.is_null()).count();
            if count > self.before && !limits.allows_elements(self.attribute, count) {
                return Err(PatchErrorKind::TooManyValues { limit: limits.elements });
            }
        }
        Ok(self.created_by.take())
    }

    /// Ends an operation: without empty elements and repetitions, at most one of them primary.
    fn settle(&mut self, budget: &Budget) -> Result<(), PatchErrorKind> {
        if self.written.iter().any(|at| self.values.get(*at).is_some_and(is_primary)) {
            budget.spend(self.values.len() as u64 / 8)?;
        }
        settle(&mut self.values, &self.written)?;
        let written = std::mem::take(&mut self.written);
        if let Some(index) = &mut self.index {
            for at in &written {
                if let Some(element) = self.values.get(*at) {
                    index.push(element, *at);
                }
            }
        }
        // Only what was written can have become the same as another, or empty.
        for at in written {
            let Some(element) = self.values.get(at).filter(|element| !element.is_null()).cloned() else { continue };
            let mut repeated = self.candidates(&element, budget)?;
            repeated.retain(|other| {
                *other != at
                    && self.values.get(*other).is_some_and(|other| is_repeated(self.attribute, &element, other))
            });
            for other in repeated {
                self.drop_at(other.max(at));
            }
            if element.as_object().is_some_and(Map::is_empty) {
                self.drop_at(at);
            }
        }
        Ok(())
    }

    fn drop_at(&mut self, at: usize) {
        if let Some(element) = self.values.get_mut(at) {
            *element = Value::Null;
        }
    }

    /// Where the elements are, in order, that can have every part of `sent`.
    fn candidates(&mut self, sent: &Value, budget: &Budget) -> Result<Vec<usize>, PatchErrorKind> {
        let all = self.values.len();
        if self.index.is_none() && all > FEW {
            budget.spend(INDEXED * all as u64)?;
            self.index = Some(Index::new(self.attribute, &self.values, all));
        }
        let mut found: Vec<usize> = match &self.index {
            Some(index) => index.candidates(sent, all).collect(),
            None => (0..all).collect(),
        };
        budget.spend(1 + found.len() as u64)?;
        found.retain(|at| self.values.get(*at).is_some_and(|element| !element.is_null()));
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Adds values that are not there yet (R133, R145, R146).
    fn add(&mut self, added: &[Value], budget: &Budget) -> Result<(), PatchErrorKind> {
        let relation = self.attribute.is_multi_valued_reference();
        for value in added {
            let candidates = self.candidates(value, budget)?;
            let is_same = |at: &usize| self.values.get(*at).is_some_and(|element| self.is_same(element, value));
            match candidates.into_iter().find(is_same) {
                Some(_) if relation => {}
                Some(at) => self.merge(at, value)?,
                None => {
                    let at = self.values.len();
                    if let Some(index) = &mut self.index {
                        index.push(value, at);
                    }
                    self.written.push(at);
                    self.values.push(value.clone());
                }
            }
        }
        Ok(())
    }

    /// Makes these the only values (R156). Those that were there keep what a client cannot send.
    fn replace_all(&mut self, values: &[Value], budget: &Budget) -> Result<(), PatchErrorKind> {
        let mut before = std::mem::replace(&mut self.values, values.to_vec());
        before.retain(|element| !element.is_null());
        self.index = None;
        budget.spend(INDEXED * (before.len() + values.len()) as u64)?;
        if self.attribute.is_multi_valued_reference() {
            let all: Vec<usize> = (0..self.values.len()).collect();
            fold_repeated(self.attribute, &mut self.values, &all);
        }
        let read_only = |sub: &std::sync::Arc<Attribute>| sub.mutability() == Mutability::ReadOnly;
        if !self.attribute.sub_attributes().iter().any(read_only) {
            return Ok(());
        }
        let index = Index::new(self.attribute, &before, values.len());
        for value in &mut self.values {
            let candidates = index.candidates(value, before.len()).filter_map(|at| before.get(at));
            for before in candidates {
                budget.spend(1)?;
                if says_the_same(self.attribute, before, value) {
                    keep_read_only(self.attribute, before, value);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Writes parts of every selected element (R152, R160; add on a value path).
    fn write_matching(
        &mut self,
        selector: &Selector,
        parts: &[Part],
        missing: &Missing,
        budget: &Budget,
    ) -> Result<(), PatchErrorKind> {
        let matching = self.matching(selector, budget)?;
        if matching.is_empty() {
            let Some(mut element) = self.created(missing)? else { return Ok(()) };
            element.retain(|name, _| !parts.iter().any(|part| part.sub.name() == name));
            write_parts(&mut element, parts, budget)?;
            return self.push_created(selector, Value::Object(element), budget);
        }
        for index in matching {
            if let Some(Value::Object(object)) = self.values.get_mut(index) {
                write_parts(object, parts, budget)?;
            }
            self.written.push(index);
        }
        self.refuse_displacing(selector, budget)
    }

    /// Puts the element in the place of every selected one (R159).
    fn replace_matching(
        &mut self,
        selector: &Selector,
        element: &Value,
        missing: &Missing,
        budget: &Budget,
    ) -> Result<(), PatchErrorKind> {
        let matching = self.matching(selector, budget)?;
        if matching.is_empty() {
            let Some(mut created) = self.created(missing)? else { return Ok(()) };
            let created = match element {
                Value::Object(parts) => {
                    created.extend(parts.clone());
                    assigned(Value::Object(created))
                }
                simple => simple.clone(),
            };
            return self.push_created(selector, created, budget);
        }
        for index in matching {
            let Some(before) = self.values.get_mut(index) else { continue };
            let mut after = element.clone();
            keep_selected(selector, before, &mut after);
            let mut after = assigned(after);
            refuse_immutable_change(self.attribute, before, Some(&after))?;
            keep_fixed(self.attribute, before, &mut after);
            *before = after;
            self.written.push(index);
        }
        self.refuse_displacing(selector, budget)
    }

    /// Removes the selected elements (R151); none selected is no error (R153).
    fn remove_matching(&mut self, selector: &Selector, budget: &Budget) -> Result<(), PatchErrorKind> {
        for at in self.matching(selector, budget)? {
            self.drop_at(at);
        }
        Ok(())
    }

    /// Removes the elements that have all that one of these says (R174).
    fn remove(&mut self, values: &[Value], budget: &Budget) -> Result<(), PatchErrorKind> {
        for value in values {
            for at in self.candidates(value, budget)? {
                if self.values.get(at).is_some_and(|element| has_all(self.attribute, element, value)) {
                    self.drop_at(at);
                }
            }
        }
        Ok(())
    }

    /// The indexes of the selected elements.
    fn matching(&mut self, selector: &Selector, budget: &Budget) -> Result<Vec<usize>, PatchErrorKind> {
        let mut candidates = Vec::new();
        match selector.look_ups() {
            Some(look_ups) => {
                for sent in &look_ups {
                    candidates.extend(self.candidates(sent, budget)?);
                }
                candidates.sort_unstable();
                candidates.dedup();
            }
            None => candidates.extend(0..self.values.len()),
        }
        let mut matching = Vec::new();
        for at in candidates {
            if let Some(element) = self.values.get(at).filter(|element| !element.is_null())
                && selector.selects_within(element, budget)?
            {
                matching.push(at);
            }
        }
        if selector.single && matching.len() > 1 { Err(PatchErrorKind::TooManyMatches) } else { Ok(matching) }
    }

    /// The start of an element that the selector selects, where one is to be made (R147).
    fn created(&mut self, missing: &Missing) -> Result<Option<Map<String, Value>>, PatchErrorKind> {
        match missing {
            Missing::Ignore => Ok(None),
            Missing::Create { quirk, template }
                if self.attribute.multi_valued() || self.values.iter().all(Value::is_null) =>
            {
                self.created_by = Some(*quirk);
                Ok(Some(template.clone()))
            }
            Missing::Refuse | Missing::Create { .. } => Err(PatchErrorKind::NoTarget),
        }
    }

    /// Adds an element that was made for a selector, if that selects it: sent again, the message finds it.
    fn push_created(&mut self, selector: &Selector, element: Value, budget: &Budget) -> Result<(), PatchErrorKind> {
        if !selector.selects(&element) {
            return Err(PatchErrorKind::NoTarget);
        }
        self.written.push(self.values.len());
        self.values.push(element);
        self.refuse_displacing(selector, budget)
    }

    /// Refuses to make another element primary in place of one that the selector selects as soon as it is not primary any
    /// more: it was meant, too, and more than one would be primary.
    fn refuse_displacing(&self, selector: &Selector, budget: &Budget) -> Result<(), PatchErrorKind> {
        if !self.written.iter().any(|at| self.values.get(*at).is_some_and(is_primary)) {
            return Ok(());
        }
        budget.spend(self.values.len() as u64 / 8)?;
        let others =
            self.values.iter().enumerate().filter(|(at, element)| is_primary(element) && !self.written.contains(at));
        for (_, element) in others {
            let mut displaced = element.clone();
            if let Some(element) = displaced.as_object_mut() {
                element.insert("primary".to_owned(), Value::Bool(false));
            }
            if selector.selects(&displaced) {
                return Err(PatchErrorKind::PrimaryTwice);
            }
        }
        Ok(())
    }

    /// Adds to an element what the same element, sent again, says more.
    fn merge(&mut self, index: usize, value: &Value) -> Result<(), PatchErrorKind> {
        let (Some(Value::Object(element)), Some(parts)) = (self.values.get_mut(index), value.as_object()) else {
            return Ok(());
        };
        let mut more = false;
        for (name, value) in parts {
            let sub = self.attribute.sub_attribute(name);
            let same = match (sub, element.get(name)) {
                (Some(sub), Some(before)) => equal_values(sub, before, value),
                (_, None) => name == "primary" && value == &Value::Bool(false),
                (None, Some(_)) => true,
            };
            if same {
                continue;
            }
            if element.contains_key(name) && sub.is_some_and(|sub| sub.mutability() == Mutability::Immutable) {
                return Err(PatchErrorKind::Immutable);
            }
            element.insert(name.clone(), value.clone());
            more = true;
        }
        if more {
            self.written.push(index);
        }
        Ok(())
    }

    /// Whether two elements are one: for members the id decides, for others type and value, else everything sent (R021,
    /// R146).
    fn is_same(&self, element: &Value, sent: &Value) -> bool {
        let equal = |name: &str| match (self.attribute.sub_attribute(name), element.get(name), sent.get(name)) {
            (_, None, None) => true,
            (Some(sub), Some(a), Some(b)) => equal_values(sub, a, b),
            _ => false,
        };
        if self.attribute.kind() != AttributeType::Complex || sent.get("value").is_none() {
            has_all(self.attribute, element, sent)
        } else if self.attribute.is_multi_valued_reference() {
            element.get("value") == sent.get("value")
        } else {
            equal("value") && equal("type")
        }
    }
}

/// Carries over for what an element is selected, where the one that takes its place says nothing of it.
fn keep_selected(selector: &Selector, before: &Value, after: &mut Value) {
    let Some(after) = after.as_object_mut() else { return };
    for name in selector.selecting(before) {
        if let Some(value) = before.get(name).filter(|_| !after.contains_key(name)) {
            after.insert(name.to_owned(), value.clone());
        }
    }
}

/// The element without the parts that it says there are none of.
fn assigned(mut element: Value) -> Value {
    if let Some(parts) = element.as_object_mut() {
        parts.retain(|_, value| !value.is_null());
    }
    element
}

/// Whether the element has every part of `sent`, with an equal value.
fn has_all(attribute: &Attribute, element: &Value, sent: &Value) -> bool {
    let Some(parts) = sent.as_object() else { return equal_values(attribute, element, sent) };
    parts.iter().all(|(name, value)| match (attribute.sub_attribute(name), element.get(name)) {
        (Some(sub), Some(found)) => equal_values(sub, found, value),
        _ => false,
    })
}

/// Whether an element says just what `sent` says, as far as a client can say it. Ids regard case (R040).
fn says_the_same(attribute: &Attribute, element: &Value, sent: &Value) -> bool {
    if attribute.is_multi_valued_reference() && id(element) != id(sent) {
        return false;
    }
    let more = |(name, _): (&String, &Value)| {
        let read_only = attribute.sub_attribute(name).is_some_and(|sub| sub.mutability() == Mutability::ReadOnly);
        !read_only && sent.get(name).is_none()
    };
    has_all(attribute, element, sent) && !element.as_object().is_some_and(|object| object.iter().any(more))
}

/// Of elements that are the same as far as a client can tell the first stays. Only those at `written` can have become the
/// same as another.
fn fold_repeated(attribute: &Attribute, elements: &mut Vec<Value>, written: &[usize]) {
    let index = Index::new(attribute, elements, written.len());
    let mut gone = HashSet::new();
    for at in written {
        let Some(element) = elements.get(*at) else { continue };
        let others = index.candidates(element, elements.len()).filter(|other| other != at);
        let same =
            others.filter(|other| elements.get(*other).is_some_and(|other| is_repeated(attribute, element, other)));
        gone.extend(same.map(|other| other.max(*at)));
    }
    remove_at(elements, &gone);
}

/// Whether two elements have one id, or else every part that a client can write in common.
fn is_repeated(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    let (Some(parts), Some(others)) = (a.as_object(), b.as_object()) else { return a == b };
    if attribute.is_multi_valued_reference() && id(a).is_some() {
        return id(a) == id(b);
    }
    let writable =
        |name: &str| attribute.sub_attribute(name).is_none_or(|sub| sub.mutability() != Mutability::ReadOnly);
    let in_other = |parts: &Map<String, Value>, others: &Map<String, Value>| {
        parts.iter().all(|(name, value)| others.get(name) == Some(value) || !writable(name))
    };
    in_other(parts, others) && in_other(others, parts)
}

fn remove_at(elements: &mut Vec<Value>, gone: &HashSet<usize>) {
    if gone.is_empty() {
        return;
    }
    let mut index = 0;
    elements.retain(|_| {
        index += 1;
        !gone.contains(&(index - 1))
    });
}

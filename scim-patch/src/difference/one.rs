//! One attribute that differs between two states of a resource.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use scim_core::schema::{AttributeType, Mutability, Returned};
use scim_core::{Attribute, AttributeRef};
use serde_json::Value;

/// What became of a value that nobody can read (RFC 7643 section 7, "writeOnly"). One that is kept is no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Secret {
    /// It was set, to the value that it had or to another.
    Set,
    /// It was removed.
    Removed,
}

/// One attribute, or sub-attribute of a singular complex attribute, that differs.
///
/// `Debug` shows the values but those of secrets.
#[derive(Clone, PartialEq)]
pub struct Difference {
    target: AttributeRef,
    before: Option<Value>,
    after: Option<Value>,
    secret: bool,
    /// What became of the value, where all of it is secret.
    becomes: Option<Secret>,
    elements: bool,
}

impl Difference {
    /// What differs, such as `name.givenName` or `emails`.
    pub fn target(&self) -> &AttributeRef {
        &self.target
    }

    /// The value before; `None` when there was none, or it is secret. Where only elements are told, those that went.
    pub fn before(&self) -> Option<&Value> {
        self.before.as_ref()
    }

    /// The value now; `None` when there is none, or it is secret. Where only elements are told, those that came.
    pub fn after(&self) -> Option<&Value> {
        self.after.as_ref()
    }

    /// Whether there is something that is never returned: the attribute, or a part of it. It is in neither value.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// What became of a value that is never returned; `None` where the attribute has others.
    pub fn secret(&self) -> Option<Secret> {
        self.becomes
    }

    /// What became of a value that is never returned.
    pub fn of_secret(target: AttributeRef, becomes: Secret) -> Self {
        Self { target, before: None, after: None, secret: true, becomes: Some(becomes), elements: false }
    }

    /// Whether [`before`](Self::before) and [`after`](Self::after) are not the whole value, but the elements that went and
    /// those that came. That is so of attributes whose elements stand for other resources, as `members` does: there may
    /// be very many, and their order means nothing.
    pub fn tells_elements(&self) -> bool {
        self.elements
    }

    fn new(target: AttributeRef, before: Option<Value>, after: Option<&Value>) -> Self {
        let attribute = target.leaf().clone();
        if is_secret(&attribute) {
            return Self::of_secret(target, if after.is_some() { Secret::Set } else { Secret::Removed });
        }
        let secret = attribute.sub_attributes().iter().any(|sub| is_secret(sub));
        let mut difference = Self { target, before, after: after.cloned(), secret, becomes: None, elements: false };
        if secret {
            for value in [&mut difference.before, &mut difference.after].into_iter().flatten() {
                hide(&attribute, value);
            }
        }
        difference
    }

    /// What differs where an attribute was remembered as a whole. `Some`: a relation has the same elements in another
    /// order, and this is the former one.
    pub(crate) fn of_whole(
        place: &AttributeRef,
        before: Option<Value>,
        after: Option<&Value>,
        found: &mut Vec<Self>,
    ) -> Option<Value> {
        let attribute = &**place.attribute();
        if attribute.is_multi_valued_reference() {
            let old = before.as_ref().and_then(Value::as_array).map(|elements| elements.iter().collect());
            let new = after.and_then(Value::as_array).map(|elements| elements.iter().collect());
            let differs = Self::of_elements(place, old.unwrap_or_default(), new.unwrap_or_default(), found);
            return if differs { None } else { before };
        }
        if attribute.kind() == AttributeType::Complex && !attribute.multi_valued() {
            for sub in attribute.sub_attributes() {
                let old = before.as_ref().and_then(|before| before.get(sub.name()));
                let new = after.and_then(|after| after.get(sub.name()));
                if old != new {
                    found.push(Self::new(place.clone().with_sub(sub), old.cloned(), new));
                }
            }
        } else if before.as_ref() != after || (is_secret(attribute) && after.is_some()) {
            found.push(Self::new(place.clone(), before, after));
        }
        None
    }

    /// What differs where parts of an attribute were remembered.
    pub(crate) fn of_parts(
        place: &AttributeRef,
        parts: Vec<(Arc<Attribute>, Option<Value>)>,
        after: Option<&Value>,
        found: &mut Vec<Self>,
    ) {
        for (sub, before) in parts {
            let after = after.and_then(|after| after.get(sub.name()));
            if before.as_ref() != after || (is_secret(&sub) && after.is_some()) {
                found.push(Self::new(place.clone().with_sub(&sub), before, after));
            }
        }
    }

    /// What differs where elements of a relation came and went. `false`: nothing but, perhaps, their order.
    pub(crate) fn of_elements(
        place: &AttributeRef,
        mut removed: Vec<&Value>,
        mut added: Vec<&Value>,
        found: &mut Vec<Self>,
    ) -> bool {
        if !removed.is_empty() && !added.is_empty() {
            cancel(&mut removed, &mut added);
        }
        if removed.is_empty() && added.is_empty() {
            return false;
        }
        let value =
            |elements: Vec<&Value>| (!elements.is_empty()).then(|| elements.into_iter().cloned().collect::<Value>());
        let difference = Self::new(place.clone(), value(removed), value(added).as_ref());
        found.push(Self { elements: true, ..difference });
        true
    }
}

/// Takes out what is in both.
fn cancel(removed: &mut Vec<&Value>, added: &mut Vec<&Value>) {
    let mut count: HashMap<&Value, usize> = HashMap::with_capacity(removed.len());
    for element in removed.iter() {
        *count.entry(element).or_default() += 1;
    }
    let mut both: HashMap<&Value, usize> = HashMap::new();
    added.retain(|element| match count.get_mut(element) {
        Some(left) if *left > 0 => {
            *left -= 1;
            *both.entry(element).or_default() += 1;
            false
        }
        _ => true,
    });
    removed.retain(|element| match both.get_mut(element) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    });
}

/// Whether no response ever shows the attribute.
fn is_secret(attribute: &Attribute) -> bool {
    attribute.mutability() == Mutability::WriteOnly || attribute.returned() == Returned::Never
}

/// Takes the secret parts out of a value.
fn hide(attribute: &Attribute, value: &mut Value) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                hide(attribute, element);
            }
        }
        Value::Object(object) => {
            object.retain(|name, _| attribute.sub_attribute(name).is_none_or(|sub| !is_secret(sub)));
        }
        _ => {}
    }
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(becomes) = self.becomes {
            return write!(f, "`{}`: {}", self.target, if becomes == Secret::Set { "set" } else { "removed" });
        }
        let shown = |value: &Option<Value>| match value {
            Some(value) => value.to_string(),
            None if self.secret => "(hidden)".to_owned(),
            None => "none".to_owned(),
        };
        write!(f, "`{}`: {} -> {}", self.target, shown(&self.before), shown(&self.after))
    }
}

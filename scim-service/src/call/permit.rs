//! A decision, resolved against the schema of a type: what the endpoints obey.

use std::sync::Arc;

use scim_core::schema::Schema;
use scim_core::{AttrPath, Attribute, AttributeRef, Profile, Projection, Resource, Tolerance, TypeSchema, ValueRef};
use scim_filter::{Predicate, View, check};
use serde_json::{Map, Value};

use crate::authorize::{AccessDecision, AccessScope, AuthorizeError};
use crate::wire::Failure;

/// What a request may see and change of one type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Permit {
    /// Boxed, because each endpoint keeps a permit while it waits.
    within: Option<Box<Predicate>>,
    hidden: Vec<AttributeRef>,
}

impl Permit {
    pub(crate) fn new(restriction: &AccessScope, of: &TypeSchema, profile: &Profile) -> Result<Self, Failure> {
        let mut tolerance = Tolerance::new(profile);
        let within = match &restriction.within {
            Some(filter) => Some(Box::new(check(filter, of, &mut tolerance).map_err(AuthorizeError::new)?)),
            None => None,
        };
        let mut hidden = targets(&restriction.hidden, of, profile);
        hidden.retain(|target| !target.is_in("id") && !target.is_in("schemas"));
        Ok(Self { within, hidden })
    }

    /// What a decision allows of a type.
    pub(crate) fn of(decision: AccessDecision, of: &TypeSchema, profile: &Profile) -> Result<Self, Failure> {
        match decision {
            AccessDecision::Allow => Ok(Self::default()),
            AccessDecision::Restrict(restriction) => Self::new(&restriction, of, profile),
            AccessDecision::Deny { reason } => Err(Failure::Denied { reason }),
        }
    }

    /// The same permit, whose filter sees resources as responses show them.
    pub(crate) fn seen_through(self, view: &Arc<dyn View>) -> Self {
        Self { within: self.within.map(|within| Box::new(within.seen_through(view))), ..self }
    }

    /// Whether some resources may not be seen.
    pub(crate) fn is_restricted(&self) -> bool {
        self.within.is_some()
    }

    /// The filter of a query, narrowed to what may be seen.
    pub(crate) fn narrow(&self, filter: Option<Predicate>) -> Option<Predicate> {
        match (filter, self.within.as_deref().cloned()) {
            (Some(filter), Some(within)) => Some(filter.and(within)),
            (filter, within) => filter.or(within),
        }
    }

    /// What a response shows, without what is hidden.
    pub(crate) fn project(&self, projection: Projection) -> Projection {
        projection.hiding(&self.hidden)
    }

    /// Refuses a filter or sort that looks at what is hidden.
    pub(crate) fn check_compared<'p>(
        &self,
        compared: impl IntoIterator<Item = &'p AttributeRef>,
    ) -> Result<(), Failure> {
        // `schemas` tells which extensions a resource has values of.
        let extended = self.hidden.iter().any(|hidden| hidden.extension().is_some());
        let hidden = |target: &&AttributeRef| extended && target.is_in("schemas") || self.hides(target);
        refuse(compared.into_iter().find(hidden))
    }

    /// Refuses a write that names what is hidden.
    pub(crate) fn check_written(&self, written: &[AttributeRef]) -> Result<(), Failure> {
        refuse(written.iter().find(|written| self.hides(written)))
    }

    fn hides(&self, target: &AttributeRef) -> bool {
        self.hidden.iter().any(|hidden| hidden.overlaps(target))
    }

    /// Refuses to make a resource that the client may not see. `current` is what it was, if it was.
    pub(crate) fn check_result(&self, draft: &Resource, current: Option<&Resource>) -> Result<(), Failure> {
        let Some(within) = &self.within else { return Ok(()) };
        let mut result = draft.clone();
        for name in ["id", "meta"] {
            if let Some(value) = current.and_then(|current| current.get(name)) {
                result.set(name, Some(value.to_value()));
            }
        }
        if within.matches(&result) { Ok(()) } else { Err(Failure::OutOfSight) }
    }

    /// Puts what is hidden back into the content that replaces the current one.
    pub(crate) fn keep_hidden(&self, current: &Resource, draft: &mut Resource) {
        for target in &self.hidden {
            let attributes = draft.attributes_mut();
            let Some(uri) = target.uri() else {
                keep(target, current.as_value(), attributes);
                continue;
            };
            let Some(old) = current.get(uri) else { continue };
            let container = attributes.entry(uri).or_insert_with(|| Value::Object(Map::new()));
            if let Some(container) = container.as_object_mut() {
                keep(target, old, container);
            }
            if container.as_object().is_some_and(Map::is_empty) {
                attributes.remove(uri);
            }
        }
    }
}

fn refuse(hidden: Option<&AttributeRef>) -> Result<(), Failure> {
    hidden.map_or(Ok(()), |target| Err(Failure::HiddenAttribute { path: target.to_string() }))
}

/// Keeps the old value of an attribute or of a sub-attribute, where the new content has none.
fn keep(target: &AttributeRef, old: ValueRef<'_>, new: &mut Map<String, Value>) {
    let name = target.name();
    let Some(before) = old.get(name).map(ValueRef::to_value) else { return };
    let Some(sub) = target.sub() else {
        new.entry(name).or_insert(before);
        return;
    };
    match (&before, new.get_mut(name)) {
        (Value::Object(before), None) => {
            if let Some(value) = before.get(sub) {
                new.insert(name.to_owned(), Value::Object(Map::from_iter([(sub.to_owned(), value.clone())])));
            }
        }
        (Value::Object(before), Some(Value::Object(after))) => {
            if let Some(value) = before.get(sub) {
                after.entry(sub).or_insert_with(|| value.clone());
            }
        }
        // An element is the one that it was when all that the client sees of it is the same.
        (Value::Array(before), Some(Value::Array(after))) => {
            for element in after.iter_mut() {
                let seen = |old: &&Value| {
                    let mut old = (*old).clone();
                    old.as_object_mut().is_some_and(|old| old.remove(sub).is_some()) && old == *element
                };
                if let Some(old) = before.iter().find(seen) {
                    *element = old.clone();
                }
            }
        }
        _ => {}
    }
}

/// What the body of a write names: attributes, and the parts of complex ones.
pub(crate) fn written(body: &Value, of: &TypeSchema) -> Vec<AttributeRef> {
    let mut found = Vec::new();
    for (key, value) in body.as_object().into_iter().flatten() {
        if let Some(extension) = of.extension(key) {
            for (name, value) in value.as_object().into_iter().flatten() {
                if let Some(attribute) = extension.attribute(name) {
                    add_parts(Some(extension), attribute, value, &mut found);
                }
            }
        } else if let Some(attribute) = of.top_level(key) {
            add_parts(None, attribute, value, &mut found);
        }
    }
    found
}

fn add_parts(
    extension: Option<&Arc<Schema>>,
    attribute: &Arc<Attribute>,
    value: &Value,
    found: &mut Vec<AttributeRef>,
) {
    let target = AttributeRef::new(extension, attribute);
    let elements = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let named = |sub: &&Arc<Attribute>| {
        let is = |name: &String| name.eq_ignore_ascii_case(sub.name());
        elements.iter().filter_map(Value::as_object).any(|element| element.keys().any(is))
    };
    let before = found.len();
    found.extend(attribute.sub_attributes().iter().filter(named).map(|sub| target.clone().with_sub(sub)));
    if found.len() == before {
        found.push(target);
    }
}

/// The attributes that paths lead to; those that lead nowhere are left out.
pub(crate) fn targets(paths: &[AttrPath], of: &TypeSchema, profile: &Profile) -> Vec<AttributeRef> {
    let mut tolerance = Tolerance::new(profile);
    let found = paths.iter().filter_map(|path| of.resolve(path, &mut tolerance).ok());
    found.flat_map(|found| found.attributes()).collect()
}

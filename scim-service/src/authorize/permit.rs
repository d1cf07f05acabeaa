//! A verdict, resolved against the schema of a type: what the endpoints obey.

use std::sync::Arc;

use scim_core::{AttrPath, Attribute, Leniencies, Profile, Projection, Resource, Schema, Target, TypeSchema};
use scim_filter::{Predicate, ResolvedPath, View, check};
use serde_json::{Map, Value};

use crate::authorize::{AuthorizeError, Restriction, Verdict};
use crate::fail::Failure;

/// What a request may see and change of one type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Permit {
    within: Option<Predicate>,
    hidden: Vec<Target>,
}

impl Permit {
    pub(super) fn new(restriction: &Restriction, of: &TypeSchema, profile: &Profile) -> Result<Self, Failure> {
        let mut used = Leniencies::default();
        let within = match &restriction.within {
            Some(filter) => Some(check(filter, of, profile, &mut used).map_err(AuthorizeError::new)?),
            None => None,
        };
        let mut hidden = targets(&restriction.hidden, of, profile);
        hidden.retain(|target| !matches!(whole(target), Some("id" | "schemas")));
        Ok(Self { within, hidden })
    }

    /// What a verdict allows of a type.
    pub(crate) fn of(verdict: Verdict, of: &TypeSchema, profile: &Profile) -> Result<Self, Failure> {
        match verdict {
            Verdict::Allow => Ok(Self::default()),
            Verdict::Restrict(restriction) => Self::new(&restriction, of, profile),
            Verdict::Deny { reason } => Err(Failure::Denied { reason }),
        }
    }

    /// The same permit, whose filter sees resources as responses show them.
    pub(crate) fn seen_through(self, view: &Arc<dyn View>) -> Self {
        Self { within: self.within.map(|within| within.seen_through(view)), ..self }
    }

    /// Whether some resources may not be seen.
    pub(crate) fn is_restricted(&self) -> bool {
        self.within.is_some()
    }

    /// The filter of a query, narrowed to what may be seen.
    pub(crate) fn narrow(&self, filter: Option<Predicate>) -> Option<Predicate> {
        match (filter, self.within.clone()) {
            (Some(filter), Some(within)) => Some(filter.and(within)),
            (filter, within) => filter.or(within),
        }
    }

    /// What a response shows, without what is hidden.
    pub(crate) fn project(&self, projection: Projection) -> Projection {
        projection.hiding(&self.hidden)
    }

    /// Refuses a filter or sort that looks at what is hidden.
    pub(crate) fn check_compared<'p>(&self, paths: impl IntoIterator<Item = &'p ResolvedPath>) -> Result<(), Failure> {
        // `schemas` tells which extensions a resource has values of.
        let extended = self.hidden.iter().any(|target| target.extension.is_some());
        let hidden = |path: &&ResolvedPath| {
            extended && path.as_top_level() == Some("schemas") || self.hidden.iter().any(|target| overlap(target, path))
        };
        match paths.into_iter().find(hidden) {
            Some(path) => Err(Failure::HiddenAttribute { path: path.to_string() }),
            None => Ok(()),
        }
    }

    /// Refuses a write that names what is hidden.
    pub(crate) fn check_written(&self, written: &[Target]) -> Result<(), Failure> {
        let clash = |a: &Target, b: &Target| meet((extension(a), whole(a), sub(a)), (extension(b), whole(b), sub(b)));
        match written.iter().find(|written| self.hidden.iter().any(|hidden| clash(hidden, written))) {
            Some(target) => Err(Failure::HiddenAttribute { path: target.canonical_path() }),
            None => Ok(()),
        }
    }

    /// Refuses to make a resource that the client may not see. `current` is what it was, if it was.
    pub(crate) fn check_result(&self, draft: &Resource, current: Option<&Resource>) -> Result<(), Failure> {
        let Some(within) = &self.within else { return Ok(()) };
        let mut result = draft.clone();
        for name in ["id", "meta"] {
            if let Some(value) = current.and_then(|current| current.get(name)) {
                result.attributes_mut().insert(name.to_owned(), value.clone());
            }
        }
        if within.matches(&result) { Ok(()) } else { Err(Failure::OutOfSight) }
    }

    /// Puts what is hidden back into the content that replaces the current one.
    pub(crate) fn keep_hidden(&self, current: &Resource, draft: &mut Resource) {
        for target in &self.hidden {
            let old = match extension(target) {
                None => Some(current.attributes()),
                Some(uri) => current.get(uri).and_then(Value::as_object),
            };
            let Some(old) = old else { continue };
            let attributes = draft.attributes_mut();
            match (extension(target), whole(target)) {
                (None, Some(name)) => keep(name, sub(target), old, attributes),
                (Some(uri), name) => {
                    let container = attributes.entry(uri).or_insert_with(|| Value::Object(Map::new()));
                    match (container.as_object_mut(), name) {
                        (Some(container), Some(name)) => keep(name, sub(target), old, container),
                        (Some(container), None) => container.extend(old.clone()),
                        (None, _) => {}
                    }
                    if container.as_object().is_some_and(Map::is_empty) {
                        attributes.remove(uri);
                    }
                }
                (None, None) => {}
            }
        }
    }
}

/// Keeps the old value of an attribute or of a sub-attribute, where the new content has none.
fn keep(name: &str, sub: Option<&str>, old: &Map<String, Value>, new: &mut Map<String, Value>) {
    let Some(before) = old.get(name) else { return };
    let Some(sub) = sub else {
        new.entry(name).or_insert_with(|| before.clone());
        return;
    };
    match (before, new.get_mut(name)) {
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

/// Whether a path leads into the target, or the target into the path.
pub(crate) fn overlap(target: &Target, path: &ResolvedPath) -> bool {
    meet((extension(target), whole(target), sub(target)), (path.extension(), path.attribute(), path.sub()))
}

/// Extension, attribute and sub-attribute, as far as a path goes.
type Place<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>);

/// Whether one place is in the other.
fn meet(a: Place<'_>, b: Place<'_>) -> bool {
    let open_or_equal = |a: Option<&str>, b: Option<&str>| a.is_none() || b.is_none() || a == b;
    a.0 == b.0 && open_or_equal(a.1, b.1) && open_or_equal(a.2, b.2)
}

/// What the body of a write names: attributes, and the parts of complex ones.
pub(crate) fn written(body: &Value, of: &TypeSchema) -> Vec<Target> {
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

fn add_parts(extension: Option<&Arc<Schema>>, attribute: &Arc<Attribute>, value: &Value, found: &mut Vec<Target>) {
    let target = |sub| Target { extension: extension.cloned(), attribute: Some(attribute.clone()), sub };
    let elements = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let named = |sub: &Arc<Attribute>| {
        let is = |name: &String| name.eq_ignore_ascii_case(sub.name());
        elements.iter().filter_map(Value::as_object).any(|element| element.keys().any(is))
    };
    let before = found.len();
    found.extend(attribute.sub_attributes().iter().filter(|sub| named(sub)).map(|sub| target(Some(sub.clone()))));
    if found.len() == before {
        found.push(target(None));
    }
}

/// The targets that paths lead to; those that lead nowhere are left out.
pub(crate) fn targets(paths: &[AttrPath], of: &TypeSchema, profile: &Profile) -> Vec<Target> {
    let mut used = Leniencies::default();
    paths.iter().filter_map(|path| of.resolve(path, profile, &mut used).ok()).collect()
}

fn extension(target: &Target) -> Option<&str> {
    target.extension.as_ref().map(|schema| schema.id())
}

fn whole(target: &Target) -> Option<&str> {
    target.attribute.as_ref().map(|attribute| attribute.name())
}

fn sub(target: &Target) -> Option<&str> {
    target.sub.as_ref().map(|sub| sub.name())
}

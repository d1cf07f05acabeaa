//! What a patch has touched, and how it was.

use std::sync::Arc;

use scim_core::schema::Schema;
use scim_core::{Attribute, AttributeRef};
use serde_json::{Map, Value};

use crate::difference::Difference;
use crate::plan::Edit;
use crate::plan::{Operation, Part};

/// The attributes of a resource as they were before a patch touched them. Going back costs what was touched, not what the
/// resource holds.
#[derive(Default)]
pub(crate) struct Journal<'p> {
    touched: Vec<Touched<'p>>,
    /// The containers of extensions, and whether they were there.
    extensions: Vec<(&'p Arc<Schema>, bool)>,
    /// `schemas`, where it was touched; `Null` where there was none.
    schemas: Option<Value>,
}

/// One attribute that was touched.
struct Touched<'p> {
    /// The last operation that touched it.
    operation: &'p Operation,
    before: Before,
}

/// What an attribute was.
enum Before {
    /// All of it.
    Whole(Option<Value>),
    /// Parts of a singular complex attribute. Those that are not here have not been touched.
    Parts(Vec<(Arc<Attribute>, Option<Value>)>),
    /// What one operation did to the elements of a relation.
    Edit(Edit),
}

impl<'p> Journal<'p> {
    fn find(&mut self, operation: &'p Operation) -> Option<&mut Touched<'p>> {
        let touched = self.touched.iter_mut().find(|touched| touched.operation.place == operation.place)?;
        touched.operation = operation;
        Some(touched)
    }

    /// Remembers an attribute, before it is touched.
    pub(crate) fn remember_whole(&mut self, operation: &'p Operation, container: &Map<String, Value>) {
        let current = container.get(operation.place.name());
        match self.find(operation) {
            Some(Touched { before: Before::Whole(_), .. }) => {}
            Some(Touched { before, .. }) => {
                let mut whole = Map::new();
                put(&mut whole, operation.place.name(), current.cloned());
                let earlier = std::mem::replace(before, Before::Whole(None));
                earlier.restore(&operation.place, &mut whole);
                *before = Before::Whole(whole.remove(operation.place.name()));
            }
            None => self.touched.push(Touched { operation, before: Before::Whole(current.cloned()) }),
        }
    }

    /// Remembers parts of a singular complex attribute, before they are touched.
    pub(crate) fn remember_parts(&mut self, operation: &'p Operation, parts: &[Part], container: &Map<String, Value>) {
        let object = match container.get(operation.place.name()) {
            // What is no object will be overwritten.
            Some(value) if !value.is_object() => return self.remember_whole(operation, container),
            object => object,
        };
        let current = |part: &Part| object.and_then(|object| object.get(part.sub.name())).cloned();
        match self.find(operation) {
            Some(Touched { before: Before::Parts(known), .. }) => {
                for part in parts {
                    if !known.iter().any(|(sub, _)| *sub == part.sub) {
                        known.push((part.sub.clone(), current(part)));
                    }
                }
            }
            Some(_) => {}
            None => {
                let before = parts.iter().map(|part| (part.sub.clone(), current(part))).collect();
                self.touched.push(Touched { operation, before: Before::Parts(before) });
            }
        }
    }

    /// Remembers what an operation has done to the elements of a relation.
    pub(crate) fn remember_edit(&mut self, operation: &'p Operation, edit: Edit, elements: &[Value]) {
        match self.find(operation) {
            Some(Touched { before: Before::Whole(_), .. }) => {}
            Some(Touched { before, .. }) => {
                let mut whole = elements.to_vec();
                edit.undo(&mut whole);
                let mut whole = Map::from_iter([(operation.place.name().to_owned(), Value::Array(whole))]);
                let earlier = std::mem::replace(before, Before::Whole(None));
                earlier.restore(&operation.place, &mut whole);
                *before = Before::Whole(whole.remove(operation.place.name()));
            }
            None => self.touched.push(Touched { operation, before: Before::Edit(edit) }),
        }
    }

    /// Remembers whether an extension has values, before it is touched.
    pub(crate) fn remember_extension(&mut self, extension: &'p Arc<Schema>, attributes: &Map<String, Value>) {
        if !self.extensions.iter().any(|(known, _)| known.id() == extension.id()) {
            self.extensions.push((extension, attributes.contains_key(extension.id())));
        }
    }

    /// Whether an extension has come or gone.
    pub(crate) fn extensions_changed(&self, attributes: &Map<String, Value>) -> bool {
        self.extensions.iter().any(|(extension, before)| attributes.contains_key(extension.id()) != *before)
    }

    /// Remembers `schemas`, before it is touched.
    pub(crate) fn remember_schemas(&mut self, attributes: &Map<String, Value>) {
        self.schemas = Some(attributes.get("schemas").cloned().unwrap_or_default());
    }

    /// For each attribute touched the last operation that did.
    pub(crate) fn touched(&self) -> impl Iterator<Item = &'p Operation> {
        self.touched.iter().map(|touched| touched.operation)
    }

    /// Puts everything back.
    pub(crate) fn roll_back(self, attributes: &mut Map<String, Value>) {
        for Touched { operation, before } in self.touched {
            before.put_back(&operation.place, attributes);
        }
        for (extension, was_there) in self.extensions {
            if !was_there {
                attributes.remove(extension.id());
            }
        }
        if let Some(schemas) = self.schemas {
            put(attributes, "schemas", Some(schemas).filter(|schemas| !schemas.is_null()));
        }
    }

    /// What differs now. A relation that has the same elements in another order is put back as it was.
    pub(crate) fn into_differences(self, attributes: &mut Map<String, Value>) -> Vec<Difference> {
        let mut found = Vec::with_capacity(self.touched.len());
        for Touched { operation, before } in self.touched {
            let place = &operation.place;
            let now = in_tree(place, attributes);
            let reordered = match before {
                Before::Whole(before) => {
                    Difference::of_whole(place, before, now, &mut found).map(|before| Before::Whole(Some(before)))
                }
                Before::Parts(parts) => {
                    Difference::of_parts(place, parts, now, &mut found);
                    None
                }
                Before::Edit(edit) => {
                    let removed = edit.removed.iter().map(|(_, element)| element).collect();
                    let elements = now.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                    let pushed = elements.iter().skip(elements.len().saturating_sub(edit.pushed)).collect();
                    let differs = Difference::of_elements(place, removed, pushed, &mut found);
                    (!differs && edit.pushed > 0).then_some(Before::Edit(edit))
                }
            };
            if let Some(before) = reordered {
                before.put_back(place, attributes);
            }
        }
        found
    }
}

impl Before {
    /// Makes an attribute of a resource what it was.
    fn put_back(self, place: &AttributeRef, attributes: &mut Map<String, Value>) {
        let Some(extension) = place.extension() else { return self.restore(place, attributes) };
        let container = attributes.entry(extension.id()).or_insert_with(|| Value::Object(Map::new()));
        if let Some(container) = container.as_object_mut() {
            self.restore(place, container);
        }
    }

    /// Makes an attribute of a container what it was.
    fn restore(self, place: &AttributeRef, container: &mut Map<String, Value>) {
        let name = place.name();
        match self {
            Self::Whole(value) => put(container, name, value),
            Self::Parts(parts) => {
                let mut object = match container.remove(name) {
                    Some(Value::Object(object)) => object,
                    _ => Map::new(),
                };
                for (sub, value) in parts {
                    put(&mut object, sub.name(), value);
                }
                if !object.is_empty() {
                    container.insert(name.to_owned(), Value::Object(object));
                }
            }
            Self::Edit(edit) => {
                let mut elements = match container.remove(name) {
                    Some(Value::Array(elements)) => elements,
                    _ => Vec::new(),
                };
                edit.undo(&mut elements);
                if !elements.is_empty() {
                    container.insert(name.to_owned(), Value::Array(elements));
                }
            }
        }
    }
}

/// The value that an attribute has among those that a patch is about.
pub(crate) fn in_tree<'v>(place: &AttributeRef, attributes: &'v Map<String, Value>) -> Option<&'v Value> {
    let value = match place.uri() {
        None => attributes.get(place.name()),
        Some(uri) => attributes.get(uri)?.get(place.name()),
    };
    match place.sub() {
        None => value,
        Some(sub) => value?.get(sub),
    }
}

/// Assigns or removes a member.
pub(crate) fn put(object: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            object.insert(name.to_owned(), value);
        }
        None => {
            object.remove(name);
        }
    }
}

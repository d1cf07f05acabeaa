//! What clients see beyond what is stored, and so may ask for.

use std::fmt;
use std::sync::Arc;

use scim_core::{AttributeRef, Resource, ValueRef};
use serde_json::{Map, Value};

use crate::budget::{Budget, BudgetExceeded};

/// Completes resources as responses show them: values that no store keeps, such as `$ref` and `meta.location`, which depend
/// on where the service is.
///
/// Given to [`Predicate::seen_through`](crate::Predicate::seen_through) and its like, a filter finds what is shown, whatever
/// evaluates it.
pub trait View: fmt::Debug + Send + Sync {
    /// Whether this value is added, or may be.
    fn adds(&self, target: &AttributeRef) -> bool;

    /// Completes the value of an attribute, or one of its elements. `id` is that of the resource, where it is known.
    fn complete(&self, id: Option<&str>, attribute: &AttributeRef, value: &mut Value);
}

/// A view, and what is looked at through it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    view: Arc<dyn View>,
    /// The members of a resource that are looked at.
    members: Vec<Box<str>>,
    /// The attributes that the view completes, each once.
    completed: Vec<AttributeRef>,
}

impl Seen {
    /// `None` where the view adds nothing to these paths.
    pub(crate) fn of(view: &Arc<dyn View>, paths: &[AttributeRef]) -> Option<Self> {
        let mut completed: Vec<AttributeRef> = Vec::new();
        for attribute in paths.iter().filter(|path| view.adds(path)).map(AttributeRef::whole) {
            if !completed.contains(&attribute) {
                completed.push(attribute);
            }
        }
        if completed.is_empty() {
            return None;
        }
        let mut members: Vec<Box<str>> = paths.iter().map(|path| path.uri().unwrap_or(path.name()).into()).collect();
        members.sort_unstable();
        members.dedup();
        Some(Self { view: view.clone(), members, completed })
    }

    pub(crate) fn view(&self) -> &Arc<dyn View> {
        &self.view
    }

    /// Whether the view adds to one of the paths: no database knows its value.
    pub(crate) fn adds_to(&self, paths: &[AttributeRef]) -> bool {
        paths.iter().any(|path| self.view.adds(path))
    }

    /// The same, if the budget allows to complete it.
    pub(crate) fn within(&self, resource: &Resource, budget: &Budget) -> Result<Resource, BudgetExceeded> {
        for path in &self.completed {
            let value = path.attribute_in(resource);
            budget.spend(value.map_or(1, |value| value.values().count() as u64))?;
        }
        Ok(self.shown(resource))
    }

    /// What is looked at of a resource, as it is shown.
    pub(crate) fn shown(&self, resource: &Resource) -> Resource {
        let names = self.members.iter();
        let mut members: Map<String, Value> =
            names.filter_map(|name| Some((name.to_string(), resource.get(name)?.to_value()))).collect();
        for path in &self.completed {
            let value = match path.uri() {
                None => members.get_mut(path.name()),
                Some(uri) => members.get_mut(uri).and_then(|container| container.get_mut(path.name())),
            };
            if let Some(value) = value {
                self.view.complete(resource.id().as_deref(), path, value);
            }
        }
        Resource::from_attributes(members)
    }
}

/// A view is itself alone.
impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.view, &other.view) && self.members == other.members && self.completed == other.completed
    }
}

impl Eq for Seen {}

/// The elements of one attribute, seen through a view.
#[derive(Clone, Debug)]
pub(crate) struct SeenElement {
    view: Arc<dyn View>,
    of: AttributeRef,
}

impl SeenElement {
    pub(crate) fn new(view: &Arc<dyn View>, of: &AttributeRef) -> Self {
        Self { view: view.clone(), of: of.clone() }
    }

    /// The element as it is shown.
    pub(crate) fn element(&self, element: ValueRef<'_>) -> Value {
        let mut element = element.to_value();
        self.view.complete(None, &self.of, &mut element);
        element
    }
}

impl PartialEq for SeenElement {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.view, &other.view) && self.of == other.of
    }
}

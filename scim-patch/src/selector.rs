//! Which elements of an attribute an operation means.

use std::sync::Arc;

use scim_core::Attribute;
use scim_filter::{Comparison, ElementPredicate, Filter, Literal, Operator, View};
use serde_json::{Map, Value};

/// The brackets of a value path, or all elements.
#[derive(Clone, Default)]
pub(crate) struct Selector {
    /// `None` selects all.
    filter: Option<ElementPredicate>,
    /// The ids, where the filter asks a relation for nothing else. They regard case, as ids do (R040), whatever the schema
    /// says of `value`: a store that knows the ids alone must come to the same result.
    ids: Option<Vec<String>>,
    /// Whether more than one match is refused (R180).
    pub(crate) single: bool,
}

impl Selector {
    /// The elements of the attribute that fulfil the filter.
    pub(crate) fn new(attribute: &Attribute, filter: &Filter, checked: ElementPredicate, single: bool) -> Self {
        let ids = if attribute.is_relation() { ids(filter) } else { None };
        Self { filter: Some(checked), ids, single }
    }

    /// The same selector on elements as responses show them.
    pub(crate) fn seen_through(&mut self, view: &Arc<dyn View>, extension: Option<&str>, attribute: &str) {
        self.filter = self.filter.take().map(|filter| filter.seen_through(view, extension, attribute));
    }

    /// The ids, where they alone select.
    pub(crate) fn ids(&self) -> Option<&[String]> {
        self.ids.as_deref()
    }

    pub(crate) fn selects(&self, element: &Value) -> bool {
        match (&self.ids, &self.filter) {
            (Some(ids), _) => {
                element.get("value").and_then(Value::as_str).is_some_and(|id| ids.iter().any(|i| i == id))
            }
            (None, Some(filter)) => filter.matches_element(element),
            (None, None) => true,
        }
    }

    /// What a new element needs to be selected.
    pub(crate) fn template(&self) -> Map<String, Value> {
        self.filter.as_ref().map(|filter| filter.eq_terms().into_iter().collect()).unwrap_or_default()
    }
}

/// The texts of `value eq "text"`, joined by `or`, when the filter is nothing else.
fn ids(filter: &Filter) -> Option<Vec<String>> {
    match filter {
        Filter::Compare(Comparison { path, operator: Operator::Eq, value: Literal::String(text) })
            if path.uri().is_none() && path.sub().is_none() && path.name()?.eq_ignore_ascii_case("value") =>
        {
            Some(vec![text.clone()])
        }
        Filter::Or(terms) => {
            let ids: Option<Vec<Vec<String>>> = terms.iter().map(ids).collect();
            ids.map(|ids| ids.concat())
        }
        _ => None,
    }
}

//! Which elements of an attribute an operation means.

use std::sync::Arc;

use scim_filter::{Budget, BudgetExceeded, Comparison, ElementPredicate, Filter, Literal, Operator, View};
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
    pub(crate) fn new(filter: &Filter, checked: ElementPredicate, single: bool) -> Self {
        let ids = if checked.of().leaf().is_multi_valued_reference() { ids(filter) } else { None };
        Self { filter: Some(checked), ids, single }
    }

    /// The same selector on elements as responses show them.
    pub(crate) fn seen_through(&mut self, view: &Arc<dyn View>) {
        self.filter = self.filter.take().map(|filter| filter.seen_through(view));
    }

    /// The ids, where they alone select.
    pub(crate) fn ids(&self) -> Option<&[String]> {
        self.ids.as_deref()
    }

    pub(crate) fn selects(&self, element: &Value) -> bool {
        self.selects_within(element, &Budget::unlimited()).unwrap_or_default()
    }

    /// The same, if the budget allows to find out.
    pub(crate) fn selects_within(&self, element: &Value, budget: &Budget) -> Result<bool, BudgetExceeded> {
        match (&self.ids, &self.filter) {
            (Some(ids), _) => {
                budget.spend(1 + ids.len() as u64 / 8)?;
                Ok(element.get("value").and_then(Value::as_str).is_some_and(|id| ids.iter().any(|i| i == id)))
            }
            (None, Some(filter)) => filter.matches_element_within(element, budget),
            (None, None) => Ok(true),
        }
    }

    /// Objects, of one of which a selected element has every member; `None` where only a look at each element tells.
    pub(crate) fn look_ups(&self) -> Option<Vec<Value>> {
        if let Some(ids) = &self.ids {
            let object = |id: &String| Value::Object(Map::from_iter([("value".to_owned(), id.as_str().into())]));
            return Some(ids.iter().map(object).collect());
        }
        self.filter.as_ref()?;
        // A missing boolean may count as false.
        let texts = |members: &Map<String, Value>| !members.is_empty() && members.values().all(Value::is_string);
        self.template().filter(texts).map(|members| vec![Value::Object(members)])
    }

    /// What a new element needs to be selected; `None` where the filter does not say.
    pub(crate) fn template(&self) -> Option<Map<String, Value>> {
        let Some(filter) = &self.filter else { return Some(Map::new()) };
        filter.eq_terms().map(|terms| terms.into_iter().collect())
    }

    /// The sub-attributes for whose values the element is selected.
    pub(crate) fn selecting(&self, element: &Value) -> Vec<&str> {
        self.filter.as_ref().map(|filter| filter.selecting(element)).unwrap_or_default()
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

//! Does a resource fulfil a predicate?

mod compare;

use scim_core::resource::ValueKind;
use scim_core::{Resource, ValueRef};

use crate::ast::Operator;
use crate::budget::{Budget, BudgetExceeded};
use crate::fold::Folded;
use crate::predicate::{ElementPredicate, Node, Predicate, Presence};
use crate::predicate::{Operand, Test};
use crate::predicate::{Reached, Source};

pub use compare::equal_values;
pub(crate) use compare::{order_numbers, without_padding};

impl Predicate {
    /// Whether the resource fulfils the predicate.
    ///
    /// Total: a value that does not fit the schema is merely different from every operand. Stack use is bounded by the
    /// depth of the filter. Where a client chose both the filter and the resources,
    /// [`matches_within`](Self::matches_within) bounds the time.
    ///
    /// ```
    /// use scim_core::{Resource, SchemaSet, Tolerance};
    /// use scim_filter::{Filter, check};
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.user().unwrap();
    /// let filter: Filter = r#"emails[type eq "work" and value ew "@example.com"]"#.parse()?;
    /// let predicate = check(&filter, user, &mut Tolerance::rfc()).unwrap();
    ///
    /// let resource: Resource = serde_json::from_str(
    ///     r#"{"userName": "bjensen", "emails": [{"type": "work", "value": "BJ@Example.com"}]}"#,
    /// ).unwrap();
    /// assert!(predicate.matches(&resource));
    /// # Ok::<(), scim_filter::ParseError>(())
    /// ```
    pub fn matches(&self, resource: &Resource) -> bool {
        self.matches_within(resource, &Budget::unlimited()).unwrap_or_default()
    }

    /// Whether the resource fulfils the predicate, if the budget allows to find out.
    ///
    /// # Errors
    ///
    /// [`BudgetExceeded`] where it does not.
    pub fn matches_within(&self, resource: &Resource, budget: &Budget) -> Result<bool, BudgetExceeded> {
        match &self.seen {
            None => self.prefetched.over(resource, |source| self.node.holds(source, budget)),
            Some(seen) => {
                let shown = seen.within(resource, budget)?;
                self.prefetched.over(&shown, |source| self.node.holds(source, budget))
            }
        }
    }
}

impl ElementPredicate {
    /// Whether one element of the attribute, or the value of a singular complex attribute (R088), fulfils the filter.
    /// Only objects do; of a simple multi-valued attribute all else.
    pub fn matches_element<'v>(&self, element: impl Into<ValueRef<'v>>) -> bool {
        self.matches_element_within(element, &Budget::unlimited()).unwrap_or_default()
    }

    /// The same, if the budget allows to find out.
    ///
    /// # Errors
    ///
    /// [`BudgetExceeded`] where it does not.
    pub fn matches_element_within<'v>(
        &self,
        element: impl Into<ValueRef<'v>>,
        budget: &Budget,
    ) -> Result<bool, BudgetExceeded> {
        budget.spend(1)?;
        let element = element.into();
        match &self.seen {
            None => self.holds_for(element, budget),
            Some(seen) => self.holds_for((&seen.element(element)).into(), budget),
        }
    }

    fn holds_for(&self, element: ValueRef<'_>, budget: &Budget) -> Result<bool, BudgetExceeded> {
        let folded = Folded::default();
        match (element.is_object(), self.simple) {
            (true, false) => self.node.holds(Source::element(element, &folded), budget),
            (false, true) => self.node.holds(Source::simple(element, &folded), budget),
            _ => Ok(false),
        }
    }
}

/// The elements of a value; of one that is no array, itself.
fn elements(value: Option<ValueRef<'_>>) -> impl Iterator<Item = ValueRef<'_>> {
    value.into_iter().flat_map(ValueRef::values)
}

/// Whether a test that may fail holds for one item.
fn any<I: IntoIterator, E>(items: I, test: impl Fn(I::Item) -> Result<bool, E>) -> Result<bool, E> {
    for item in items {
        if test(item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Node {
    fn holds(&self, source: Source<'_, '_>, budget: &Budget) -> Result<bool, BudgetExceeded> {
        match self {
            Self::Test(test, slot) => {
                let accepts = |value| test.accepts(value, source.folded, budget);
                test.holds(source.within(&test.path, *slot, budget)?, budget, accepts)
            }
            Self::AnyOf(any, slot) => {
                // The tests differ only in what they compare with.
                let Some(test) = any.tests().first() else { return Ok(false) };
                let accepts = |value| any.accepts(test, value, source.folded, budget);
                test.holds(source.within(&test.path, *slot, budget)?, budget, accepts)
            }
            Self::Presence(presence, slot) => presence.holds(source.within(&presence.path, *slot, budget)?, budget),
            Self::And(nodes) => any(nodes, |node| node.holds(source, budget).map(|holds| !holds)).map(|fails| !fails),
            Self::Or(nodes) => any(nodes, |node| node.holds(source, budget)),
            Self::Not(node) => node.holds(source, budget).map(|holds| !holds),
            Self::ValuePath { path, slot, filter } => {
                let reached = source.within(path, *slot, budget)?;
                any(elements(reached.value), |element| match reached.sub_in(element) {
                    // R084: one element fulfils all of it.
                    Some(value) => any(value.values(), |element| filter.matches_element_within(element, budget)),
                    None => Ok(false),
                })
            }
            Self::Constant(value) => Ok(*value),
        }
    }

    /// Adds the attributes of the tests that hold for the element because it has a value; none below `not`.
    pub(crate) fn selecting<'n>(&'n self, element: ValueRef<'_>, found: &mut Vec<&'n str>) {
        let path = match self {
            Self::And(nodes) => return nodes.iter().for_each(|node| node.selecting(element, found)),
            Self::Or(nodes) => {
                let (folded, budget) = (Folded::default(), Budget::unlimited());
                let holds = |node: &&Node| node.holds(Source::element(element, &folded), &budget).unwrap_or_default();
                let holding = nodes.iter().filter(holds);
                return holding.for_each(|node| node.selecting(element, found));
            }
            Self::Test(test, _) if test.operator != Operator::Ne && test.operand != Operand::Null => &test.path,
            Self::Test(test, _) if test.operator == Operator::Ne && test.operand == Operand::Null => &test.path,
            // Tests taken together name one attribute.
            Self::AnyOf(any, _) if any.tests().iter().all(|test| test.operator != Operator::Ne) => match any.path() {
                Some(path) => path,
                None => return,
            },
            Self::Presence(presence, _) => &presence.path,
            _ => return,
        };
        found.extend(path.sub());
    }
}

impl<'r> Reached<'_, 'r> {
    /// Whether `test` holds for one of the values.
    fn any(self, budget: &Budget, test: impl Fn(ValueRef<'r>) -> bool) -> Result<bool, BudgetExceeded> {
        any(elements(self.value), |element| {
            budget.spend(1)?;
            Ok(self.sub_in(element).is_some_and(&test))
        })
    }
}

impl Test {
    /// `accepts` tells whether an assigned value fulfils the test.
    fn holds<'r>(
        &self,
        reached: Reached<'_, 'r>,
        budget: &Budget,
        accepts: impl Fn(ValueRef<'r>) -> Result<bool, BudgetExceeded>,
    ) -> Result<bool, BudgetExceeded> {
        if matches!(self.operand, Operand::Null) {
            return self.null_holds(reached, budget);
        }
        let holds_for = |value: Option<ValueRef<'r>>| self.holds_for(value, budget, &accepts);
        match reached.value {
            Some(value) if value.is_array() => any(value.elements(), |element| holds_for(reached.sub_in(element))),
            None if reached.multi_valued => Ok(false),
            value => holds_for(value.and_then(|value| reached.sub_in(value))),
        }
    }

    /// R073: the attribute as a whole is unassigned, or is not.
    fn null_holds(&self, reached: Reached<'_, '_>, budget: &Budget) -> Result<bool, BudgetExceeded> {
        Ok(reached.any(budget, is_assigned)? == (self.operator == Operator::Ne))
    }

    /// One value, which may be missing.
    fn holds_for<'r>(
        &self,
        value: Option<ValueRef<'r>>,
        budget: &Budget,
        accepts: impl Fn(ValueRef<'r>) -> Result<bool, BudgetExceeded>,
    ) -> Result<bool, BudgetExceeded> {
        match value.filter(|value| !value.is_null()) {
            None if self.missing_is_false => {
                budget.spend(1)?;
                Ok(self.accepts_bool(false))
            }
            // R075: what is unassigned differs from everything.
            None => {
                budget.spend(1)?;
                Ok(self.operator == Operator::Ne)
            }
            // A multi-valued sub-attribute.
            Some(value) if value.is_array() => any(value.elements(), accepts),
            Some(value) => accepts(value),
        }
    }
}

impl Presence {
    fn holds(&self, reached: Reached<'_, '_>, budget: &Budget) -> Result<bool, BudgetExceeded> {
        reached.any(budget, |value| self.is_present(value))
    }

    /// R072: a value that is not empty, or a complex value with a member that is not.
    fn is_present(&self, value: ValueRef<'_>) -> bool {
        match value.kind() {
            ValueKind::Null => false,
            ValueKind::Boolean(_) | ValueKind::Number(_) => true,
            ValueKind::String(text) => !text.is_empty(),
            ValueKind::Array(mut elements) => elements.any(|element| self.is_present(element)),
            ValueKind::Object(mut members) => members
                .any(|(name, member)| !self.hidden.iter().any(|hidden| **hidden == *name) && self.is_present(member)),
        }
    }
}

/// R022, R024: neither absent nor null nor empty; but an empty string is a value.
fn is_assigned(value: ValueRef<'_>) -> bool {
    match value.kind() {
        ValueKind::Null => false,
        ValueKind::Boolean(_) | ValueKind::Number(_) | ValueKind::String(_) => true,
        ValueKind::Array(mut elements) => elements.any(is_assigned),
        ValueKind::Object(mut members) => members.any(|(_, member)| is_assigned(member)),
    }
}

#[cfg(test)]
mod tests {
    use scim_core::{SchemaSet, Tolerance};
    use serde_json::{Value, json};

    use crate::check;
    use crate::check_element;

    fn matches(text: &str, resource: &Value) -> bool {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let predicate = check(&text.parse().unwrap(), user, &mut Tolerance::rfc()).unwrap();
        predicate.matches(&serde_json::from_value(resource.clone()).unwrap())
    }

    #[test]
    fn a_value_of_a_foreign_type_is_merely_different() {
        let odd = json!({"userName": 5, "active": "true", "emails": "x", "name": [1], "meta": {"created": "soon"}});
        for text in [
            "userName eq \"5\"",
            "active eq true",
            "emails.type eq \"x\"",
            "name.givenName pr",
            "meta.created lt \"2020-01-01T00:00:00Z\"",
            "emails[type pr]",
        ] {
            assert!(!matches(text, &odd), "{text}");
        }
        for text in ["userName ne \"5\"", "active ne true", "meta.created ne \"2020-01-01T00:00:00Z\""] {
            assert!(matches(text, &odd), "{text}");
        }
    }

    #[test]
    fn r022_null_and_empty_values_are_unassigned() {
        for empty in [json!({}), json!({"title": null, "emails": [], "name": {}}), json!({"name": {"givenName": null}})]
        {
            assert!(matches("title eq null and emails eq null and name eq null", &empty), "{empty}");
            assert!(!matches("title pr or emails pr or name pr", &empty), "{empty}");
            assert!(matches("title ne \"x\"", &empty), "{empty}");
        }
    }

    #[test]
    fn only_an_object_is_an_element() {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let emails = scim_core::AttributeRef::new(None, user.top_level("emails").unwrap());
        let filter = "not (type eq \"work\")".parse().unwrap();
        let filter = check_element(&filter, &emails, &mut Tolerance::rfc()).unwrap();
        assert!(filter.matches_element(&json!({"type": "home"})));
        assert!(!filter.matches_element(&json!({"type": "WORK"})));
        assert!(!filter.matches_element(&json!("home")));
    }
}

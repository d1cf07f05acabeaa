//! Sorting (RFC 7644 section 3.4.2.3).

mod key;

use std::cmp::Ordering;
use std::sync::Arc;

use scim_core::message::SortOrder;
use scim_core::schema::{AttributeType, Resolved};
use scim_core::{AttrPath, AttributeRef, Resource, ScimType, Tolerance, TypeSchema, ValueRef};
use serde_json::Value;

use crate::budget::steps_through;
use crate::check::{FilterError, FilterErrorKind};
use crate::check::{refuse_never_returned, to_default_sub_attribute};
use crate::predicate::{Seen, View};

pub use key::SortKey;

/// A sort key and its direction, resolved against the schema of one resource type.
///
/// Values order by their type and case rule (R126). Resources without a value come last when ascending and first when
/// descending (R128); they are equal to each other, so a caller that needs a total order breaks ties by `id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    seen: Option<Seen>,
    path: AttributeRef,
    order: SortOrder,
    kind: AttributeType,
    case_exact: bool,
}

impl Sort {
    /// Resolves `sortBy` and `sortOrder`. A complex attribute sorts by its `value` sub-attribute, if it has one.
    ///
    /// # Errors
    ///
    /// [`FilterError`] with [`ScimType::InvalidPath`] for an attribute that the type does not have, that is complex without
    /// `value` (R129), or that is never returned: an order would reveal it.
    ///
    /// # Examples
    ///
    /// ```
    /// use scim_core::{SchemaSet, Tolerance};
    /// use scim_core::message::SortOrder;
    /// use scim_filter::Sort;
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.user().unwrap();
    /// let check = |path: &str| {
    ///     let path = path.parse().unwrap();
    ///     Sort::check(&path, SortOrder::Ascending, user, &mut Tolerance::rfc())
    /// };
    /// assert_eq!(check("EMAILS")?.path().to_string(), "emails.value");
    /// assert!(check("name").is_err());
    /// # Ok::<(), scim_filter::FilterError>(())
    /// ```
    pub fn check(
        path: &AttrPath,
        order: SortOrder,
        schema: &TypeSchema,
        tolerance: &mut Tolerance,
    ) -> Result<Self, FilterError> {
        Self::resolve(path, order, schema, tolerance).map_err(|error| error.with_scim_type(ScimType::InvalidPath))
    }

    fn resolve(
        path: &AttrPath,
        order: SortOrder,
        schema: &TypeSchema,
        tolerance: &mut Tolerance,
    ) -> Result<Self, FilterError> {
        let text = path.as_str();
        let found =
            schema.resolve(path, tolerance).map_err(|error| FilterError::new(text, FilterErrorKind::Unknown(error)))?;
        let Resolved::Attribute(target) = found else {
            return Err(FilterError::new(text, FilterErrorKind::SortByExtension));
        };
        refuse_never_returned(text, &target)?;
        let path = to_default_sub_attribute(text, target)?;
        let case_exact = path.leaf().case_exact() && !path.is_in("schemas");
        Ok(Self { seen: None, kind: path.leaf().kind(), path, order, case_exact })
    }

    /// What the resources are sorted by.
    pub fn path(&self) -> &AttributeRef {
        &self.path
    }

    /// The direction.
    pub fn order(&self) -> SortOrder {
        self.order
    }

    /// The type of the values.
    pub fn kind(&self) -> AttributeType {
        self.kind
    }

    /// Whether texts order with regard to case; if not, by [`fold`](crate::fold()).
    pub fn case_exact(&self) -> bool {
        self.case_exact
    }

    /// The same sort of resources as responses show them: see [`Predicate::seen_through`](crate::Predicate::seen_through).
    #[must_use]
    pub fn seen_through(mut self, view: &Arc<dyn View>) -> Self {
        self.seen = Seen::of(view, std::slice::from_ref(&self.path));
        self
    }

    /// The value that a resource is sorted by: of a multi-valued attribute the primary element's, else the first
    /// element's (R127).
    pub fn key(&self, resource: &Resource) -> Option<Value> {
        match &self.seen {
            None => self.key_in(resource).map(ValueRef::to_value),
            Some(seen) => self.key_in(&seen.shown(resource)).map(ValueRef::to_value),
        }
    }

    fn key_in<'r>(&self, resource: &'r Resource) -> Option<ValueRef<'r>> {
        let value = self.path.attribute_in(resource)?;
        let element = if value.is_array() {
            let is_primary = |element: &ValueRef<'_>| element.get("primary").is_some_and(|primary| primary == true);
            value.elements().find(is_primary).or_else(|| value.elements().next())?
        } else {
            value
        };
        let value = self.path.sub_in(element)?.values().next()?;
        (!value.is_null()).then_some(value)
    }

    /// Which of two resources comes first.
    pub fn compare(&self, a: &Resource, b: &Resource) -> Ordering {
        self.sort_key_of(a).cmp(&self.sort_key_of(b))
    }

    /// The [key](Self::key) of a resource, made ready to be compared often: who sorts many resources makes one for each.
    pub fn sort_key_of(&self, resource: &Resource) -> SortKey {
        match &self.seen {
            None => self.ready(self.key_in(resource)),
            Some(seen) => self.ready(self.key_in(&seen.shown(resource))),
        }
    }

    /// What it costs to find the [key](Self::key) of a resource, in steps of a [`Budget`](crate::Budget).
    pub fn steps(&self, resource: &Resource) -> u64 {
        2 + steps_through(resource.get(self.path.uri().unwrap_or(self.path.name())))
    }

    /// The same of a key that has been kept, such as that of a cursor.
    pub fn sort_key(&self, key: Option<&Value>) -> SortKey {
        self.ready(key.map(ValueRef::from))
    }

    fn ready(&self, key: Option<ValueRef<'_>>) -> SortKey {
        SortKey::new(self.kind, self.case_exact, self.order, key)
    }
}

#[cfg(test)]
mod tests {
    use scim_core::SchemaSet;
    use serde_json::json;

    use super::*;

    fn order(by: &str, order: SortOrder, a: Value, b: Value) -> Ordering {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let sort = Sort::check(&by.parse().unwrap(), order, user, &mut Tolerance::rfc()).unwrap();
        let [a, b] = [a, b].map(|resource| serde_json::from_value(resource).unwrap());
        sort.compare(&a, &b)
    }

    #[test]
    fn r126_text_without_case_exact_orders_caselessly() {
        let (a, b) = (json!({"userName": "b"}), json!({"userName": "C"}));
        assert_eq!(order("userName", SortOrder::Ascending, a.clone(), b.clone()), Ordering::Less);
        assert_eq!(order("userName", SortOrder::Descending, a, b), Ordering::Greater);
    }

    #[test]
    fn r128_missing_is_last_ascending_and_first_descending() {
        for missing in [json!({}), json!({"title": null})] {
            let there = json!({"title": ""});
            assert_eq!(order("title", SortOrder::Ascending, missing.clone(), there.clone()), Ordering::Greater);
            assert_eq!(order("title", SortOrder::Descending, missing.clone(), there), Ordering::Less);
            assert_eq!(order("title", SortOrder::Ascending, missing.clone(), missing), Ordering::Equal);
        }
    }

    #[test]
    fn r127_the_primary_element_counts_else_the_first() {
        let a = json!({"emails": [{"value": "a"}, {"value": "z", "primary": true}]});
        let b = json!({"emails": [{"value": "m"}, {"value": "b", "primary": false}]});
        assert_eq!(order("emails", SortOrder::Ascending, a, b), Ordering::Greater);
    }
}

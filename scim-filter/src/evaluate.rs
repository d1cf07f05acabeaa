//! Does a resource fulfil a predicate?

use scim_core::Resource;
use serde_json::{Map, Value};

use crate::ast::Operator;
use crate::gather::Source;
use crate::predicate::{ElementPredicate, Node, Operand, Predicate, Presence, ResolvedPath, Test};

impl Predicate {
    /// Whether the resource fulfils the predicate.
    ///
    /// Total: a value that does not fit the schema is merely different from every operand. Stack use is bounded by the
    /// depth of the filter, and nothing is allocated as long as the texts compared are ASCII.
    ///
    /// ```
    /// use scim_core::{Leniencies, Profile, Resource, ResourceTypeName, SchemaSet};
    /// use scim_filter::{Filter, check};
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.of(&ResourceTypeName::user()).unwrap();
    /// let filter: Filter = r#"emails[type eq "work" and value ew "@example.com"]"#.parse()?;
    /// let predicate = check(&filter, user, &Profile::rfc(), &mut Leniencies::default()).unwrap();
    ///
    /// let resource: Resource = serde_json::from_str(
    ///     r#"{"userName": "bjensen", "emails": [{"type": "work", "value": "BJ@Example.com"}]}"#,
    /// ).unwrap();
    /// assert!(predicate.matches(&resource));
    /// # Ok::<(), scim_filter::ParseError>(())
    /// ```
    pub fn matches(&self, resource: &Resource) -> bool {
        match &self.seen {
            None => self.gathered.over(resource.attributes(), |source| self.node.holds(source)),
            Some(seen) => self.gathered.over(&seen.members_of(resource), |source| self.node.holds(source)),
        }
    }
}

impl ElementPredicate {
    /// Whether one element of the attribute, or the value of a singular complex attribute (R088), fulfils the filter.
    /// Only objects do.
    pub fn matches_element(&self, element: &Value) -> bool {
        let holds =
            |element: &Value| element.as_object().is_some_and(|element| self.node.holds(Source::plain(element)));
        self.seen.as_ref().map_or_else(|| holds(element), |seen| holds(&seen.element(element)))
    }

    /// R084: one element fulfils all of it.
    fn matches_any(&self, value: Option<&Value>) -> bool {
        match value {
            Some(Value::Array(elements)) => elements.iter().any(|element| self.matches_element(element)),
            Some(value) => self.matches_element(value),
            None => false,
        }
    }
}

impl Node {
    fn holds(&self, source: Source<'_, '_>) -> bool {
        match self {
            Self::Test(test, slot) => test.holds(source.attribute(&test.path, *slot)),
            Self::Presence(presence, slot) => presence.holds(source.attribute(&presence.path, *slot)),
            Self::And(nodes) => nodes.iter().all(|node| node.holds(source)),
            Self::Or(nodes) => nodes.iter().any(|node| node.holds(source)),
            Self::Not(node) => !node.holds(source),
            Self::ValuePath { path, slot, filter } => filter.matches_any(source.attribute(path, *slot)),
            Self::Constant(value) => *value,
        }
    }
}

impl ResolvedPath {
    /// The value of the attribute, before any sub-attribute; for an extension as a whole, its container.
    pub(crate) fn attribute_in<'r>(&self, object: &'r Map<String, Value>) -> Option<&'r Value> {
        let container = match self.extension() {
            None => object,
            Some(extension) if self.attribute().is_none() => return object.get(extension),
            Some(extension) => object.get(extension)?.as_object()?,
        };
        container.get(self.attribute()?)
    }

    /// The value that one element of the attribute has for the path.
    pub(crate) fn sub_in<'r>(&self, element: &'r Value) -> Option<&'r Value> {
        match self.sub() {
            Some(sub) => element.get(sub),
            None => Some(element),
        }
    }

    /// Whether `test` holds for one of the values that the path has, given the value of its attribute.
    fn any(&self, attribute: Option<&Value>, test: impl Fn(&Value) -> bool) -> bool {
        match attribute {
            Some(Value::Array(elements)) => elements.iter().filter_map(|element| self.sub_in(element)).any(test),
            Some(value) => self.sub_in(value).is_some_and(test),
            None => false,
        }
    }
}

impl Test {
    /// `attribute` is the value of the path's attribute, before any sub-attribute.
    fn holds(&self, attribute: Option<&Value>) -> bool {
        if matches!(self.operand, Operand::Null) {
            return self.null_holds(attribute);
        }
        match attribute {
            Some(Value::Array(elements)) => elements.iter().any(|element| self.holds_for(self.path.sub_in(element))),
            None if self.path.multi_valued() => false,
            value => self.holds_for(value.and_then(|value| self.path.sub_in(value))),
        }
    }

    /// R073: the attribute as a whole is unassigned, or is not.
    fn null_holds(&self, attribute: Option<&Value>) -> bool {
        self.path.any(attribute, is_assigned) == (self.operator == Operator::Ne)
    }

    /// One value, which may be missing.
    fn holds_for(&self, value: Option<&Value>) -> bool {
        match value {
            None | Some(Value::Null) if self.missing_is_false => self.accepts(&Value::Bool(false)),
            // R075: what is unassigned differs from everything.
            None | Some(Value::Null) => self.operator == Operator::Ne,
            // A multi-valued sub-attribute.
            Some(Value::Array(values)) => values.iter().any(|value| self.accepts(value)),
            Some(value) => self.accepts(value),
        }
    }
}

impl Presence {
    fn holds(&self, attribute: Option<&Value>) -> bool {
        self.path.any(attribute, |value| self.is_present(value))
    }

    /// R072: a value that is not empty, or a complex value with a member that is not.
    fn is_present(&self, value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Bool(_) | Value::Number(_) => true,
            Value::String(text) => !text.is_empty(),
            Value::Array(elements) => elements.iter().any(|element| self.is_present(element)),
            Value::Object(members) => members
                .iter()
                .any(|(name, member)| !self.hidden.iter().any(|hidden| **hidden == **name) && self.is_present(member)),
        }
    }
}

/// R022, R024: neither absent nor null nor empty; but an empty string is a value.
fn is_assigned(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(elements) => elements.iter().any(is_assigned),
        Value::Object(members) => members.values().any(is_assigned),
    }
}

#[cfg(test)]
mod tests {
    use scim_core::{Leniencies, Profile, ResourceTypeName, SchemaSet};
    use serde_json::json;

    use super::*;
    use crate::{check, check_element};

    fn matches(text: &str, resource: &Value) -> bool {
        let schemas = SchemaSet::builtin();
        let user = schemas.of(&ResourceTypeName::user()).unwrap();
        let predicate = check(&text.parse().unwrap(), user, &Profile::rfc(), &mut Leniencies::default()).unwrap();
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
        let emails = schemas.of(&ResourceTypeName::user()).unwrap().top_level("emails").unwrap();
        let filter = "not (type eq \"work\")".parse().unwrap();
        let filter = check_element(&filter, emails, &Profile::rfc(), &mut Leniencies::default()).unwrap();
        assert!(filter.matches_element(&json!({"type": "home"})));
        assert!(!filter.matches_element(&json!({"type": "WORK"})));
        assert!(!filter.matches_element(&json!("home")));
    }
}

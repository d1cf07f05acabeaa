//! A filter that fits a schema: what the evaluator runs and what a database lowers.

mod any_of;
mod group;
mod node;
mod prefetch;
mod test;
mod view;

use std::sync::Arc;

use scim_core::schema::AttributeType;
use scim_core::{AttributeRef, ValueRef};
use serde_json::Value;

use crate::ast::Operator;

use group::grouped;
pub use node::ElementPredicate;
pub(crate) use node::{Node, Presence};
use prefetch::Prefetch;
pub(crate) use prefetch::{Reached, Slot, Source};
pub use test::{Operand, Test};
pub use view::View;
pub(crate) use view::{Seen, SeenElement};

/// A filter resolved against the schema of one resource type: canonical names, typed values, case rules, prepared once.
///
/// Made by [`check`](crate::check()) or [`check_any`](crate::check_any); run by [`matches`](Self::matches), or given to
/// [`lower`](crate::lower()).
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    pub(crate) node: Node,
    pub(crate) prefetched: Prefetch,
    /// What is seen beyond what is stored.
    pub(crate) seen: Option<Seen>,
}

impl Predicate {
    /// A predicate made ready to run.
    pub(crate) fn new(node: Node) -> Self {
        let mut node = grouped(node, false);
        let prefetched = Prefetch::plan(&mut |visit| node.each_path(visit));
        Self { node, prefetched, seen: None }
    }

    /// The same predicate on resources as responses show them. What the view adds is evaluated, never
    /// [lowered](crate::lower()).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use scim_core::{AttributeRef, Resource, SchemaSet, Tolerance};
    /// use scim_filter::{Filter, View, check};
    /// use serde_json::Value;
    ///
    /// #[derive(Debug)]
    /// struct Locations;
    ///
    /// impl View for Locations {
    ///     fn adds(&self, path: &AttributeRef) -> bool {
    ///         path.to_string() == "meta.location"
    ///     }
    ///     fn complete(&self, id: Option<&str>, _: &AttributeRef, value: &mut Value) {
    ///         if let (Some(id), Value::Object(meta)) = (id, value) {
    ///             meta.insert("location".into(), format!("https://example.com/Users/{id}").into());
    ///         }
    ///     }
    /// }
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.user().unwrap();
    /// let filter: Filter = r#"meta.location ew "/Users/1""#.parse()?;
    /// let predicate = check(&filter, user, &mut Tolerance::rfc()).unwrap();
    /// let stored: Resource = serde_json::from_str(r#"{"id": "1", "meta": {}}"#).unwrap();
    /// assert!(!predicate.matches(&stored));
    /// let view: Arc<dyn View> = Arc::new(Locations);
    /// assert!(predicate.seen_through(&view).matches(&stored));
    /// # Ok::<(), scim_filter::ParseError>(())
    /// ```
    #[must_use]
    pub fn seen_through(mut self, view: &Arc<dyn View>) -> Self {
        self.seen = Seen::of(view, &self.targets());
        self
    }

    /// The value that the predicate has for every resource, if the schema alone decides it: at a root query, a filter on
    /// attributes that the type lacks (R094).
    pub fn as_constant(&self) -> Option<bool> {
        match self.node {
            Node::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// Whether the predicate looks at this common or base attribute, named as registered. What is costly to compute, such
    /// as the members of a group, a store can leave out where nobody looks at it.
    ///
    /// ```
    /// use scim_core::{SchemaSet, Tolerance};
    /// use scim_filter::{Filter, check};
    ///
    /// let schemas = SchemaSet::builtin();
    /// let group = schemas.group().unwrap();
    /// let filter: Filter = r#"id eq "1" or not (members[value eq "u"])"#.parse()?;
    /// let predicate = check(&filter, group, &mut Tolerance::rfc()).unwrap();
    /// assert!(predicate.mentions("members"));
    /// assert!(!predicate.mentions("displayName"));
    /// # Ok::<(), scim_filter::ParseError>(())
    /// ```
    pub fn mentions(&self, attribute: &str) -> bool {
        self.node.mentions(attribute)
    }

    /// Everything that the predicate looks at, in the order of the text.
    ///
    /// ```
    /// use scim_core::{SchemaSet, Tolerance};
    /// use scim_filter::{Filter, check};
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.user().unwrap();
    /// let filter: Filter = r#"USERNAME sw "a" and not (emails[type eq "work"])"#.parse()?;
    /// let predicate = check(&filter, user, &mut Tolerance::rfc()).unwrap();
    /// let paths: Vec<String> = predicate.targets().iter().map(ToString::to_string).collect();
    /// assert_eq!(paths, ["userName", "emails", "emails.type"]);
    /// # Ok::<(), scim_filter::ParseError>(())
    /// ```
    pub fn targets(&self) -> Vec<AttributeRef> {
        self.node.targets()
    }

    /// The most steps of a [`Budget`](crate::Budget) that this many resources cost, if each attribute has one short value: a
    /// query that may need more can be refused before it begins.
    ///
    /// Comparisons of one attribute by one operator that are joined by `or` count once.
    pub fn steps(&self, resources: u64) -> u64 {
        self.node.tests().saturating_mul(resources)
    }

    /// What fulfils both predicates. Both are of the same resource type.
    ///
    /// ```
    /// use scim_core::{Resource, SchemaSet, Tolerance};
    /// use scim_filter::{Filter, check};
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.user().unwrap();
    /// let predicate = |text: &str| {
    ///     let filter: Filter = text.parse().unwrap();
    ///     check(&filter, user, &mut Tolerance::rfc()).unwrap()
    /// };
    /// let both = predicate("active eq true or title pr").and(predicate(r#"userName sw "a""#));
    /// let matches = |json: &str| both.matches(&serde_json::from_str::<Resource>(json).unwrap());
    /// assert!(matches(r#"{"userName": "ada", "active": true}"#));
    /// assert!(!matches(r#"{"userName": "bob", "active": true}"#));
    /// ```
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let terms = |node| match node {
            Node::And(terms) => terms,
            node => vec![node],
        };
        let view = self.seen.or(other.seen).map(|seen| seen.view().clone());
        let node = match (self.node, other.node) {
            (Node::Constant(value), node) | (node, Node::Constant(value)) => {
                if value {
                    node
                } else {
                    Node::Constant(false)
                }
            }
            (first, second) => {
                let mut all = terms(first);
                all.extend(terms(second));
                Node::And(all)
            }
        };
        let both = Self::new(node);
        match view {
            Some(view) => both.seen_through(&view),
            None => both,
        }
    }
}

impl ElementPredicate {
    /// A predicate made ready to run.
    pub(crate) fn new(of: &AttributeRef, node: Node) -> Self {
        let simple = of.leaf().kind() != AttributeType::Complex;
        Self { of: of.clone(), node: grouped(node, true), seen: None, simple }
    }

    /// The attribute whose elements the predicate is about.
    pub fn of(&self) -> &AttributeRef {
        &self.of
    }

    /// The same predicate on elements as responses show them.
    #[must_use]
    pub fn seen_through(mut self, view: &Arc<dyn View>) -> Self {
        let adds = self.node.targets().iter().any(|target| view.adds(target));
        self.seen = adds.then(|| SeenElement::new(view, &self.of));
        self
    }

    /// The values that a new element needs for the filter to find it, by canonical sub-attribute name (R147). `None` where
    /// the filter is more than `eq` tests of values joined by `and`: it then does not say what to make.
    ///
    /// ```
    /// use scim_core::{AttributeRef, SchemaSet, Tolerance};
    /// use scim_filter::{FilterLimits, check_element, parse_path};
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.user().unwrap();
    /// let emails = AttributeRef::new(None, user.top_level("emails").unwrap());
    /// let terms = |path: &str| {
    ///     let filter = parse_path(path, &FilterLimits::default()).unwrap().filter.unwrap();
    ///     check_element(&filter, &emails, &mut Tolerance::rfc()).unwrap().eq_terms()
    /// };
    /// let work = terms(r#"emails[TYPE eq "work" and primary eq true]"#).unwrap();
    /// assert_eq!(work, [("type".to_owned(), "work".into()), ("primary".to_owned(), true.into())]);
    /// assert_eq!(terms(r#"emails[type eq "work" and value pr]"#), None);
    /// ```
    pub fn eq_terms(&self) -> Option<Vec<(String, Value)>> {
        let terms = match &self.node {
            Node::And(terms) => terms.as_slice(),
            single => std::slice::from_ref(single),
        };
        let eq = |node: &Node| match node {
            Node::Test(test, _) if test.operator == Operator::Eq && test.operand != Operand::Null => {
                let name = test.path.sub().filter(|_| !self.simple).unwrap_or("value");
                Some((name.to_owned(), Value::from(test.literal.clone())))
            }
            _ => None,
        };
        terms.iter().map(eq).collect()
    }

    /// The sub-attributes, by canonical name, for whose values the filter selects the element: those of the tests that hold
    /// because there is a value. Whatever else changes, an element that keeps them stays selected.
    ///
    /// ```
    /// use scim_core::{AttributeRef, SchemaSet, Tolerance};
    /// use scim_filter::check_element;
    /// use serde_json::json;
    ///
    /// let schemas = SchemaSet::builtin();
    /// let emails = AttributeRef::new(None, schemas.user().unwrap().top_level("emails").unwrap());
    /// let filter = r#"(type eq "work" or display pr) and not (primary eq true)"#.parse()?;
    /// let filter = check_element(&filter, &emails, &mut Tolerance::rfc()).unwrap();
    /// assert_eq!(filter.selecting(&json!({"type": "work", "value": "a"})), ["type"]);
    /// # Ok::<(), scim_filter::ParseError>(())
    /// ```
    pub fn selecting<'v>(&self, element: impl Into<ValueRef<'v>>) -> Vec<&str> {
        let mut found = Vec::new();
        let element = element.into();
        if element.is_object() {
            self.node.selecting(element, &mut found);
        }
        found
    }

    /// Whether the filter is about simple values, such as the elements of an array of strings. Its tests then look at the
    /// element itself, and their path is [the attribute](Self::of).
    pub fn is_of_simple_values(&self) -> bool {
        self.simple
    }
}

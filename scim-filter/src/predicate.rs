//! A filter that fits a schema: what the evaluator runs and what a database lowers.

use std::fmt;

use chrono::{DateTime, Utc};
use scim_core::Target;
use serde_json::{Number, Value};

use crate::any_of::{AnyOf, grouped};
use crate::ast::{Literal, Operator};
use crate::gather::{Gathered, Slot};

/// A filter resolved against the schema of one resource type: canonical names, typed values, case rules, prepared once.
///
/// Made by [`check`](crate::check()) or [`check_any`](crate::check_any); run by [`matches`](Self::matches), or given to
/// [`lower`](crate::lower()).
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    pub(crate) node: Node,
    pub(crate) gathered: Gathered,
}

/// The body of a value path, resolved against the sub-attributes of one complex attribute. Made by
/// [`check_element`](crate::check_element).
#[derive(Clone, Debug, PartialEq)]
pub struct ElementPredicate {
    pub(crate) node: Node,
    /// Whether the elements are simple values, which `value` names.
    pub(crate) simple: bool,
}

/// The tree behind both. Chains are flat: no `And` stands directly in an `And`, no `Or` in an `Or`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// What an attribute that the type lacks leaves of a test (R094).
    Constant(bool),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Test(Test, Slot),
    /// Tests in an `or` that differ only in the text that they compare with.
    AnyOf(AnyOf, Slot),
    Presence(Presence, Slot),
    ValuePath {
        path: ResolvedPath,
        slot: Slot,
        filter: Box<ElementPredicate>,
    },
}

/// Where a value stands in a resource: registered names, to be looked up exactly.
///
/// Inside a value path the path starts at the element: `attribute` is then the sub-attribute's name. Where the elements are
/// simple values (`tags[value eq "x"]`) the path is [the element itself](Self::is_element), and has no attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResolvedPath {
    extension: Option<Box<str>>,
    attribute: Option<Box<str>>,
    sub: Option<Box<str>>,
    multi_valued: bool,
}

/// One comparison, ready to run.
///
/// Its meaning, which a database that takes it over has to keep:
///
/// 1. On a multi-valued attribute it holds when it holds for one element (R082); without elements it does not hold.
/// 2. On one unassigned value `ne` holds and everything else does not (R075), unless
///    [`missing_is_false`](Self::missing_is_false).
/// 3. With [`Operand::Null`], `eq` holds when nothing is assigned and `ne` when something is (R073).
/// 4. Texts compare by code point: as they are when [`case_exact`](Self::case_exact), else with
///    [`fold`](crate::fold()) applied on both sides. The operand is folded already.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    pub(crate) path: ResolvedPath,
    pub(crate) operator: Operator,
    pub(crate) operand: Operand,
    pub(crate) case_exact: bool,
    pub(crate) missing_is_false: bool,
    pub(crate) literal: Literal,
}

/// A comparison value with the type of its attribute.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operand {
    /// No value.
    Null,
    /// For a boolean attribute.
    Bool(bool),
    /// For an integer attribute.
    Integer(i64),
    /// For a decimal attribute, and for an integer attribute that is compared with a number of another kind: numbers
    /// compare as numbers.
    Decimal(Number),
    /// For a dateTime attribute: the instant, whatever the zone it was written in (R080).
    Instant(DateTime<Utc>),
    /// For a string or reference attribute: folded unless the test is case exact.
    Text(Box<str>),
    /// For a binary attribute: base64 without padding (R012).
    Binary(Box<str>),
}

/// A `pr` test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Presence {
    pub(crate) path: ResolvedPath,
    /// Sub-attributes that are never returned: they do not count, or `pr` would tell of them (R096).
    pub(crate) hidden: Vec<Box<str>>,
}

impl Predicate {
    /// A predicate made ready to run.
    pub(crate) fn new(node: Node) -> Self {
        let mut node = grouped(node);
        let gathered = Gathered::plan(&mut node);
        Self { node, gathered }
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
    /// use scim_core::{Leniencies, Profile, ResourceTypeName, SchemaSet};
    /// use scim_filter::{Filter, check};
    ///
    /// let schemas = SchemaSet::builtin();
    /// let group = schemas.of(&ResourceTypeName::group()).unwrap();
    /// let filter: Filter = r#"id eq "1" or not (members[value eq "u"])"#.parse()?;
    /// let predicate = check(&filter, group, &Profile::rfc(), &mut Leniencies::default()).unwrap();
    /// assert!(predicate.mentions("members"));
    /// assert!(!predicate.mentions("displayName"));
    /// # Ok::<(), scim_filter::ParseError>(())
    /// ```
    pub fn mentions(&self, attribute: &str) -> bool {
        self.node.mentions(attribute)
    }

    /// Everything that the predicate looks at, in the order of the text; what stands in brackets as a part of the attribute
    /// before them.
    ///
    /// ```
    /// use scim_core::{Leniencies, Profile, ResourceTypeName, SchemaSet};
    /// use scim_filter::{Filter, check};
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.of(&ResourceTypeName::user()).unwrap();
    /// let filter: Filter = r#"USERNAME sw "a" and not (emails[type eq "work"])"#.parse()?;
    /// let predicate = check(&filter, user, &Profile::rfc(), &mut Leniencies::default()).unwrap();
    /// let paths: Vec<String> = predicate.paths().iter().map(ToString::to_string).collect();
    /// assert_eq!(paths, ["userName", "emails", "emails.type"]);
    /// # Ok::<(), scim_filter::ParseError>(())
    /// ```
    pub fn paths(&self) -> Vec<ResolvedPath> {
        let mut found = Vec::new();
        self.node.paths(None, &mut found);
        found
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
    /// use scim_core::{Leniencies, Profile, Resource, ResourceTypeName, SchemaSet};
    /// use scim_filter::{Filter, check};
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.of(&ResourceTypeName::user()).unwrap();
    /// let predicate = |text: &str| {
    ///     let filter: Filter = text.parse().unwrap();
    ///     check(&filter, user, &Profile::rfc(), &mut Leniencies::default()).unwrap()
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
        Self::new(node)
    }
}

impl Node {
    /// Visits the path of every test, without the bodies of value paths, whose paths start at an element.
    pub(crate) fn each_path(&mut self, visit: &mut impl FnMut(&ResolvedPath, &mut Slot)) {
        match self {
            Self::Constant(_) => {}
            Self::And(nodes) | Self::Or(nodes) => nodes.iter_mut().for_each(|node| node.each_path(visit)),
            Self::Not(node) => node.each_path(visit),
            Self::Test(test, slot) => visit(&test.path, slot),
            Self::AnyOf(any, slot) => any.path().into_iter().for_each(|path| visit(path, slot)),
            Self::Presence(presence, slot) => visit(&presence.path, slot),
            Self::ValuePath { path, slot, .. } => visit(path, slot),
        }
    }

    /// The tests of the tree; those that are taken together count once.
    fn tests(&self) -> u64 {
        match self {
            Self::Constant(_) => 0,
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().map(Self::tests).sum(),
            Self::Not(node) => node.tests(),
            Self::Test(..) | Self::AnyOf(..) | Self::Presence(..) => 1,
            Self::ValuePath { filter, .. } => 1 + filter.node.tests(),
        }
    }

    fn mentions(&self, attribute: &str) -> bool {
        let is = |path: &ResolvedPath| path.extension.is_none() && path.attribute.as_deref() == Some(attribute);
        match self {
            Self::Constant(_) => false,
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().any(|node| node.mentions(attribute)),
            Self::Not(node) => node.mentions(attribute),
            Self::Test(test, _) => is(&test.path),
            Self::AnyOf(any, _) => any.path().is_some_and(is),
            Self::Presence(presence, _) => is(&presence.path),
            Self::ValuePath { path, .. } => is(path),
        }
    }

    /// Adds what the node looks at; `of` is the attribute whose elements it is about.
    fn paths(&self, of: Option<&ResolvedPath>, found: &mut Vec<ResolvedPath>) {
        let path = match self {
            Self::Constant(_) => return,
            Self::And(nodes) | Self::Or(nodes) => return nodes.iter().for_each(|node| node.paths(of, found)),
            Self::Not(node) => return node.paths(of, found),
            Self::Test(test, _) => &test.path,
            Self::AnyOf(any, _) => match any.path() {
                Some(path) => path,
                None => return,
            },
            Self::Presence(presence, _) => &presence.path,
            Self::ValuePath { path, filter, .. } => {
                found.push(path.clone());
                return filter.node.paths(Some(path), found);
            }
        };
        found.push(match of {
            Some(of) => match path.attribute() {
                Some(part) => of.with_sub(part),
                None => of.clone(),
            },
            None => path.clone(),
        });
    }
}

impl ElementPredicate {
    /// A predicate made ready to run.
    pub(crate) fn new(node: Node, simple: bool) -> Self {
        Self { node: grouped(node), simple }
    }

    /// The values that a new element needs for the filter to find it, by canonical sub-attribute name (R147). `None` where
    /// the filter is more than `eq` tests of values joined by `and`: it then does not say what to make.
    ///
    /// ```
    /// use scim_core::{Leniencies, Profile, ResourceTypeName, SchemaSet};
    /// use scim_filter::{Limits, check_element, parse_path};
    ///
    /// let schemas = SchemaSet::builtin();
    /// let user = schemas.of(&ResourceTypeName::user()).unwrap();
    /// let emails = user.top_level("emails").unwrap();
    /// let terms = |path: &str| {
    ///     let filter = parse_path(path, &Limits::default()).unwrap().filter.unwrap();
    ///     check_element(&filter, emails, &Profile::rfc(), &mut Leniencies::default()).unwrap().eq_terms()
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
                let name = test.path.attribute.as_deref().unwrap_or("value");
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
    /// use scim_core::{Leniencies, Profile, ResourceTypeName, SchemaSet};
    /// use scim_filter::check_element;
    /// use serde_json::json;
    ///
    /// let schemas = SchemaSet::builtin();
    /// let emails = schemas.of(&ResourceTypeName::user()).unwrap().top_level("emails").unwrap();
    /// let filter = r#"(type eq "work" or display pr) and not (primary eq true)"#.parse()?;
    /// let filter = check_element(&filter, emails, &Profile::rfc(), &mut Leniencies::default()).unwrap();
    /// assert_eq!(filter.selecting(&json!({"type": "work", "value": "a"})), ["type"]);
    /// # Ok::<(), scim_filter::ParseError>(())
    /// ```
    pub fn selecting(&self, element: &Value) -> Vec<&str> {
        let mut found = Vec::new();
        if let Value::Object(element) = element {
            self.node.selecting(element, &mut found);
        }
        found
    }

    /// Whether the filter is about simple values, such as the elements of an array of strings. Its tests then look at
    /// [the element itself](ResolvedPath::is_element).
    pub fn is_of_simple_values(&self) -> bool {
        self.simple
    }
}

impl ResolvedPath {
    pub(crate) fn new(target: &Target) -> Self {
        Self {
            extension: target.extension.as_ref().map(|schema| schema.id().into()),
            attribute: target.attribute.as_ref().map(|attribute| attribute.name().into()),
            sub: target.sub.as_ref().map(|sub| sub.name().into()),
            multi_valued: target.attribute.as_ref().is_some_and(|attribute| attribute.multi_valued()),
        }
    }

    /// The URI of the extension that holds the attribute, in the registered spelling.
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// The attribute; `None` when the path means an extension as a whole.
    pub fn attribute(&self) -> Option<&str> {
        self.attribute.as_deref()
    }

    /// The sub-attribute.
    pub fn sub(&self) -> Option<&str> {
        self.sub.as_deref()
    }

    /// Whether the path is that of the element of a simple multi-valued attribute: it then has no names.
    ///
    /// ```
    /// use scim_core::{Leniencies, Profile, ResourceTypeName, SchemaSet};
    /// use scim_filter::{ElementPredicate, Filter, Lower, ResolvedPath, Test, check, lower, lower_element};
    ///
    /// /// Takes tests of elements alone.
    /// struct Elements;
    ///
    /// impl Lower for Elements {
    ///     type Output = String;
    ///     fn compare(&self, test: &Test) -> Option<String> {
    ///         test.path().is_element().then(|| format!("element {}", test.operator()))
    ///     }
    ///     fn present(&self, _: &ResolvedPath) -> Option<String> { None }
    ///     fn value_path(&self, path: &ResolvedPath, filter: &ElementPredicate) -> Option<String> {
    ///         Some(format!("any of {path}: {}", lower_element(filter, self)?))
    ///     }
    ///     fn and(&self, parts: Vec<String>) -> String { parts.join(" and ") }
    ///     fn or(&self, parts: Vec<String>) -> String { parts.join(" or ") }
    ///     fn not(&self, part: String) -> String { format!("not {part}") }
    /// }
    ///
    /// let schemas = SchemaSet::builtin();
    /// let users = schemas.of(&ResourceTypeName::user()).unwrap();
    /// let filter: Filter = r#"schemas[value sw "urn:"]"#.parse()?;
    /// let predicate = check(&filter, users, &Profile::rfc(), &mut Leniencies::default()).unwrap();
    /// assert_eq!(lower(&predicate, &Elements).pushed.as_deref(), Some("any of schemas: element sw"));
    /// # Ok::<(), scim_filter::ParseError>(())
    /// ```
    pub fn is_element(&self) -> bool {
        self.extension.is_none() && self.attribute.is_none()
    }

    /// Whether the attribute (not the sub-attribute) is multi-valued.
    pub fn multi_valued(&self) -> bool {
        self.multi_valued
    }

    /// The path of a part of the same attribute.
    #[must_use]
    pub fn with_sub(&self, sub: &str) -> Self {
        Self { sub: Some(sub.into()), ..self.clone() }
    }

    /// The path as a top-level attribute name, when it is no more than that: `userName`, `id`. What a store with a column
    /// or an index per attribute asks first.
    pub fn as_top_level(&self) -> Option<&str> {
        if self.extension.is_none() && self.sub.is_none() { self.attribute.as_deref() } else { None }
    }
}

/// The canonical path: `emails.value`, or with the URI for an extension's attribute; `value` for the element itself.
impl fmt::Display for ResolvedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_element() {
            return f.write_str("value");
        }
        let separator = if self.extension.is_some() && self.attribute.is_some() { ":" } else { "" };
        write!(f, "{}{separator}{}", self.extension().unwrap_or_default(), self.attribute().unwrap_or_default())?;
        match self.sub() {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

impl Test {
    /// What is compared. The shorthand `emails eq "x"` shows as `emails.value` here (R083).
    pub fn path(&self) -> &ResolvedPath {
        &self.path
    }

    /// How it is compared.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// What it is compared with, prepared for the attribute's type.
    pub fn operand(&self) -> &Operand {
        &self.operand
    }

    /// Whether texts compare with regard to case.
    pub fn case_exact(&self) -> bool {
        self.case_exact
    }

    /// Whether an unassigned value counts as `false`: `primary` of an element (R020).
    pub fn missing_is_false(&self) -> bool {
        self.missing_is_false
    }

    /// What it is compared with, as the client wrote it.
    pub fn literal(&self) -> &Literal {
        &self.literal
    }
}

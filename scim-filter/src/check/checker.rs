//! Does a filter fit the schema? From [`Filter`] to [`Predicate`].

use scim_core::schema::{AttributeType, Resolved};
use scim_core::{AttrPath, Attribute, AttributeRef, Quirk, Tolerance, TypeSchema};

use crate::ast::{Comparison, Filter, Literal, Operator};
use crate::check::error::{FilterError, FilterErrorKind};
use crate::check::rules::{
    is_primary, never_returned, operand, refuse, refuse_never_returned, refuse_operator, refuse_simple, sub_attribute,
    to_default_sub_attribute,
};
use crate::limits::FilterLimits;
use crate::predicate::Slot;
use crate::predicate::{ElementPredicate, Node, Predicate, Presence};
use crate::predicate::{Operand, Test};

/// Resolves a filter against the schema of one resource type.
///
/// # Errors
///
/// [`FilterError`] for an attribute that the type does not have (R095) or that is never returned (R096), an operator that
/// its type does not take (R077, R078), and a value of another type (R081).
///
/// # Examples
///
/// ```
/// use scim_core::{SchemaSet, Tolerance};
/// use scim_filter::{Filter, check};
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().unwrap();
/// let filter: Filter = "active gt false".parse()?;
/// let error = check(&filter, user, &mut Tolerance::rfc()).unwrap_err();
/// assert_eq!(error.to_string(), "operator `gt` does not apply to attribute `active` of type boolean");
/// # Ok::<(), scim_filter::ParseError>(())
/// ```
pub fn check(filter: &Filter, schema: &TypeSchema, tolerance: &mut Tolerance) -> Result<Predicate, FilterError> {
    let scope = Scope::Resource { schema, unknown: Unknown::Refused };
    Check { scope, tolerance, attributes: 0 }.node(filter, 0).map(Predicate::new)
}

impl Filter {
    /// Resolves the filter against the schema of one resource type, by the letter of the RFC: [`check()`] with
    /// [`Tolerance::rfc`].
    ///
    /// # Errors
    ///
    /// As [`check()`].
    ///
    /// ```
    /// use scim_core::{Resource, SchemaSet};
    /// use scim_filter::Filter;
    ///
    /// let schemas = SchemaSet::builtin();
    /// let filter: Filter = r#"userName sw "ada""#.parse()?;
    /// let predicate = filter.check(schemas.user().unwrap())?;
    /// let ada: Resource = serde_json::from_str(r#"{"userName": "ada@example.com"}"#)?;
    /// assert!(predicate.matches(&ada));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(&self, schema: &TypeSchema) -> Result<Predicate, FilterError> {
        check(self, schema, &mut Tolerance::rfc())
    }
}

/// Resolves a filter for one of the types behind an endpoint that serves several, such as the root: an attribute that
/// this type lacks counts as unassigned (R094). The same attribute may exist in another type, so only the caller can tell
/// whether it is unknown everywhere.
///
/// # Errors
///
/// [`FilterError`] as for [`check`], but not for an unknown attribute.
pub fn check_any(filter: &Filter, schema: &TypeSchema, tolerance: &mut Tolerance) -> Result<Predicate, FilterError> {
    let scope = Scope::Resource { schema, unknown: Unknown::Unassigned };
    Check { scope, tolerance, attributes: 0 }.node(filter, 0).map(Predicate::new)
}

/// Resolves the body of a value path of a PATCH operation against the sub-attributes of a complex attribute, or against the
/// values themselves of a simple multi-valued one, which `value` names.
///
/// # Errors
///
/// [`FilterError`] as for [`check`], and for a simple singular attribute.
pub fn check_element(
    filter: &Filter,
    attribute: &AttributeRef,
    tolerance: &mut Tolerance,
) -> Result<ElementPredicate, FilterError> {
    let leaf = attribute.leaf();
    refuse_never_returned(leaf.name(), attribute)?;
    refuse_simple(leaf.name(), leaf)?;
    let scope = Scope::Element { of: attribute };
    let node = Check { scope, tolerance, attributes: 0 }.node(filter, 0)?;
    Ok(ElementPredicate::new(attribute, node))
}

/// Levels of a syntax tree that is checked. A text nested to the limit stays below: a level of parentheses gives an `or`,
/// an `and` and a `not` at most.
const MAX_TREE_DEPTH: usize = 4 * FilterLimits::MAX_DEPTH;

/// What the attribute paths of a filter are looked up in.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Resource { schema: &'a TypeSchema, unknown: Unknown },
    Element { of: &'a AttributeRef },
}

/// What becomes of an attribute that the resource type lacks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unknown {
    Refused,
    Unassigned,
}

struct Check<'a> {
    scope: Scope<'a>,
    tolerance: &'a mut Tolerance,
    /// How many attributes came before, in the order of the text.
    attributes: usize,
}

impl Check<'_> {
    fn node(&mut self, filter: &Filter, depth: usize) -> Result<Node, FilterError> {
        if depth >= MAX_TREE_DEPTH {
            let path = first_path(filter);
            return Err(refuse(path, FilterErrorKind::TooDeep { limit: MAX_TREE_DEPTH }));
        }
        match filter {
            Filter::And(terms) => self.chain(terms, depth, false),
            Filter::Or(terms) => self.chain(terms, depth, true),
            Filter::Not(inner) => Ok(match self.node(inner, depth + 1)? {
                Node::Constant(value) => Node::Constant(!value),
                node => Node::Not(Box::new(node)),
            }),
            Filter::Compare(comparison) => self.placed(|check| check.comparison(comparison)),
            Filter::Present(path) => self.placed(|check| check.presence(path)),
            Filter::ValuePath { path, filter } => self.placed(|check| check.value_path(path, filter, depth)),
        }
    }

    /// Checks a term that starts with an attribute, and says in an error which attribute of the filter it is.
    fn placed(&mut self, term: impl FnOnce(&mut Self) -> Result<Node, FilterError>) -> Result<Node, FilterError> {
        let ordinal = self.attributes;
        self.attributes += 1;
        term(self).map_err(|error| error.at_ordinal(ordinal))
    }

    /// An `and`, or an `or` (`decisive` is the value that decides the chain alone), flat and without constants.
    fn chain(&mut self, terms: &[Filter], depth: usize, decisive: bool) -> Result<Node, FilterError> {
        let mut nodes = Vec::with_capacity(terms.len());
        let mut decided = false;
        for term in terms {
            match (self.node(term, depth + 1)?, decisive) {
                (Node::Constant(value), _) => decided |= value == decisive,
                (Node::And(inner), false) | (Node::Or(inner), true) => nodes.extend(inner),
                (node, _) => nodes.push(node),
            }
        }
        if decided || nodes.is_empty() {
            return Ok(Node::Constant(decided == decisive));
        }
        Ok(match <[Node; 1]>::try_from(nodes) {
            Ok([only]) => only,
            Err(nodes) if decisive => Node::Or(nodes),
            Err(nodes) => Node::And(nodes),
        })
    }

    /// Looks a path up; `None` when the type lacks it and that counts as unassigned.
    fn target(&mut self, path: &AttrPath) -> Result<Option<Resolved>, FilterError> {
        let found = match self.scope {
            Scope::Resource { schema, unknown } => match schema.resolve(path, self.tolerance) {
                Ok(found) => found,
                Err(_) if unknown == Unknown::Unassigned => return Ok(None),
                Err(error) => return Err(refuse(path.as_str(), FilterErrorKind::Unknown(error))),
            },
            Scope::Element { of } => Resolved::Attribute(sub_attribute(of, path)?),
        };
        if let Resolved::Attribute(target) = &found {
            refuse_never_returned(path.as_str(), target)?;
        }
        Ok(Some(found))
    }

    fn presence(&mut self, path: &AttrPath) -> Result<Node, FilterError> {
        let Some(found) = self.target(path)? else { return Ok(Node::Constant(false)) };
        let presence = |path: AttributeRef| {
            let hidden = path.leaf().sub_attributes().iter().filter(|sub| never_returned(sub));
            let hidden = hidden.map(|sub| sub.name().into()).collect();
            Node::Presence(Presence { path, hidden }, Slot::default())
        };
        Ok(any_of(shown(&found).map(presence)))
    }

    fn value_path(&mut self, path: &AttrPath, filter: &Filter, depth: usize) -> Result<Node, FilterError> {
        let Some(found) = self.target(path)? else { return Ok(Node::Constant(false)) };
        let Resolved::Attribute(of) = found else {
            return Err(refuse(path.as_str(), FilterErrorKind::Extension));
        };
        refuse_simple(path.as_str(), of.leaf())?;
        let scope = Scope::Element { of: &of };
        let mut inner = Check { scope, tolerance: self.tolerance, attributes: self.attributes };
        let node = inner.node(filter, depth + 1)?;
        self.attributes = inner.attributes;
        let filter = Box::new(ElementPredicate::new(&of, node));
        Ok(Node::ValuePath { path: of, slot: Slot::default(), filter })
    }

    fn comparison(&mut self, comparison: &Comparison) -> Result<Node, FilterError> {
        let Comparison { path, operator, value: literal } = comparison;
        let (path, operator) = (path.as_str(), *operator);
        let found = self.target(&comparison.path)?;
        if *literal == Literal::Null && !matches!(operator, Operator::Eq | Operator::Ne) {
            return Err(refuse(path, FilterErrorKind::NullOperator { operator: operator.as_str() }));
        }
        let Some(found) = found else {
            // R094: unassigned, so it differs from every value (R075) and only `eq null` holds beside that.
            let wanted = if *literal == Literal::Null { Operator::Eq } else { Operator::Ne };
            return Ok(Node::Constant(operator == wanted));
        };
        if *literal == Literal::Null {
            // R073 asks about the attribute as a whole, so the shorthand of R083 does not apply. An extension is assigned
            // where one of its attributes is.
            let assigned = |path| {
                let (operator, operand, literal) = (Operator::Ne, Operand::Null, Literal::Null);
                let test = Test { path, operator, operand, case_exact: true, missing_is_false: false, literal };
                Node::Test(test, Slot::default())
            };
            return Ok(match (any_of(shown(&found).map(assigned)), operator) {
                (assigned, Operator::Ne) => assigned,
                (Node::Constant(assigned), _) => Node::Constant(!assigned),
                (Node::Test(test, slot), _) => Node::Test(Test { operator: Operator::Eq, ..test }, slot),
                (assigned, _) => Node::Not(Box::new(assigned)),
            });
        }
        let Resolved::Attribute(target) = found else {
            return Err(refuse(path, FilterErrorKind::Extension));
        };
        let target = match self.scope {
            Scope::Element { of } if of.leaf().kind() != AttributeType::Complex => target,
            Scope::Element { .. } if target.leaf().kind() == AttributeType::Complex => {
                return Err(refuse(path, FilterErrorKind::Complex));
            }
            _ => to_default_sub_attribute(path, target)?,
        };
        let leaf = target.leaf();
        refuse_operator(path, operator, leaf.kind())?;
        let case_exact = leaf.case_exact() && !target.is_in("schemas");
        let literal = self.text_boolean(leaf, literal).unwrap_or_else(|| literal.clone());
        let test = Test {
            operator,
            operand: operand(path, leaf.kind(), case_exact, &literal)?,
            case_exact,
            missing_is_false: leaf.kind() == AttributeType::Boolean && is_primary(&target),
            literal,
            path: target,
        };
        Ok(Node::Test(test, Slot::default()))
    }

    /// R173: `"True"` for a boolean, as Entra ID sends it in `roles[primary eq "True"]`.
    fn text_boolean(&mut self, leaf: &Attribute, literal: &Literal) -> Option<Literal> {
        let (AttributeType::Boolean, Literal::String(text)) = (leaf.kind(), literal) else { return None };
        let value = [true, false].into_iter().find(|value| value.to_string().eq_ignore_ascii_case(text))?;
        self.tolerance.take(Quirk::StringBoolean).then_some(Literal::Bool(value))
    }
}

/// The attributes that a path is about and that responses may show.
fn shown(found: &Resolved) -> impl Iterator<Item = AttributeRef> {
    found.attributes().into_iter().filter(|attribute| !never_returned(attribute.leaf()))
}

/// At least one holds.
fn any_of(nodes: impl Iterator<Item = Node>) -> Node {
    match <[Node; 1]>::try_from(nodes.collect::<Vec<_>>()) {
        Ok([only]) => only,
        Err(nodes) if nodes.is_empty() => Node::Constant(false),
        Err(nodes) => Node::Or(nodes),
    }
}

/// Some attribute of the filter, to name it by.
fn first_path(mut filter: &Filter) -> &str {
    loop {
        filter = match filter {
            Filter::And(terms) | Filter::Or(terms) => match terms.first() {
                Some(first) => first,
                None => return "",
            },
            Filter::Not(inner) => inner,
            Filter::Compare(comparison) => return comparison.path.as_str(),
            Filter::Present(path) | Filter::ValuePath { path, .. } => return path.as_str(),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use scim_core::{Profile, Quirks, SchemaSet};

    use super::*;

    fn user() -> Arc<TypeSchema> {
        SchemaSet::builtin().user().unwrap().clone()
    }

    fn refusal(text: &str) -> String {
        let filter: Filter = text.parse().unwrap();
        check(&filter, &user(), &mut Tolerance::rfc()).unwrap_err().to_string()
    }

    fn element(attribute: &str, text: &str, profile: &Profile) -> Result<(ElementPredicate, Quirks), FilterError> {
        let mut tolerance = Tolerance::new(profile);
        let filter: Filter = text.parse().unwrap();
        let attribute = AttributeRef::new(None, user().top_level(attribute).unwrap());
        check_element(&filter, &attribute, &mut tolerance).map(|checked| (checked, tolerance.used()))
    }

    #[test]
    fn refusals_name_the_attribute_as_written_and_say_why() {
        for (filter, message) in [
            ("USERNAM eq 1", "unknown attribute `USERNAM` of resource type `User`; did you mean `userName`?"),
            ("ACTIVE co \"t\"", "operator `co` does not apply to attribute `ACTIVE` of type boolean"),
            ("title gt null", "operator `gt` does not apply to null: attribute `title` takes `eq` or `ne` with it"),
            ("userName eq 5", "attribute `userName` compares with a string in quotes, not with `5`"),
            ("name eq \"x\"", "attribute `name` is complex: name one of its sub-attributes"),
            ("password pr", "attribute `password` is never returned, so it cannot be asked about"),
            ("title[value pr]", "attribute `title` has one simple value, so brackets do not apply to it"),
            ("emails[typ eq \"x\"]", "unknown sub-attribute `typ` of `emails`; did you mean `type`?"),
        ] {
            assert_eq!(refusal(filter), message);
        }
    }

    #[test]
    fn chains_are_flat_and_constants_vanish() {
        let profile = Profile::rfc();
        let any = |text: &str| check_any(&text.parse().unwrap(), &user(), &mut Tolerance::new(&profile)).unwrap();
        assert_eq!(any("title pr and (userName pr and id pr)"), any("title pr and userName pr and id pr"));
        assert_eq!(any("members pr or title pr"), any("title pr"));
        assert_eq!(any("members eq null and title pr"), any("title pr"));
        assert_eq!(any("members pr and title pr").as_constant(), Some(false));
        assert_eq!(any("members ne \"x\" or title pr").as_constant(), Some(true));
        assert_eq!(any("not (members[value eq \"x\"])").as_constant(), Some(true));
        assert_eq!(any("title pr").as_constant(), None);
    }

    #[test]
    fn r173_a_boolean_may_be_given_as_a_string() {
        let text = "primary eq \"True\"";
        assert!(element("emails", text, &Profile::rfc()).is_err());
        let (checked, used) = element("emails", text, &Profile::compatible()).unwrap();
        assert_eq!(checked.eq_terms(), Some(vec![("primary".to_owned(), true.into())]));
        assert!(used.contains(Quirk::StringBoolean));
        assert!(element("emails", "primary eq \"yes\"", &Profile::compatible()).is_err());
        assert!(element("emails", "type eq \"true\"", &Profile::compatible()).unwrap().1.is_empty());
    }

    #[test]
    fn an_element_filter_needs_a_complex_attribute() {
        assert!(element("userName", "value pr", &Profile::rfc()).is_err());
        assert!(element("password", "value pr", &Profile::rfc()).is_err());
    }

    #[test]
    fn r147_eq_terms_come_from_conjunctions_only() {
        let terms =
            |text: &str| element("emails", text, &Profile::rfc()).unwrap().0.eq_terms().map(|terms| terms.len());
        assert_eq!(terms("type eq \"work\" and value eq \"x\""), Some(2));
        assert_eq!(terms("type eq \"work\""), Some(1));
        for more in [
            "type eq \"work\" and value eq \"x\" and display co \"y\"",
            "type eq \"work\" or value eq \"x\"",
            "not (type eq \"work\")",
            "type eq \"work\" and not (value pr)",
            "type eq null",
            "value pr",
        ] {
            assert_eq!(terms(more), None, "{more}");
        }
    }
}

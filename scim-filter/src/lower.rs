//! Push-down: the part of a predicate that a database can take over.

use scim_core::AttributeRef;

use crate::predicate::Test;
use crate::predicate::{ElementPredicate, Node, Predicate};

/// A query language that can express some predicates.
///
/// The contract, which makes pushing down safe:
///
/// 1. What a leaf returns selects exactly the resources that the evaluator selects, by the rules of [`Test`] and R072. A
///    leaf that cannot be expressed so is `None`, and stays with the evaluator.
/// 2. Every output is two-valued: in SQL it is never `NULL`, so that [`not`](Self::not) is plain negation.
/// 3. [`and`](Self::and) and [`or`](Self::or) get two or more parts.
/// 4. What [`narrow`](Self::narrow) returns selects every resource that the evaluator selects, and perhaps others.
pub trait Lower {
    /// A condition of the query language.
    type Output;

    /// One comparison.
    fn compare(&self, test: &Test) -> Option<Self::Output>;

    /// One of several comparisons holds, which differ only in their operand, a text. As [`or`](Self::or) of them unless a
    /// target can say it better, such as by `IN`.
    fn any_of(&self, tests: &[Test]) -> Option<Self::Output> {
        let parts: Option<Vec<_>> = tests.iter().map(|test| self.compare(test)).collect();
        joined(parts?, |parts| self.or(parts))
    }

    /// `pr`: the path has a value that is not empty (R072).
    fn present(&self, path: &AttributeRef) -> Option<Self::Output>;

    /// One element of the attribute fulfils the filter. [`lower_element`] lowers the body with a target of its own.
    fn value_path(&self, path: &AttributeRef, filter: &ElementPredicate) -> Option<Self::Output>;

    /// A condition that holds wherever an element fulfils the filter, for a value path that [cannot be
    /// expressed](Self::value_path): it narrows what the evaluator has to look at. [`lower_parts`] finds one.
    fn narrow(&self, path: &AttributeRef, filter: &ElementPredicate) -> Option<Self::Output> {
        let _ = (path, filter);
        None
    }

    /// A condition that always or never holds. Not pushed unless a target can.
    fn constant(&self, value: bool) -> Option<Self::Output> {
        let _ = value;
        None
    }

    /// All parts hold.
    fn and(&self, parts: Vec<Self::Output>) -> Self::Output;

    /// One part holds.
    fn or(&self, parts: Vec<Self::Output>) -> Self::Output;

    /// The part does not hold.
    fn not(&self, part: Self::Output) -> Self::Output;
}

/// A predicate in two parts, to be joined by `and`.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered<T> {
    /// What the database selects by; `None`: everything.
    pub pushed: Option<T>,
    /// What the evaluator has to select by among that; `None`: nothing left to do.
    pub residual: Option<Predicate>,
}

/// Splits a predicate into what `target` can express and what is left.
///
/// A top-level `and` is split between the two; `or` and `not` go as a whole or not at all. A value path that cannot go may still
/// [narrow](Lower::narrow) what is left to do.
///
/// ```
/// use scim_core::{AttributeRef, SchemaSet, Tolerance};
/// use scim_filter::{ElementPredicate, Filter, Lower, Operand, Operator, Test, check, lower};
///
/// /// Knows `userName eq`.
/// struct Sql;
///
/// impl Lower for Sql {
///     type Output = String;
///
///     fn compare(&self, test: &Test) -> Option<String> {
///         match (test.path().top_level()?, test.operator(), test.operand()) {
///             ("userName", Operator::Eq, Operand::Text(_)) => Some("user_name_folded = ?".to_owned()),
///             _ => None,
///         }
///     }
///     fn present(&self, _: &AttributeRef) -> Option<String> { None }
///     fn value_path(&self, _: &AttributeRef, _: &ElementPredicate) -> Option<String> { None }
///     fn and(&self, parts: Vec<String>) -> String { parts.join(" AND ") }
///     fn or(&self, parts: Vec<String>) -> String { format!("({})", parts.join(" OR ")) }
///     fn not(&self, part: String) -> String { format!("NOT ({part})") }
/// }
///
/// let schemas = SchemaSet::builtin();
/// let user = schemas.user().unwrap();
/// let filter: Filter = r#"userName eq "bjensen" and title pr"#.parse()?;
/// let predicate = check(&filter, user, &mut Tolerance::rfc()).unwrap();
/// let lowered = lower(&predicate, &Sql);
/// assert_eq!(lowered.pushed.as_deref(), Some("user_name_folded = ?"));
/// assert!(lowered.residual.is_some());
/// # Ok::<(), scim_filter::ParseError>(())
/// ```
pub fn lower<T: Lower + ?Sized>(predicate: &Predicate, target: &T) -> Lowered<T::Output> {
    let parts = match &predicate.node {
        Node::Constant(true) => &[],
        Node::And(parts) => parts.as_slice(),
        whole => std::slice::from_ref(whole),
    };
    let mut pushed = Vec::new();
    let mut residual = Vec::new();
    // What a view adds no database knows.
    let unknown = |part: &Node| predicate.seen.as_ref().is_some_and(|seen| seen.adds_to(&part.targets()));
    for part in parts {
        let output = if unknown(part) { None } else { whole(part, target) };
        if let Some(output) = output {
            pushed.push(output);
            continue;
        }
        if let Node::ValuePath { path, filter, .. } = part
            && !unknown(part)
        {
            pushed.extend(target.narrow(path, filter));
        }
        residual.push(part.clone());
    }
    let residual = match residual.len() {
        0 => None,
        1 => residual.pop(),
        _ => Some(Node::And(residual)),
    };
    Lowered {
        pushed: joined(pushed, |parts| target.and(parts)),
        residual: residual.map(|node| predicate.residual(node)),
    }
}

impl Predicate {
    /// What is left of the predicate, seen as it is.
    fn residual(&self, node: Node) -> Self {
        let residual = Self::new(node);
        match &self.seen {
            Some(seen) => residual.seen_through(seen.view()),
            None => residual,
        }
    }
}

/// Lowers the body of a value path as a whole. What `target` sees are sub-attributes, or the attribute itself where its elements
/// are [simple values](ElementPredicate::is_of_simple_values).
pub fn lower_element<T: Lower + ?Sized>(filter: &ElementPredicate, target: &T) -> Option<T::Output> {
    whole(&filter.node, target)
}

/// Lowers the parts of the body of a value path that are joined by `and`, those that can be. Where an element fulfils the body, each of
/// them holds, for that element and so for one of all.
pub fn lower_parts<T: Lower + ?Sized>(filter: &ElementPredicate, target: &T) -> Vec<T::Output> {
    let parts = match &filter.node {
        Node::And(parts) => parts.as_slice(),
        whole => std::slice::from_ref(whole),
    };
    parts.iter().filter_map(|part| whole(part, target)).collect()
}

/// Lowers a node, all of it or nothing.
fn whole<T: Lower + ?Sized>(node: &Node, target: &T) -> Option<T::Output> {
    let all = |nodes: &[Node]| nodes.iter().map(|node| whole(node, target)).collect::<Option<Vec<_>>>();
    match node {
        Node::Constant(value) => target.constant(*value),
        Node::And(nodes) => joined(all(nodes)?, |parts| target.and(parts)),
        Node::Or(nodes) => joined(all(nodes)?, |parts| target.or(parts)),
        Node::Not(node) => whole(node, target).map(|part| target.not(part)),
        Node::Test(test, _) => target.compare(test),
        Node::AnyOf(any, _) => target.any_of(any.tests()),
        // A database would count the hidden members in.
        Node::Presence(presence, _) if !presence.hidden.is_empty() => None,
        Node::Presence(presence, _) => target.present(&presence.path),
        Node::ValuePath { path, filter, .. } => target.value_path(path, filter),
    }
}

fn joined<O>(mut parts: Vec<O>, join: impl FnOnce(Vec<O>) -> O) -> Option<O> {
    match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(join(parts)),
    }
}

/// The least string that is greater, byte by byte, than every string with this prefix: `sw` is then a range of an index. `None` where
/// there is no such string.
///
/// ```
/// use scim_filter::after_prefix;
///
/// assert_eq!(after_prefix("ab").as_deref(), Some("ac"));
/// assert_eq!(after_prefix("a\u{10ffff}").as_deref(), Some("b"));
/// assert_eq!(after_prefix("\u{d7ff}").as_deref(), Some("\u{e000}"));
/// assert_eq!(after_prefix("\u{10ffff}"), None);
/// ```
pub fn after_prefix(prefix: &str) -> Option<String> {
    let mut start = prefix.to_owned();
    while let Some(last) = start.pop() {
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            start.push(next);
            return Some(start);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use scim_core::{SchemaSet, Tolerance};

    use super::*;
    use crate::{Operand, check_any};

    /// Takes top-level texts and `emails` brackets.
    struct Sql;

    impl Lower for Sql {
        type Output = String;

        fn compare(&self, test: &Test) -> Option<String> {
            let Operand::Text(value) = test.operand() else { return None };
            let name = test.path().sub().or(test.path().top_level())?;
            Some(format!("{name} {} '{value}'", test.operator()))
        }

        fn present(&self, path: &AttributeRef) -> Option<String> {
            Some(format!("{} is not null", path.sub().unwrap_or(path.name())))
        }

        fn value_path(&self, path: &AttributeRef, filter: &ElementPredicate) -> Option<String> {
            Some(format!("exists (select from {path} where {})", lower_element(filter, self)?))
        }

        fn and(&self, parts: Vec<String>) -> String {
            parts.join(" and ")
        }

        fn or(&self, parts: Vec<String>) -> String {
            format!("({})", parts.join(" or "))
        }

        fn not(&self, part: String) -> String {
            format!("not ({part})")
        }
    }

    fn lowered(text: &str) -> (Option<String>, bool) {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let predicate = check_any(&text.parse().unwrap(), user, &mut Tolerance::rfc()).unwrap();
        let lowered = lower(&predicate, &Sql);
        (lowered.pushed, lowered.residual.is_some())
    }

    #[test]
    fn a_conjunction_is_split() {
        assert_eq!(
            lowered("USERNAME eq \"A\" and active eq true and externalId eq \"B\""),
            (Some("userName eq 'a' and externalId eq 'B'".to_owned()), true)
        );
        assert_eq!(lowered("userName eq \"A\""), (Some("userName eq 'a'".to_owned()), false));
        assert_eq!(lowered("active eq true"), (None, true));
    }

    #[test]
    fn or_not_and_value_paths_go_whole_or_not_at_all() {
        assert_eq!(lowered("id eq \"1\" or active eq true"), (None, true));
        assert_eq!(lowered("not (id eq \"1\" or title pr)").0.unwrap(), "not ((id eq '1' or title is not null))");
        assert_eq!(lowered("not (active eq true)"), (None, true));
        assert_eq!(
            lowered("emails[type eq \"Work\" and value pr]").0.unwrap(),
            "exists (select from emails where type eq 'work' and value is not null)"
        );
        assert_eq!(lowered("emails[primary eq true]"), (None, true));
    }

    #[test]
    fn constants_are_pushed_only_where_the_target_can() {
        assert_eq!(lowered("members eq null"), (None, false));
        assert_eq!(lowered("members pr"), (None, true));
    }
}

//! Can a condition hold at all?

use std::fmt;
use std::sync::Arc;

use scim_core::schema::AttributeType;
use scim_core::{AttrPath, Attribute, AttributeRef, Tolerance, TypeSchema};
use scim_filter::{Comparison, Filter, Literal, Operator, fold};

/// Two parts of a condition that don't hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules) struct Contradiction {
    one: String,
    other: String,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` contradicts `{}`", self.other, self.one)
    }
}

/// Finds out that a filter holds for nobody, in the cases that people write by mistake: terms joined by `and` that ask two
/// things of one value. Says nothing about filters that need more thought.
pub(in crate::rules) fn contradiction(filter: &Filter, of: &TypeSchema) -> Option<Contradiction> {
    never(filter, Scope::User(of))
}

#[derive(Clone, Copy)]
enum Scope<'a> {
    User(&'a TypeSchema),
    Element(&'a Attribute),
}

/// What a term asks of one value.
struct Claim<'f> {
    path: String,
    term: &'f Filter,
    asks: Asks,
}

#[derive(PartialEq, Eq)]
enum Asks {
    Is(String),
    IsNot(String),
    Present,
    Absent,
}

fn never(filter: &Filter, scope: Scope<'_>) -> Option<Contradiction> {
    match filter {
        Filter::Or(terms) => {
            let mut found = terms.iter().map(|term| never(term, scope));
            let first = found.next()??;
            found.all(|contradiction| contradiction.is_some()).then_some(first)
        }
        Filter::And(_) => {
            let mut terms = Vec::new();
            flatten(filter, &mut terms);
            let claims: Vec<Claim<'_>> = terms.iter().filter_map(|term| claim(term, scope)).collect();
            let pairs = claims.iter().enumerate().flat_map(|(n, one)| claims.iter().skip(n + 1).map(move |b| (one, b)));
            let conflict =
                pairs.into_iter().find(|(one, other)| one.path == other.path && one.asks.excludes(&other.asks));
            let conflict =
                conflict.map(|(one, other)| Contradiction { one: one.term.to_string(), other: other.term.to_string() });
            conflict.or_else(|| terms.iter().find_map(|term| never(term, scope)))
        }
        Filter::ValuePath { path, filter } => {
            let Scope::User(of) = scope else { return None };
            never(filter, Scope::Element(attribute(path, of)?.attribute()))
        }
        Filter::Not(_) | Filter::Compare(_) | Filter::Present(_) => None,
    }
}

fn flatten<'f>(filter: &'f Filter, terms: &mut Vec<&'f Filter>) {
    match filter {
        Filter::And(inner) => inner.iter().for_each(|term| flatten(term, terms)),
        other => terms.push(other),
    }
}

fn claim<'f>(term: &'f Filter, scope: Scope<'_>) -> Option<Claim<'f>> {
    let (inner, holds) = match term {
        Filter::Not(inner) => (&**inner, false),
        other => (other, true),
    };
    let (path, asks) = match inner {
        Filter::Present(path) => {
            let (path, _) = single_value(path, scope)?;
            (path, if holds { Asks::Present } else { Asks::Absent })
        }
        Filter::Compare(Comparison { path, operator, value }) => {
            let (path, attribute) = single_value(path, scope)?;
            let equal = match operator {
                Operator::Eq => holds,
                Operator::Ne => !holds,
                _ => return None,
            };
            let value = match (value, attribute.kind()) {
                (Literal::Null, _) => return Some(Claim { path, term, asks: nullness(equal) }),
                (Literal::Bool(value), AttributeType::Boolean) => value.to_string(),
                (Literal::String(text), AttributeType::String) if attribute.case_exact() => text.clone(),
                (Literal::String(text), AttributeType::String) => fold(text).into_owned(),
                _ => return None,
            };
            (path, if equal { Asks::Is(value) } else { Asks::IsNot(value) })
        }
        _ => return None,
    };
    Some(Claim { path, term, asks })
}

fn nullness(equal: bool) -> Asks {
    if equal { Asks::Absent } else { Asks::Present }
}

impl Asks {
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Is(a), Self::Is(b)) => a != b,
            (Self::Is(a), Self::IsNot(b)) | (Self::IsNot(a), Self::Is(b)) => a == b,
            (Self::Absent, Self::Present | Self::Is(_)) | (Self::Present | Self::Is(_), Self::Absent) => true,
            _ => false,
        }
    }
}

/// The canonical path and the attribute, if a person has one value there at most.
fn single_value(path: &AttrPath, scope: Scope<'_>) -> Option<(String, Arc<Attribute>)> {
    match scope {
        Scope::User(of) => {
            let target = attribute(path, of)?;
            let single = !target.attribute().multi_valued() && !target.leaf().multi_valued();
            single.then(|| (target.to_string(), target.leaf().clone()))
        }
        Scope::Element(attribute) => {
            let sub = attribute.sub_attribute(path.as_str())?;
            (!sub.multi_valued()).then(|| (sub.name().to_owned(), sub.clone()))
        }
    }
}

fn attribute(path: &AttrPath, of: &TypeSchema) -> Option<AttributeRef> {
    of.resolve(path, &mut Tolerance::compatible()).ok()?.attribute()
}

#[cfg(test)]
mod tests {
    use scim_core::SchemaSet;

    use super::*;

    fn found(text: &str) -> Option<String> {
        let schemas = SchemaSet::builtin();
        let filter: Filter = text.parse().unwrap();
        contradiction(&filter, schemas.user().unwrap()).map(|found| found.to_string())
    }

    #[test]
    fn one_value_can_not_be_two() {
        assert_eq!(
            found(r#"title eq "a" and userType pr and TITLE eq "b""#).unwrap(),
            r#"`TITLE eq "b"` contradicts `title eq "a"`"#
        );
        for text in [
            r#"title eq "a" and title ne "A""#,
            r#"title eq "a" and not (title eq "a")"#,
            "title pr and (not (title pr) and userType pr)",
            r#"title eq null and title eq "a""#,
            "active eq true and active eq false",
            r#"name.givenName eq "a" and name.givenName eq "b""#,
            r#"department eq "a" and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "b""#,
            r#"emails[type eq "work" and type eq "home"]"#,
            r#"(title eq "a" and title eq "b") or (title pr and title eq null)"#,
            r#"userType pr and (title eq "a" and title eq "b" or title pr and not (title pr))"#,
        ] {
            assert!(found(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_can_hold_is_let_be() {
        for text in [
            r#"title eq "a" and title eq "A""#,
            r#"title eq "a" or title eq "b""#,
            r#"emails.type eq "work" and emails.type eq "home""#,
            r#"emails[type eq "work"] and emails[type eq "home"]"#,
            r#"title ne "a" and title ne "b""#,
            r#"not (title eq "a") and not (title pr)"#,
            r#"(title eq "a" and title eq "b") or title pr"#,
            r#"title eq "a" and displayName eq "b""#,
            r#"meta.created gt "2026-01-01T00:00:00Z" and meta.created lt "2026-02-01T00:00:00Z""#,
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}

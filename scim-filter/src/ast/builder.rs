//! Filters built in code, for clients.

use std::fmt;

use scim_core::{AttrPath, AttrPathError};
use serde_json::Number;
use thiserror::Error;

use crate::ast::filter::{Comparison, Filter, Literal, Operator};
use crate::limits::FilterLimits;

/// Starts a filter at an attribute: `userName`, `name.givenName`, or with the URI of its schema before it.
///
/// ```
/// use scim_filter::attr;
///
/// let filter = attr("userName").sw("bj").and(attr("active").eq(true)).build()?;
/// assert_eq!(filter.to_string(), r#"userName sw "bj" and active eq true"#);
///
/// let work = attr("type").eq("work").and(attr("value").ew("@example.com"));
/// let filter = attr("emails").any(work).or(attr("title").pr().not()).build()?;
/// assert_eq!(filter.to_string(), r#"emails[type eq "work" and value ew "@example.com"] or not (title pr)"#);
/// # Ok::<(), scim_filter::BuildError>(())
/// ```
pub fn attr(path: &str) -> AttrBuilder {
    AttrBuilder(path.parse().map_err(|source| BuildError::Path { path: path.to_owned(), source }))
}

/// An attribute waiting for its test. Made by [`attr`].
#[derive(Clone, Debug)]
#[must_use = "an attribute alone is no filter"]
pub struct AttrBuilder(Result<AttrPath, BuildError>);

/// A filter under construction; the first mistake is kept until [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use = "`build` makes the filter"]
pub struct FilterBuilder(Result<Built, BuildError>);

/// A filter, and how deep it nests: known as it grows, so that no depth of building overflows the stack.
#[derive(Clone, Debug)]
struct Built {
    filter: Filter,
    depth: usize,
}

/// Why code could not build a filter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// An attribute path is not one.
    #[error("`{path}` is no attribute path")]
    Path {
        /// What was given.
        path: String,
        /// Where it goes wrong.
        source: AttrPathError,
    },
    /// Inside brackets stands something else than a test of a plain sub-attribute name (RFC 7644 figure 1).
    #[error("`{path}` cannot stand inside the brackets of a value path: expected a sub-attribute name alone")]
    InsideBrackets {
        /// The attribute.
        path: String,
    },
    /// The filter nests deeper than [`FilterLimits::MAX_DEPTH`], which no parser of this crate reads.
    #[error("the filter nests more than {} deep", FilterLimits::MAX_DEPTH)]
    TooDeep,
}

impl AttrBuilder {
    /// `eq`: equal to the value; with [`Literal::Null`], unassigned.
    pub fn eq(self, value: impl Into<Literal>) -> FilterBuilder {
        self.compare(Operator::Eq, value)
    }

    /// `ne`: not equal to the value.
    pub fn ne(self, value: impl Into<Literal>) -> FilterBuilder {
        self.compare(Operator::Ne, value)
    }

    /// `co`: contains the value.
    pub fn co(self, value: impl Into<Literal>) -> FilterBuilder {
        self.compare(Operator::Co, value)
    }

    /// `sw`: starts with the value.
    pub fn sw(self, value: impl Into<Literal>) -> FilterBuilder {
        self.compare(Operator::Sw, value)
    }

    /// `ew`: ends with the value.
    pub fn ew(self, value: impl Into<Literal>) -> FilterBuilder {
        self.compare(Operator::Ew, value)
    }

    /// `gt`: greater than the value.
    pub fn gt(self, value: impl Into<Literal>) -> FilterBuilder {
        self.compare(Operator::Gt, value)
    }

    /// `ge`: greater than or equal to the value.
    pub fn ge(self, value: impl Into<Literal>) -> FilterBuilder {
        self.compare(Operator::Ge, value)
    }

    /// `lt`: less than the value.
    pub fn lt(self, value: impl Into<Literal>) -> FilterBuilder {
        self.compare(Operator::Lt, value)
    }

    /// `le`: less than or equal to the value.
    pub fn le(self, value: impl Into<Literal>) -> FilterBuilder {
        self.compare(Operator::Le, value)
    }

    /// `pr`: has a value that is not empty.
    pub fn pr(self) -> FilterBuilder {
        FilterBuilder(self.0.map(|path| Built { filter: Filter::Present(path), depth: 0 }))
    }

    /// Any comparison.
    pub fn compare(self, operator: Operator, value: impl Into<Literal>) -> FilterBuilder {
        let comparison = |path| Filter::Compare(Comparison { path, operator, value: value.into() });
        FilterBuilder(self.0.map(|path| Built { filter: comparison(path), depth: 0 }))
    }

    /// `attribute[filter]`: one element of the attribute fulfils the whole filter, which tests plain sub-attributes.
    pub fn any(self, filter: FilterBuilder) -> FilterBuilder {
        let built = self.0.and_then(|path| {
            let Built { filter, depth } = filter.0?;
            stands_in_brackets(&filter)?;
            Built { filter: Filter::ValuePath { path, filter: Box::new(filter) }, depth }.nested()
        });
        FilterBuilder(built)
    }
}

impl FilterBuilder {
    /// Both hold. `a.and(b).and(c)` is one chain of three.
    pub fn and(self, other: Self) -> Self {
        self.joined(
            other,
            |filter| match filter {
                Filter::And(terms) => Ok(terms),
                other => Err(other),
            },
            Filter::And,
        )
    }

    /// At least one holds. `a.or(b).or(c)` is one chain of three.
    pub fn or(self, other: Self) -> Self {
        self.joined(
            other,
            |filter| match filter {
                Filter::Or(terms) => Ok(terms),
                other => Err(other),
            },
            Filter::Or,
        )
    }

    /// It does not hold.
    #[expect(clippy::should_implement_trait, reason = "the word of the filter language, beside `and` and `or`")]
    pub fn not(self) -> Self {
        let not = |built: Built| Built { filter: Filter::Not(Box::new(built.filter)), ..built }.nested();
        Self(self.0.and_then(not))
    }

    /// The filter.
    ///
    /// # Errors
    ///
    /// [`BuildError`] for the first mistake made on the way.
    pub fn build(self) -> Result<Filter, BuildError> {
        self.0.map(|built| built.filter)
    }

    fn joined(
        self,
        other: Self,
        terms: fn(Filter) -> Result<Vec<Filter>, Filter>,
        join: fn(Vec<Filter>) -> Filter,
    ) -> Self {
        let joined = self.0.and_then(|left| {
            let right = other.0?;
            // What goes on in the same chain adds no parentheses; what another chain is put into adds one level.
            let (mut chain, depth) = match terms(left.filter) {
                Ok(chain) => (chain, left.depth),
                Err(term) => (vec![term], left.depth + 1),
            };
            chain.push(right.filter);
            Built { filter: join(chain), depth: depth.max(right.depth + 1) }.checked()
        });
        Self(joined)
    }
}

impl Built {
    fn nested(self) -> Result<Self, BuildError> {
        Self { depth: self.depth + 1, ..self }.checked()
    }

    fn checked(self) -> Result<Self, BuildError> {
        if self.depth > FilterLimits::MAX_DEPTH { Err(BuildError::TooDeep) } else { Ok(self) }
    }
}

/// R085: inside brackets stand tests of plain names, joined by `and`, `or` and `not`.
fn stands_in_brackets(filter: &Filter) -> Result<(), BuildError> {
    let path = match filter {
        Filter::And(terms) | Filter::Or(terms) => return terms.iter().try_for_each(stands_in_brackets),
        Filter::Not(inner) => return stands_in_brackets(inner),
        Filter::Compare(comparison) => &comparison.path,
        Filter::Present(path) => path,
        Filter::ValuePath { path, .. } => return Err(BuildError::InsideBrackets { path: path.to_string() }),
    };
    if path.uri().is_none() && path.sub().is_none() {
        Ok(())
    } else {
        Err(BuildError::InsideBrackets { path: path.to_string() })
    }
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Literal {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Literal {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

/// For decimals: `Number::from_f64` makes one of a finite double.
impl From<Number> for Literal {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for FilterBuilder {
    /// The filter so far, or what is wrong with it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(built) => built.filter.fmt(f),
            Err(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_filter_is_the_one_that_its_text_parses_to() {
        for (built, text) in [
            (attr("a").eq("x").or(attr("b").pr()).and(attr("c").ne(5)), "(a eq \"x\" or b pr) and c ne 5"),
            (attr("a").pr().or(attr("b").pr().and(attr("c").pr())), "a pr or b pr and c pr"),
            (attr("a").pr().and(attr("b").pr()).and(attr("c").gt("d")), "a pr and b pr and c gt \"d\""),
            (attr("a").pr().and(attr("b").pr().and(attr("c").pr())), "a pr and (b pr and c pr)"),
            (attr("a").eq(Literal::Null).not().not(), "not (not (a eq null))"),
            (attr("a").ge(true).or(attr("a").le("1")).or(attr("b").lt("x")), "a ge true or a le \"1\" or b lt \"x\""),
            (attr("e").any(attr("t").co("w").not().or(attr("$ref").pr())), "e[not (t co \"w\") or $ref pr]"),
        ] {
            let filter = built.build().unwrap();
            assert_eq!(filter.to_string(), text);
            assert_eq!(text.parse::<Filter>().unwrap(), filter);
        }
    }

    #[test]
    fn the_first_mistake_is_told() {
        let error = attr("a").pr().and(attr("b c").pr()).or(attr("1").pr()).build().unwrap_err();
        assert_eq!(error.to_string(), "`b c` is no attribute path");
        for inner in [attr("a.b").pr(), attr("urn:x:y").eq(1), attr("a").any(attr("b").pr()).not()] {
            let error = attr("emails").any(attr("type").pr().and(inner)).build().unwrap_err();
            assert!(matches!(error, BuildError::InsideBrackets { .. }), "{error}");
        }
    }

    #[test]
    fn depth_is_bounded_while_building() {
        let mut filter = attr("a").pr();
        for _ in 0..100_000 {
            filter = filter.not();
        }
        assert_eq!(filter.build(), Err(BuildError::TooDeep));
        let mut deepest = attr("a").pr();
        for _ in 0..FilterLimits::MAX_DEPTH {
            deepest = deepest.not();
        }
        let text = deepest.build().unwrap().to_string();
        let limits = FilterLimits { depth: FilterLimits::MAX_DEPTH, ..FilterLimits::default() };
        assert!(crate::parse(&text, &limits).is_ok());
    }

    #[test]
    fn a_long_chain_is_flat() {
        let mut filter = attr("a").pr();
        for _ in 0..10_000 {
            filter = filter.or(attr("b").pr());
        }
        assert!(matches!(filter.build(), Ok(Filter::Or(terms)) if terms.len() == 10_001));
    }
}

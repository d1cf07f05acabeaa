//! Comparisons of one attribute by one operator, of which one has to hold: taken together, so that a value is looked at once
//! however many they are.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use aho_corasick::AhoCorasick;
use scim_core::{AttributeRef, ValueRef};

use crate::ast::Operator;
use crate::budget::{Budget, BudgetExceeded, steps_of};
use crate::fold::Folded;
use crate::predicate::test::{Operand, Test};

/// Up to so many texts are searched for one after the other; for more, an automaton is built.
const FEW: usize = 4;

/// Two or more tests that differ only in the text that they compare with. Holds when one of them does.
#[derive(Clone)]
pub(crate) struct AnyOf {
    tests: Vec<Test>,
    matcher: Matcher,
}

/// The texts, ready to be compared with a value. Folded unless the tests regard case.
#[derive(Clone, Debug)]
enum Matcher {
    Equal(HashSet<Box<str>>),
    /// Differs from this text; `None`: from one of several, as every value does.
    Unequal(Option<Box<str>>),
    Contains(Vec<Box<str>>),
    ContainsMany(AhoCorasick),
    StartsWith(Vec<Box<str>>),
    EndsWith(Vec<Box<str>>),
    /// On the right side of the text that asks for the least.
    Beyond(Operator, Box<str>),
}

impl AnyOf {
    /// The tests, two or more, alike as [`key`] says.
    pub(super) fn new(tests: Vec<Test>, operator: Operator) -> Self {
        let texts = tests.iter().filter_map(|test| match &test.operand {
            Operand::Text(text) => Some(text.clone()),
            _ => None,
        });
        let matcher = Matcher::new(operator, texts.collect());
        Self { tests, matcher }
    }

    /// The tests, in the order of the filter.
    pub(crate) fn tests(&self) -> &[Test] {
        &self.tests
    }

    /// The path of all of them.
    pub(crate) fn path(&self) -> Option<&AttributeRef> {
        self.tests.first().map(|test| &test.path)
    }

    /// Whether one of the tests holds for one assigned value.
    pub(crate) fn accepts<'r>(
        &self,
        test: &Test,
        value: ValueRef<'r>,
        folded: &Folded<'r>,
        budget: &Budget,
    ) -> Result<bool, BudgetExceeded> {
        match value.as_str() {
            None => {
                budget.spend(1)?;
                Ok(test.operator == Operator::Ne)
            }
            Some(Cow::Borrowed(text)) => self.accepts_text(test, text, folded, budget),
            Some(Cow::Owned(text)) => self.accepts_text(test, &text, &Folded::default(), budget),
        }
    }

    fn accepts_text<'r>(
        &self,
        test: &Test,
        text: &'r str,
        folded: &Folded<'r>,
        budget: &Budget,
    ) -> Result<bool, BudgetExceeded> {
        budget.spend(self.matcher.steps(text))?;
        Ok(if test.case_exact {
            self.matcher.accepts(text)
        } else {
            folded.with(text, |folded| self.matcher.accepts(folded))
        })
    }
}

impl Matcher {
    fn new(operator: Operator, texts: Vec<Box<str>>) -> Self {
        match operator {
            Operator::Eq => Self::Equal(texts.into_iter().collect()),
            Operator::Ne => {
                let distinct: HashSet<Box<str>> = texts.into_iter().collect();
                Self::Unequal(if distinct.len() == 1 { distinct.into_iter().next() } else { None })
            }
            Operator::Co if texts.len() <= FEW => Self::Contains(texts),
            Operator::Co => match AhoCorasick::new(texts.iter().map(|text| text.as_bytes())) {
                Ok(automaton) => Self::ContainsMany(automaton),
                Err(_) => Self::Contains(texts),
            },
            Operator::Sw => Self::StartsWith(texts),
            Operator::Ew => Self::EndsWith(texts),
            Operator::Gt | Operator::Ge => Self::Beyond(operator, texts.into_iter().min().unwrap_or_default()),
            Operator::Lt | Operator::Le => Self::Beyond(operator, texts.into_iter().max().unwrap_or_default()),
        }
    }

    fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Equal(texts) => texts.contains(value),
            Self::Unequal(text) => text.as_deref() != Some(value),
            Self::Contains(texts) => texts.iter().any(|text| value.contains(&**text)),
            Self::ContainsMany(automaton) => automaton.is_match(value),
            Self::StartsWith(texts) => texts.iter().any(|text| value.starts_with(&**text)),
            Self::EndsWith(texts) => texts.iter().any(|text| value.ends_with(&**text)),
            Self::Beyond(Operator::Gt, text) => value > &**text,
            Self::Beyond(Operator::Ge, text) => value >= &**text,
            Self::Beyond(Operator::Lt, text) => value < &**text,
            Self::Beyond(_, text) => value <= &**text,
        }
    }

    /// What a look at a value costs.
    fn steps(&self, value: &str) -> u64 {
        let one = steps_of(value);
        match self {
            Self::Equal(_) | Self::Unequal(_) | Self::Beyond(..) => one,
            Self::Contains(texts) => one.saturating_mul(texts.len() as u64),
            Self::ContainsMany(_) => one.saturating_mul(4),
            Self::StartsWith(texts) | Self::EndsWith(texts) => one + (texts.len() / 8) as u64,
        }
    }
}

/// What tests have in common that can be taken together: only texts are.
pub(super) fn key(test: &Test) -> Option<(AttributeRef, Operator, bool)> {
    let is_text = matches!(test.operand, Operand::Text(_));
    is_text.then(|| (test.path.clone(), test.operator, test.case_exact))
}

impl AnyOf {
    /// The `eq` tests that hold where these `ne` tests don't.
    pub(super) fn negated(self) -> Self {
        let tests: Vec<Test> = self.tests.into_iter().map(|test| Test { operator: Operator::Eq, ..test }).collect();
        Self::new(tests, Operator::Eq)
    }
}

impl PartialEq for AnyOf {
    fn eq(&self, other: &Self) -> bool {
        self.tests == other.tests
    }
}

impl fmt::Debug for AnyOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.tests).finish()
    }
}

//! What a rule asks of the person.

use scim_core::{Profile, Quirk, Resource, Tolerance, TypeSchema};
use scim_filter::{Filter, FilterError, ParseError, Predicate, check, parse_with};

use crate::rules::language::contradiction::contradiction;

/// A SCIM filter over the User resource, checked against its schema when the rules are loaded.
///
/// Attributes of the enterprise extension may be named without its URI. `groups` has `value` and `display` of each group, indirect
/// ones included. Case counts where the schema of the attribute says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    text: String,
    filter: Filter,
    predicate: Predicate,
    asks_for_groups: bool,
}

/// What is wrong with a condition, and at which byte of it.
#[derive(Debug)]
pub(in crate::rules) struct ConditionFault {
    pub(in crate::rules) offset: Option<usize>,
    pub(in crate::rules) message: String,
}

impl Condition {
    pub(in crate::rules) fn check(text: &str, of: &TypeSchema) -> Result<Self, ConditionFault> {
        // People write rules and see what is wrong with them: quotes are no matter of compatibility here.
        let profile = Profile::compatible().without(Quirk::UnquotedString).without(Quirk::StringBoolean);
        let mut tolerance = Tolerance::new(&profile);
        let filter =
            parse_with(text, &scim_filter::FilterLimits::default(), &mut tolerance).map_err(|error| syntax(&error))?;
        let predicate = check(&filter, of, &mut tolerance).map_err(|error| misfit(error, text))?;
        if let Some(contradiction) = contradiction(&filter, of) {
            return Err(ConditionFault {
                offset: None,
                message: format!("the condition never holds: {contradiction}"),
            });
        }
        let asks_for_groups = predicate.mentions("groups");
        Ok(Self { text: text.to_owned(), filter, predicate, asks_for_groups })
    }

    /// The filter as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether the person fulfils it.
    pub(in crate::rules) fn holds(&self, user: &Resource) -> bool {
        self.predicate.matches(user)
    }

    /// Whether it looks at the groups of the person.
    pub(in crate::rules) fn asks_for_groups(&self) -> bool {
        self.asks_for_groups
    }
}

fn syntax(error: &ParseError) -> ConditionFault {
    ConditionFault { offset: Some(error.offset()), message: format!("not a filter: {error}") }
}

fn misfit(error: FilterError, text: &str) -> ConditionFault {
    let error = error.in_text(text);
    ConditionFault { offset: error.offset(), message: error.to_string() }
}

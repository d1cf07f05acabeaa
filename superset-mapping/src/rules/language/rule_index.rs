//! Which rules may mean a group, without asking each of them.

use std::collections::{HashMap, HashSet};

use regex::{RegexSet, RegexSetBuilder};
use scim_filter::fold;

use crate::rules::language::binding::Binding;
use crate::rules::language::group_pattern::MAX_MATCHED_NAME_LEN;
use crate::rules::language::rule::Rule;
use crate::rules::language::spanned_error::SpannedError;
use crate::rules::subject::GroupRef;

/// Memory that all patterns together may take, in bytes.
const MAX_COMPILED_SIZE: usize = 64 << 20;

/// The rules by what they recognise a group by. Rules are 0-based indices, ascending.
#[derive(Clone, Debug, Default)]
pub(in crate::rules) struct RuleIndex {
    names: HashMap<String, Vec<usize>>,
    external_ids: HashMap<String, Vec<usize>>,
    ids: HashMap<String, Vec<usize>>,
    patterns: RegexSet,
    /// The rule of each pattern.
    pattern_rules: Vec<usize>,
    /// The rules that ask about the person alone.
    people: Vec<usize>,
    /// The first rule that names a group, by the folded name.
    folded: HashMap<String, usize>,
    allowed: Option<HashSet<String>>,
}

impl RuleIndex {
    pub(in crate::rules) fn of(rules: &[Rule], allowed: Option<&[String]>) -> Result<Self, SpannedError> {
        let mut index = Self { allowed: allowed.map(|names| names.iter().cloned().collect()), ..Self::default() };
        let mut patterns = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            let known = match rule.binding() {
                None => {
                    index.people.push(number);
                    continue;
                }
                Some(Binding::Pattern(pattern)) => {
                    patterns.push(pattern.anchored());
                    index.pattern_rules.push(number);
                    continue;
                }
                Some(Binding::DisplayName(name)) => {
                    index.folded.entry(fold(name).into_owned()).or_insert(number);
                    index.names.entry(name.clone())
                }
                Some(Binding::ExternalId(id)) => index.external_ids.entry(id.clone()),
                Some(Binding::Id(id)) => index.ids.entry(id.clone()),
            };
            known.or_default().push(number);
        }
        index.patterns = RegexSetBuilder::new(&patterns).size_limit(MAX_COMPILED_SIZE).build().map_err(|_| {
            SpannedError::at(
                "rule",
                format!("the patterns together take more than {MAX_COMPILED_SIZE} bytes of memory"),
            )
        })?;
        Ok(index)
    }

    /// The rules whose binding means this group, in the order of the file.
    pub(in crate::rules) fn rules_for(&self, group: &GroupRef) -> Vec<usize> {
        let named = |by: &HashMap<String, Vec<usize>>, key: &str| by.get(key).cloned().unwrap_or_default();
        let mut found = named(&self.ids, group.id.as_str());
        if let Some(identifier) = group.identifier() {
            found.extend(named(&self.external_ids, identifier));
        }
        let name = group.display_name.as_str();
        if self.allows_name(name) {
            found.extend(named(&self.names, name));
            if !self.pattern_rules.is_empty() && name.len() <= MAX_MATCHED_NAME_LEN {
                let fitting = self.patterns.matches(name);
                found.extend(fitting.iter().filter_map(|pattern| self.pattern_rules.get(pattern)));
            }
        }
        found.sort_unstable();
        found
    }

    /// The rules bound to this identifier of a group.
    pub(in crate::rules) fn bound_to(&self, identifier: &str) -> &[usize] {
        self.external_ids.get(identifier).map_or(&[], Vec::as_slice)
    }

    /// Whether rules may look at the display name of a group.
    pub(in crate::rules) fn allows_name(&self, name: &str) -> bool {
        self.allowed.as_ref().is_none_or(|allowed| allowed.contains(name))
    }

    /// Whether there is a list of allowed groups.
    pub(in crate::rules) fn has_allowed_groups(&self) -> bool {
        self.allowed.is_some()
    }

    /// The rules that ask about the person alone.
    pub(in crate::rules) fn for_people(&self) -> &[usize] {
        &self.people
    }

    /// A rule whose group has this name but for its case.
    pub(in crate::rules) fn near(&self, name: &str) -> Option<usize> {
        self.folded.get(&*fold(name)).copied()
    }
}

//! The rules file: its form, and what a whole set of rules must not be.

use scim_core::Source;
use serde::{Deserialize, Serialize};

use crate::origin::is_provider_name;
use crate::rules::language::rule::{Ground, RuleEntry};
use crate::rules::language::rule_index::RuleIndex;
use crate::rules::language::rule_set::{RuleSet, UnknownGroups, protected_by_default};
use crate::rules::language::shadowing::unreachable;
use crate::rules::language::spanned_error::SpannedError;
use crate::rules::subject::Believed;

/// Most rules of a file.
pub const MAX_RULES: usize = 10_000;

/// The file as it is written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rules) struct RuleFile {
    #[serde(default)]
    default_roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sources: Option<Vec<String>>,
    #[serde(default = "protected_by_default")]
    protected_roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    allowed_groups: Option<Vec<String>>,
    #[serde(default)]
    unknown_groups: UnknownGroups,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    create_roles_from: Option<String>,
    #[serde(default, rename = "rule")]
    rules: Vec<RuleEntry>,
}

impl From<RuleSet> for RuleFile {
    fn from(rules: RuleSet) -> Self {
        Self {
            rules: rules.rules().iter().map(RuleEntry::from).collect(),
            default_roles: rules.default_roles,
            sources: rules.sources.map(|sources| sources.iter().map(ToString::to_string).collect()),
            protected_roles: rules.protected_roles,
            allowed_groups: rules.allowed_groups,
            unknown_groups: rules.unknown_groups,
            create_roles_from: rules.create_roles_from,
        }
    }
}

impl RuleFile {
    pub(in crate::rules) fn protected_roles(&self) -> &[String] {
        &self.protected_roles
    }

    /// The role whose permissions new roles get.
    pub(in crate::rules) fn template(&self) -> Option<&str> {
        self.create_roles_from.as_deref()
    }

    /// Whom rules may believe; `None` where the file does not say.
    pub(in crate::rules) fn sources(&self) -> Result<Option<Vec<Believed>>, SpannedError> {
        let Some(texts) = &self.sources else { return Ok(None) };
        if texts.is_empty() {
            return Err(SpannedError::at("sources", "expected at least one source, such as `scim`"));
        }
        let mut sources: Vec<Believed> = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let fault = |message: String| SpannedError::at("sources", message).index(index);
            let expected =
                || fault(format!("expected `scim`, `client:NAME`, `provider:NAME` or `host`, found `{text}`"));
            let source: Believed = text.parse().map_err(|_| expected())?;
            if let Believed::One(Source::Provider(name)) = &source
                && !is_provider_name(name)
            {
                return Err(fault(format!(
                    "no identity provider is called `{name}`: expected 1 to 40 of the characters a-z, 0-9 and `-`"
                )));
            }
            if sources.contains(&source) {
                return Err(fault(format!("the source `{source}` is named twice")));
            }
            sources.push(source);
        }
        Ok(Some(sources))
    }

    pub(in crate::rules) fn check(self, ground: &Ground<'_>) -> Result<RuleSet, SpannedError> {
        if let Some(template) = &self.create_roles_from {
            let fault = |message| SpannedError::at("create_roles_from", message);
            ground.check_existing_role(template).map_err(fault)?;
            if ground.is_protected(template) {
                return Err(fault(format!("the role `{template}` is protected: no role can be made after it")));
            }
        }
        for (index, role) in self.protected_roles.iter().enumerate() {
            if role.trim().is_empty() {
                return Err(SpannedError::at("protected_roles", "expected the name of a role").index(index));
            }
        }
        for (index, role) in self.default_roles.iter().enumerate() {
            let fault = |message| SpannedError::at("default_roles", message).index(index);
            ground.check_role(role).map_err(fault)?;
            if ground.is_protected(role) {
                return Err(fault(format!("the role `{role}` is protected: it can't be a default role")));
            }
        }
        for (index, group) in self.allowed_groups.iter().flatten().enumerate() {
            if group.is_empty() {
                return Err(SpannedError::at("allowed_groups", "expected the name of a group").index(index));
            }
        }
        if self.rules.len() > MAX_RULES {
            return Err(SpannedError::at("rule", format!("more than {MAX_RULES} rules")));
        }
        let mut rules = Vec::with_capacity(self.rules.len());
        for (index, entry) in self.rules.into_iter().enumerate() {
            rules.push(entry.check(ground).map_err(|fault| fault.in_rule(index))?);
        }
        unreachable(&rules, self.allowed_groups.as_deref())?;
        let index = RuleIndex::of(&rules, self.allowed_groups.as_deref())?;
        Ok(RuleSet {
            sources: ground.sources.map(<[Believed]>::to_vec),
            first_writers: Vec::new(),
            default_roles: self.default_roles,
            protected_roles: self.protected_roles,
            allowed_groups: self.allowed_groups,
            unknown_groups: self.unknown_groups,
            create_roles_from: self.create_roles_from,
            rules,
            index,
        })
    }
}

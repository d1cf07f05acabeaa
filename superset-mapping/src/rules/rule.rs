//! One rule: a group, and the roles its members get.

use serde::Deserialize;

use crate::rules::decide::GroupRef;

/// How a rule recognises a group. All three regard case, as Flask-AppBuilder's own `AUTH_ROLES_MAPPING` does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Binding {
    /// By `displayName`. Clients choose and change it, so such a rule never grants a protected role.
    DisplayName(String),
    /// By `externalId`, which the identity provider issues.
    ExternalId(String),
    /// By the SCIM `id`, which the service issues.
    Id(String),
}

impl Binding {
    /// The key of the rules file.
    pub fn key(&self) -> &'static str {
        match self {
            Self::DisplayName(_) => "group",
            Self::ExternalId(_) => "group_external_id",
            Self::Id(_) => "group_id",
        }
    }

    /// The name or identifier that the group must have.
    pub fn value(&self) -> &str {
        match self {
            Self::DisplayName(value) | Self::ExternalId(value) | Self::Id(value) => value,
        }
    }

    /// Whether the rule means this group.
    pub fn matches(&self, group: &GroupRef) -> bool {
        match self {
            Self::DisplayName(name) => group.display_name == *name,
            Self::ExternalId(id) => group.external_id.as_ref().is_some_and(|external| external.as_str() == id),
            Self::Id(id) => group.id.as_str() == id,
        }
    }
}

/// A rule that a [`RuleSet`](crate::RuleSet) has checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    binding: Binding,
    roles: Vec<String>,
    grants_protected: bool,
}

impl Rule {
    /// Which group.
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// Which roles, by the names that Superset knows them by.
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// Whether the rule may name protected roles.
    pub fn grants_protected(&self) -> bool {
        self.grants_protected
    }
}

/// A rule as the file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleEntry {
    group: Option<String>,
    group_external_id: Option<String>,
    group_id: Option<String>,
    roles: Vec<String>,
    #[serde(default)]
    grants_protected: bool,
}

/// What is wrong with a rule, and the key that the fault is at, if it is at one.
pub(super) struct RuleFault {
    pub(super) key: Option<&'static str>,
    pub(super) message: String,
}

impl RuleFault {
    fn at(key: &'static str, message: impl Into<String>) -> Self {
        Self { key: Some(key), message: message.into() }
    }
}

impl RuleEntry {
    /// Checks the rule against the roles for which `is_protected` holds.
    pub(super) fn check(self, is_protected: impl Fn(&str) -> bool) -> Result<Rule, RuleFault> {
        let bindings = [
            self.group.map(Binding::DisplayName),
            self.group_external_id.map(Binding::ExternalId),
            self.group_id.map(Binding::Id),
        ];
        let mut bindings = bindings.into_iter().flatten();
        let (Some(binding), None) = (bindings.next(), bindings.next()) else {
            let message = "expected exactly one of `group`, `group_external_id` and `group_id`".to_owned();
            return Err(RuleFault { key: None, message });
        };
        if binding.value().is_empty() {
            return Err(RuleFault::at(binding.key(), format!("`{}` is empty", binding.key())));
        }
        if self.roles.is_empty() || self.roles.iter().any(String::is_empty) {
            return Err(RuleFault::at("roles", "expected `roles` to name at least one role, and no role to be empty"));
        }
        if self.grants_protected && matches!(binding, Binding::DisplayName(_)) {
            let message = "a rule bound by display name can't grant protected roles, because clients choose display \
                           names: bind it by `group_external_id` or `group_id`";
            return Err(RuleFault::at("grants_protected", message));
        }
        if !self.grants_protected
            && let Some(role) = self.roles.iter().find(|role| is_protected(role))
        {
            let message = format!(
                "the role `{role}` is protected: only a rule bound by `group_external_id` or `group_id` with \
                 `grants_protected = true` may grant it"
            );
            return Err(RuleFault::at("roles", message));
        }
        Ok(Rule { binding, roles: self.roles, grants_protected: self.grants_protected })
    }
}

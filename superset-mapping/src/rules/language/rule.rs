//! One rule: whom it means, and the roles they get.

use std::collections::BTreeSet;

use scim_core::{Source, TypeSchema};
use scim_filter::fold;
use serde::{Deserialize, Serialize};

use crate::origin::is_provider_name;
use crate::rules::language::binding::Binding;
use crate::rules::language::condition::Condition;
use crate::rules::language::group_pattern::GroupPattern;
use crate::rules::language::role_template::{MAX_ROLE_LEN, RoleTemplate};
use crate::rules::language::spanned_error::SpannedError;
use crate::rules::subject::{Belief, Believed};

/// A rule that a [`RuleSet`](crate::RuleSet) has checked.
///
/// It means the members of the groups of its binding who fulfil its condition. One of the two may be missing, not both.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    binding: Option<Binding>,
    condition: Option<Condition>,
    belief: Belief,
    roles: Vec<RoleTemplate>,
    grants_protected: bool,
}

impl Rule {
    /// Which group; `None` where the rule asks about the person alone.
    pub fn binding(&self) -> Option<&Binding> {
        self.binding.as_ref()
    }

    /// What it asks of the person.
    pub fn condition(&self) -> Option<&Condition> {
        self.condition.as_ref()
    }

    /// Whose assertions it believes.
    pub fn belief(&self) -> &Belief {
        &self.belief
    }

    /// Which roles, by the names that Superset knows them by.
    pub fn roles(&self) -> &[RoleTemplate] {
        &self.roles
    }

    /// Whether the rule may name protected roles.
    pub fn grants_protected(&self) -> bool {
        self.grants_protected
    }
}

/// A rule as the file has it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rules) struct RuleEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    when: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    roles: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    grants_protected: bool,
}

impl From<&Rule> for RuleEntry {
    fn from(rule: &Rule) -> Self {
        let bound =
            |key| rule.binding().filter(|binding| binding.key() == key).map(|binding| binding.value().to_owned());
        let sources = rule.belief.sources.iter();
        let believed = |choose: fn(&Believed) -> Option<&str>| sources.clone().find_map(choose).map(str::to_owned);
        Self {
            from: believed(|source| match source {
                Believed::Scim => Some("scim"),
                Believed::One(Source::Host) => Some("host"),
                Believed::One(_) => None,
            }),
            client: believed(|source| match source {
                Believed::One(Source::Client(name)) => Some(&**name),
                _ => None,
            }),
            provider: believed(|source| match source {
                Believed::One(Source::Provider(name)) => Some(&**name),
                _ => None,
            }),
            tenant: rule.belief.tenant.clone(),
            group: bound("group"),
            group_pattern: bound("group_pattern"),
            group_external_id: bound("group_external_id"),
            group_id: bound("group_id"),
            when: rule.condition().map(|condition| condition.as_str().to_owned()),
            roles: rule.roles().iter().map(|role| role.as_str().to_owned()).collect(),
            grants_protected: rule.grants_protected(),
        }
    }
}

/// Whether a role is among the protected ones: without regard to case, because MySQL finds the role `Admin` by the name `admin`
/// too.
pub(crate) fn protects(protected: &[String], role: &str) -> bool {
    let role = fold(role.trim());
    protected.iter().any(|protected| fold(protected.trim()) == role)
}

/// What a rule is checked against.
pub(in crate::rules) struct Ground<'a> {
    /// Roles that are protected, as they are written.
    pub(in crate::rules) protected: &'a [String],
    /// The roles that Superset has, where the host knows them.
    pub(in crate::rules) known: Option<&'a BTreeSet<String>>,
    /// Whether those that it lacks are made.
    pub(in crate::rules) creates: bool,
    /// The schema of users.
    pub(in crate::rules) user: &'a TypeSchema,
    /// Whom rules may believe, where the file says so.
    pub(in crate::rules) sources: Option<&'a [Believed]>,
}

impl Ground<'_> {
    pub(in crate::rules) fn is_protected(&self, role: &str) -> bool {
        protects(self.protected, role)
    }

    /// Refuses a role that can't be one, or that Superset neither has nor gets.
    pub(in crate::rules) fn check_role(&self, role: &str) -> Result<(), String> {
        let spelled = |known: &BTreeSet<String>| known.iter().any(|known| fold(known) == fold(role));
        if self.creates && !role.is_empty() && !self.known.is_some_and(spelled) && !self.is_protected(role) {
            return check_length(role);
        }
        self.check_existing_role(role)
    }

    /// Refuses a role that can't be one, or that Superset does not have.
    pub(in crate::rules) fn check_existing_role(&self, role: &str) -> Result<(), String> {
        if role.is_empty() {
            return Err("expected the name of a role".to_owned());
        }
        check_length(role)?;
        let Some(known) = self.known else { return Ok(()) };
        if known.contains(role) {
            return Ok(());
        }
        let near = known.iter().find(|known| fold(known) == fold(role));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Err(format!("unknown role `{role}`{hint}"))
    }
}

fn check_length(role: &str) -> Result<(), String> {
    if role.chars().count() > MAX_ROLE_LEN {
        return Err(format!("the name of a role has at most {MAX_ROLE_LEN} characters"));
    }
    Ok(())
}

impl RuleEntry {
    pub(in crate::rules) fn check(self, ground: &Ground<'_>) -> Result<Rule, SpannedError> {
        let binding = self.binding()?;
        let belief = self.belief(ground)?;
        let condition = match &self.when {
            Some(text) => Some(
                Condition::check(text, ground.user)
                    .map_err(|fault| SpannedError::at("when", fault.message).offset(fault.offset))?,
            ),
            None => None,
        };
        if binding.is_none() && condition.is_none() {
            return Err(SpannedError::new(
                "expected `group`, `group_pattern`, `group_external_id` or `group_id` to say which group, or `when` to say \
                 which people",
            ));
        }
        if self.grants_protected {
            may_grant_protected(binding.as_ref(), condition.as_ref())?;
        }
        let roles = self.roles(binding.as_ref(), ground)?;
        Ok(Rule { binding, condition, belief, roles, grants_protected: self.grants_protected })
    }

    fn binding(&self) -> Result<Option<Binding>, SpannedError> {
        let given = [
            ("group", &self.group),
            ("group_pattern", &self.group_pattern),
            ("group_external_id", &self.group_external_id),
            ("group_id", &self.group_id),
        ];
        let mut given = given.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        let Some((key, value)) = given.next() else { return Ok(None) };
        if let Some((other, _)) = given.next() {
            return Err(SpannedError::at(other, format!("a rule names its group once: `{key}` is there already")));
        }
        if value.is_empty() {
            return Err(SpannedError::at(key, format!("`{key}` is empty")));
        }
        if key == "group_external_id" && value.starts_with(Source::BY_LOGIN) {
            let message = format!(
                "what starts with `{}` is this service's own form: write the identity provider's own identifier, and `provider` \
                 beside it",
                Source::BY_LOGIN
            );
            return Err(SpannedError::at(key, message));
        }
        let value = value.clone();
        Ok(Some(match key {
            "group" => Binding::DisplayName(value),
            "group_external_id" => Binding::ExternalId(value),
            "group_id" => Binding::Id(value),
            _ => Binding::Pattern(
                GroupPattern::compile(&value)
                    .map_err(|fault| SpannedError::at(key, fault.message).offset(fault.offset))?,
            ),
        }))
    }

    fn belief(&self, ground: &Ground<'_>) -> Result<Belief, SpannedError> {
        let mut sources = Vec::new();
        let mut keys = Vec::new();
        for (key, value) in [("from", &self.from), ("client", &self.client), ("provider", &self.provider)] {
            let Some(value) = value else { continue };
            let source = match (key, value.as_str()) {
                ("from", "scim") => Believed::Scim,
                ("from", "host") => Believed::One(Source::Host),
                ("from", _) => {
                    let expected = "expected `scim` for every SCIM client, or `host`; one of them is named by `client`, an \
                                    identity provider by `provider`";
                    return Err(SpannedError::at(key, expected));
                }
                ("client", "*") => {
                    return Err(SpannedError::at(
                        key,
                        "no client is called `*`: every SCIM client is meant by `from = \"scim\"`",
                    ));
                }
                (_, "") => return Err(SpannedError::at(key, format!("`{key}` is empty"))),
                ("client", name) => Believed::One(Source::client(name)),
                (_, name) if is_provider_name(name) => Believed::One(Source::provider(name)),
                _ => {
                    let message =
                        "expected the name of an identity provider: 1 to 40 of the characters a-z, 0-9 and `-`";
                    return Err(SpannedError::at(key, message));
                }
            };
            sources.push(source);
            keys.push(key);
        }
        if sources.first() == Some(&Believed::Scim) && keys.get(1) == Some(&"client") {
            let message = "`from = \"scim\"` believes every SCIM client: leave one of the two out";
            return Err(SpannedError::at("client", message));
        }
        if self.tenant.as_deref() == Some("") {
            return Err(SpannedError::at("tenant", "`tenant` is empty"));
        }
        if let Some(listed) = ground.sources {
            for (source, key) in sources.iter().zip(&keys) {
                if !listed.iter().any(|listed| listed.covers(source)) {
                    return Err(SpannedError::at(key, format!("`{source}` is not among the `sources`")));
                }
            }
            if sources.is_empty() && listed.len() > 1 {
                return Err(SpannedError::new(
                    "there are several `sources`: say whom the rule believes, by `from`, `client` or `provider`",
                ));
            }
        }
        Ok(Belief { sources, tenant: self.tenant.clone() })
    }

    fn roles(&self, binding: Option<&Binding>, ground: &Ground<'_>) -> Result<Vec<RoleTemplate>, SpannedError> {
        if self.roles.is_empty() {
            return Err(SpannedError::at("roles", "expected `roles` to name at least one role"));
        }
        let mut roles: Vec<RoleTemplate> = Vec::new();
        for (index, text) in self.roles.iter().enumerate() {
            let fault = |message: String| SpannedError::at("roles", message).index(index);
            let role = RoleTemplate::parse(text).map_err(|bad| fault(bad.message).offset(Some(bad.offset)))?;
            if roles.contains(&role) {
                return Err(fault(format!("the role `{role}` is named twice")));
            }
            match role.as_fixed() {
                Some(name) => {
                    ground.check_role(name).map_err(fault)?;
                    if !self.grants_protected && ground.is_protected(name) {
                        return Err(fault(format!(
                            "the role `{name}` is protected: only a rule bound by `group_external_id` or `group_id` with \
                             `grants_protected = true` may grant it"
                        )));
                    }
                }
                None => check_captures(&role, binding, ground).map_err(|(message, capture)| {
                    fault(message).offset(capture.and_then(|capture| Some(role.place_of(capture)?.start)))
                })?,
            }
            roles.push(role);
        }
        Ok(roles)
    }
}

/// What a client can change by renaming a group must not decide over a protected role.
fn may_grant_protected(binding: Option<&Binding>, condition: Option<&Condition>) -> Result<(), SpannedError> {
    let by_identifier = "bind it by `group_external_id` or `group_id`";
    match binding {
        Some(binding) if binding.is_identifier() => {}
        Some(_) => {
            return Err(SpannedError::at(
                "grants_protected",
                format!(
                    "a rule bound by display name can't grant protected roles, because clients choose display names: \
                     {by_identifier}"
                ),
            ));
        }
        None => {
            let message = format!("a rule without a group can't grant protected roles: {by_identifier}");
            return Err(SpannedError::at("grants_protected", message));
        }
    }
    if condition.is_some_and(Condition::asks_for_groups) {
        let message = "a rule that grants protected roles can't ask for `groups`, whose names clients choose";
        return Err(SpannedError::at("when", message));
    }
    Ok(())
}

/// What is wrong, and with which capture.
fn check_captures<'r>(
    role: &'r RoleTemplate,
    binding: Option<&Binding>,
    ground: &Ground<'_>,
) -> Result<(), (String, Option<&'r str>)> {
    let Some(Binding::Pattern(pattern)) = binding else {
        let message = "captures such as `${team}` are those of a `group_pattern`".to_owned();
        return Err((message, role.captures().next()));
    };
    if let Some(unknown) = role.captures().find(|capture| !pattern.capture_names().any(|name| name == *capture)) {
        return Err((format!("the pattern has no capture `{unknown}`: write it `(?<{unknown}>...)`"), Some(unknown)));
    }
    let Some(spellings) = role.spellings(pattern) else {
        return Err(("the names that this role can have take too much memory to check".to_owned(), None));
    };
    let spelled = ground.protected.iter().find(|protected| spellings.is_match(protected.trim()));
    if let Some(protected) = spelled {
        let message = format!(
            "a group's name can make `{role}` the protected role `{protected}`: add a part to the role that `{protected}` does \
             not have, or narrow the capture"
        );
        return Err((message, role.captures().next()));
    }
    Ok(())
}

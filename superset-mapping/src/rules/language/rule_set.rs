//! The rules by which groups become roles.

use std::collections::BTreeSet;

use scim_core::Source;
use serde::{Deserialize, Serialize};

use crate::rules::language::role_template::RoleTemplate;
use crate::rules::language::rule::Rule;
use crate::rules::language::rule_index::RuleIndex;
use crate::rules::subject::{Believed, Trust};

/// The rules by which groups become Superset roles.
///
/// Read from TOML (`text.parse()`), or from TOML or JSON by a [`RuleReader`](crate::RuleReader) that knows more; serde reads and
/// writes them in any format. Unknown keys are refused, because a rule that is only half understood grants the wrong roles, and
/// so are rules that can't give anything.
///
/// ```
/// use superset_mapping::RuleSet;
///
/// let rules: RuleSet = r#"
///     default_roles = ["Gamma"]          # for a provisioned person whom no rule gives a role
///     protected_roles = ["Admin"]        # the default
///     unknown_groups = "ignore"          # the default; or "refuse"
///     create_roles_from = "Gamma"        # roles that Superset lacks are made with the permissions of this one
///     sources = ["scim"]                 # who may write: "scim", "client:okta", "provider:partners", "host"
///
///     [[rule]]
///     group = "analytics-team"           # display name: exact, with regard to case
///     roles = ["Alpha", "sql_lab"]
///
///     [[rule]]
///     group = "finance-team"
///     when = 'title eq "analyst"'        # a SCIM filter over the user: both must hold
///     roles = ["Finance"]
///
///     [[rule]]
///     group_pattern = "company:(?<team>[a-z-]+)-team"
///     roles = ["Team ${team}"]
///
///     [[rule]]
///     group_external_id = "grp-exec"     # or group_id: what the client can't simply rename
///     roles = ["Admin"]
///     grants_protected = true
/// "#.parse()?;
/// assert_eq!(rules.rules().len(), 4);
/// # Ok::<(), superset_mapping::RuleError>(())
/// ```
///
/// # Which groups count
///
/// A group is known when a rule binds it, by name, form or identifier. With `allowed_groups`, a list of display names, rules look
/// at no other names; groups that are bound by an identifier are known all the same. Unknown groups give nothing; with
/// `unknown_groups = "refuse"` they also withhold whatever names and conditions give: see
/// [`Decision::is_refused`](crate::Decision::is_refused).
///
/// # Roles that Superset lacks
///
/// A missing role gives nothing, and takes nothing away: whoever would have it alone has the default roles, and explanations name
/// it. With `create_roles_from` it is made when somebody is to get it, with the permissions that the template has then; what a
/// person changes of either later stays as it is. Only a name that is not protected, and that no role has in another case, is made.
///
/// # Whom rules believe
///
/// Names and identifiers are claims, so a rule asks who makes them: it believes a person in a group only where it believes who
/// asserts the person, who asserts the group, and who asserts every membership on a way between the two. It says whom by
/// `from = "scim"` (every SCIM client), `client = "okta"`, `provider = "partners"` (an identity provider, by its logins) and
/// `tenant = "acme"`. Of several sources it believes each, a tenant narrows them down. With `provider`, `group_external_id` is the
/// identity provider's own identifier.
///
/// A rule that names no source believes the one of `sources`; where a file lists several, each rule has to name one. Without the
/// list it believes the first source that ever wrote ([`believing`](Self::believing)). Default roles are for the people of any
/// source that is listed, without the list for those of the first.
///
/// # Limits
///
/// [`MAX_RULES_LEN`](crate::rules::MAX_RULES_LEN), [`MAX_RULES`](crate::rules::MAX_RULES), [`MAX_PATTERN_LEN`](crate::rules::MAX_PATTERN_LEN),
/// [`MAX_MATCHED_NAME_LEN`](crate::rules::MAX_MATCHED_NAME_LEN), [`MAX_ROLE_LEN`](crate::rules::MAX_ROLE_LEN), and those of
/// [`scim_filter::FilterLimits`] for conditions.
#[derive(Clone, Debug)]
pub struct RuleSet {
    pub(in crate::rules) sources: Option<Vec<Believed>>,
    /// The first source that ever wrote, where the file lists none.
    pub(in crate::rules) first_writers: Vec<Believed>,
    pub(in crate::rules) default_roles: Vec<String>,
    pub(in crate::rules) protected_roles: Vec<String>,
    pub(in crate::rules) allowed_groups: Option<Vec<String>>,
    pub(in crate::rules) unknown_groups: UnknownGroups,
    pub(in crate::rules) create_roles_from: Option<String>,
    pub(in crate::rules) rules: Vec<Rule>,
    /// Follows from the rest.
    pub(in crate::rules) index: RuleIndex,
}

/// What becomes of people in groups that no rule names and no list allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownGroups {
    /// The group gives nothing.
    #[default]
    Ignore,
    /// The person gets nothing but what identifiers of other groups give, and is not logged in just in time.
    Refuse,
}

/// The roles that are protected where nothing else is said.
pub(in crate::rules) fn protected_by_default() -> Vec<String> {
    vec!["Admin".to_owned()]
}

impl Default for RuleSet {
    /// No rules and no default roles: nobody gets a role.
    fn default() -> Self {
        Self {
            sources: None,
            first_writers: Vec::new(),
            default_roles: Vec::new(),
            protected_roles: protected_by_default(),
            allowed_groups: None,
            unknown_groups: UnknownGroups::default(),
            create_roles_from: None,
            rules: Vec::new(),
            index: RuleIndex::default(),
        }
    }
}

impl PartialEq for RuleSet {
    fn eq(&self, other: &Self) -> bool {
        self.sources == other.sources
            && self.first_writers == other.first_writers
            && self.default_roles == other.default_roles
            && self.protected_roles == other.protected_roles
            && self.allowed_groups == other.allowed_groups
            && self.unknown_groups == other.unknown_groups
            && self.create_roles_from == other.create_roles_from
            && self.rules == other.rules
    }
}

impl RuleSet {
    /// The roles for whom no rule gives a role.
    pub fn default_roles(&self) -> &[String] {
        &self.default_roles
    }

    /// The roles that only a rule with `grants_protected` may give.
    pub fn protected_roles(&self) -> &[String] {
        &self.protected_roles
    }

    /// The display names that rules may look at; `None` means all.
    pub fn allowed_groups(&self) -> Option<&[String]> {
        self.allowed_groups.as_deref()
    }

    /// What becomes of people in unknown groups.
    pub fn unknown_groups(&self) -> UnknownGroups {
        self.unknown_groups
    }

    /// The role whose permissions roles get that Superset lacks; `None` where such roles give nothing.
    pub fn create_roles_from(&self) -> Option<&str> {
        self.create_roles_from.as_deref()
    }

    /// Who may write, as far as the file says so.
    pub fn sources(&self) -> Option<&[Believed]> {
        self.sources.as_deref()
    }

    /// The same rules, told which sources ever wrote, in the order in which they first did. Where the file lists no sources, the
    /// first one is believed by the rules that name none: what a second one claims gives nothing. A client whose name was never
    /// recorded is taken for the first one that has a name. The host is no second one: it is believed beside the first.
    ///
    /// ```
    /// use scim_core::Source;
    /// use superset_mapping::RuleSet;
    ///
    /// let rules = RuleSet::default().believing(&[Source::client("okta"), Source::provider("partners")]);
    /// assert_eq!(rules.believed().map(ToString::to_string).collect::<Vec<_>>(), ["client:okta", "host"]);
    /// ```
    #[must_use]
    pub fn believing(self, writers: &[Source]) -> Self {
        let mut first: Vec<&Source> = writers.iter().find(|source| **source != Source::Host).into_iter().collect();
        if first == [&Source::UnknownClient] {
            first.extend(writers.iter().find(|source| matches!(source, Source::Client(_))));
        }
        if !writers.is_empty() {
            first.push(&Source::Host);
        }
        Self { first_writers: first.into_iter().cloned().map(Believed::One).collect(), ..self }
    }

    /// Whom rules believe that name no source; nobody where neither the file nor [`believing`](Self::believing) has told.
    pub fn believed(&self) -> impl Iterator<Item = &Believed> {
        self.sources.as_deref().unwrap_or(&self.first_writers).iter()
    }

    /// Whom rules believe that name no source. `same` is for where nothing has told.
    pub(in crate::rules) fn trust<'a>(&'a self, same: Trust<'a>) -> Trust<'a> {
        match &self.sources {
            Some(sources) => Trust::These(sources),
            None if self.first_writers.is_empty() => same,
            None => Trust::These(&self.first_writers),
        }
    }

    /// The rules in the order of the file.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with this 1-based number.
    pub fn rule(&self, number: usize) -> Option<&Rule> {
        self.rules.get(number.checked_sub(1)?)
    }

    /// Every role that can be given, default roles included, but for those with captures, whose names groups make.
    pub fn roles(&self) -> BTreeSet<&str> {
        let of_rules = self.rules.iter().flat_map(Rule::roles).filter_map(RoleTemplate::as_fixed);
        of_rules.chain(self.default_roles.iter().map(String::as_str)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_protects_admin_and_grants_nothing() {
        let rules: RuleSet = "".parse().unwrap();
        assert_eq!(rules, RuleSet::default());
        assert_eq!(rules.protected_roles(), ["Admin"]);
        assert_eq!(rules.unknown_groups(), UnknownGroups::Ignore);
        assert!(rules.roles().is_empty());
    }

    #[test]
    fn roles_with_captures_are_not_known_beforehand() {
        let text = "default_roles = ['Gamma']\n[[rule]]\ngroup_pattern = 'a-(?<b>.*)'\nroles = ['Alpha', 'T ${b}']";
        let rules: RuleSet = text.parse().unwrap();
        assert_eq!(rules.roles().into_iter().collect::<Vec<_>>(), ["Alpha", "Gamma"]);
        assert_eq!(rules.rule(1).unwrap().roles()[1].as_str(), "T ${b}");
        assert!(rules.rule(0).is_none() && rules.rule(2).is_none());
    }

    #[test]
    fn what_is_written_by_serde_is_read_again() {
        let text = r#"
            default_roles = ["Gamma"]
            allowed_groups = ["a", "b-c"]
            unknown_groups = "refuse"
            create_roles_from = "Gamma"
            sources = ["scim", "client:okta", "provider:partners"]
            [[rule]]
            group = "a"
            from = "scim"
            when = 'title eq "x"'
            roles = ["Alpha"]
            [[rule]]
            group_pattern = "b-(?<x>.*)"
            client = "okta"
            provider = "partners"
            roles = ["B ${x}"]
            [[rule]]
            group_external_id = "e"
            provider = "partners"
            tenant = "t"
            roles = ["Admin"]
            grants_protected = true
            [[rule]]
            group_id = "i"
            from = "scim"
            roles = ["Alpha"]
            [[rule]]
            when = "active eq true"
            client = "okta"
            roles = ["Alpha"]
        "#;
        let rules: RuleSet = text.parse().unwrap();
        let json = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<RuleSet>(&json).unwrap(), rules);
    }
}

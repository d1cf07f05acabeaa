//! The rules by which groups become roles.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::rules::role_template::RoleTemplate;
use crate::rules::rule::Rule;
use crate::rules::rule_file::{RuleFile, protected_by_default};
use crate::rules::rule_index::RuleIndex;

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
/// # Limits
///
/// [`MAX_RULES_LEN`](crate::MAX_RULES_LEN), [`MAX_RULES`](crate::MAX_RULES), [`MAX_PATTERN_LEN`](crate::MAX_PATTERN_LEN),
/// [`MAX_MATCHED_NAME_LEN`](crate::MAX_MATCHED_NAME_LEN), [`MAX_ROLE_LEN`](crate::MAX_ROLE_LEN), and those of
/// [`scim_filter::Limits`] for conditions.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "RuleFile", into = "RuleFile")]
pub struct RuleSet {
    pub(super) default_roles: Vec<String>,
    pub(super) protected_roles: Vec<String>,
    pub(super) allowed_groups: Option<Vec<String>>,
    pub(super) unknown_groups: UnknownGroups,
    pub(super) create_roles_from: Option<String>,
    pub(super) rules: Vec<Rule>,
    /// Follows from the rest.
    pub(super) index: RuleIndex,
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

impl Default for RuleSet {
    /// No rules and no default roles: nobody gets a role.
    fn default() -> Self {
        Self {
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
        self.default_roles == other.default_roles
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
            [[rule]]
            group = "a"
            when = 'title eq "x"'
            roles = ["Alpha"]
            [[rule]]
            group_pattern = "b-(?<x>.*)"
            roles = ["B ${x}"]
            [[rule]]
            group_external_id = "e"
            roles = ["Admin"]
            grants_protected = true
            [[rule]]
            group_id = "i"
            roles = ["Alpha"]
            [[rule]]
            when = "active eq true"
            roles = ["Alpha"]
        "#;
        let rules: RuleSet = text.parse().unwrap();
        let json = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<RuleSet>(&json).unwrap(), rules);
    }
}

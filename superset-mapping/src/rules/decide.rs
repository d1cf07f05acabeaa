//! The decision: which roles a person gets, and why.

use std::collections::{BTreeMap, BTreeSet};

use scim_core::{ExternalId, Resource, ResourceId};
use scim_filter::fold;

use crate::rules::rule::{Binding, Rule};
use crate::rules::rule_set::RuleSet;

/// A group that a person is in, directly or through other groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRef {
    /// The SCIM `id`.
    pub id: ResourceId,
    /// The `externalId`.
    pub external_id: Option<ExternalId>,
    /// The `displayName`.
    pub display_name: String,
}

/// A person and the groups that speak for them.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The User resource.
    pub user: &'a Resource,
    /// All groups, indirect ones included, each once.
    pub groups: Vec<GroupRef>,
}

/// Why a role is given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// A rule recognised a group.
    Rule {
        /// The 1-based number of the rule in the file.
        rule: usize,
        /// The display name of the group.
        group: String,
    },
    /// No rule matched, and the role is among the default roles.
    Default,
}

/// Why a group gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyIgnored {
    /// No rule names it.
    NoRule,
    /// A rule names it in another case, and names regard case.
    OtherCase {
        /// The 1-based number of the rule in the file.
        rule: usize,
        /// The name as the rule has it.
        name: String,
    },
}

/// A group that gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredGroup {
    /// The group.
    pub group: GroupRef,
    /// Why.
    pub why: WhyIgnored,
}

/// The roles of a person, each with its reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    roles: BTreeMap<String, BTreeSet<Reason>>,
    ignored: Vec<IgnoredGroup>,
}

impl Decision {
    /// The roles in the order of their names.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = &str> {
        self.roles.keys().map(String::as_str)
    }

    /// Whether the role is given.
    pub fn grants(&self, role: &str) -> bool {
        self.roles.contains_key(role)
    }

    /// The reasons for a role: rules in the order of the file.
    pub fn reasons(&self, role: &str) -> impl Iterator<Item = &Reason> {
        self.roles.get(role).into_iter().flatten()
    }

    /// The groups that gave nothing.
    pub fn ignored(&self) -> &[IgnoredGroup] {
        &self.ignored
    }
}

impl RuleSet {
    /// Decides the roles of a person. Default roles go to whom no rule matches.
    ///
    /// The decision does not look at `active`: whether a person may have roles at all is for the store to say.
    ///
    /// ```
    /// use scim_core::Resource;
    /// use superset_mapping::{GroupRef, RuleSet, Subject};
    ///
    /// let rules: RuleSet = r#"
    ///     default_roles = ["Gamma"]
    ///     [[rule]]
    ///     group = "analytics-team"
    ///     roles = ["Alpha"]
    /// "#.parse()?;
    /// let user = Resource::default();
    /// let group = GroupRef { id: "g-1".parse()?, external_id: None, display_name: "analytics-team".into() };
    ///
    /// let decision = rules.decide(&Subject { user: &user, groups: vec![group] });
    /// assert_eq!(decision.roles().collect::<Vec<_>>(), ["Alpha"]);
    /// let decision = rules.decide(&Subject { user: &user, groups: vec![] });
    /// assert_eq!(decision.roles().collect::<Vec<_>>(), ["Gamma"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decide(&self, subject: &Subject<'_>) -> Decision {
        let mut decision = Decision::default();
        let mut matched = false;
        for group in &subject.groups {
            let mut spoke = false;
            for (number, rule) in self.numbered() {
                if !rule.binding().matches(group) {
                    continue;
                }
                spoke = true;
                for role in rule.roles() {
                    let reason = Reason::Rule { rule: number, group: group.display_name.clone() };
                    decision.roles.entry(role.clone()).or_default().insert(reason);
                }
            }
            matched |= spoke;
            if !spoke {
                decision.ignored.push(IgnoredGroup { group: group.clone(), why: self.why_ignored(group) });
            }
        }
        if !matched {
            for role in self.default_roles() {
                decision.roles.entry(role.clone()).or_default().insert(Reason::Default);
            }
        }
        decision
    }

    /// The roles that every member gets because of this group alone, whoever the member is.
    ///
    /// Where Superset has groups these can be granted to the group instead of to each member.
    ///
    /// ```
    /// use superset_mapping::{GroupRef, RuleSet};
    ///
    /// let rules: RuleSet = "[[rule]]\ngroup = \"analytics-team\"\nroles = [\"Alpha\"]".parse()?;
    /// let group = GroupRef { id: "g-1".parse()?, external_id: None, display_name: "analytics-team".into() };
    /// assert!(rules.roles_of_group(&group).into_iter().eq(["Alpha"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn roles_of_group(&self, group: &GroupRef) -> BTreeSet<&str> {
        let matching = self.rules().iter().filter(|rule| rule.binding().matches(group));
        matching.flat_map(Rule::roles).map(String::as_str).collect()
    }

    fn why_ignored(&self, group: &GroupRef) -> WhyIgnored {
        let folded = fold(&group.display_name);
        let near = self.numbered().find_map(|(rule, candidate)| match candidate.binding() {
            Binding::DisplayName(name) if fold(name) == folded => Some((rule, name.clone())),
            _ => None,
        });
        near.map_or(WhyIgnored::NoRule, |(rule, name)| WhyIgnored::OtherCase { rule, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: &str, external_id: Option<&str>, display_name: &str) -> GroupRef {
        GroupRef {
            id: id.parse().unwrap(),
            external_id: external_id.map(ExternalId::from),
            display_name: display_name.to_owned(),
        }
    }

    fn decide(rules: &str, groups: Vec<GroupRef>) -> Decision {
        let rules: RuleSet = rules.parse().unwrap();
        rules.decide(&Subject { user: &Resource::default(), groups })
    }

    const RULES: &str = r#"
        default_roles = ["Gamma"]
        [[rule]]
        group = "analysts"
        roles = ["Alpha", "sql_lab"]
        [[rule]]
        group_external_id = "grp-exec"
        roles = ["Admin"]
        grants_protected = true
        [[rule]]
        group_id = "g-9"
        roles = ["Alpha"]
    "#;

    fn roles(groups: Vec<GroupRef>) -> Vec<String> {
        decide(RULES, groups).roles().map(str::to_owned).collect()
    }

    #[test]
    fn roles_of_all_groups_add_up_and_come_sorted() {
        assert_eq!(roles(vec![group("g-1", None, "analysts")]), ["Alpha", "sql_lab"]);
        assert_eq!(
            roles(vec![group("g-1", None, "analysts"), group("g-2", Some("grp-exec"), "x")]),
            ["Admin", "Alpha", "sql_lab"]
        );
    }

    #[test]
    fn default_roles_are_for_those_whom_no_rule_matches() {
        assert_eq!(roles(vec![]), ["Gamma"]);
        assert_eq!(roles(vec![group("g-1", None, "others")]), ["Gamma"]);
        assert_eq!(roles(vec![group("g-9", None, "others")]), ["Alpha"]);
    }

    #[test]
    fn a_role_names_every_rule_that_gave_it() {
        let decision = decide(RULES, vec![group("g-9", None, "analysts")]);
        let reasons: Vec<_> = decision.reasons("Alpha").cloned().collect();
        assert_eq!(reasons, [1, 3].map(|rule| Reason::Rule { rule, group: "analysts".into() }));
        assert!(!decision.grants("Gamma"));
    }

    #[test]
    fn an_ignored_group_says_whether_only_its_case_differs() {
        let decision = decide(RULES, vec![group("g-1", None, "Analysts"), group("g-2", Some("GRP-EXEC"), "exec")]);
        let why: Vec<_> = decision.ignored().iter().map(|ignored| ignored.why.clone()).collect();
        assert_eq!(why, [WhyIgnored::OtherCase { rule: 1, name: "analysts".into() }, WhyIgnored::NoRule]);
        assert_eq!(decision.roles().collect::<Vec<_>>(), ["Gamma"]);
    }

    #[test]
    fn a_display_name_stands_for_neither_an_id_nor_an_external_id() {
        assert_eq!(roles(vec![group("g-1", None, "grp-exec"), group("g-2", Some("g-9"), "g-9")]), ["Gamma"]);
        assert_eq!(roles(vec![group("grp-exec", Some("analysts"), "Admin")]), ["Gamma"]);
    }
}

//! Deciding.

use std::collections::BTreeSet;
use std::sync::Arc;

use scim_core::{Provenance, Resource};

use crate::rules::decide::decision::{Decision, IgnoredGroup, Reason, WhyIgnored, by_group};
use crate::rules::language::Binding;
use crate::rules::language::MAX_ROLE_LEN;
use crate::rules::language::{Rule, protects};
use crate::rules::language::{RuleSet, UnknownGroups};
use crate::rules::subject::{Belief, Doubt, Trust};
use crate::rules::subject::{GroupRef, Subject, user_in};

impl RuleSet {
    /// Decides the roles of a person: those of every rule that means them, else the default roles.
    ///
    /// A pure function, in time linear in the number of groups: rules are found by the group's name and identifiers, patterns by
    /// one pass over the name, and a condition is run once. A rule gives nothing by what it does not believe. The decision does not look at `active`: whether a person may have
    /// roles at all is for the store to say.
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
    /// let group = GroupRef::new("g-1".parse()?, "analytics-team");
    ///
    /// let decision = rules.decide(&Subject { user: &user, groups: vec![group] });
    /// assert_eq!(decision.roles().collect::<Vec<_>>(), ["Alpha"]);
    /// let decision = rules.decide(&Subject { user: &user, groups: vec![] });
    /// assert_eq!(decision.roles().collect::<Vec<_>>(), ["Gamma"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decide(&self, subject: &Subject<'_>) -> Decision {
        let found: Vec<Vec<usize>> = subject.groups.iter().map(|group| self.index.rules_for(group)).collect();
        let mut deciding = Deciding {
            rules: self,
            subject,
            trust: self.trust(Trust::same(subject)),
            found: &found,
            in_groups: Vec::new(),
            held: vec![None; self.rules.len()],
            decision: Decision::default(),
        };
        if self.unknown_groups == UnknownGroups::Refuse {
            let unknown = subject.groups.iter().zip(&found).filter(|(group, rules)| deciding.is_unknown(group, rules));
            let unknown = unknown.map(|(group, _)| group.display_name.clone()).collect();
            deciding.decision.refused_by = unknown;
        }
        for (group, rules) in subject.groups.iter().zip(&found) {
            deciding.group(group, rules);
        }
        if !deciding.decision.is_refused() {
            deciding.people();
        }
        let person = deciding.person();
        let believed = deciding.trust.believes(person.as_ref().map(|provenance| provenance.source()));
        deciding.decision.person = person;
        // Default roles are for users whose source is believed.
        let default_roles = self.default_roles.iter().filter(|_| believed);
        deciding.decision.with_default_roles(default_roles.cloned())
    }

    /// The roles that every member gets because of this group alone, whoever the member is and whatever other groups there are,
    /// if member and membership are asserted by whoever asserts the group.
    ///
    /// Where Superset has groups these can be granted to the group instead of to each member.
    ///
    /// ```
    /// use superset_mapping::{GroupRef, RuleSet};
    ///
    /// let rules: RuleSet = "[[rule]]\ngroup = \"analytics-team\"\nroles = [\"Alpha\"]".parse()?;
    /// let group = GroupRef::new("g-1".parse()?, "analytics-team");
    /// assert!(rules.roles_of_group(&group).into_iter().eq(["Alpha"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn roles_of_group(&self, group: &GroupRef) -> BTreeSet<String> {
        let mut roles = BTreeSet::new();
        for (_, rule) in self.rules_of_group(group) {
            self.each_role(rule, group, |role| {
                roles.extend(role.ok());
            });
        }
        roles
    }

    /// In words by which rule a group has a role of [`roles_of_group`](Self::roles_of_group): the first that gives it.
    pub fn rule_of_group(&self, group: &GroupRef, role: &str) -> Option<String> {
        let (index, _) = self.rules_of_group(group).find(|(_, rule)| {
            let mut gives = false;
            self.each_role(rule, group, |given| gives |= given.is_ok_and(|given| given == role));
            gives
        })?;
        Some(by_group(index + 1, &group.display_name))
    }

    /// The rules that give every member of a group the same, by their indexes.
    fn rules_of_group(&self, group: &GroupRef) -> impl Iterator<Item = (usize, &Rule)> {
        let for_everybody = |rule: &Rule| {
            let withheld_from_some = self.unknown_groups == UnknownGroups::Refuse;
            rule.condition().is_none() && (!withheld_from_some || rule.binding().is_some_and(Binding::is_identifier))
        };
        let trust = self.trust(Trust::Same(None));
        let rules = self.index.rules_for(group).into_iter().filter_map(|index| Some((index, self.rules.get(index)?)));
        rules.filter(move |(_, rule)| trust.believes_group(rule.belief(), group) && for_everybody(rule))
    }

    /// Visits the roles that a rule gives for a group. `Err` is one that the group's name makes and that must not be.
    fn each_role(&self, rule: &Rule, group: &GroupRef, mut visit: impl FnMut(Result<String, String>)) {
        let captures = match rule.binding() {
            Some(Binding::Pattern(pattern)) => pattern.captures(&group.display_name),
            _ => None,
        };
        for role in rule.roles() {
            match (role.as_fixed(), &captures) {
                (Some(name), _) => visit(Ok(name.to_owned())),
                (None, Some(captures)) => {
                    let name = role.expand(captures);
                    // The pattern was checked when it was loaded; this holds whatever was overlooked there.
                    let withheld = name.is_empty() || name.chars().count() > MAX_ROLE_LEN || self.is_protected(&name);
                    visit(if withheld { Err(name) } else { Ok(name) });
                }
                (None, None) => {}
            }
        }
    }

    /// Whether a role is among the protected ones, whatever its case.
    pub fn is_protected(&self, role: &str) -> bool {
        protects(&self.protected_roles, role)
    }
}

/// A decision under way.
struct Deciding<'a> {
    rules: &'a RuleSet,
    subject: &'a Subject<'a>,
    /// Whom rules believe that name no source.
    trust: Trust<'a>,
    /// The rules whose binding means each group.
    found: &'a [Vec<usize>],
    /// The user with the groups that conditions may ask for, which depends on whom their rule believes.
    in_groups: Vec<(&'a Belief, Resource)>,
    /// Whether the condition of a rule holds, once it was asked for.
    held: Vec<Option<bool>>,
    decision: Decision,
}

impl<'a> Deciding<'a> {
    /// Whether no rule gives anything for the group, whoever asserts it, and it withholds what names give. A group that nobody
    /// believes does not even withhold.
    fn is_unknown(&self, group: &GroupRef, found: &[usize]) -> bool {
        let index = &self.rules.index;
        if index.has_allowed_groups() && index.allows_name(&group.display_name) {
            return false;
        }
        let source = group.provenance.as_ref().map(|provenance| provenance.source());
        let heard = self.trust.believes(source) || self.rules.rules.iter().any(|rule| self.believes(rule, group));
        heard && !found.iter().filter_map(|index| self.rules.rules.get(*index)).any(|rule| self.believes(rule, group))
    }

    fn doubt(&self, rule: &Rule, group: Option<&GroupRef>) -> Option<Doubt> {
        self.trust.doubt(rule.belief(), self.subject.user.provenance().map(|provenance| &**provenance), group)
    }

    fn believes(&self, rule: &Rule, group: &GroupRef) -> bool {
        self.doubt(rule, Some(group)).is_none()
    }

    fn group(&mut self, group: &GroupRef, found: &[usize]) {
        let (all, refused) = (self.rules, self.decision.is_refused());
        let mut why = None;
        let mut gave = false;
        for &index in found {
            let Some(rule) = all.rules.get(index) else { continue };
            if let Some(doubt) = self.doubt(rule, Some(group)) {
                why.get_or_insert(WhyIgnored::NotBelieved { rule: index + 1, doubt });
            } else if refused && !rule.binding().is_some_and(Binding::is_identifier) {
                why.get_or_insert(WhyIgnored::Refused);
            } else if !self.holds(index, rule) {
                why.get_or_insert(WhyIgnored::Condition { rule: index + 1 });
            } else if let Some(withheld) = self.grant(index, rule, group) {
                why.get_or_insert(withheld);
            } else {
                gave = true;
            }
        }
        if !gave {
            let why = why.unwrap_or_else(|| self.why_ignored(group));
            self.decision.ignored.push(IgnoredGroup { group: group.clone(), why });
        }
    }

    /// Grants the roles of a rule for a group. Says why not, if it grants none of them.
    fn grant(&mut self, index: usize, rule: &Rule, group: &GroupRef) -> Option<WhyIgnored> {
        let (rule_number, name) = (index + 1, Some(group.display_name.clone()));
        let reason = || Reason::Rule { rule: rule_number, group: name.clone(), source: group.provenance.clone() };
        let mut withheld = None;
        let mut granted = false;
        let all = self.rules;
        all.each_role(rule, group, |role| match role {
            Ok(role) => {
                granted = true;
                self.decision.roles.entry(role).or_default().insert(reason());
            }
            Err(role) => {
                withheld.get_or_insert(WhyIgnored::Withheld { rule: index + 1, role });
            }
        });
        if granted { None } else { withheld }
    }

    /// The rules that ask about the person alone.
    fn people(&mut self) {
        let all = self.rules;
        for &index in all.index.for_people() {
            let Some(rule) = all.rules.get(index) else { continue };
            if self.doubt(rule, None).is_some() || !self.holds(index, rule) {
                continue;
            }
            for role in rule.roles() {
                let reason = Reason::Rule { rule: index + 1, group: None, source: self.person() };
                self.decision.roles.entry(role.as_str().to_owned()).or_default().insert(reason);
            }
        }
    }

    /// Who asserts the person.
    fn person(&self) -> Option<Arc<Provenance>> {
        self.subject.user.provenance().cloned()
    }

    fn holds(&mut self, index: usize, rule: &'a Rule) -> bool {
        let Some(condition) = rule.condition() else { return true };
        if let Some(Some(held)) = self.held.get(index) {
            return *held;
        }
        let held = if !condition.asks_for_groups() {
            condition.holds(self.subject.user)
        } else if let Some((_, user)) = self.in_groups.iter().find(|(belief, _)| *belief == rule.belief()) {
            condition.holds(user)
        } else {
            let groups = self.subject.groups.iter().zip(self.found);
            // A group that is neither allowed by name nor bound by an identifier does not count, nor does one that is not believed.
            let seen =
                groups.filter(|(group, rules)| !rules.is_empty() || self.rules.index.allows_name(&group.display_name));
            let believed = seen.filter(|(group, _)| self.believes(rule, group));
            let user = user_in(self.subject.user, believed.map(|(group, _)| group));
            let held = condition.holds(&user);
            self.in_groups.push((rule.belief(), user));
            held
        };
        if let Some(known) = self.held.get_mut(index) {
            *known = Some(held);
        }
        held
    }

    fn why_ignored(&self, group: &GroupRef) -> WhyIgnored {
        let index = &self.rules.index;
        if !index.allows_name(&group.display_name) {
            return WhyIgnored::NotAllowed;
        }
        let Some(near) = index.near(&group.display_name) else { return WhyIgnored::NoRule };
        let name = self.rules.rules.get(near).and_then(Rule::binding).map_or("", Binding::value);
        WhyIgnored::OtherCase { rule: near + 1, name: name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_alone_gives_what_depends_on_nothing_else() {
        let group = GroupRef::new("g-1".parse().unwrap(), "data-team").with_external_id("e-1");
        let rules = |unknown_groups: &str| -> RuleSet {
            let text = r#"
                default_roles = ["Gamma"]
                [[rule]]
                group = "data-team"
                roles = ["Alpha"]
                [[rule]]
                group = "data-team"
                when = "title pr"
                roles = ["Lead"]
                [[rule]]
                group_pattern = "(?<team>[a-z]+)-team"
                roles = ["Team ${team}"]
                [[rule]]
                group_external_id = "e-1"
                roles = ["Admin"]
                grants_protected = true
                [[rule]]
                when = 'groups.display eq "data-team"'
                roles = ["Player"]
            "#;
            format!("unknown_groups = {unknown_groups:?}\n{text}").parse().unwrap()
        };
        assert!(rules("ignore").roles_of_group(&group).iter().eq(["Admin", "Alpha", "Team data"]));
        // Another group may withhold what names give.
        assert!(rules("refuse").roles_of_group(&group).iter().eq(["Admin"]));
    }
}

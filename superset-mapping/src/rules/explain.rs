//! A decision as text, for people.

use std::fmt;

use crate::rules::decision::{Decision, Reason, WhyIgnored};
use crate::rules::rule_set::RuleSet;

/// Says of a decision which rule gave which role, and which group was ignored and why. Made by [`RuleSet::explain`].
///
/// A line for each: `Display` ends every line with a line feed.
#[derive(Clone, Copy, Debug)]
pub struct Explanation<'a> {
    rules: &'a RuleSet,
    decision: &'a Decision,
}

impl RuleSet {
    /// Explains a decision that this rule set made.
    ///
    /// ```
    /// use scim_core::Resource;
    /// use superset_mapping::{RuleSet, Subject};
    ///
    /// let rules: RuleSet = r#"default_roles = ["Gamma"]"#.parse()?;
    /// let decision = rules.decide(&Subject { user: &Resource::default(), groups: vec![] });
    /// assert_eq!(rules.explain(&decision).to_string(), "Gamma: default role, because no rule gives a role\n");
    /// # Ok::<(), superset_mapping::RuleError>(())
    /// ```
    pub fn explain<'a>(&'a self, decision: &'a Decision) -> Explanation<'a> {
        Explanation { rules: self, decision }
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for group in self.decision.refused_by() {
            writeln!(f, "refused: the group {group:?} is unknown, so that only identifiers of groups give roles")?;
        }
        if self.decision.roles().len() == 0 {
            if self.decision.is_refused() {
                writeln!(f, "no roles")?;
            } else {
                let (none, others) =
                    if self.decision.missing().len() == 0 { ("", "") } else { (" that exists", " that exist") };
                writeln!(f, "no roles: no rule gives one{none}, and there are no default roles{others}")?;
            }
        }
        let others = if self.decision.missing().len() == 0 { "" } else { " that exists" };
        for role in self.decision.roles() {
            for reason in self.decision.reasons(role) {
                writeln!(f, "{role}: {}", ShownReason { rules: self.rules, reason, others })?;
            }
        }
        for role in self.decision.missing() {
            for reason in self.decision.reasons(role) {
                let reason = ShownReason { rules: self.rules, reason, others };
                writeln!(f, "{role} is missing, so that it gives nothing: {reason}")?;
            }
        }
        for ignored in self.decision.ignored() {
            let why = ShownWhy { rules: self.rules, why: &ignored.why };
            writeln!(f, "group {:?} is ignored: {why}", ignored.group.display_name)?;
        }
        Ok(())
    }
}

struct ShownReason<'a> {
    rules: &'a RuleSet,
    reason: &'a Reason,
    /// What there is to say of the roles that no rule gives.
    others: &'static str,
}

impl fmt::Display for ShownReason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::Default => write!(f, "default role, because no rule gives a role{}", self.others),
            Reason::Host(reason) => f.write_str(reason),
            Reason::Rule { rule: number, group } => {
                write!(f, "rule {number}")?;
                let Some(rule) = self.rules.rule(*number) else { return Ok(()) };
                if let (Some(binding), Some(group)) = (rule.binding(), group) {
                    write!(f, " ({} = {:?}) matches the group {group:?}", binding.key(), binding.value())?;
                }
                if let Some(condition) = rule.condition() {
                    let and = if group.is_some() { ", and the person" } else { ": the person" };
                    write!(f, "{and} fulfils `{}`", condition.as_str())?;
                }
                Ok(())
            }
        }
    }
}

struct ShownWhy<'a> {
    rules: &'a RuleSet,
    why: &'a WhyIgnored,
}

impl fmt::Display for ShownWhy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            WhyIgnored::NoRule => f.write_str("no rule names it"),
            WhyIgnored::OtherCase { rule, name } => {
                write!(f, "rule {rule} names {name:?}, and names are compared exactly")
            }
            WhyIgnored::NotAllowed => f.write_str("it is not among the allowed groups"),
            WhyIgnored::Condition { rule } => {
                let condition = self.rules.rule(*rule).and_then(|rule| rule.condition());
                let condition = condition.map_or("", |condition| condition.as_str());
                write!(f, "the person does not fulfil `{condition}` of rule {rule}")
            }
            WhyIgnored::Withheld { rule, role } => {
                write!(f, "rule {rule} would make it the role {role:?}, which must not be")
            }
            WhyIgnored::Refused => f.write_str("another group is unknown"),
        }
    }
}

//! A decision as text, for people.

use std::collections::BTreeSet;
use std::fmt;

use scim_core::{Provenance, Source};

use crate::rules::decide::decision::{Decision, Reason, WhyIgnored};
use crate::rules::language::Rule;
use crate::rules::language::RuleSet;
use crate::rules::subject::GroupRef;
use crate::rules::subject::{Belief, Believed, Doubt};

/// Says of a decision which rule gave which role, who asserts what it rests on, and which group was ignored and why. Made by [`RuleSet::explain`].
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
            } else if self.rules.default_roles().is_empty() || self.decision.missing().len() > 0 {
                let (none, others) =
                    if self.decision.missing().len() == 0 { ("", "") } else { (" that exists", " that exist") };
                writeln!(f, "no roles: no rule gives one{none}, and there are no default roles{others}")?;
            } else {
                let believed: Vec<String> = self.rules.believed().map(ToString::to_string).collect();
                let believed = believed.join(" or ");
                writeln!(f, "no roles: no rule gives one, and default roles are for the people of {believed} alone")?;
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
            let why = ShownWhy { rules: self.rules, group: &ignored.group, why: &ignored.why };
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
            Reason::Default { source } => {
                let of = Of(" for the person", source.as_deref());
                write!(f, "default role{of}, because no rule gives a role{}", self.others)
            }
            Reason::Host(reason) => f.write_str(reason),
            Reason::Rule { rule: number, group, source } => {
                let of = Of("", source.as_deref());
                write!(f, "rule {number}")?;
                let Some(rule) = self.rules.rule(*number) else { return Ok(()) };
                if let (Some(binding), Some(group)) = (rule.binding(), group) {
                    write!(f, " ({} = {:?}) matches the group {group:?}{of}", binding.key(), binding.value())?;
                }
                if let Some(condition) = rule.condition() {
                    if group.is_some() {
                        f.write_str(", and the person")?;
                    } else {
                        write!(f, ": the person{of}")?;
                    }
                    write!(f, " fulfils `{}`", condition.as_str())?;
                }
                Ok(())
            }
        }
    }
}

/// Who asserts something, where that is known.
#[derive(Clone, Copy)]
struct Of<'a>(&'static str, Option<&'a Provenance>);

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(provenance) => write!(f, "{} of {provenance}", self.0),
            None => Ok(()),
        }
    }
}

struct ShownWhy<'a> {
    rules: &'a RuleSet,
    group: &'a GroupRef,
    why: &'a WhyIgnored,
}

impl ShownWhy<'_> {
    /// Whom a rule believes, in words.
    fn believed(&self, number: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let belief = self.rules.rule(number).map(Rule::belief);
        let named = belief.map(Belief::sources).unwrap_or_default();
        let believed: Vec<&Believed> =
            if named.is_empty() { self.rules.believed().collect() } else { named.iter().collect() };
        if believed.is_empty() {
            f.write_str("one source")?;
        }
        for (index, source) in believed.into_iter().enumerate() {
            write!(f, "{}{source}", if index == 0 { "" } else { " or " })?;
        }
        match belief.and_then(Belief::tenant) {
            Some(tenant) => write!(f, " in tenant {tenant}"),
            None => Ok(()),
        }
    }
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
            WhyIgnored::NotBelieved { rule: number, doubt } => {
                write!(f, "rule {number} names it, and believes ")?;
                self.believed(*number, f)?;
                match doubt {
                    Doubt::Person => f.write_str(" alone, who does not assert the person"),
                    Doubt::Group => {
                        f.write_str(" alone: the group is")?;
                        match &self.group.provenance {
                            Some(provenance) => write!(f, " of {provenance}"),
                            None => f.write_str(" of nobody in particular"),
                        }
                    }
                    Doubt::Membership => {
                        f.write_str(" alone: the membership is of ")?;
                        let sources: BTreeSet<&Source> = self.group.chains.iter().flatten().collect();
                        for (index, source) in sources.into_iter().enumerate() {
                            write!(f, "{}{source}", if index == 0 { "" } else { ", " })?;
                        }
                        Ok(())
                    }
                }
            }
            WhyIgnored::Refused => f.write_str("another group is unknown"),
        }
    }
}

//! A decision as text, for people.

use std::fmt;

use crate::rules::decide::{Decision, Reason, WhyIgnored};
use crate::rules::rule_set::RuleSet;

/// Says of a decision which rule gave which role, and which group was ignored and why. Made by [`RuleSet::explain`].
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
    /// assert_eq!(rules.explain(&decision).to_string(), "Gamma: default role, because no rule matches\n");
    /// # Ok::<(), superset_mapping::RuleError>(())
    /// ```
    pub fn explain<'a>(&'a self, decision: &'a Decision) -> Explanation<'a> {
        Explanation { rules: self, decision }
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.decision.roles().len() == 0 {
            writeln!(f, "no roles: no rule matches, and there are no default roles")?;
        }
        for role in self.decision.roles() {
            for reason in self.decision.reasons(role) {
                match reason {
                    Reason::Default => writeln!(f, "{role}: default role, because no rule matches")?,
                    Reason::Rule { rule, group } => {
                        let binding = self.rules.rule(*rule).map(|rule| (rule.binding().key(), rule.binding().value()));
                        let (key, value) = binding.unwrap_or(("group", group));
                        writeln!(f, "{role}: rule {rule} ({key} = {value:?}) matches the group {group:?}")?;
                    }
                }
            }
        }
        for ignored in self.decision.ignored() {
            let name = &ignored.group.display_name;
            match &ignored.why {
                WhyIgnored::NoRule => writeln!(f, "group {name:?} is ignored: no rule names it")?,
                WhyIgnored::OtherCase { rule, name: other } => {
                    writeln!(f, "group {name:?} is ignored: rule {rule} names {other:?}, and names regard case")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{GroupRef, Subject};
    use scim_core::Resource;

    #[test]
    fn every_role_and_every_ignored_group_is_explained() {
        let rules: RuleSet = r#"
            [[rule]]
            group = "analysts"
            roles = ["Alpha"]
            [[rule]]
            group_external_id = "grp-exec"
            roles = ["Admin"]
            grants_protected = true
        "#
        .parse()
        .unwrap();
        let group = |id: &str, external: &str, name: &str| GroupRef {
            id: id.parse().unwrap(),
            external_id: Some(external.into()),
            display_name: name.into(),
        };
        let groups = vec![
            group("1", "a", "analysts"),
            group("2", "grp-exec", "Board"),
            group("3", "b", "ANALYSTS"),
            group("4", "c", "x"),
        ];
        let decision = rules.decide(&Subject { user: &Resource::default(), groups });
        assert_eq!(
            rules.explain(&decision).to_string(),
            "Admin: rule 2 (group_external_id = \"grp-exec\") matches the group \"Board\"\n\
             Alpha: rule 1 (group = \"analysts\") matches the group \"analysts\"\n\
             group \"ANALYSTS\" is ignored: rule 1 names \"analysts\", and names regard case\n\
             group \"x\" is ignored: no rule names it\n"
        );
        let nothing = Decision::default();
        assert!(rules.explain(&nothing).to_string().starts_with("no roles"));
    }
}

//! Rules that never give anything, which is hardly what their author meant.

use std::collections::{BTreeSet, HashMap};

use crate::rules::language::binding::Binding;
use crate::rules::language::role_template::RoleTemplate;
use crate::rules::language::rule::Rule;
use crate::rules::language::spanned_error::SpannedError;

/// Refuses a rule whose group is not among the allowed ones, and one that adds nothing to another rule of the same group.
pub(in crate::rules) fn unreachable(rules: &[Rule], allowed: Option<&[String]>) -> Result<(), SpannedError> {
    let mut same_binding: HashMap<Option<(&str, &str)>, Vec<usize>> = HashMap::new();
    for (index, rule) in rules.iter().enumerate() {
        if let Some(allowed) = allowed {
            check_allowed(rule, allowed).map_err(|fault| fault.in_rule(index))?;
        }
        let earlier = same_binding.entry(rule.binding().map(|binding| (binding.key(), binding.value()))).or_default();
        for &other in earlier.iter() {
            let Some(before) = rules.get(other) else { continue };
            let (useless, because) = match (adds_nothing(rule, before), adds_nothing(before, rule)) {
                (true, _) => (index, other),
                (false, true) => (other, index),
                (false, false) => continue,
            };
            let message = format!(
                "the rule gives nothing that rule {} does not give to the same people: remove one of them",
                because + 1
            );
            return Err(SpannedError::new(message).in_rule(useless));
        }
        earlier.push(index);
    }
    Ok(())
}

/// Whether everybody whom `rule` means gets its roles from `other`, which has the same binding.
fn adds_nothing(rule: &Rule, other: &Rule) -> bool {
    let wider = match (other.condition(), rule.condition()) {
        (None, _) => true,
        (Some(a), Some(b)) => a.filter() == b.filter(),
        (Some(_), None) => false,
    };
    wider && other.belief().covers(rule.belief()) && {
        let given: BTreeSet<&str> = other.roles().iter().map(RoleTemplate::as_str).collect();
        rule.roles().iter().all(|role| given.contains(role.as_str()))
    }
}

fn check_allowed(rule: &Rule, allowed: &[String]) -> Result<(), SpannedError> {
    match rule.binding() {
        Some(Binding::DisplayName(name)) if !allowed.contains(name) => {
            Err(SpannedError::at("group", format!("the group `{name}` is not among the `allowed_groups`")))
        }
        Some(Binding::Pattern(pattern)) if !allowed.iter().any(|name| pattern.matches(name)) => {
            Err(SpannedError::at("group_pattern", "none of the `allowed_groups` has this form"))
        }
        _ => Ok(()),
    }
}

//! The name of a role, some parts of which come from the name of a group.

use std::fmt;
use std::ops::Range;

use regex::{Captures, Regex, RegexBuilder};

use crate::rules::language::group_pattern::{GroupPattern, MAX_COMPILED_SIZE};

/// Longest name of a role, in characters: the width of `ab_role.name`.
pub const MAX_ROLE_LEN: usize = 64;

/// A role of a rule: a name such as `Alpha`, or one with captures of the rule's pattern, such as `Team ${team}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleTemplate {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Capture(String),
}

/// What is wrong with a template, and at which byte of it.
#[derive(Debug)]
pub(in crate::rules) struct TemplateFault {
    pub(in crate::rules) offset: usize,
    pub(in crate::rules) message: String,
}

impl RoleTemplate {
    pub(in crate::rules) fn parse(text: &str) -> Result<Self, TemplateFault> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once("${") {
            let offset = text.len() - after.len() - "${".len();
            let Some((name, behind)) = after.split_once('}') else {
                return Err(TemplateFault { offset, message: "`${` without `}`".to_owned() });
            };
            if name.is_empty() {
                return Err(TemplateFault { offset, message: "`${}` names no capture".to_owned() });
            }
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            parts.push(Part::Capture(name.to_owned()));
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The template as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name, if it is the same for every group.
    pub fn as_fixed(&self) -> Option<&str> {
        if self.captures().next().is_none() { Some(&self.text) } else { None }
    }

    /// The captures that are asked for, and where.
    pub(in crate::rules) fn captures(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Capture(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// Where a capture is asked for.
    pub(in crate::rules) fn place_of(&self, capture: &str) -> Option<Range<usize>> {
        let asked = format!("${{{capture}}}");
        let start = self.text.find(&asked)?;
        Some(start..start + asked.len())
    }

    /// The name that a group of the pattern gives.
    pub(in crate::rules) fn expand(&self, captures: &Captures<'_>) -> String {
        let part = |part: &Part| match part {
            Part::Literal(literal) => literal.clone(),
            Part::Capture(name) => captures.name(name).map_or_else(String::new, |part| part.as_str().to_owned()),
        };
        self.parts.iter().map(part).collect()
    }

    /// Fits every name that some group of the pattern could give, whatever its case. It may fit more.
    ///
    /// `None` where that is more than memory allows.
    pub(in crate::rules) fn spellings(&self, pattern: &GroupPattern) -> Option<Regex> {
        let part = |part: &Part| match part {
            Part::Literal(literal) => regex::escape(literal),
            Part::Capture(name) => pattern.spellings_of(name),
        };
        let parts: String = self.parts.iter().map(part).collect();
        RegexBuilder::new(&format!(r"\A\s*{parts}\s*\z"))
            .case_insensitive(true)
            .size_limit(MAX_COMPILED_SIZE)
            .build()
            .ok()
    }
}

impl fmt::Display for RoleTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn can_spell(pattern: &str, template: &str, role: &str) -> bool {
        let pattern = GroupPattern::compile(pattern).unwrap();
        RoleTemplate::parse(template).unwrap().spellings(&pattern).unwrap().is_match(role)
    }

    #[test]
    fn captures_are_filled_in() {
        let pattern = GroupPattern::compile("(?<site>[a-z]+):(?<team>[a-z]+)?").unwrap();
        let expand =
            |template: &str, name| RoleTemplate::parse(template).unwrap().expand(&pattern.captures(name).unwrap());
        assert_eq!(expand("Team ${team} (${site})", "paris:sales"), "Team sales (paris)");
        assert_eq!(expand("${team}", "paris:"), "");
        assert_eq!(expand("$5 {x} $", "paris:"), "$5 {x} $");
    }

    #[test]
    fn an_unfinished_capture_is_placed() {
        assert_eq!(RoleTemplate::parse("Team ${team").unwrap_err().offset, 5);
        assert_eq!(RoleTemplate::parse("é${}").unwrap_err().offset, 2);
    }

    #[test]
    fn what_captures_can_spell_is_known() {
        for (pattern, template) in [
            ("(?<x>.*)", "${x}"),
            ("(?<x>[a-z]+)", "${x}"),
            ("(?<x>Alpha|ADMIN)", "${x}"),
            ("(?<x>A)(?<y>d|min)+", "${x}d${y}"),
            (r"(?<x>\bAlpha\b|x)", "${x}"),
            ("(?<x>x)?Admin", "Admin${x}"),
            ("(?<a>(?<x>Ad)m)", "${x}min"),
            ("(?<x> )", "Admin${x}"),
            ("(?<x>(?<y>Ad|min)+)", "${x}${x}"),
        ] {
            assert!(can_spell(pattern, template, "Admin"), "{pattern} {template}");
        }
        for (pattern, template) in [
            ("(?<x>.*)", "Team ${x}"),
            ("(?<x>Alpha|Gamma)", "${x}"),
            ("(?<x>[a-z]{2})", "${x}"),
            ("(?<x>.*)", "${x} team"),
            ("(?<x>[0-9]*)Admin", "Role${x}"),
        ] {
            assert!(!can_spell(pattern, template, "Admin"), "{pattern} {template}");
        }
    }
}

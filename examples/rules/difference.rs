//! What other rules would give.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use superset_mapping::RuleSet;

use crate::person::Person;

/// A row for each person: roles gained, lost and unchanged. A role that Superset does not have is no role; it is told below.
#[derive(Default)]
pub(crate) struct Difference {
    /// The roles that Superset has, where they are known.
    known: Option<BTreeSet<String>>,
    rows: Vec<[String; 4]>,
    missing: BTreeMap<String, usize>,
    changed: usize,
}

const HEAD: [&str; 4] = ["user", "gained", "lost", "unchanged"];

impl Difference {
    /// Nothing compared yet; `known` are the roles that Superset has, where they are known.
    pub(crate) fn new(known: Option<BTreeSet<String>>) -> Self {
        Self { known, ..Self::default() }
    }

    pub(crate) fn add(&mut self, person: &Person, old: &RuleSet, new: &RuleSet) {
        let mut missing = BTreeSet::new();
        let mut roles = |rules: &RuleSet| -> BTreeSet<String> {
            if !person.is_active() {
                return BTreeSet::new();
            }
            let creates = rules.create_roles_from().is_some();
            let exists = |role: &str| creates || self.known.as_ref().is_none_or(|known| known.contains(role));
            let decision = rules.decide(&person.subject()).among(exists);
            missing = decision.missing().map(str::to_owned).collect();
            decision.roles().map(str::to_owned).collect()
        };
        let (before, after) = (roles(old), roles(new));
        for role in missing {
            *self.missing.entry(role).or_default() += 1;
        }
        let list = |roles: Vec<&String>| roles.into_iter().cloned().collect::<Vec<_>>().join(", ");
        self.changed += usize::from(before != after);
        self.rows.push([
            person.name().into_owned(),
            list(after.difference(&before).collect()),
            list(before.difference(&after).collect()),
            list(before.intersection(&after).collect()),
        ]);
    }

    /// Whether nobody would have other roles.
    pub(crate) fn is_none(&self) -> bool {
        self.changed == 0
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = HEAD.map(str::len);
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut line = |cells: [&str; 4]| {
            let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            writeln!(f, "{}", padded.join("  ").trim_end())
        };
        line(HEAD)?;
        for [user, gained, lost, unchanged] in &self.rows {
            line([user, gained, lost, unchanged])?;
        }
        for (role, people) in &self.missing {
            writeln!(
                f,
                "role {role:?} is missing in Superset: the new rules give it to {people}, who get nothing by it"
            )?;
        }
        writeln!(f, "{} of {} people would have other roles", self.changed, self.rows.len())
    }
}

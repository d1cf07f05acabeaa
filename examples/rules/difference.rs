//! What other rules would give.

use std::collections::BTreeSet;
use std::fmt;

use superset_mapping::RuleSet;

use crate::person::Person;

/// A row for each person: roles gained, lost and unchanged.
#[derive(Default)]
pub(crate) struct Difference {
    rows: Vec<[String; 4]>,
    changed: usize,
}

const HEAD: [&str; 4] = ["user", "gained", "lost", "unchanged"];

impl Difference {
    pub(crate) fn add(&mut self, person: &Person, old: &RuleSet, new: &RuleSet) {
        let roles = |rules: &RuleSet| -> BTreeSet<String> {
            if !person.is_active() {
                return BTreeSet::new();
            }
            rules.decide(&person.subject()).roles().map(str::to_owned).collect()
        };
        let (before, after) = (roles(old), roles(new));
        let list = |roles: Vec<&String>| roles.into_iter().cloned().collect::<Vec<_>>().join(", ");
        self.changed += usize::from(before != after);
        self.rows.push([
            person.name().to_owned(),
            list(after.difference(&before).collect()),
            list(before.difference(&after).collect()),
            list(before.intersection(&after).collect()),
        ]);
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
        writeln!(f, "{} of {} people would have other roles", self.changed, self.rows.len())
    }
}

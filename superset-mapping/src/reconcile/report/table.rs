//! What a report shows, in whatever form: tables of texts.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use crate::reconcile::drift::Drift;
use crate::reconcile::drift::{Finding, FindingKind, Who};
use crate::reconcile::leavers::DeprovisionedUsers;
use crate::reconcile::repair::RepairReport;

/// A report as texts.
pub(in crate::reconcile) struct Report {
    pub(in crate::reconcile) title: &'static str,
    pub(in crate::reconcile) at: String,
    /// Which database, and which rules.
    pub(in crate::reconcile) about: String,
    /// One line that says it all.
    pub(in crate::reconcile) summary: String,
    pub(in crate::reconcile) tables: Vec<Table>,
}

/// One kind of thing.
pub(in crate::reconcile) struct Table {
    /// What it is called where it is linked to.
    pub(in crate::reconcile) key: String,
    pub(in crate::reconcile) title: String,
    /// How much it matters: `alarm`, `due` or `note`.
    pub(in crate::reconcile) weight: &'static str,
    pub(in crate::reconcile) columns: Vec<&'static str>,
    pub(in crate::reconcile) rows: Vec<Vec<String>>,
    /// How many more there are that have no row.
    pub(in crate::reconcile) left_out: usize,
}

impl Table {
    /// How many things of the kind there are.
    pub(in crate::reconcile) fn total(&self) -> usize {
        self.rows.len() + self.left_out
    }
}

fn weight(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::LeaverReturned
        | FindingKind::InactiveWithAccess
        | FindingKind::ActiveInSuperset
        | FindingKind::UserUnmanaged
        | FindingKind::RoleExtra
        | FindingKind::RoleByHand
        | FindingKind::GroupRoleExtra
        | FindingKind::GroupRoleByHand => "alarm",
        FindingKind::GrantStale | FindingKind::NameOutdated | FindingKind::CountDiffers => "note",
        _ => "due",
    }
}

fn about(database: &str, rules: Option<&str>) -> String {
    match rules {
        Some(rules) => format!("Database {database}, rules `{rules}`"),
        None => format!("Database {database}"),
    }
}

fn who(who: &Who) -> Vec<String> {
    let local_id = who.local_id.map(|id| id.to_string());
    [who.name.clone(), who.id.clone(), local_id].map(Option::unwrap_or_default).into()
}

fn row(finding: &Finding) -> Vec<String> {
    let mut row = who(&finding.who);
    row.extend([finding.what.clone().unwrap_or_default(), finding.why.clone()]);
    row
}

const FINDING: [&str; 5] = ["Who", "SCIM id", "Row", "What", "Why"];

/// Tables of findings by kind. Tenants have a column where there are any.
fn by_kind<'f>(
    findings: impl Iterator<Item = (&'f Finding, Vec<String>)>,
    left_out: &BTreeMap<FindingKind, usize>,
    more: &[&'static str],
) -> Vec<Table> {
    let mut kinds: BTreeMap<FindingKind, Vec<(&Finding, Vec<String>)>> = BTreeMap::new();
    for kind in left_out.keys() {
        kinds.entry(*kind).or_default();
    }
    for (finding, added) in findings {
        kinds.entry(finding.kind).or_default().push((finding, added));
    }
    let tables = kinds.into_iter().map(|(kind, found)| {
        let tenants =
            found.iter().any(|(finding, _)| finding.tenant.as_deref().is_some_and(|tenant| !tenant.is_empty()));
        let mut columns: Vec<&'static str> = FINDING.into_iter().chain(more.iter().copied()).collect();
        columns.extend(tenants.then_some("Tenant"));
        let rows = found.into_iter().map(|(finding, added)| {
            let mut row = row(finding);
            row.extend(added);
            row.extend(tenants.then(|| finding.tenant.clone().unwrap_or_default()));
            row
        });
        Table {
            key: kind.as_str().to_owned(),
            title: kind.title().to_owned(),
            weight: weight(kind),
            columns,
            rows: rows.collect(),
            left_out: left_out.get(&kind).copied().unwrap_or_default(),
        }
    });
    tables.collect()
}

impl From<&Drift> for Report {
    fn from(drift: &Drift) -> Self {
        let checked = drift.checked;
        let (users, groups, accounts) = (checked.users, checked.groups, checked.accounts);
        let found = match drift.counts().into_values().sum::<usize>() {
            0 => "Nothing differs".to_owned(),
            1 => "1 finding".to_owned(),
            count => format!("{count} findings"),
        };
        Self {
            title: "What differs in Superset",
            at: drift.at.clone(),
            about: about(&drift.database, drift.rules.as_deref()),
            summary: format!("{found} in {users} SCIM users, {groups} groups and {accounts} other accounts"),
            tables: by_kind(drift.findings.iter().map(|finding| (finding, Vec::new())), &drift.left_out, &[]),
        }
    }
}

impl From<&RepairReport> for Report {
    fn from(report: &RepairReport) -> Self {
        let mut counts: BTreeMap<_, usize> = BTreeMap::new();
        for repair in &report.repairs {
            *counts.entry(repair.outcome).or_default() += 1;
        }
        let mut counts: Vec<String> =
            counts.iter().map(|(outcome, count)| format!("{count} {}", outcome.title())).collect();
        let left_out: usize = report.left_out.values().sum();
        if left_out > 0 {
            counts.push(format!("{left_out} left for the next run"));
        }
        let summary = if counts.is_empty() { "Nothing to repair".to_owned() } else { counts.join(", ") };
        let rows = report
            .repairs
            .iter()
            .map(|repair| (&repair.finding, vec![repair.outcome.title().to_owned(), repair.action.clone()]));
        Self {
            title: if report.dry_run { "What a repair would do" } else { "What was repaired" },
            at: report.at.clone(),
            about: about(&report.database, report.rules.as_deref()),
            summary,
            tables: by_kind(rows, &report.left_out, &["Outcome", "Action"]),
        }
    }
}

impl From<&DeprovisionedUsers> for Report {
    fn from(leavers: &DeprovisionedUsers) -> Self {
        let (count, active, directory) = (leavers.leavers.len(), leavers.active, leavers.directory);
        let early = if leavers.ended_early { "; the directory ended early" } else { "" };
        let rows: Vec<Vec<String>> = leavers
            .leavers
            .iter()
            .map(|leaver| {
                let mut row = who(&leaver.who);
                row.extend([leaver.why.to_owned(), leaver.outcome.clone().unwrap_or_default()]);
                row
            })
            .collect();
        let table = Table {
            key: "leavers".to_owned(),
            title: "Leavers".to_owned(),
            weight: "alarm",
            columns: vec!["Who", "SCIM id", "Row", "Why", "Outcome"],
            rows,
            left_out: 0,
        };
        Self {
            title: "Who has left",
            at: leavers.at.clone(),
            about: about(&leavers.database, leavers.rules.as_deref()),
            summary: format!("{count} of {active} active people have left; the directory has {directory}{early}"),
            tables: if count == 0 { Vec::new() } else { vec![table] },
        }
    }
}

/// A text on one line of a terminal: control characters would move its cursor, and others its reading order.
fn plain(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// Plain text with aligned columns. Columns in which nothing stands are left out.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.summary)?;
        if !self.about.is_empty() {
            writeln!(f, "{}", plain(&self.about))?;
        }
        for table in &self.tables {
            writeln!(f, "\n{} ({})", table.title, table.total())?;
            let mut lines: Vec<String> = vec![String::from(" "); table.rows.len() + 1];
            for (index, column) in table.columns.iter().enumerate() {
                let cells = table.rows.iter().map(|row| plain(row.get(index).map_or("", String::as_str)));
                let cells: Vec<String> = cells.collect();
                if cells.iter().all(String::is_empty) {
                    continue;
                }
                let width = cells.iter().map(|cell| cell.chars().count()).chain([column.len()]).max().unwrap_or(0);
                let cells = std::iter::once((*column).to_owned()).chain(cells);
                for (line, cell) in lines.iter_mut().zip(cells) {
                    write!(line, " {cell:width$} ")?;
                }
            }
            for line in lines {
                writeln!(f, "{}", line.trim_end())?;
            }
            if table.left_out > 0 {
                writeln!(f, "  and {} more", table.left_out)?;
            }
        }
        Ok(())
    }
}

macro_rules! report {
    ($($report:ty),*) => {
        $(impl fmt::Display for $report {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Report::from(self).fmt(f)
            }
        }

        impl $report {
            /// The report as one HTML page that needs nothing else: light and dark, for screens of every width. Every text
            /// is escaped, whatever people or clients called themselves.
            pub fn to_html(&self) -> String {
                Report::from(self).to_html()
            }

            /// The report with the name of the rules, such as that of their file.
            #[must_use]
            pub fn of_rules(self, rules: impl Into<String>) -> Self {
                Self { rules: Some(rules.into()), ..self }
            }
        })*
    };
}

report!(Drift, RepairReport, DeprovisionedUsers);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s23_a_report_says_which_database_and_which_rules() {
        assert_eq!(about("`superset` at `db:5432`", None), "Database `superset` at `db:5432`");
        let about = about("`superset` at `db:5432`", Some("r<u>les.toml"));
        let report = Report { title: "t", at: String::new(), about, summary: "s".to_owned(), tables: Vec::new() };
        assert_eq!(report.to_string(), "s\nDatabase `superset` at `db:5432`, rules `r<u>les.toml`\n");
        let page = report.to_html();
        assert!(page.contains("Database `superset` at `db:5432`, rules `r&#60;u&#62;les.toml`"), "{page}");
    }

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let table = Table {
            key: "k".to_owned(),
            title: "Role missing".to_owned(),
            weight: "due",
            columns: vec!["Who", "SCIM id", "What"],
            rows: vec![
                vec!["ada".to_owned(), String::new(), "Alpha".to_owned()],
                vec!["bob \u{1b}[31m\u{202e}".to_owned(), String::new(), "Gamma".to_owned()],
            ],
            left_out: 3,
        };
        let report = Report {
            title: "t",
            at: String::new(),
            about: String::new(),
            summary: "5 findings".to_owned(),
            tables: vec![table],
        };
        let text = "5 findings\n\nRole missing (5)\n  Who         What\n  ada         Alpha\n  bob \u{fffd}[31m\u{fffd}  Gamma\n  and 3 more\n";
        assert_eq!(report.to_string(), text);
    }
}

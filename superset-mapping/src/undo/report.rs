//! What an undo did, or would do.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::terminal::plain;

/// What became of one thing that the client did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UndoKind {
    /// It was refused, as what would lock out the last administrator is.
    Failed,
    /// It is left as it is: somebody else has changed it since, or nobody knows what it was.
    Conflict,
    /// A secret that the client set or removed: nobody has the one from before.
    Secret,
    /// A resource that the client made was deleted.
    Deleted,
    /// A user whom the client made, and somebody else changed since, was deactivated.
    Deactivated,
    /// A resource that the client deleted was made again, with the same id.
    Restored,
    /// Attributes are what they were.
    Set,
    /// Members of a group are who they were.
    Members,
}

/// One thing that an undo did, would do, or left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UndoStep {
    /// What became of it.
    pub kind: UndoKind,
    /// The type of the resource.
    pub resource_type: String,
    /// The `id` of the resource.
    pub id: String,
    /// What it is called, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The attributes or members, or why nothing was done.
    pub what: String,
}

/// What an undo did, or would do. `Display` is a table for people, and serde makes JSON of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UndoReport {
    /// When it began, in the form of RFC 3339.
    pub at: String,
    /// Where the database is: [`SupersetStore::address`](crate::SupersetStore::address).
    pub database: String,
    /// Whose changes were taken back.
    pub client: String,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// What was done, would be done, or was left: at most 10,000 of a kind.
    pub steps: Vec<UndoStep>,
    /// How many there are of each kind.
    pub counts: BTreeMap<UndoKind, u64>,
}

/// How many steps of a kind are kept.
const MOST: u64 = 10_000;

impl UndoKind {
    /// The kind in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Conflict => "left",
            Self::Secret => "secret",
            Self::Deleted => "deleted",
            Self::Deactivated => "deactivated",
            Self::Restored => "made again",
            Self::Set => "set back",
            Self::Members => "members",
        }
    }

    /// Whether what the client did is not taken back.
    pub fn is_left(self) -> bool {
        matches!(self, Self::Failed | Self::Conflict | Self::Secret | Self::Deactivated)
    }
}

impl UndoReport {
    pub(super) fn add(&mut self, step: UndoStep) {
        let count = self.counts.entry(step.kind).or_default();
        *count += 1;
        if *count <= MOST {
            self.steps.push(step);
        }
    }

    /// Whether there was nothing to take back.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Whether something of what the client did is not taken back.
    pub fn leaves_something(&self) -> bool {
        self.counts.keys().any(|kind| kind.is_left())
    }

    /// How many things became this.
    pub fn count(&self, kind: UndoKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or_default()
    }
}

impl fmt::Display for UndoReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let would = if self.dry_run { "would be taken back" } else { "is taken back" };
        writeln!(f, "What `{}` did {would}: database {}, {}", plain(&self.client), self.database, self.at)?;
        if self.is_empty() {
            return writeln!(f, "Nothing to do");
        }
        for (kind, count) in &self.counts {
            writeln!(f, "  {:<11} {count}", kind.title())?;
        }
        let rows: Vec<[String; 4]> = self
            .steps
            .iter()
            .map(|step| {
                let name = step.name.as_deref().unwrap_or(&step.id);
                [step.kind.title().to_owned(), plain(&step.resource_type), plain(name), plain(&step.what)]
            })
            .collect();
        let width =
            |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count()).max();
        let widths = [0, 1, 2].map(|column| width(column).unwrap_or_default());
        for [kind, resource_type, name, what] in &rows {
            let [a, b, c] = widths;
            writeln!(f, "{}", format!("{kind:<a$}  {resource_type:<b$}  {name:<c$}  {what}").trim_end())?;
        }
        Ok(())
    }
}

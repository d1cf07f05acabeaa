//! The people of the source of truth.

use std::collections::{HashMap, HashSet};
use std::error::Error;

use async_trait::async_trait;
use scim_filter::fold;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::reconcile::progress::{Progress, Stage};

/// Most people that are read from a directory.
pub const MAX_DIRECTORY_PEOPLE: usize = 2_000_000;

/// Somebody whom the source of truth knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryPerson {
    /// The `userName`.
    pub user_name: String,
    /// The `externalId`, as the client that provisions sends it.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Whether the person is active; absent means so.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// Some of the people of a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryPage {
    /// The people.
    pub people: Vec<DirectoryPerson>,
    /// Where the next page starts; `None` after the last one.
    pub next: Option<String>,
    /// How many people there are in all, where the directory says so.
    pub total: Option<u64>,
}

/// Why a directory could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// A line of an export is not what it should be.
    #[error("line {line} of the export: {reason}")]
    Line {
        /// The 1-based number of the line.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// The directory did not answer as it should.
    #[error("the directory answered with {answer}: expected {expected}")]
    Answer {
        /// What came.
        answer: String,
        /// What was expected.
        expected: &'static str,
    },
    /// The directory holds, or sends, more than is read.
    #[error("the directory holds more than {limit}")]
    TooMuch {
        /// The limit, with its unit.
        limit: String,
    },
    /// The directory could not be reached.
    #[error("the directory could not be read")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
}

/// The source of truth, page by page: an [`Export`](crate::reconcile::Export), a [`ScimDirectory`](crate::reconcile::ScimDirectory), or the host's own.
///
/// An implementation guarantees that walking from `page(None)` along `next` to its end shows everybody, and that it fails rather
/// than leave somebody out.
///
/// ```
/// use async_trait::async_trait;
/// use superset_mapping::reconcile::{Directory, DirectoryError, DirectoryPage, DirectoryPerson};
///
/// struct Payroll;
///
/// #[async_trait]
/// impl Directory for Payroll {
///     async fn page(&self, _after: Option<&str>) -> Result<DirectoryPage, DirectoryError> {
///         let ada = DirectoryPerson { user_name: "ada".to_owned(), external_id: None, active: true };
///         Ok(DirectoryPage { people: vec![ada], next: None, total: Some(1) })
///     }
/// }
/// ```
#[async_trait]
pub trait Directory: Send + Sync {
    /// The people after a place, which an earlier page named; those at the beginning without one.
    async fn page(&self, after: Option<&str>) -> Result<DirectoryPage, DirectoryError>;
}

/// What stands for a name or an identifier, so that a million of them take little memory. Of two that are chosen to collide, one may keep
/// somebody in; finding such a pair takes about 2^64 attempts.
type Digest = [u8; 16];

fn digest(text: &str) -> Digest {
    let mut digest = Digest::default();
    let whole = Sha256::digest(text);
    digest.iter_mut().zip(whole).for_each(|(byte, whole)| *byte = whole);
    digest
}

/// All people of a directory, as they are looked for.
#[derive(Debug, Default)]
pub(in crate::reconcile) struct DirectorySnapshot {
    by_external_id: HashMap<Digest, bool>,
    by_user_name: HashMap<Digest, bool>,
    pub(in crate::reconcile) people: u64,
    /// The directory said that there are more.
    pub(in crate::reconcile) ended_early: bool,
}

impl DirectorySnapshot {
    pub(in crate::reconcile) async fn read(
        directory: &dyn Directory,
        progress: &dyn Progress,
    ) -> Result<Self, DirectoryError> {
        let mut snapshot = Self::default();
        let (mut after, mut places): (Option<String>, HashSet<String>) = (None, HashSet::new());
        loop {
            let page = directory.page(after.as_deref()).await?;
            for person in page.people {
                snapshot.add(person)?;
            }
            progress.advanced(Stage::Directory, snapshot.people, page.total);
            match page.next {
                Some(next) if places.insert(next.clone()) => after = Some(next),
                Some(next) => {
                    let expected = "a place that was not there before";
                    return Err(DirectoryError::Answer { answer: format!("the page `{next}` again"), expected });
                }
                None => {
                    snapshot.ended_early = page.total.is_some_and(|total| snapshot.people < total);
                    return Ok(snapshot);
                }
            }
        }
    }

    fn add(&mut self, person: DirectoryPerson) -> Result<(), DirectoryError> {
        if self.people >= u64::try_from(MAX_DIRECTORY_PEOPLE).unwrap_or(u64::MAX) {
            return Err(DirectoryError::TooMuch { limit: format!("{MAX_DIRECTORY_PEOPLE} people") });
        }
        self.people += 1;
        // Of two entries for one person the active one counts.
        if let Some(id) = person.external_id.filter(|id| !id.is_empty()) {
            *self.by_external_id.entry(digest(&id)).or_default() |= person.active;
        }
        *self.by_user_name.entry(digest(&fold(&person.user_name))).or_default() |= person.active;
        Ok(())
    }

    /// Whether somebody is active here; `None` where the directory has nobody of this kind.
    pub(in crate::reconcile) fn active(&self, user_name: &str, external_id: Option<&str>) -> Option<bool> {
        let by_id = external_id.and_then(|id| self.by_external_id.get(&digest(id)));
        by_id.or_else(|| self.by_user_name.get(&digest(&fold(user_name)))).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_external_id_counts_first_and_then_the_folded_name() {
        let mut snapshot = DirectorySnapshot::default();
        let person = |user_name: &str, external_id: Option<&str>, active| DirectoryPerson {
            user_name: user_name.to_owned(),
            external_id: external_id.map(str::to_owned),
            active,
        };
        for one in [person("Ada", Some("E1"), true), person("bob", Some("E2"), false), person("ÅSA", None, true)] {
            snapshot.add(one).unwrap();
        }
        assert_eq!(snapshot.active("renamed", Some("E1")), Some(true));
        assert_eq!(snapshot.active("ada", Some("E2")), Some(false), "whatever the name");
        assert_eq!(snapshot.active("ADA", Some("unknown")), Some(true));
        assert_eq!(snapshot.active("a\u{30a}sa", None), Some(true));
        assert_eq!(snapshot.active("x", Some("e1")), None, "externalId regards case");
    }
}

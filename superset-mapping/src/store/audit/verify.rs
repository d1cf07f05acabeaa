//! Whether the audit is as the store wrote it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use scim_service::StoreError;
use serde::Serialize;

use crate::driver::{DatabaseError, Transaction};
use crate::sql::Fragment;
use crate::store::audit::chain::{Checkpoint, LINK_COLUMNS, Link};
use crate::store::audit::entry::{COLUMNS, StoredRow};
use crate::store::session::SupersetStore;
use crate::store::session::{AuditKey, KEYED, Sealed, link};

/// How many findings a verification tells one by one. The others are counted.
pub const MAX_AUDIT_FINDINGS: usize = 1_000;

/// How many rows are read at once: each can have some megabytes.
const ROWS: i64 = 50;
/// How many links.
const LINKS: i64 = 1_000;

/// Something that is not as the store left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditFinding {
    /// A row says something else than when it was written.
    Altered {
        /// Its position.
        position: i64,
    },
    /// A row that was sealed is gone.
    Removed {
        /// Where it was.
        position: i64,
    },
    /// A row was added by somebody else: among sealed rows, or without a code that the key makes.
    Inserted {
        /// Its position.
        position: i64,
    },
    /// Links are gone, and the rows that they sealed with them or among those that were inserted.
    LinksRemoved {
        /// The number of the first of them.
        from: i64,
        /// The number of the last of them.
        to: i64,
    },
    /// The rows up to here were removed, but no purge with the key did it.
    PurgeUnsigned {
        /// The position of the last of them.
        position: i64,
    },
    /// The chain is not the one of a checkpoint: its end was cut off, or it was made anew from some row up to here.
    CheckpointMissed {
        /// How many rows had been sealed.
        number: i64,
        /// The position of the last of them.
        position: i64,
    },
    /// The signature of a checkpoint is not that of the key.
    CheckpointUnsigned {
        /// How many rows had been sealed.
        number: i64,
    },
}

impl fmt::Display for AuditFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { position } => write!(f, "row {position} was altered"),
            Self::Removed { position } => write!(f, "row {position} was removed"),
            Self::Inserted { position } => write!(f, "row {position} was not written by the store"),
            Self::LinksRemoved { from, to } => write!(f, "the links {from} to {to} of the chain were removed"),
            Self::PurgeUnsigned { position } => {
                write!(f, "the rows up to {position} were removed by no purge that has the key")
            }
            Self::CheckpointMissed { number, position } => write!(
                f,
                "the chain is not that of the checkpoint {number} at row {position}: its end was removed, or it was made anew"
            ),
            Self::CheckpointUnsigned { number } => {
                write!(f, "the checkpoint {number} has no signature of the key")
            }
        }
    }
}

/// What a verification of the audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditVerification {
    /// How many rows there are.
    pub rows: u64,
    /// How many of them are not sealed yet.
    pub unsealed: u64,
    /// How many of them have no code of a key: they are from before the audit had one.
    pub without_key: u64,
    /// How many have a code of a key that could not be looked at, because the store has no key.
    pub unchecked: u64,
    /// What is wrong, in the order of the rows, at most [`MAX_AUDIT_FINDINGS`].
    pub findings: Vec<AuditFinding>,
    /// How many more there are.
    pub left_out: u64,
}

impl AuditVerification {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn add(&mut self, finding: AuditFinding) {
        if self.findings.len() < MAX_AUDIT_FINDINGS {
            self.findings.push(finding);
        } else {
            self.left_out += 1;
        }
    }
}

impl SupersetStore {
    /// Looks whether the audit is as the store wrote it, and whether its chain is the one of these checkpoints. Each row, altered, removed
    /// or added, is named. Reads one state of the database, page by page, and waits for nobody.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails.
    pub async fn verify_audit(&self, checkpoints: &[Checkpoint]) -> Result<AuditVerification, StoreError> {
        let transaction = self.database.read().await?;
        let mut walk = Walk {
            transaction,
            key: self.options.audit_key(),
            rows: VecDeque::new(),
            last_row: 0,
            keyed: false,
            found: AuditVerification::default(),
        };
        let mut checkpoints: BTreeMap<i64, Vec<&Checkpoint>> = {
            let mut by_number: BTreeMap<i64, Vec<&Checkpoint>> = BTreeMap::new();
            for checkpoint in checkpoints {
                if checkpoint.is_signed(walk.key) {
                    by_number.entry(checkpoint.number).or_default().push(checkpoint);
                } else {
                    walk.found.add(AuditFinding::CheckpointUnsigned { number: checkpoint.number });
                }
            }
            by_number
        };
        let mut before: Option<Link> = None;
        let mut purged = 0;
        loop {
            let number = before.as_ref().map_or(i64::MIN, |before| before.number);
            let select =
                Fragment::new(LINK_COLUMNS).then(Fragment::new("WHERE c.number > ? ORDER BY c.number LIMIT ?"));
            let links = walk.transaction.rows(select.bind(number).bind(LINKS)).await?;
            if links.is_empty() {
                break;
            }
            for link in links {
                let link = Link::read(&link)?;
                if before.is_none() && link.signature.is_some() {
                    purged = link.number;
                    walk.purged(&link).await?;
                } else {
                    walk.sealed(before.as_ref(), &link).await?;
                }
                for checkpoint in checkpoints.remove(&link.number).unwrap_or_default() {
                    if checkpoint.link != link.hash {
                        let (number, position) = (checkpoint.number, checkpoint.position);
                        walk.found.add(AuditFinding::CheckpointMissed { number, position });
                    }
                }
                before = Some(link);
            }
        }
        walk.unsealed().await?;
        walk.copies().await?;
        for checkpoint in checkpoints.into_values().flatten().filter(|checkpoint| checkpoint.number > purged) {
            let (number, position) = (checkpoint.number, checkpoint.position);
            walk.found.add(AuditFinding::CheckpointMissed { number, position });
        }
        Ok(walk.found)
    }
}

/// A walk over links and rows side by side, by their positions.
struct Walk<'k> {
    transaction: Transaction,
    key: Option<&'k AuditKey>,
    rows: VecDeque<StoredRow>,
    last_row: i64,
    /// Whether a row had a code of a key: all after it must have one.
    keyed: bool,
    found: AuditVerification,
}

impl Walk<'_> {
    /// The next row up to this position.
    async fn next(&mut self, until: i64) -> Result<Option<StoredRow>, DatabaseError> {
        if self.rows.is_empty() {
            let select = Fragment::new("SELECT ")
                .then(Fragment::new(COLUMNS))
                .then(Fragment::new(" FROM scim_audit a WHERE a.position > ? ORDER BY a.position LIMIT ?"));
            for row in self.transaction.rows(select.bind(self.last_row).bind(ROWS)).await? {
                let row = StoredRow::read(&row)?;
                self.last_row = row.position;
                self.rows.push_back(row);
            }
        }
        if self.rows.front().is_none_or(|row| row.position > until) {
            return Ok(None);
        }
        self.found.rows += 1;
        Ok(self.rows.pop_front())
    }

    /// What comes before the first link that counts was removed by a purge.
    async fn purged(&mut self, link: &Link) -> Result<(), DatabaseError> {
        if !link.signature.as_deref().is_some_and(|signature| link.is_signed(self.key, Sealed::Purge, signature)) {
            self.found.add(AuditFinding::PurgeUnsigned { position: link.position });
        }
        while let Some(row) = self.next(link.position).await? {
            self.found.add(AuditFinding::Inserted { position: row.position });
        }
        Ok(())
    }

    /// A link, and the row that it seals.
    async fn sealed(&mut self, before: Option<&Link>, current: &Link) -> Result<(), DatabaseError> {
        let expected = before.map_or(1, |before| before.number + 1);
        let follows = current.number == expected;
        if !follows {
            self.found.add(AuditFinding::LinksRemoved { from: expected, to: current.number - 1 });
        }
        let mut row = None;
        while let Some(next) = self.next(current.position).await? {
            if next.position == current.position {
                row = Some(next);
                break;
            }
            self.found.add(AuditFinding::Inserted { position: next.position });
        }
        let Some(row) = row else {
            self.found.add(AuditFinding::Removed { position: current.position });
            return Ok(());
        };
        let before = before.map_or("", |before| &before.hash);
        let linked = !follows || link(before, current.number, current.position, &row.seal()) == current.hash;
        if !self.is_genuine(&row) || !linked {
            self.found.add(AuditFinding::Altered { position: row.position });
        }
        Ok(())
    }

    /// The rows after the last link.
    async fn unsealed(&mut self) -> Result<(), DatabaseError> {
        while let Some(row) = self.next(i64::MAX).await? {
            self.found.unsealed += 1;
            if !self.is_genuine(&row) {
                self.found.add(AuditFinding::Inserted { position: row.position });
            }
        }
        Ok(())
    }

    /// Rows that are like one before, in the number that is used once too.
    async fn copies(&mut self) -> Result<(), DatabaseError> {
        let select = "SELECT max(position) FROM scim_audit WHERE mac IS NOT NULL GROUP BY mac HAVING count(*) > 1 \
                      ORDER BY max(position) LIMIT ?";
        let limit = i64::try_from(MAX_AUDIT_FINDINGS).unwrap_or(i64::MAX);
        for row in self.transaction.rows(Fragment::new(select).bind(limit)).await? {
            let copy = AuditFinding::Inserted { position: row.integer(0)? };
            if !self.found.findings.contains(&copy) {
                self.found.add(copy);
            }
        }
        Ok(())
    }

    /// Whether the code of a row is of its values, and of the key if the store has one.
    fn is_genuine(&mut self, row: &StoredRow) -> bool {
        let keyed = row.mac.as_deref().is_some_and(|mac| mac.starts_with(KEYED));
        if keyed {
            self.keyed = true;
            if self.key.is_none() {
                self.found.unchecked += 1;
                return true;
            }
            return row.is_coded_by(self.key);
        }
        self.found.without_key += 1;
        !self.keyed && (row.mac.is_none() || row.is_coded_by(None))
    }
}

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
use crate::store::session::{AuditKey, KEYED, PLAIN, Sealed, link};

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
    /// The rows up to here were removed, but no purge with the key did it; without a key, none whose
    /// [checkpoint](crate::store::audit::PurgedAudit::checkpoint) is among the given ones.
    PurgeUnsigned {
        /// The position of the last of them.
        position: i64,
    },
    /// The store has a key, and rows up to here, or their links, have no code of it. They may be older than the key; but whoever can
    /// write to the database can have made them. A checkpoint with the signature of the key, at the last of them or later, shows that they
    /// are as they were when it was made.
    WithoutKey {
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
                write!(
                    f,
                    "the rows up to {position} were removed by no purge that has the key or a checkpoint of its own"
                )
            }
            Self::WithoutKey { position } => write!(
                f,
                "rows up to {position} have no code of the key, and no checkpoint with its signature covers them: anybody can have made them"
            ),
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
    /// How many have a code of a key, or a link by one, that could not be looked at, because the store has no key.
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
            keyed_rows: false,
            keyed_links: false,
            plain: None,
            found: AuditVerification::default(),
        };
        let given = checkpoints;
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
        let (mut purged, mut covered) = (0, 0);
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
                    walk.purged(&link, given).await?;
                } else {
                    walk.sealed(before.as_ref(), &link).await?;
                }
                for checkpoint in checkpoints.remove(&link.number).unwrap_or_default() {
                    if checkpoint.link != link.hash {
                        let (number, position) = (checkpoint.number, checkpoint.position);
                        walk.found.add(AuditFinding::CheckpointMissed { number, position });
                    } else if checkpoint.is_keyed() {
                        covered = link.number;
                    }
                }
                before = Some(link);
            }
        }
        walk.unsealed().await?;
        if let Some((_, position)) = walk.plain.filter(|(number, _)| walk.key.is_some() && *number > covered) {
            walk.found.add(AuditFinding::WithoutKey { position });
        }
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
    /// Whether a row had a code of a key: all after it must have one, and it and they links by the key.
    keyed_rows: bool,
    /// Whether a link was by a key: all after it must be.
    keyed_links: bool,
    /// The last row that has no code of a key, or no link by one, with the number of its link: [`i64::MAX`] where it is not sealed.
    plain: Option<(i64, i64)>,
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
    async fn purged(&mut self, link: &Link, checkpoints: &[Checkpoint]) -> Result<(), DatabaseError> {
        self.keyed_links |= link.hash.starts_with(KEYED);
        let is_signed =
            link.signature.as_deref().is_some_and(|signature| link.is_signed(self.key, Sealed::Purge, signature));
        // Where there is no key everybody can sign: a checkpoint of the purge has to say so.
        let is_this = |told: &Checkpoint| told.number == link.number && told.link == link.hash;
        let is_told = |told: &Checkpoint| told.purge && is_this(told) && told.is_signed(self.key);
        let is_believed = self.key.is_some() || checkpoints.is_empty() || checkpoints.iter().any(is_told);
        // A purge that is older than the key is as good as rows that are.
        let plain = link.signed(None, Sealed::Purge);
        let is_old = link.hash.starts_with(PLAIN) && link.signature.as_deref() == Some(&*plain);
        if self.key.is_some() && is_old {
            self.plain = Some((link.number, link.position));
            // A checkpoint of a later row says nothing of what was removed.
            if !checkpoints.is_empty() && !checkpoints.iter().any(is_told) {
                self.found.add(AuditFinding::PurgeUnsigned { position: link.position });
            }
        } else if !is_signed || !is_believed {
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
        let is_genuine = self.is_genuine(&row, Some(current));
        if !is_genuine || (follows && !self.is_linked(&row, before, current)) {
            self.found.add(AuditFinding::Altered { position: row.position });
        }
        Ok(())
    }

    /// The rows after the last link.
    async fn unsealed(&mut self) -> Result<(), DatabaseError> {
        while let Some(row) = self.next(i64::MAX).await? {
            self.found.unsealed += 1;
            if !self.is_genuine(&row, None) {
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

    /// Whether the code of a row is of its values, and it and the link are of the key as soon as one before was.
    fn is_genuine(&mut self, row: &StoredRow, current: Option<&Link>) -> bool {
        let keyed_row = row.mac.as_deref().is_some_and(|mac| mac.starts_with(KEYED));
        let keyed_link = current.map(|link| link.hash.starts_with(KEYED));
        let (rows_before, links_before) = (self.keyed_rows, self.keyed_links);
        self.keyed_rows |= keyed_row;
        self.keyed_links |= keyed_link == Some(true);
        if self.key.is_none() && (keyed_row || keyed_link == Some(true)) {
            self.found.unchecked += 1;
        }
        if !keyed_row || keyed_link == Some(false) {
            self.plain = Some((current.map_or(i64::MAX, |link| link.number), row.position));
        }
        if keyed_link == Some(false) && (links_before || self.keyed_rows) {
            return false;
        }
        if keyed_row {
            return self.key.is_none() || row.is_coded_by(self.key);
        }
        self.found.without_key += 1;
        !rows_before && (row.mac.is_none() || row.is_coded_by(None))
    }

    /// Whether a link is of the row and of the link before, as far as that can be told without the key.
    fn is_linked(&self, row: &StoredRow, before: &str, current: &Link) -> bool {
        let by_key = current.hash.starts_with(KEYED);
        if by_key && self.key.is_none() {
            return true;
        }
        let key = self.key.filter(|_| by_key);
        link(key, before, (current.number, current.position), (&row.seal(), &current.sealed_at)) == current.hash
    }
}

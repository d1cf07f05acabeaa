//! The chain of the rows of the audit: each link is a hash of the one before and of a row.

use std::fmt;
use std::str::FromStr;

use chrono::Utc;
use scim_core::json::format_date_time;
use scim_service::StoreError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::driver::{DatabaseError, Row, Transaction};
use crate::sql::{Fragment, Param};
use crate::store::audit::entry::{COLUMNS, StoredRow};
use crate::store::session::SupersetStore;
use crate::store::session::{AuditKey, KEYED, PLAIN, Sealed, code, link};

/// How many rows are sealed at once: as long other writers wait.
const SEALED: usize = 200;

/// A link of the chain.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) number: i64,
    pub(super) position: i64,
    /// The hash of the link before and of the row.
    pub(super) hash: String,
    pub(super) sealed_at: String,
    /// Of a first link that stands for rows that were purged.
    pub(super) signature: Option<String>,
}

pub(super) const LINK_COLUMNS: &str =
    "SELECT c.number, c.position, c.link, c.sealed_at, c.signature FROM scim_audit_chain c ";

impl Link {
    pub(super) fn read(row: &Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            number: row.integer(0)?,
            position: row.integer(1)?,
            hash: row.text(2)?,
            sealed_at: row.text(3)?,
            signature: row.optional_text(4)?,
        })
    }

    /// Whether a signature of this link is that of the key, or the plain hash where there is none. Without the key nobody can tell.
    pub(super) fn is_signed(&self, key: Option<&AuditKey>, of: Sealed, signature: &str) -> bool {
        (key.is_none() && signature.starts_with(KEYED)) || self.signed(key, of) == signature
    }

    /// What a signature of this link is.
    pub(super) fn signed(&self, key: Option<&AuditKey>, of: Sealed) -> String {
        let (number, position) = (self.number.to_string(), self.position.to_string());
        code(key, of, &[Some(&number), Some(&position), Some(&self.hash), Some(&self.sealed_at)])
    }
}

/// The end of the chain at some time, to be kept where whoever can change the database cannot change it: by one a
/// [verification](SupersetStore::verify_audit) notices that the last rows are gone, or that the chain was made anew.
///
/// As text it is one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Checkpoint {
    /// How many rows were sealed until then, purged ones included.
    pub number: i64,
    /// The position of the last of them.
    pub position: i64,
    /// The link of the last of them.
    pub link: String,
    /// When it was sealed, in the form of RFC 3339.
    pub sealed_at: String,
    /// Whether it is of a purge: the rows until then were removed. Another checkpoint says only that they were there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub purge: bool,
    /// The code of the others, by the key of the audit, or a plain hash.
    pub signature: String,
}

/// The store has no key, and the audit has one.
#[derive(Clone, Copy, Debug, Error)]
#[error("the audit has a key, and this store was opened without it: give it the key (`StoreOptions::with_audit_key`)")]
struct KeyMissing;

/// Where the store has no key, this must not be by one: what follows it would be found as made by somebody else.
fn ensure_key(key: Option<&AuditKey>, code: &str) -> Result<(), StoreError> {
    if key.is_none() && code.starts_with(KEYED) { Err(StoreError::internal(KeyMissing)) } else { Ok(()) }
}

/// A text is no checkpoint.
#[derive(Debug, Error)]
#[error("expected a checkpoint of the audit: one line of JSON with number, position, link, sealed_at and signature")]
pub struct CheckpointError(#[source] serde_json::Error);

impl Checkpoint {
    pub(super) fn of(link: Link, key: Option<&AuditKey>) -> Self {
        Self::signed(link, key, false)
    }

    /// The link that stands for the rows that a purge removed.
    pub(super) fn of_purge(link: Link, key: Option<&AuditKey>) -> Self {
        Self::signed(link, key, true)
    }

    fn signed(link: Link, key: Option<&AuditKey>, purge: bool) -> Self {
        let signature = link.signed(key, sealed(purge));
        let Link { number, position, hash, sealed_at, signature: _ } = link;
        Self { number, position, link: hash, sealed_at, purge, signature }
    }

    /// Whether the signature is that of the key, as far as that can be told, or the checkpoint is older than the key.
    pub(super) fn is_signed(&self, key: Option<&AuditKey>) -> bool {
        let Self { number, position, link, sealed_at, purge, signature } = self.clone();
        let is_old = signature.starts_with(PLAIN) && link.starts_with(PLAIN);
        let key = key.filter(|_| !is_old);
        Link { number, position, hash: link, sealed_at, signature: None }.is_signed(key, sealed(purge), &signature)
    }

    /// Whether only whoever has the key can have signed it.
    pub(super) fn is_keyed(&self) -> bool {
        self.signature.starts_with(KEYED)
    }
}

/// What the signature of a checkpoint is for: that of a purge cannot be made of another.
fn sealed(purge: bool) -> Sealed {
    if purge { Sealed::Purge } else { Sealed::Checkpoint }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text).map_err(CheckpointError)
    }
}

impl SupersetStore {
    /// Seals the rows that were committed since: they are in the chain from now on. Returns the end of the chain; `None` where there is
    /// no row yet.
    ///
    /// It takes turns with the writers, so that of several servers each row is sealed by one, in one order. Where there is nothing to
    /// seal it waits for nobody.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] or [`StoreError::Internal`] where the database fails. [`StoreError::Internal`] where the store has no
    /// key, and the end of the chain or a row to be sealed has a code of one.
    pub async fn seal_audit(&self) -> Result<Option<Checkpoint>, StoreError> {
        loop {
            let mut transaction = self.database.read().await?;
            let newest = transaction.number(Fragment::new("SELECT max(position) FROM scim_audit")).await?;
            let end = end_of_chain(&mut transaction).await?;
            drop(transaction);
            let key = self.options.audit_key();
            if let Some(end) = &end {
                ensure_key(key, &end.hash)?;
            }
            if newest <= end.as_ref().map_or(0, |end| end.position) {
                return Ok(end.map(|end| Checkpoint::of(end, key)));
            }
            // All who write hold the lock, so no row that is not there now can come before one that is.
            let mut transaction = self.database.write().await?;
            seal_some(&mut transaction, key).await?;
            transaction.commit().await?;
        }
    }

    /// Fails where the store has no key, and the newest row of the audit has a code of one.
    pub(crate) async fn ensure_audit_key(&self) -> Result<(), StoreError> {
        let key = self.options.audit_key();
        if key.is_some() {
            return Ok(());
        }
        let newest = Fragment::new("SELECT mac FROM scim_audit ORDER BY position DESC LIMIT 1");
        let newest = self.database.read().await?.row(newest).await?;
        let mac = newest.map(|row| row.optional_text(0)).transpose()?.flatten();
        ensure_key(key, mac.as_deref().unwrap_or_default())
    }
}

async fn end_of_chain(transaction: &mut Transaction) -> Result<Option<Link>, DatabaseError> {
    let select = Fragment::new(LINK_COLUMNS).then(Fragment::new("ORDER BY c.number DESC LIMIT 1"));
    transaction.row(select).await?.map(|row| Link::read(&row)).transpose()
}

/// Seals the next rows. The transaction has the lock of writers.
async fn seal_some(transaction: &mut Transaction, key: Option<&AuditKey>) -> Result<(), StoreError> {
    let end = end_of_chain(transaction).await?;
    let (mut number, position, mut before) =
        end.map_or((0, 0, String::new()), |end| (end.number, end.position, end.hash));
    let limit = i64::try_from(SEALED).unwrap_or(i64::MAX);
    let select =
        Fragment::new("SELECT a.position, a.mac FROM scim_audit a WHERE a.position > ? ORDER BY a.position LIMIT ?");
    let sealed_at = format_date_time(Utc::now());
    let mut links = Vec::new();
    for row in transaction.rows(select.bind(position).bind(limit)).await? {
        let position = row.integer(0)?;
        let seal = match row.optional_text(1)? {
            Some(mac) => mac,
            None => hash_of_old(transaction, position).await?,
        };
        ensure_key(key, &seal)?;
        number += 1;
        before = link(key, &before, (number, position), (&seal, &sealed_at));
        let values: [Param; 4] = [number.into(), position.into(), before.as_str().into(), sealed_at.as_str().into()];
        links.push(Fragment::list(values));
    }
    if !links.is_empty() {
        let insert = Fragment::new("INSERT INTO scim_audit_chain (number, position, link, sealed_at) VALUES ");
        transaction.execute(insert.then(Fragment::joined(links, ", "))).await?;
    }
    Ok(())
}

/// What stands for the code of a row that is older than codes.
async fn hash_of_old(transaction: &mut Transaction, position: i64) -> Result<String, DatabaseError> {
    let select = Fragment::new("SELECT ").then(Fragment::new(COLUMNS));
    let select = select.then(Fragment::new(" FROM scim_audit a WHERE a.position = ?")).bind(position);
    let row = transaction.row(select).await?.ok_or_else(|| DatabaseError::corrupt("a row of the audit is gone"))?;
    Ok(StoredRow::read(&row)?.seal())
}

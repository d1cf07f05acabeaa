//! One call of the store: a transaction, and what every step of the call needs to know.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use chrono::{DateTime, Utc};
use scim_service::StoreError;
use tokio::sync::MutexGuard;

use crate::driver::Transaction;
use crate::rules::RuleSet;
use crate::sql::Fragment;
use crate::store::LOCAL_TIME;
use crate::store::connect::SupersetStore;
use crate::store::schema_probe::SecurityTables;

/// A call under way. Its steps are in the files of their concepts: records, users, groups, membership, roles.
#[derive(Debug)]
pub(super) struct Session<'a> {
    pub(super) transaction: Held<'a>,
    pub(super) tables: SecurityTables,
    pub(super) rules: &'a RuleSet,
    pub(super) tenant: &'a str,
    pub(super) now: DateTime<Utc>,
    /// The roles of Superset by name, once they were asked for, and those that it was found not to have.
    pub(super) role_ids: BTreeMap<String, Option<i64>>,
    /// Whether there was an administrator at the start, whom the call must not be the last to see.
    pub(super) admin: bool,
}

/// The transaction of a call.
#[derive(Debug)]
pub(super) enum Held<'a> {
    /// Its own.
    Own(Transaction),
    /// One that goes on after it.
    Lent(MutexGuard<'a, Shared>),
}

/// A transaction that serves several calls, one after another. Each call that writes is a savepoint.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) transaction: Transaction,
    savepoint: Savepoint,
}

/// The savepoint of the call that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Savepoint {
    /// None: whatever was written is part of the transaction.
    None,
    /// What the call has written can be undone.
    Open,
    /// The call was dropped while the savepoint was set or released: nobody knows which.
    Unknown,
}

impl Shared {
    pub(super) fn new(transaction: Transaction) -> Self {
        Self { transaction, savepoint: Savepoint::None }
    }

    /// Marks where a call begins to write.
    pub(super) async fn mark(&mut self) -> Result<(), StoreError> {
        self.undo_unfinished().await?;
        self.step("SAVEPOINT call").await?;
        self.savepoint = Savepoint::Open;
        Ok(())
    }

    /// Makes what the call wrote part of the transaction.
    async fn keep(&mut self) -> Result<(), StoreError> {
        self.step("RELEASE SAVEPOINT call").await?;
        self.savepoint = Savepoint::None;
        Ok(())
    }

    /// Undoes what a call wrote that failed or was dropped.
    pub(super) async fn undo_unfinished(&mut self) -> Result<(), StoreError> {
        match self.savepoint {
            Savepoint::None => Ok(()),
            Savepoint::Open => {
                self.step("ROLLBACK TO SAVEPOINT call").await?;
                self.keep().await
            }
            Savepoint::Unknown => Err(StoreError::internal("a call of the transaction was dropped: it cannot go on")),
        }
    }

    async fn step(&mut self, statement: &'static str) -> Result<(), StoreError> {
        self.savepoint = Savepoint::Unknown;
        self.transaction.execute(Fragment::new(statement)).await?;
        Ok(())
    }
}

impl Deref for Held<'_> {
    type Target = Transaction;

    fn deref(&self) -> &Transaction {
        match self {
            Self::Own(transaction) => transaction,
            Self::Lent(shared) => &shared.transaction,
        }
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Transaction {
        match self {
            Self::Own(transaction) => transaction,
            Self::Lent(shared) => &mut shared.transaction,
        }
    }
}

impl<'a> Session<'a> {
    /// A session that guards no administrator.
    pub(super) fn new(transaction: Held<'a>, store: &'a SupersetStore, tenant: &'a str, now: DateTime<Utc>) -> Self {
        Self {
            transaction,
            tables: store.tables,
            rules: &store.rules,
            tenant,
            now,
            role_ids: BTreeMap::new(),
            admin: false,
        }
    }

    /// The time of the call, as Superset's tables have it.
    pub(super) fn local_now(&self) -> String {
        self.now.format(LOCAL_TIME).to_string()
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self.transaction {
            Held::Own(transaction) => Ok(transaction.commit().await?),
            Held::Lent(mut shared) => shared.keep().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_six_digits_and_no_zone() {
        let now = scim_core::parse_date_time("2026-11-24T01:02:03.0045Z").unwrap();
        assert_eq!(now.format(LOCAL_TIME).to_string(), "2026-11-24 01:02:03.004500");
        let whole = scim_core::parse_date_time("2026-11-24T01:02:03Z").unwrap();
        assert_eq!(whole.format(LOCAL_TIME).to_string(), "2026-11-24 01:02:03.000000");
    }
}

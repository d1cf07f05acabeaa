//! The transaction of a call: its own, or one that serves several calls.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

use scim_service::StoreError;
use tokio::sync::MutexGuard;

use crate::driver::Transaction;
use crate::sql::Fragment;

/// How many values one statement binds at most, with room to spare on every engine.
pub(crate) const CHUNK: usize = 400;

/// The transaction of a call.
#[derive(Debug)]
pub(crate) enum Held<'a> {
    /// Its own.
    Own(Transaction),
    /// One that goes on after it.
    Lent(MutexGuard<'a, Shared>),
}

/// A transaction that serves several calls, one after another. Each call that writes is a savepoint.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) transaction: Transaction,
    savepoint: Savepoint,
    /// Whose access is settled later in the transaction; `None` where each call settles it.
    owed: Option<BTreeSet<String>>,
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

impl Held<'_> {
    /// Whether the access of these users is settled later in the transaction, which remembers them.
    pub(in crate::store) fn owes(&mut self, users: &BTreeSet<String>) -> bool {
        let owed = match self {
            Self::Own(_) => None,
            Self::Lent(shared) => shared.owed.as_mut(),
        };
        owed.map(|owed| owed.extend(users.iter().cloned())).is_some()
    }

    /// Whose access is owed until now.
    #[cfg(feature = "jit")]
    pub(in crate::store) fn take_owed(&mut self) -> BTreeSet<String> {
        match self {
            Self::Own(_) => BTreeSet::new(),
            Self::Lent(shared) => shared.take_owed(),
        }
    }

    /// Makes what the call wrote last: at once, or with the transaction that it is part of.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Own(transaction) => Ok(transaction.commit().await?),
            Self::Lent(mut shared) => shared.keep().await,
        }
    }
}

impl Shared {
    pub(crate) fn new(transaction: Transaction) -> Self {
        Self { transaction, savepoint: Savepoint::None, owed: None }
    }

    /// One that settles the access of people once, however many calls change what it follows from.
    #[cfg(feature = "jit")]
    pub(in crate::store) fn owing(transaction: Transaction) -> Self {
        Self { owed: Some(BTreeSet::new()), ..Self::new(transaction) }
    }

    /// Whose access is owed until now.
    pub(in crate::store) fn take_owed(&mut self) -> BTreeSet<String> {
        self.owed.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Marks where a call begins to write.
    pub(crate) async fn mark(&mut self) -> Result<(), StoreError> {
        self.undo_unfinished().await?;
        self.step("SAVEPOINT scim_call").await?;
        self.savepoint = Savepoint::Open;
        Ok(())
    }

    /// Makes what the call wrote part of the transaction.
    async fn keep(&mut self) -> Result<(), StoreError> {
        self.step("RELEASE SAVEPOINT scim_call").await?;
        self.savepoint = Savepoint::None;
        Ok(())
    }

    /// Undoes what a call wrote that failed or was dropped.
    pub(crate) async fn undo_unfinished(&mut self) -> Result<(), StoreError> {
        match self.savepoint {
            Savepoint::None => Ok(()),
            Savepoint::Open => {
                self.step("ROLLBACK TO SAVEPOINT scim_call").await?;
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

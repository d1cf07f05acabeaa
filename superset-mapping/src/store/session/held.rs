//! The transaction of a call: its own, or one that serves several calls.

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
        Self { transaction, savepoint: Savepoint::None }
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

//! The transaction of a call: its own, or one that serves several calls.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

use scim_service::StoreError;
use tokio::sync::MutexGuard;

use crate::driver::Transaction;
use crate::store::session::batch::Lease;
use crate::store::session::shared::Shared;

/// How many values one statement binds at most, with room to spare on every engine.
pub(crate) const CHUNK: usize = 400;

/// The transaction of a call.
#[derive(Debug)]
pub(crate) enum Held<'a> {
    /// Its own.
    Own(Transaction),
    /// That of a batch, which is committed for all of its writes.
    Batch(Lease),
    /// One that the caller has begun and goes on with.
    Lent(MutexGuard<'a, Shared>),
}

impl Held<'_> {
    /// Whether the access of these users is settled later in the transaction, which remembers them.
    pub(in crate::store) fn owes(&mut self, users: &BTreeSet<String>) -> bool {
        match self {
            Self::Own(_) | Self::Batch(_) => false,
            Self::Lent(shared) => shared.owes(users),
        }
    }

    /// Whose access is owed until now.
    #[cfg(feature = "jit")]
    pub(in crate::store) fn settle_owed(&mut self) -> BTreeSet<String> {
        match self {
            Self::Own(_) | Self::Batch(_) => BTreeSet::new(),
            Self::Lent(shared) => shared.settle_owed(),
        }
    }

    /// Something was taken from an administrator. Of a call that is part of a transaction the transaction remembers it.
    pub(super) fn remember_admin(&mut self) {
        if let Self::Lent(shared) = self {
            shared.remember_admin();
        }
    }

    /// Makes what the call wrote last: at once, with its batch, or with the transaction that it is part of.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Own(transaction) => Ok(transaction.commit().await?),
            Self::Batch(lease) => lease.keep().await,
            Self::Lent(mut shared) => {
                shared.keep();
                Ok(())
            }
        }
    }

    /// Whether what the call wrote lasts once it is [committed](Self::commit), rather than when its caller says so.
    pub(crate) fn lasts(&self) -> bool {
        !matches!(self, Self::Lent(_))
    }
}

impl Deref for Held<'_> {
    type Target = Transaction;

    fn deref(&self) -> &Transaction {
        match self {
            Self::Own(transaction) => transaction,
            Self::Batch(lease) => &lease.shared.transaction,
            Self::Lent(shared) => &shared.transaction,
        }
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Transaction {
        match self {
            Self::Own(transaction) => transaction,
            Self::Batch(lease) => &mut lease.shared.transaction,
            Self::Lent(shared) => &mut shared.transaction,
        }
    }
}

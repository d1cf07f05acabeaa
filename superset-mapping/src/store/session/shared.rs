//! A transaction that serves several calls, one after another.

use std::collections::BTreeSet;

use crate::driver::{DatabaseError, Transaction};

/// A transaction that serves several calls, one after another. Each call that writes is a savepoint, so that a call that fails or is
/// dropped leaves nothing of its own and takes nothing of the others.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) transaction: Transaction,
    savepoint: Savepoint,
    /// Whose access is settled later in the transaction; `None` where each call settles it.
    owed: Option<BTreeSet<String>>,
    /// Whether the call under way settles it.
    settles: bool,
    /// Whether something was taken from an administrator.
    had_admin: bool,
}

/// What is known of the savepoint of the call that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Savepoint {
    /// None is set: whatever was written is part of the transaction.
    None,
    /// None is set, and a call writes: only all of the transaction can be undone.
    Whole,
    /// It is set, and nothing was written since.
    Fresh,
    /// It is set, and a call writes: what the call has written can be undone.
    Open,
    /// It is set, and what was written since is part of the transaction.
    Kept,
    /// The caller was dropped while the savepoint was moved: nobody knows where it is.
    Unknown,
}

const SET: &str = "SAVEPOINT scim_call";
const MOVE: &str = "RELEASE SAVEPOINT scim_call; SAVEPOINT scim_call";
const UNDO: &str = "ROLLBACK TO SAVEPOINT scim_call";
const RELEASE: &str = "RELEASE SAVEPOINT scim_call";

impl Shared {
    pub(crate) fn new(transaction: Transaction) -> Self {
        Self { transaction, savepoint: Savepoint::None, owed: None, settles: false, had_admin: false }
    }

    /// A transaction whose first call needs no savepoint: nobody else's writes would be undone with its own.
    pub(crate) fn for_first_call(transaction: Transaction) -> Self {
        Self { savepoint: Savepoint::Whole, ..Self::new(transaction) }
    }

    /// One that settles the access of people once, however many calls change what it follows from.
    #[cfg(feature = "jit")]
    pub(in crate::store) fn owing(transaction: Transaction) -> Self {
        Self { owed: Some(BTreeSet::new()), ..Self::new(transaction) }
    }

    /// Whether the access of these users is settled later in the transaction, which remembers them.
    pub(super) fn owes(&mut self, users: &BTreeSet<String>) -> bool {
        self.owed.as_mut().map(|owed| owed.extend(users.iter().cloned())).is_some()
    }

    /// Whose access is owed until now. It is no longer once the call that settles it is [kept](Self::keep).
    pub(in crate::store) fn settle_owed(&mut self) -> BTreeSet<String> {
        self.settles = true;
        self.owed.clone().unwrap_or_default()
    }

    /// Remembers that a call which is kept took something from an administrator: whether one remains is asked at the end.
    pub(super) fn remember_admin(&mut self) {
        self.had_admin = true;
    }

    /// Whether a call took something from an administrator.
    pub(in crate::store) fn had_admin(&self) -> bool {
        self.had_admin
    }

    /// Marks where a call begins to write. What a call before it left unfinished is undone.
    pub(crate) async fn mark(&mut self) -> Result<(), DatabaseError> {
        self.undo_unfinished().await?;
        self.settles = false;
        match self.savepoint {
            Savepoint::None => self.run(SET).await?,
            Savepoint::Kept => self.run(MOVE).await?,
            Savepoint::Fresh | Savepoint::Open | Savepoint::Whole | Savepoint::Unknown => {}
        }
        self.savepoint = Savepoint::Open;
        Ok(())
    }

    /// Makes what the call wrote part of the transaction.
    pub(crate) fn keep(&mut self) {
        if let (true, Some(owed)) = (self.settles, &mut self.owed) {
            owed.clear();
        }
        self.savepoint = match self.savepoint {
            Savepoint::Whole => Savepoint::None,
            Savepoint::Open => Savepoint::Kept,
            other => other,
        };
    }

    /// Whether the last call that wrote was kept.
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self.savepoint, Savepoint::None | Savepoint::Kept)
    }

    /// Undoes what a call wrote that failed or was dropped.
    pub(crate) async fn undo_unfinished(&mut self) -> Result<(), DatabaseError> {
        match self.savepoint {
            Savepoint::None | Savepoint::Fresh | Savepoint::Kept => Ok(()),
            Savepoint::Open => {
                self.run(UNDO).await?;
                self.savepoint = Savepoint::Fresh;
                Ok(())
            }
            Savepoint::Whole | Savepoint::Unknown => Err(gone()),
        }
    }

    /// Ends the calls: what a call left unfinished is undone, and the savepoint goes. An engine that has ended the transaction by
    /// itself, as after a deadlock, says so here rather than take a commit of nothing for a success.
    pub(crate) async fn end_calls(&mut self) -> Result<(), DatabaseError> {
        self.undo_unfinished().await?;
        if self.savepoint != Savepoint::None {
            self.run(RELEASE).await?;
            self.savepoint = Savepoint::None;
        }
        Ok(())
    }

    async fn run(&mut self, statements: &'static str) -> Result<(), DatabaseError> {
        self.savepoint = Savepoint::Unknown;
        self.transaction.script(statements).await
    }
}

fn gone() -> DatabaseError {
    DatabaseError::gone("a call was dropped, and its transaction cannot go on")
}

//! Writes that wait for the lock of the database at the same time are served together, in one transaction.
//!
//! A write enters the [`WriteQueue`]. Where nobody serves the queue, a task begins to: it opens a transaction, lends it to one
//! write after another, commits, tells each write how that went, and ends when nobody waits. So a write that comes alone is
//! served at once and by itself; a batch is whatever came while the transaction before it was under way.
//!
//! | question | answer |
//! |---|---|
//! | who sets savepoints and commits? | the task: no caller that is dropped leaves them half done |
//! | what of a write that fails, or whose caller is gone? | it goes back to its savepoint, and the next one has its turn |
//! | when is a write done? | when the batch is committed: then it is told, not before |
//! | what if the batch cannot be committed? | nothing of it stays, and each write is made again [alone](Company::Alone) |
//! | what does one write see of another? | what a later transaction would: those before it in the batch are done, or left nothing |

mod lead;
mod lease;
mod queue;
mod turn;

pub(crate) use lease::{Lease, is_lost_together};
pub(crate) use queue::{Company, WriteQueue};
pub(crate) use turn::turn;

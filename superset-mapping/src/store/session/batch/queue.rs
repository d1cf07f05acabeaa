//! The writes that wait for their turn, first come, first served.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::driver::DatabaseError;
use crate::store::session::batch::lease::Lease;

/// The database is asked whether tables have grown after so many writes at least, one of which may be of a group with thousands of
/// members, and whenever there were half as many more.
const FEWEST_WRITES: usize = 16;

/// How many writes were committed.
#[derive(Debug, Default)]
struct Committed {
    all: usize,
    /// By the time the database was last asked whether tables have grown.
    looked_at: usize,
}

/// Whether a write may share its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// With whoever else waits.
    Any,
    /// With nobody: it takes long, or a transaction that it shared was undone.
    Alone,
}

/// The writes of a process that wait for the lock of its database.
#[derive(Debug, Default)]
pub(crate) struct WriteQueue(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    tickets: VecDeque<Ticket>,
    /// Whether a task serves them.
    is_led: bool,
    committed: Committed,
}

/// The place of a write in the queue.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) company: Company,
    pub(super) turn: oneshot::Sender<Result<Lease, DatabaseError>>,
}

impl WriteQueue {
    /// Takes a place at the end. Says whether nobody serves the queue yet, which is for the caller to see to.
    pub(super) fn enter(&self, ticket: Ticket) -> bool {
        let mut waiting = self.lock();
        waiting.tickets.push_back(ticket);
        !std::mem::replace(&mut waiting.is_led, true)
    }

    /// The write whose turn it is. Where there is none the queue is served no longer.
    pub(super) fn first(&self) -> Option<Ticket> {
        let mut waiting = self.lock();
        let first = waiting.next();
        waiting.is_led = first.is_some();
        first
    }

    /// The write whose turn it is, if it may share the transaction that there is.
    pub(super) fn companion(&self) -> Option<Ticket> {
        let mut waiting = self.lock();
        let first = waiting.next()?;
        if first.company == Company::Any {
            return Some(first);
        }
        waiting.tickets.push_front(first);
        None
    }

    /// Gives a write its place at the head back.
    pub(super) fn put_back(&self, ticket: Ticket) {
        self.lock().tickets.push_front(ticket);
    }

    /// So many writes more have been committed. Says whether it is time to ask the database whether tables have grown.
    pub(super) fn has_committed(&self, writes: usize) -> bool {
        let committed = &mut self.lock().committed;
        committed.all += writes;
        let is_time = committed.all - committed.looked_at >= FEWEST_WRITES.max(committed.looked_at / 2);
        if is_time {
            committed.looked_at = committed.all;
        }
        is_time
    }

    /// The task that served the queue has ended in the middle. Whoever waits enters anew.
    pub(super) fn abandon(&self) {
        *self.lock() = Waiting::default();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// The first whose caller still waits.
    fn next(&mut self) -> Option<Ticket> {
        while let Some(ticket) = self.tickets.pop_front() {
            if !ticket.turn.is_closed() {
                return Some(ticket);
            }
        }
        None
    }
}

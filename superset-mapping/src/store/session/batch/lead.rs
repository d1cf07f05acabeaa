//! Serving the queue of writes, batch by batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tracing::{Instrument, debug_span};

use crate::driver::{Database, DatabaseError, Transaction};
use crate::store::session::batch::lease::{End, Lease};
use crate::store::session::batch::queue::{Company, Ticket, WriteQueue};
use crate::store::session::shared::Shared;

/// Most writes of a batch. `PostgreSQL` keeps the numbers of 64 savepoints of a transaction at hand; with more every reader has to look
/// them up on disk.
const MOST_WRITES: usize = 64;

/// How old a batch becomes before it takes nobody in any more: its first write waits for all others, and so does whoever in Superset
/// writes to the same rows.
const LONGEST: Duration = Duration::from_millis(100);

/// So many writes a batch takes in however old it is: where writes are that slow, a commit is too.
const FEW_WRITES: usize = 8;

/// Serves the queue until it is empty.
///
/// The queue counts as led from the call on, so that one whose task never begins, because its runtime ends, is left to others too.
pub(super) fn lead(queue: Arc<WriteQueue>, database: Database) -> impl Future<Output = ()> + Send {
    let lead = Lead { queue, is_over: false };
    async move {
        // All of it: a block takes only the fields that it names.
        let mut lead = lead;
        while let Some(first) = lead.queue.first() {
            let committed = serve(&lead.queue, &database, first).instrument(debug_span!(parent: None, "batch")).await;
            if lead.queue.has_committed(committed) {
                look_at_grown_tables(&database).await;
            }
        }
        lead.is_over = true;
    }
}

/// A task that serves a queue. Where it ends before the queue is empty, because its runtime does, it leaves the queue to others.
struct Lead {
    queue: Arc<WriteQueue>,
    is_over: bool,
}

impl Drop for Lead {
    fn drop(&mut self) {
        if !self.is_over {
            self.queue.abandon();
        }
    }
}

/// Between two batches: whoever waits now waits for less afterwards.
async fn look_at_grown_tables(database: &Database) {
    match database.look_at_grown_tables().await {
        Ok(0) => {}
        Ok(tables) => tracing::debug!(tables, "the database has looked at tables that have grown"),
        // It looks by itself in time.
        Err(error) => tracing::debug!(%error, "the database has not looked at tables that have grown"),
    }
}

/// Serves one batch: its first write, and whoever waits by the time it is through. Says how many were committed.
async fn serve(queue: &WriteQueue, database: &Database, first: Ticket) -> usize {
    let transaction = match database.write().await {
        Ok(transaction) => transaction,
        Err(error) => {
            // Nobody is there any more, if it could not be told.
            let _ = first.turn.send(Err(error));
            return 0;
        }
    };
    let mut batch = Batch::of(transaction);
    let (began, alone) = (Instant::now(), first.company == Company::Alone);
    if !batch.lend(first).await {
        // Nothing else was written: dropping the transaction undoes it.
        return 0;
    }
    let takes = |served: usize| served < FEW_WRITES || (served < MOST_WRITES && began.elapsed() < LONGEST);
    while !alone && takes(batch.served) {
        let Some(next) = queue.companion() else { break };
        if let Err(error) = batch.mark().await {
            queue.put_back(next);
            batch.comes_to_nothing(error);
            return 0;
        }
        batch.lend(next).await;
    }
    batch.commit().await
}

/// A transaction under way, and who waits for its commit.
struct Batch {
    /// Locked by the write whose turn it is.
    shared: Arc<Mutex<Option<Shared>>>,
    /// How many writes had their turn.
    served: usize,
    kept: Vec<oneshot::Sender<End>>,
}

impl Batch {
    fn of(transaction: Transaction) -> Self {
        Self { shared: Arc::new(Mutex::new(Some(Shared::for_first_call(transaction)))), served: 0, kept: Vec::new() }
    }

    /// Lends the transaction to a write until the caller gives it back, or is dropped. Says whether the write was kept.
    async fn lend(&mut self, ticket: Ticket) -> bool {
        self.served += 1;
        let (told, end) = oneshot::channel();
        let shared = self.shared.clone().lock_owned().await;
        let Ok(shared) = OwnedMutexGuard::try_map(shared, Option::as_mut) else { return false };
        // A lease that nobody takes comes back and is dropped, as is one of a caller who goes away.
        drop(ticket.turn.send(Ok(Lease { shared, end })));
        let is_kept = self.shared.lock().await.as_ref().is_some_and(Shared::is_kept);
        if is_kept {
            self.kept.push(told);
        }
        is_kept
    }

    /// Marks where the next write begins.
    async fn mark(&self) -> Result<(), DatabaseError> {
        match &mut *self.shared.lock().await {
            Some(shared) => shared.mark().await,
            None => Err(DatabaseError::gone("the transaction of a batch has ended")),
        }
    }

    /// Commits, and says how many writes.
    async fn commit(self) -> usize {
        let Some(mut shared) = self.shared.lock().await.take() else { return 0 };
        if let Err(error) = shared.end_calls().await {
            self.comes_to_nothing(error);
            return 0;
        }
        let writes = self.kept.len();
        match shared.transaction.commit().await {
            Ok(()) => {
                tracing::debug!(writes, "committed");
                #[cfg(feature = "metrics")]
                metrics::histogram!(crate::metrics::BATCH_WRITES).record(u32::try_from(writes).unwrap_or(u32::MAX));
                self.tell(|| End::Committed);
                return writes;
            }
            // What the server answered, it has done nothing of; without an answer nobody knows.
            Err(error) if error.is_answer() => self.comes_to_nothing(error),
            Err(error) => self.fails(error),
        }
        0
    }

    /// Nothing of the batch is there, for this reason. Each of its writes is made again, unless the reason is its own or would meet it
    /// again.
    fn comes_to_nothing(self, error: DatabaseError) {
        let may_help = !error.is_temporary() || error.is_lost_race();
        if self.served == 1 || !may_help {
            return self.fails(error);
        }
        tracing::info!(writes = self.kept.len(), %error, "writes that were served together are made again one by one");
        self.tell(|| End::Lost);
    }

    /// Tells everybody what the database says.
    fn fails(mut self, error: DatabaseError) {
        if self.served == 1 {
            if let Some(only) = self.kept.pop() {
                drop(only.send(End::Refused(error)));
            }
            return;
        }
        tracing::info!(writes = self.kept.len(), %error, "writes that were served together failed");
        let error = Arc::new(error);
        self.tell(|| End::Failed(error.clone()));
    }

    fn tell(self, end: impl Fn() -> End) {
        for told in self.kept {
            drop(told.send(end()));
        }
    }
}

//! Waiting for a turn.

use std::sync::Arc;

use scim_service::StoreError;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::{Instrument, debug_span};

use crate::driver::{CONNECTION_WAIT, Database, DatabaseError};
use crate::store::session::batch::lead::lead;
use crate::store::session::batch::lease::Lease;
use crate::store::session::batch::queue::{Company, Ticket, WriteQueue};

/// Waits for the turn of a write, as long as a request waits for a connection. Where nobody serves the queue, a task begins to.
///
/// # Cancel safety
///
/// Whoever stops waiting loses the place in the queue, and keeps nobody waiting.
pub(crate) async fn turn(queue: &Arc<WriteQueue>, database: &Database, company: Company) -> Result<Lease, StoreError> {
    let runtime = Handle::try_current().map_err(StoreError::internal)?;
    let turn = async {
        loop {
            let (ticket, turn) = oneshot::channel();
            if queue.enter(Ticket { company, turn: ticket }) {
                runtime.spawn(lead(queue.clone(), database.clone()));
            }
            // Without an answer the task has ended with its runtime, which need not be ours.
            if let Ok(turn) = turn.await {
                return turn;
            }
        }
    };
    match timeout(CONNECTION_WAIT, turn).instrument(debug_span!("wait for turn")).await {
        Ok(turn) => Ok(turn?),
        Err(_) => Err(DatabaseError::no_connection().into()),
    }
}

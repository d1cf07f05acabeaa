//! The transaction of a batch, in the hands of the write whose turn it is.

use std::sync::Arc;

use scim_service::StoreError;
use thiserror::Error;
use tokio::sync::OwnedMappedMutexGuard;
use tokio::sync::oneshot;

use crate::driver::DatabaseError;
use crate::store::session::shared::Shared;

/// The transaction of a batch, lent to one write. Dropped without [`keep`](Self::keep), what was written in it is undone.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(in crate::store::session) shared: OwnedMappedMutexGuard<Option<Shared>, Shared>,
    pub(super) end: oneshot::Receiver<End>,
}

/// How a batch ended.
#[derive(Debug)]
pub(super) enum End {
    /// It is committed.
    Committed,
    /// Nothing of it was committed, for a reason that may be another write's: it is worth making this one again by itself.
    Lost,
    /// It failed for a reason that would meet each of its writes again, or it is not known whether it was committed.
    Failed(Arc<DatabaseError>),
    /// The only write of the batch could not be committed.
    Refused(DatabaseError),
}

impl Lease {
    /// Ends the turn with what was written, and waits for the commit.
    pub(crate) async fn keep(self) -> Result<(), StoreError> {
        let Self { mut shared, end } = self;
        shared.keep();
        drop(shared);
        match end.await {
            Ok(End::Committed) => Ok(()),
            Ok(End::Lost) => Err(StoreError::Unavailable(Box::new(LostTogether))),
            Ok(End::Failed(error)) => Err(StoreError::Unavailable(Box::new(FailedTogether(error)))),
            Ok(End::Refused(error)) => Err(error.into()),
            // The runtime of whoever began to serve the queue has ended.
            Err(_) => Err(StoreError::Unavailable("nobody is there any more who would commit the write".into())),
        }
    }
}

#[derive(Debug, Error)]
#[error("the transaction that served several writes was undone")]
struct LostTogether;

#[derive(Debug, Error)]
#[error("{0}")]
struct FailedTogether(Arc<DatabaseError>);

/// Whether a write was undone together with others, maybe because of one of them.
pub(crate) fn is_lost_together(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(source) if source.is::<LostTogether>())
}

//! Where calls get their sessions.

use std::time::Duration;

use scim_service::{Context, StoreError};

use crate::store::session::held::Held;
use crate::store::session::state::Session;
use crate::store::session::superset_store::SupersetStore;

/// Half of what a call waits before it is repeated for the first time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// What gives calls their sessions: the store, or one of its transactions.
pub(crate) trait Sessions: Sync {
    /// How often a call is tried when it loses against another transaction.
    const ATTEMPTS: u32;

    /// Whether a call is part of a transaction that goes on after it.
    const IN_TRANSACTION: bool;

    /// A session that only reads.
    fn reading<'a>(&'a self, cx: &'a Context) -> impl Future<Output = Result<Session<'a>, StoreError>> + Send;

    /// A session that may write. Unless it is committed nothing of it stays.
    fn writing<'a>(&'a self, cx: &'a Context) -> impl Future<Output = Result<Session<'a>, StoreError>> + Send;
}

impl Sessions for SupersetStore {
    const ATTEMPTS: u32 = 5;
    const IN_TRANSACTION: bool = false;

    async fn reading<'a>(&'a self, cx: &'a Context) -> Result<Session<'a>, StoreError> {
        Ok(Session::new(Held::Own(self.database.read().await?), self, cx))
    }

    async fn writing<'a>(&'a self, cx: &'a Context) -> Result<Session<'a>, StoreError> {
        let mut session = Session::new(Held::Own(self.database.write().await?), self, cx);
        session.know_writers().await?;
        Ok(session)
    }
}

/// Repeats a call that lost a race, after a moment that grows.
pub(crate) async fn retry<T, F>(attempts: u32, call: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut attempt = 1;
    loop {
        match call().await {
            Err(error) if attempt < attempts && error.is_conflict() => {
                tracing::info!(attempt, "the write lost against another transaction and is repeated");
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt)).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

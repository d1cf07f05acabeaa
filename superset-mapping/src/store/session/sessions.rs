//! Where calls get their sessions.

use std::time::Duration;

use scim_service::{Context, StoreError};

use crate::store::session::batch::{Company, is_lost_together, turn};
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

    /// A session that may write, in such a company. Unless it is committed nothing of it stays.
    fn writing<'a>(
        &'a self,
        cx: &'a Context,
        company: Company,
    ) -> impl Future<Output = Result<Session<'a>, StoreError>> + Send;
}

impl Sessions for SupersetStore {
    const ATTEMPTS: u32 = 5;
    const IN_TRANSACTION: bool = false;

    async fn reading<'a>(&'a self, cx: &'a Context) -> Result<Session<'a>, StoreError> {
        Ok(Session::new(Held::Own(self.database.read().await?), self, cx))
    }

    async fn writing<'a>(&'a self, cx: &'a Context, company: Company) -> Result<Session<'a>, StoreError> {
        let lease = turn(&self.queue, &self.database, company).await?;
        let mut session = Session::new(Held::Batch(lease), self, cx);
        session.know_writers().await?;
        Ok(session)
    }
}

/// Repeats a call that lost a race, after a moment that grows; and at once, but alone, one that was undone with others.
pub(crate) async fn retry<T, F>(attempts: u32, call: impl Fn(Company) -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let (mut attempt, mut company) = (1, Company::Any);
    loop {
        match call(company).await {
            Err(error) if company == Company::Any && is_lost_together(&error) => company = Company::Alone,
            Err(error) if attempt < attempts && error.is_conflict() => {
                tracing::info!(attempt, "the write lost against another transaction and is repeated");
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt)).await;
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

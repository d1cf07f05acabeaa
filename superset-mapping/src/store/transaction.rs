//! Several calls in one transaction of the database.

use async_trait::async_trait;
use scim_service::{Context, StoreError, Transaction};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, MutexGuard};

use crate::store::session::Sessions;
use crate::store::session::SupersetStore;
use crate::store::session::{Company, Held, Shared};
use crate::store::session::{Session, tenant_of};

/// An open transaction. It holds the write lock of the database until it is committed or dropped.
///
/// Each call that writes is a savepoint, so that one that fails leaves nothing. After one that is dropped at the wrong moment
/// the transaction can only be dropped too. The last administrator is looked after at
/// the commit: between two calls of a job there may be none.
#[derive(Debug)]
pub(super) struct OpenTransaction {
    store: SupersetStore,
    cx: Context,
    /// `None` once it has ended.
    shared: Option<Mutex<Shared>>,
    runtime: Handle,
}

impl OpenTransaction {
    pub(super) async fn begin(store: &SupersetStore, cx: &Context) -> Result<Self, StoreError> {
        Self::begin_as(store, cx, Shared::new).await
    }

    /// The transaction of a login, in which the access of the person follows once, at the end.
    #[cfg(feature = "jit")]
    pub(super) async fn begin_login(store: &SupersetStore, cx: &Context) -> Result<Self, StoreError> {
        Self::begin_as(store, cx, Shared::owing).await
    }

    async fn begin_as(
        store: &SupersetStore,
        cx: &Context,
        shared: fn(crate::driver::Transaction) -> Shared,
    ) -> Result<Self, StoreError> {
        // Not from the queue of writes: for as long as the caller likes, nobody else has the connection.
        let mut session = Session::new(Held::Own(store.database.write().await?), store, cx);
        session.know_writers().await?;
        let Held::Own(transaction) = session.transaction else {
            return Err(StoreError::internal("a session of the store has no transaction of its own"));
        };
        let shared = Some(Mutex::new(shared(transaction)));
        let runtime = Handle::try_current().map_err(StoreError::internal)?;
        Ok(Self { store: store.clone(), cx: cx.clone(), shared, runtime })
    }

    async fn lock(&self) -> Result<MutexGuard<'_, Shared>, StoreError> {
        match &self.shared {
            Some(shared) => Ok(shared.lock().await),
            None => Err(ended()),
        }
    }

    fn check_tenant(&self, cx: &Context) -> Result<(), StoreError> {
        if tenant_of(cx) == tenant_of(&self.cx) {
            return Ok(());
        }
        Err(StoreError::internal("a transaction was used for another tenant than it was begun for"))
    }
}

impl Sessions for OpenTransaction {
    /// A lost race has ended the transaction: whoever began it may begin again.
    const ATTEMPTS: u32 = 1;
    const IN_TRANSACTION: bool = true;

    async fn reading<'a>(&'a self, cx: &'a Context) -> Result<Session<'a>, StoreError> {
        self.check_tenant(cx)?;
        let mut shared = self.lock().await?;
        shared.undo_unfinished().await?;
        Ok(Session::new(Held::Lent(shared), &self.store, cx))
    }

    async fn writing<'a>(&'a self, cx: &'a Context, _: Company) -> Result<Session<'a>, StoreError> {
        self.check_tenant(cx)?;
        let mut shared = self.lock().await?;
        shared.mark().await?;
        let mut session = Session::new(Held::Lent(shared), &self.store, cx);
        session.know_writers().await?;
        Ok(session)
    }
}

#[async_trait]
impl Transaction for OpenTransaction {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let mut shared = self.shared.take().ok_or_else(ended)?.into_inner();
        shared.end_calls().await?;
        let owed = shared.settle_owed();
        let had_admin = shared.had_admin();
        let mut session = Session::new(Held::Own(shared.transaction), &self.store, &self.cx);
        session.had_admin = had_admin.then_some(true);
        session.sync_access(&owed).await?;
        session.ensure_admin_remains().await?;
        session.commit().await
    }
}

/// Ending a transaction is a task for the runtime, wherever the value is dropped.
impl Drop for OpenTransaction {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        self.shared = None;
    }
}

fn ended() -> StoreError {
    StoreError::internal("the transaction has ended")
}

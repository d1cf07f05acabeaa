//! A store whose writes an observer hears of.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use scim_core::{Resource, ResourceId, TypeSchema};

use crate::authorize::Operation;
use crate::change::{Change, Written};
use crate::context::Context;
use crate::observe::{Observer, PendingWrites};
use crate::store::{
    Create, Delete, List, ListPage, Membership, Modify, Read, Replace, Store, StoreCapabilities, StoreError,
    Transaction,
};

/// A store that asks an [`Observer`] before each write, and tells it of each write that is committed.
///
/// A write whose future is dropped may be committed all the same, and nobody is told: a host whose observer counts or records serves a write
/// to its end, whether its client waits or not (`tokio::spawn`).
///
/// What is written in a transaction is told after its commit, in the order of the writes; of a transaction that is dropped nothing is.
/// Who has to know before the commit asks for it by [`Observer::began`].
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use chrono::Utc;
/// use scim_core::SchemaSet;
/// use scim_service::observe::{ObservedStore, Observer};
/// use scim_service::{Change, Context, Create, MemoryStore, Store};
/// use serde_json::{from_value, json};
///
/// #[derive(Default)]
/// struct Joined(Mutex<Vec<String>>);
///
/// impl Observer for Joined {
///     fn wrote(&self, _: &Context, change: &Change) {
///         if let (None, Ok(mut joined)) = (&change.before, self.0.lock()) {
///             joined.push(change.id.to_string());
///         }
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let joined = Arc::new(Joined::default());
/// let (store, schemas) = (ObservedStore::new(MemoryStore::new(), joined.clone()), SchemaSet::builtin());
/// let users = schemas.user().ok_or("no users")?;
/// let ada = from_value(json!({"userName": "ada"}))?;
/// let ada = store.create(&Context::internal("example", Utc::now()), Create::new(users, ada)).await?.resource;
/// assert_eq!(joined.0.lock().map_err(|_| "poisoned")?.first().map(String::as_str), ada.id().as_deref());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ObservedStore<S> {
    store: S,
    observer: Arc<dyn Observer>,
}

impl<S: Store> ObservedStore<S> {
    /// Tells `observer` of the writes of `store`.
    pub fn new(store: S, observer: impl Observer) -> Self {
        Self { store, observer: Arc::new(observer) }
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    fn told(&self, cx: &Context, outcome: Result<Written, StoreError>) -> Result<Written, StoreError> {
        if let Ok(written) = &outcome {
            self.observer.wrote(cx, &written.change);
        }
        outcome
    }
}

#[async_trait]
impl<S: Store> Store for ObservedStore<S> {
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        self.observer.writing(cx, Operation::Create)?;
        self.told(cx, self.store.create(cx, request).await)
    }

    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        self.store.read(cx, request).await
    }

    async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
        self.store.list(cx, request).await
    }

    async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        self.observer.writing(cx, Operation::Replace)?;
        self.told(cx, self.store.replace(cx, request).await)
    }

    async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        self.observer.writing(cx, Operation::Patch)?;
        self.told(cx, self.store.patch(cx, request).await)
    }

    async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        self.observer.writing(cx, Operation::Delete)?;
        let change = self.store.delete(cx, request).await?;
        self.observer.wrote(cx, &change);
        Ok(change)
    }

    async fn begin(&self, cx: &Context) -> Result<Box<dyn Transaction>, StoreError> {
        let inner = self.store.begin(cx).await?;
        let writes = Writes { pending: self.observer.began(cx), done: Vec::new(), is_refused: false };
        Ok(Box::new(ObservedTransaction { inner, observer: self.observer.clone(), writes: Mutex::new(writes) }))
    }

    async fn memberships(&self, cx: &Context, members: &[ResourceId]) -> Result<Vec<Membership>, StoreError> {
        self.store.memberships(cx, members).await
    }

    fn capabilities(&self) -> StoreCapabilities {
        self.store.capabilities()
    }

    async fn reaffirm(&self, cx: &Context, of: &TypeSchema, id: &ResourceId) -> Result<(), StoreError> {
        self.observer.writing(cx, Operation::Replace)?;
        self.store.reaffirm(cx, of, id).await
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.store.health().await
    }
}

impl<S: fmt::Debug> fmt::Debug for ObservedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedStore").field("store", &self.store).finish_non_exhaustive()
    }
}

/// A transaction whose writes are told once they are committed.
struct ObservedTransaction {
    inner: Box<dyn Transaction>,
    observer: Arc<dyn Observer>,
    writes: Mutex<Writes>,
}

/// What was written in a transaction.
struct Writes {
    /// Who hears of it at once.
    pending: Option<Box<dyn PendingWrites>>,
    done: Vec<(Context, Change)>,
    /// Whether a write was refused once it was done: the transaction holds it, and cannot be committed.
    is_refused: bool,
}

impl ObservedTransaction {
    fn ask(&self, cx: &Context, operation: Operation) -> Result<(), StoreError> {
        self.observer.writing(cx, operation)?;
        if self.lock().is_refused { Err(refused()) } else { Ok(()) }
    }

    fn keep(&self, cx: &Context, change: &Change) -> Result<(), StoreError> {
        let mut writes = self.lock();
        if let Some(pending) = &mut writes.pending
            && let Err(refusal) = pending.wrote(cx, change)
        {
            writes.is_refused = true;
            return Err(refusal);
        }
        writes.done.push((cx.clone(), change.clone()));
        Ok(())
    }

    fn kept(&self, cx: &Context, outcome: Result<Written, StoreError>) -> Result<Written, StoreError> {
        let written = outcome?;
        self.keep(cx, &written.change)?;
        Ok(written)
    }

    fn lock(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a transaction cannot go on.
fn refused() -> StoreError {
    StoreError::Refused {
        reason: "a write of the transaction was refused, and the whole transaction with it".to_owned(),
    }
}

#[async_trait]
impl Store for ObservedTransaction {
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        self.ask(cx, Operation::Create)?;
        self.kept(cx, self.inner.create(cx, request).await)
    }

    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        self.inner.read(cx, request).await
    }

    async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
        self.inner.list(cx, request).await
    }

    async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        self.ask(cx, Operation::Replace)?;
        self.kept(cx, self.inner.replace(cx, request).await)
    }

    async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        self.ask(cx, Operation::Patch)?;
        self.kept(cx, self.inner.patch(cx, request).await)
    }

    async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        self.ask(cx, Operation::Delete)?;
        let change = self.inner.delete(cx, request).await?;
        self.keep(cx, &change)?;
        Ok(change)
    }

    async fn memberships(&self, cx: &Context, members: &[ResourceId]) -> Result<Vec<Membership>, StoreError> {
        self.inner.memberships(cx, members).await
    }

    fn capabilities(&self) -> StoreCapabilities {
        self.inner.capabilities()
    }

    async fn reaffirm(&self, cx: &Context, of: &TypeSchema, id: &ResourceId) -> Result<(), StoreError> {
        self.ask(cx, Operation::Replace)?;
        self.inner.reaffirm(cx, of, id).await
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.inner.health().await
    }
}

#[async_trait]
impl Transaction for ObservedTransaction {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { inner, observer, writes } = *self;
        let writes = writes.into_inner().unwrap_or_else(PoisonError::into_inner);
        if writes.is_refused {
            return Err(refused());
        }
        inner.commit().await?;
        for (cx, change) in writes.done {
            observer.wrote(&cx, &change);
        }
        Ok(())
    }
}

//! Several writes that take effect together.

use std::any::Any;

use async_trait::async_trait;

use crate::store::{Store, StoreError};

/// A store whose writes take effect together at [`commit`](Self::commit), and not at all when it is dropped.
///
/// It keeps the guarantees of [`Store`]. Reads inside see its own writes; nobody else sees them before the commit. It sees
/// and changes resources of the tenant that [`Store::begin`] was called for. While it is open other writers may have to
/// wait, so a caller does nothing slow in between.
///
/// As [`Any`], it can be turned into the host's own type again by whoever writes to the same database besides the store:
/// `(transaction as &dyn Any).downcast_ref::<OwnTransaction>()`.
///
/// Cancel safety: a dropped future of `commit` leaves either all of the writes or none.
///
/// ```
/// use chrono::Utc;
/// use scim_core::SchemaSet;
/// use scim_service::{Context, Create, MemoryStore, Read, Store, StoreError};
/// use serde_json::json;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, schemas) = (MemoryStore::new(), SchemaSet::builtin());
/// let users = schemas.user().ok_or("no users")?;
/// let cx = Context::internal("example", Utc::now());
/// let transaction = store.begin(&cx).await?;
/// let ada = transaction.create(&cx, Create::new(users, serde_json::from_value(json!({"userName": "ada"}))?)).await?.resource;
/// drop(transaction);
///
/// let id = ada.id().ok_or("no id")?.parse()?;
/// assert!(matches!(store.read(&cx, Read::new(users, &id)).await, Err(StoreError::NotFound)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait]
pub trait Transaction: Store + Any {
    /// Makes all writes visible and lasting.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: then nothing was written.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

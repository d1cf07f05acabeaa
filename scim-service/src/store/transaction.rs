//! Several writes that take effect together.

use async_trait::async_trait;

use crate::store::{Store, StoreError};

/// A store whose writes take effect together at [`commit`](Self::commit), and not at all when it is dropped.
///
/// It keeps the promises of [`Store`]. Reads inside see its own writes; nobody else sees them before the commit. It sees
/// and changes resources of the tenant that [`Store::begin`] was called for. While it is open other writers may have to
/// wait, so a caller does nothing slow in between.
///
/// Cancel safety: a dropped future of `commit` leaves either all of the writes or none.
#[async_trait]
pub trait Transaction: Store {
    /// Makes all writes visible and lasting.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: then nothing was written.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

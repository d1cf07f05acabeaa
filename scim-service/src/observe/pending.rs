//! The writes of a transaction that is still open.

use crate::change::Change;
use crate::context::Context;
use crate::store::StoreError;

/// Hears of each write of an open transaction, of which nobody knows whether it will be committed.
///
/// An [`Observer`](crate::observe::Observer) gives one to each [transaction](crate::observe::Observer::began) that it wants to hear of. It is
/// dropped with the transaction; what was committed is told to [`Observer::wrote`](crate::observe::Observer::wrote) as ever.
pub trait PendingWrites: Send + Sync + 'static {
    /// A write was done, and will be seen by others if the transaction is committed. An error refuses the write, and with it the
    /// transaction: nothing more is written in it, and it cannot be committed.
    ///
    /// # Errors
    ///
    /// What the client is told.
    fn wrote(&mut self, cx: &Context, change: &Change) -> Result<(), StoreError>;
}

/// Several, in their order. The first that refuses a write is the last that hears of it.
impl PendingWrites for Vec<Box<dyn PendingWrites>> {
    fn wrote(&mut self, cx: &Context, change: &Change) -> Result<(), StoreError> {
        self.iter_mut().try_for_each(|pending| pending.wrote(cx, change))
    }
}

//! A store that says of itself that it serves writes together, and takes its time over each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scim_core::Resource;
use scim_service::{
    Change, Context, Create, Delete, List, ListPage, MemoryStore, Modify, Read, Replace, Store, StoreCapabilities,
    StoreError, Written,
};

/// A store in memory whose creations take several polls, the earlier ones more than those after them.
#[derive(Clone, Default)]
pub(crate) struct Slow {
    store: Arc<MemoryStore>,
    batches: bool,
    under_way: Arc<AtomicUsize>,
    /// Most creations that were ever under way at once.
    pub(crate) most: Arc<AtomicUsize>,
    /// How many creations were asked for.
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Slow {
    pub(crate) fn new(batches: bool) -> Self {
        Self { batches, ..Self::default() }
    }
}

#[async_trait]
impl Store for Slow {
    async fn create(&self, cx: &Context, request: Create<'_>) -> Result<Written, StoreError> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        self.most.fetch_max(self.under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        for _ in 0..7 - number % 7 {
            tokio::task::yield_now().await;
        }
        let outcome = self.store.create(cx, request).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        outcome
    }

    async fn read(&self, cx: &Context, request: Read<'_>) -> Result<Resource, StoreError> {
        self.store.read(cx, request).await
    }

    async fn list(&self, cx: &Context, request: List<'_>) -> Result<ListPage, StoreError> {
        self.store.list(cx, request).await
    }

    async fn replace(&self, cx: &Context, request: Replace<'_>) -> Result<Written, StoreError> {
        self.store.replace(cx, request).await
    }

    async fn patch(&self, cx: &Context, request: Modify<'_>) -> Result<Written, StoreError> {
        assert_eq!(self.under_way.load(Ordering::SeqCst), 0, "what depends on what was done before is done alone");
        self.store.patch(cx, request).await
    }

    async fn delete(&self, cx: &Context, request: Delete<'_>) -> Result<Change, StoreError> {
        assert_eq!(self.under_way.load(Ordering::SeqCst), 0, "what depends on what was done before is done alone");
        self.store.delete(cx, request).await
    }

    fn capabilities(&self) -> StoreCapabilities {
        let capabilities = StoreCapabilities::default().with_patch();
        if self.batches { capabilities.with_batches() } else { capabilities }
    }
}

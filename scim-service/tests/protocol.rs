//! The stories of `data/protocol/*/*.json` over the stores of this crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::sync::Arc;

use scim_service::{MemoryStore, Store};

mod story;
mod without_patch;

use without_patch::WithoutPatch;

#[tokio::test]
async fn every_story_goes_as_told_over_the_memory_store() {
    story::tell_all(async || Arc::new(MemoryStore::new()) as Arc<dyn Store>).await;
}

/// The service then reads, applies and replaces by itself.
#[tokio::test]
async fn every_story_goes_as_told_over_a_store_that_does_not_patch() {
    story::tell_all(async || Arc::new(WithoutPatch(MemoryStore::new())) as Arc<dyn Store>).await;
}

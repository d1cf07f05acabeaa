//! The protocol stories of `scim-service` over Superset's tables.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

use std::sync::{Arc, Mutex};

use scim_service::Store;
use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
use tempfile::TempDir;

#[path = "../../scim-service/tests/story/mod.rs"]
mod story;

#[tokio::test]
async fn every_story_goes_as_told_over_superset_tables() {
    let folders: Mutex<Vec<TempDir>> = Mutex::default();
    let store = async || {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("superset.db").display());
        folders.lock().unwrap().push(folder);
        create_demo_schema(&url).await.unwrap();
        Arc::new(SupersetStore::connect(&url, RuleSet::default()).await.unwrap()) as Arc<dyn Store>
    };
    story::tell_all(store).await;
}

//! The conformance suite of `scim-service` over `SupersetStore` on a SQLite file.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::LazyLock;

use superset_mapping::{RuleSet, SupersetStore, create_demo_schema};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// One runtime for all cases: connections are tied to it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// An empty Superset, with the folder that it is in.
async fn superset() -> (SupersetStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/superset.db", folder.path().display());
    create_demo_schema(&url).await.unwrap();
    (SupersetStore::connect(&url, RuleSet::default()).await.unwrap(), folder)
}

scim_service::store_conformance!(superset, |future| RUNTIME.block_on(future));

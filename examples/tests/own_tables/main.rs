//! The store of the example `own_tables` keeps all that stores guarantee.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod faults;
mod plans;
mod probe;
mod rows;
mod sources;

use std::sync::LazyLock;

use scim_core::SchemaSet;
use scim_service::conformance::http_conformance;
use scim_service::tables::TableStore;
use scim_service::{BearerTokens, Principal, ScimService, ServiceConfig};
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[path = "../../../scim-service/tests/own_schemas/mod.rs"]
mod own_schemas;
#[path = "../../own_tables/roles.rs"]
mod roles;
#[path = "../../own_tables/store.rs"]
mod store;

use store::Application;

/// Pools of connections are tied to the runtime that they began in.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// An empty store, and the folder that it lives in.
async fn empty() -> (TableStore<Application>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("app.db").display());
    let application = Application::open(&url).await.unwrap();
    (store::store(application, &SchemaSet::builtin()).unwrap(), folder)
}

scim_service::store_conformance!(empty, |future| RUNTIME.block_on(future));

/// The same guarantees where a service has other schemas, and few columns for them.
mod with_own_schemas {
    use super::own_schemas::own;
    use super::{Application, RUNTIME, TempDir};
    use scim_service::tables::{MemberTable, Table, TableStore};

    async fn empty() -> (TableStore<Application>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("app.db").display());
        let users = Table::new("User", "users")
            .with_tenant("org")
            .with_column("userName", "login")
            .with_folded("userName", "login_folded")
            .with_column("urn:example:1.0:Badge:number", "first")
            .with_column("urn:example:1.0:Badge:doors.value", "last")
            .with_column("level", "level");
        let teams = Table::new("Group", "teams").with_tenant("org").with_column_or("displayName", "name", "");
        let members = MemberTable::new("team_members", "team_id", "user_id").with_others("scim_team_members");
        let application = Application::open(&url).await.unwrap();
        sqlx::raw_sql("ALTER TABLE users ADD COLUMN level INTEGER").execute(&application.writer).await.unwrap();
        (TableStore::new(application, &own(), [users, teams], members).unwrap(), folder)
    }

    scim_service::store_conformance!(empty, |future| RUNTIME.block_on(future), own());
}

/// The table of roles follows every write by the rules, in the store's transactions.
mod following {
    use super::roles::UserRoles;
    use super::{RUNTIME, empty as empty_store};

    superset_mapping::role_conformance!(
        async || {
            let (store, folder) = empty_store().await;
            (store, UserRoles, folder)
        },
        |future| RUNTIME.block_on(future)
    );
}

#[test]
fn the_service_over_it_speaks_the_protocol() {
    RUNTIME.block_on(async {
        let (store, _folder) = empty().await;
        let base_url = "https://example.com/scim/v2";
        let tokens = BearerTokens::new().with_token("own-tables-token", Principal::new("test")).unwrap();
        let service = ScimService::new(store, SchemaSet::builtin(), ServiceConfig::new(base_url).unwrap(), tokens);
        http_conformance(base_url, "Bearer own-tables-token", async |request| service.handle(request).await).await;
    });
}

/// What the docs say of the size of such a store.
#[test]
fn a_store_over_own_tables_is_short() {
    let lines = include_str!("../../own_tables/store.rs").lines().count();
    assert!(lines <= 150, "{lines} lines");
}

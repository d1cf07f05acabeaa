//! The suite over the reference store, with and without what a store may lack, and over grants in the store's own transactions.

use std::sync::LazyLock;

use scim_service::{MemoryStore, StoreCapabilities};
use superset_mapping::MemoryRoles;
use tokio::runtime::Runtime;

use crate::stores::{Lacking, OwnRoles, OwnStore};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

macro_rules! suite {
    ($name:ident, $factory:expr) => {
        mod $name {
            use super::*;

            superset_mapping::role_conformance!($factory, |future| RUNTIME.block_on(future));
        }
    };
}

suite!(over_memory, async || (MemoryStore::new(), MemoryRoles::new(), ()));
suite!(in_the_stores_transactions, async || (OwnStore::default(), OwnRoles, ()));
suite!(without_transactions, async || {
    (Lacking::only(StoreCapabilities::default().with_patch().with_memberships()), MemoryRoles::new(), ())
});
suite!(without_memberships, async || {
    (Lacking::only(StoreCapabilities::default().with_patch().with_transactions()), MemoryRoles::new(), ())
});
suite!(without_anything, async || (Lacking::only(StoreCapabilities::default()), MemoryRoles::new(), ()));
suite!(with_only_these_roles, async || {
    (MemoryStore::new(), MemoryRoles::new().with_roles(superset_mapping::conformance::ROLES.iter().copied()), ())
});

/// A store whose roles follow is a store: it keeps the guarantees of the one behind it.
mod as_a_store {
    use super::*;
    use crate::world::sync;

    scim_service::store_conformance!(async || sync(MemoryStore::new(), MemoryRoles::new()), |future| {
        RUNTIME.block_on(future);
    });
}

mod as_a_store_in_its_transactions {
    use super::*;
    use crate::world::sync;

    scim_service::store_conformance!(async || sync(OwnStore::default(), OwnRoles), |future| RUNTIME.block_on(future));
}

mod as_a_store_without_transactions {
    use super::*;
    use crate::world::sync;

    scim_service::store_conformance!(
        async || {
            let capabilities = StoreCapabilities::default().with_patch().with_memberships();
            sync(Lacking::only(capabilities), MemoryRoles::new())
        },
        |future| RUNTIME.block_on(future)
    );
}

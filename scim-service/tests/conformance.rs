//! The conformance suite over the stores of this crate, and over stores that break one guarantee each.
#![cfg(feature = "conformance")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

mod broken;
mod causes;
mod own_schemas;
mod without_patch;

/// One runtime for all cases: they wait on it from many threads.
static RUNTIME: std::sync::LazyLock<tokio::runtime::Runtime> =
    std::sync::LazyLock::new(|| tokio::runtime::Runtime::new().unwrap());

mod memory {
    use super::RUNTIME;
    use scim_service::MemoryStore;

    scim_service::store_conformance!(async || MemoryStore::new(), |future| RUNTIME.block_on(future));
}

/// The service then patches by itself; the suite does as it does.
mod without_patch_memory {
    use super::RUNTIME;
    use super::without_patch::WithoutPatch;
    use scim_service::MemoryStore;

    scim_service::store_conformance!(async || WithoutPatch(MemoryStore::new()), |future| RUNTIME.block_on(future));
}

/// A store whose writes are observed keeps every guarantee of the one inside.
mod observed_memory {
    use super::RUNTIME;
    use scim_service::MemoryStore;
    use scim_service::observe::{ObservedStore, Observer};

    struct Nothing;

    impl Observer for Nothing {}

    scim_service::store_conformance!(async || ObservedStore::new(MemoryStore::new(), Nothing), |future| RUNTIME
        .block_on(future));
}

/// A pair of a store and something to keep is a subject too.
#[test]
fn a_factory_may_make_a_store_and_something_to_keep() {
    scim_service::conformance::run(
        async || (scim_service::MemoryStore::new(), String::from("kept")),
        |future| RUNTIME.block_on(future),
        scim_service::conformance::lifecycle::p01_an_id_is_of_one_type,
    );
}

//! `SupersetStore` through the `Store` trait, on every engine, with every effect checked in Superset's own tables.
//!
//! A server is found by `SCIM_TEST_POSTGRES_URL` and `SCIM_TEST_MYSQL_URL`, whose users may create databases, or started
//! for the time of the tests from the programs that are installed. Where there is neither, the tests of the engine are
//! reported as ignored, with the reason; with `SCIM_TEST_ALL_ENGINES` set that is a failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod accounts;
mod acting;
mod calls;
mod engine;
mod groups;
mod harness;
mod queries;
mod reconcile;
mod roles;
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::run(&[
        ("access", roles::access::CASES),
        ("adoption", accounts::adoption::CASES),
        ("agreement", roles::agreement::CASES),
        ("audit", calls::audit::CASES),
        ("batches", calls::batches::CASES),
        ("believed", roles::believed::CASES),
        ("chain", calls::chain::CASES),
        ("closed", accounts::closed::CASES),
        ("concurrency", calls::concurrency::CASES),
        ("conflicts", accounts::conflicts::CASES),
        ("contract", calls::contract::CASES),
        ("cost", calls::cost::CASES),
        ("grants", roles::grants::CASES),
        ("groups", groups::rows::CASES),
        ("holds", calls::holds::CASES),
        ("login", calls::login::CASES),
        ("names", accounts::names::CASES),
        ("inspecting", calls::inspecting::CASES),
        ("opening", calls::opening::CASES),
        ("provenance", roles::provenance::CASES),
        ("purge", accounts::purge::CASES),
        ("queries::migration", queries::migration::CASES),
        ("queries::plans", queries::plans::CASES),
        ("races", calls::races::CASES),
        ("reconcile::drift", reconcile::DRIFT),
        ("reconcile::leavers", reconcile::LEAVERS),
        ("reconcile::repair", reconcile::REPAIR),
        ("reports", accounts::reports::CASES),
        ("roles", roles::given::CASES),
        ("secrets", accounts::secrets::CASES),
        ("subjects", groups::subjects::CASES),
        ("transactions", calls::transactions::CASES),
        ("users", accounts::users::CASES),
        ("walk", calls::walk::CASES),
    ])
}

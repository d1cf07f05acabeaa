//! `SupersetStore` through the `Store` trait, on every engine, with every effect checked in Superset's own tables.
//!
//! A server is found by `SCIM_TEST_POSTGRES_URL` and `SCIM_TEST_MYSQL_URL`, whose users may create databases, or started
//! for the time of the tests from the programs that are installed. Where there is neither, the tests of the engine are
//! reported as ignored, with the reason; with `SCIM_TEST_ALL_ENGINES` set that is a failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod access;
mod acting;
mod adoption;
mod agreement;
mod audit;
mod believed;
mod closed;
mod concurrency;
mod conflicts;
mod contract;
mod engine;
mod grants;
mod groups;
mod harness;
mod opening;
mod provenance;
mod purge;
mod races;
mod reconcile;
mod reports;
mod roles;
mod secrets;
mod subjects;
mod support;
mod transactions;
mod users;
mod walk;

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::run(&[
        ("access", access::CASES),
        ("adoption", adoption::CASES),
        ("agreement", agreement::CASES),
        ("audit", audit::CASES),
        ("believed", believed::CASES),
        ("closed", closed::CASES),
        ("concurrency", concurrency::CASES),
        ("conflicts", conflicts::CASES),
        ("contract", contract::CASES),
        ("grants", grants::CASES),
        ("groups", groups::CASES),
        ("opening", opening::CASES),
        ("provenance", provenance::CASES),
        ("purge", purge::CASES),
        ("races", races::CASES),
        ("reconcile::drift", reconcile::DRIFT),
        ("reconcile::leavers", reconcile::LEAVERS),
        ("reconcile::repair", reconcile::REPAIR),
        ("reports", reports::CASES),
        ("roles", roles::CASES),
        ("secrets", secrets::CASES),
        ("subjects", subjects::CASES),
        ("transactions", transactions::CASES),
        ("users", users::CASES),
        ("walk", walk::CASES),
    ])
}

//! The seeds of the fuzz target, and every input that once broke something, run by what the target demands.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may panic"
)]

#[allow(dead_code, unreachable_pub, reason = "shared with the fuzz target")]
#[path = "../../fuzz/src/patch.rs"]
mod demands;

#[test]
fn the_seeds_of_the_fuzz_target_hold() {
    let seeds = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/seeds/patch")).unwrap();
    let mut count = 0;
    for seed in seeds {
        demands::patch(&std::fs::read_to_string(seed.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 20, "{count} seeds");
}

//! The seeds of the fuzz targets, and every input that once broke something, run by what the targets demand.

#![expect(clippy::expect_used, clippy::panic, clippy::missing_panics_doc, reason = "what is tested may fail loudly")]

use std::fs;
use std::path::Path;

#[path = "../../fuzz/src/filter.rs"]
pub mod filter;
#[path = "../../fuzz/src/fixture.rs"]
pub mod fixture;

/// Runs a demand on the seeds of a target.
fn replay(target: &str, demand: fn(&str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds = 0;
    for entry in entries {
        let seed = fs::read(entry.expect("an entry").path()).expect("a seed");
        if let Ok(text) = std::str::from_utf8(&seed) {
            demand(text);
            seeds += 1;
        }
    }
    println!("{target}: {seeds} seeds");
    assert!(seeds >= 30, "{target} has seeds");
}

#[test]
fn r099_seeds_of_filters() {
    replay("filter_parse", filter::filter_parse);
}

#[test]
fn r099_seeds_of_paths() {
    replay("path_parse", filter::path_parse);
}

#[test]
fn r099_seeds_of_checked_filters() {
    replay("filter_check", filter::filter_check);
}

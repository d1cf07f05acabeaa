//! Other SCIM crates on the same texts. They parse; neither matches.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark may fail loudly, and the macros of criterion have no docs"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use scim_benches::{MEDIUM, SHORT, TWENTY};
use scim_filter::{FilterLimits, parse};

fn parsing(c: &mut Criterion) {
    for (name, text) in [("short", SHORT), ("medium", MEDIUM), ("twenty", TWENTY)] {
        let mut group = c.benchmark_group(format!("peers_{name}"));
        let json = serde_json::to_string(text).expect("json");
        group.bench_function("serde_json", |b| {
            b.iter(|| serde_json::from_str::<String>(black_box(&json)).expect("a string"));
        });
        let limits = FilterLimits::default();
        group.bench_function("scim_filter", |b| b.iter(|| parse(black_box(text), &limits).expect("a filter")));
        if text.parse::<scim_proto::filter::ScimFilter>().is_ok() {
            group.bench_function("scim_proto", |b| {
                b.iter(|| black_box(text).parse::<scim_proto::filter::ScimFilter>().expect("a filter"));
            });
        } else {
            println!("scim_proto refuses the {name} text");
        }
        if text.parse::<scim_v2::filter::Filter>().is_ok() {
            group.bench_function("scim_v2", |b| {
                b.iter(|| black_box(text).parse::<scim_v2::filter::Filter>().expect("a filter"));
            });
        } else {
            println!("scim_v2 refuses the {name} text");
        }
        group.finish();
    }
}

criterion_group!(benches, parsing);
criterion_main!(benches);

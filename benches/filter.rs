//! The filter language: parse, check, match and display, each with its floor in the same run.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark may fail loudly, and the macros of criterion have no docs"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use scim_benches::{MEDIUM, SHORT, TWENTY, chain, user, user_predicate};
use scim_core::{Profile, Resource, SchemaSet, Tolerance};
use scim_filter::{Filter, FilterLimits, check, parse};

const TEXTS: [(&str, &str); 3] = [("short", SHORT), ("medium", MEDIUM), ("twenty", TWENTY)];

fn parsing(c: &mut Criterion) {
    for (name, text) in TEXTS {
        let mut group = c.benchmark_group(format!("parse_{name}"));
        // The floor: the same text as a JSON string.
        let json = serde_json::to_string(text).expect("json");
        group.bench_function("serde_json", |b| {
            b.iter(|| serde_json::from_str::<String>(black_box(&json)).expect("a string"));
        });
        let limits = FilterLimits::default();
        group.bench_function("scim_filter", |b| b.iter(|| parse(black_box(text), &limits).expect("a filter")));
        group.finish();
    }
}

/// Ten times the text may take eleven times the time.
fn linearity(c: &mut Criterion) {
    let mut group = c.benchmark_group("linearity");
    for bytes in [800, 8000] {
        let text = chain(bytes);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("clauses_{bytes}"), |b| {
            b.iter(|| {
                parse(black_box(&text), &FilterLimits { comparisons: 1000, ..FilterLimits::default() })
                    .expect("a filter")
            });
        });
        let text = format!("userName eq \"{}\"", "\\n".repeat((bytes - 14) / 2));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("string_{bytes}"), |b| {
            b.iter(|| parse(black_box(&text), &FilterLimits::default()).expect("a filter"));
        });
        let text = format!("{SHORT}{}", " ".repeat(bytes - SHORT.len()));
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("spaces_{bytes}"), |b| {
            b.iter(|| parse(black_box(&text), &FilterLimits::default()).expect("a filter"));
        });
    }
    group.finish();
}

fn checking(c: &mut Criterion) {
    let schemas = SchemaSet::builtin();
    let users = schemas.user().expect("users");
    let profile = Profile::rfc();
    let mut group = c.benchmark_group("check");
    for (name, text) in TEXTS {
        let filter: Filter = text.parse().expect("a filter");
        group.bench_function(name, |b| {
            b.iter(|| check(black_box(&filter), users, &mut Tolerance::new(&profile)).expect("it fits"));
        });
    }
    group.finish();
}

fn displaying(c: &mut Criterion) {
    let mut group = c.benchmark_group("display");
    for (name, text) in TEXTS {
        let filter: Filter = text.parse().expect("a filter");
        group.bench_function(name, |b| b.iter(|| black_box(&filter).to_string()));
    }
    group.finish();
}

fn matching(c: &mut Criterion) {
    let user = user().expect("a user");
    let mut group = c.benchmark_group("match_short");
    let predicate = user_predicate(SHORT).expect("a predicate");
    group.bench_function("closure", |b| b.iter(|| short_by_hand(black_box(&user))));
    group.bench_function("scim_filter", |b| b.iter(|| black_box(&predicate).matches(black_box(&user))));
    group.finish();

    let mut group = c.benchmark_group("match");
    for (name, text) in [("medium", MEDIUM), ("twenty", TWENTY)] {
        let predicate = user_predicate(text).expect("a predicate");
        group.bench_function(name, |b| b.iter(|| black_box(&predicate).matches(black_box(&user))));
    }
    group.finish();
}

/// What somebody would write in place of [`SHORT`], who knows that user names regard no case.
fn short_by_hand(user: &Resource) -> bool {
    user.text("userName").is_some_and(|name| name.eq_ignore_ascii_case("bjensen"))
}

criterion_group!(benches, parsing, linearity, checking, matching, displaying);
criterion_main!(benches);

//! Decisions: 200 rules of all kinds, people in 0, 8 and 40 groups.

#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark may fail loudly, and the macros of criterion have no docs"
)]

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use scim_benches::user;
use superset_mapping::{GroupRef, RuleSet, Subject};

/// 200 rules: 120 by name (20 of them with a condition), 20 by externalId, 20 by id, 30 by pattern, 10 by condition alone.
fn rules() -> String {
    let mut text = "default_roles = ['Gamma']\n".to_owned();
    let mut rule = |lines: String| write!(text, "[[rule]]\n{lines}\n").expect("a string takes it");
    for n in 0..100 {
        rule(format!("group = 'team-{n}'\nroles = ['Role {n}', 'Alpha']"));
    }
    for n in 0..20 {
        rule(format!("group = 'team-{n}'\nwhen = 'userType eq \"Employee\" and title sw \"T\"'\nroles = ['Lead {n}']"));
        rule(format!("group_external_id = 'external-{n}'\nroles = ['Admin']\ngrants_protected = true"));
        rule(format!("group_id = 'id-{n}'\nroles = ['Beta {n}']"));
    }
    for n in 0..30 {
        rule(format!("group_pattern = 'site-{n}:(?<team>[a-z-]+)-team'\nroles = ['Team ${{team}} {n}']"));
    }
    for n in 0..10 {
        rule(format!("when = 'department eq \"Department {n}\" and active eq true'\nroles = ['Department {n}']"));
    }
    text
}

/// Groups of which half mean something: by name, by pattern, by identifier.
fn groups(count: usize) -> Vec<GroupRef> {
    let group = |n: usize| {
        let (name, external_id) = match n % 4 {
            0 => (format!("team-{n}"), format!("none-{n}")),
            1 => (format!("site-{}:data-team", n % 30), format!("none-{n}")),
            2 => (format!("other-{n}"), format!("external-{}", n % 40)),
            _ => (format!("Everyone at site {n}"), format!("none-{n}")),
        };
        GroupRef::new(format!("0e5c2b7a-{n}").parse().expect("an id"), &name).with_external_id(external_id.as_str())
    };
    (0..count).map(group).collect()
}

fn deciding(c: &mut Criterion) {
    let text = rules();
    let rules: RuleSet = text.parse().expect("rules");
    assert_eq!(rules.rules().len(), 200);
    let user = user().expect("a user");
    let mut group = c.benchmark_group("decide_200_rules");
    group.throughput(Throughput::Elements(1));
    for count in [0, 8, 40] {
        let subject = Subject { user: &user, groups: groups(count) };
        group.bench_function(format!("{count}_groups"), |b| b.iter(|| rules.decide(black_box(&subject))));
    }
    group.finish();

    let mut group = c.benchmark_group("decide_by_name_alone");
    group.throughput(Throughput::Elements(1));
    let subject = Subject { user: &user, groups: groups(8) };
    // The floor: a table from names to roles, without patterns, identifiers, conditions and reasons.
    let by_hand: HashMap<String, Vec<String>> =
        (0..100).map(|n| (format!("team-{n}"), vec![format!("Role {n}"), "Alpha".to_owned()])).collect();
    group.bench_function("by_hand", |b| {
        b.iter(|| {
            let found = black_box(&subject).groups.iter().filter_map(|group| by_hand.get(&group.display_name));
            found.flatten().cloned().collect::<BTreeSet<String>>()
        });
    });
    group.finish();

    c.bench_function("read_200_rules", |b| b.iter(|| black_box(&text).parse::<RuleSet>().expect("rules")));
}

criterion_group!(benches, deciding);
criterion_main!(benches);

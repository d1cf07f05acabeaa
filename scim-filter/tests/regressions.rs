//! Inputs that break, or have broken, parsers of this grammar.

#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

use scim_core::{SchemaSet, Tolerance};
use scim_filter::{Filter, FilterLimits, check, parse, parse_path};

/// Runs `test` on a thread with the stack that Rust and tokio give their threads.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(test).expect("a thread");
    thread.join().expect("no panic and no overflow");
}

const ALL_TEXT: FilterLimits = FilterLimits { text: usize::MAX, depth: 64, comparisons: 256 };
const DEEPEST: FilterLimits = FilterLimits { text: usize::MAX, depth: usize::MAX, comparisons: usize::MAX };

#[test]
fn r099_deep_nesting_is_refused_on_a_small_stack() {
    on_a_small_stack(|| {
        for text in [
            "(".repeat(1_000_000),
            "not (".repeat(100_000),
            "a[".repeat(100_000),
            format!("{}a pr{}", "(".repeat(100_000), ")".repeat(100_000)),
            "a pr and (b pr or (".repeat(100_000),
        ] {
            for limits in [FilterLimits::default(), ALL_TEXT, DEEPEST] {
                assert!(parse(&text, &limits).is_err());
                assert!(parse_path(&format!("a[{text}"), &limits).is_err());
            }
        }
    });
}

#[test]
fn r099_too_many_terms_are_refused_where_the_limit_is_passed() {
    let text = format!("{}a pr", "a pr or ".repeat(100_000));
    assert_eq!(parse(&text, &FilterLimits::default()).unwrap_err().to_string(), "longer than 8192 bytes");
    assert_eq!(parse(&text, &ALL_TEXT).unwrap_err().to_string(), "at byte 2050: more than 256 comparisons");
}

#[test]
fn r063_a_long_chain_is_flat() {
    on_a_small_stack(|| {
        for word in ["or", "and"] {
            let text = format!("{}userName pr", format!("userName pr {word} ").repeat(100_000));
            let filter = parse(&text, &DEEPEST).unwrap();
            assert_eq!(filter.to_string(), text);
            let schemas = SchemaSet::builtin();
            let user = schemas.user().unwrap();
            let predicate = check(&filter, user, &mut Tolerance::rfc()).unwrap();
            let resource = serde_json::from_str(r#"{"userName": "a"}"#).unwrap();
            assert!(predicate.matches(&resource));
        }
    });
}

#[test]
fn r099_the_deepest_filter_allowed_is_parsed_checked_run_printed_and_dropped_on_a_small_stack() {
    on_a_small_stack(|| {
        let depth = FilterLimits::MAX_DEPTH;
        let open = "title pr or title pr and not (".repeat(depth);
        let text = format!("{open}title pr{}", ")".repeat(depth));
        let filter = parse(&text, &DEEPEST).unwrap();
        assert_eq!(parse(&filter.to_string(), &DEEPEST).as_ref(), Ok(&filter));
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let predicate = check(&filter, user, &mut Tolerance::rfc()).unwrap();
        let resource = serde_json::from_str(r#"{"userName": "a"}"#).unwrap();
        assert!(!predicate.clone().matches(&resource));
        assert!(parse(&format!("({text})"), &DEEPEST).is_err());
    });
}

#[test]
fn the_limits_are_exact() {
    let nested = |depth: usize| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(64), &FilterLimits::default()).is_ok());
    assert!(parse(&nested(65), &FilterLimits::default()).is_err());
    let terms = |count: usize| vec!["a pr"; count].join(" or ");
    assert!(parse(&terms(256), &FilterLimits::default()).is_ok());
    assert!(parse(&terms(257), &FilterLimits::default()).is_err());
    let sized = |bytes: usize| format!("a eq \"{}\"", "x".repeat(bytes - 7));
    assert!(parse(&sized(8192), &FilterLimits::default()).is_ok());
    assert!(parse(&sized(8193), &FilterLimits::default()).is_err());
}

#[test]
fn a_tree_built_by_hand_may_be_too_deep_to_check() {
    on_a_small_stack(|| {
        let mut filter: Filter = "title pr".parse().unwrap();
        for _ in 0..2000 {
            filter = Filter::Not(Box::new(filter));
        }
        let schemas = SchemaSet::builtin();
        let user = schemas.user().unwrap();
        let error = check(&filter, user, &mut Tolerance::rfc()).unwrap_err();
        assert_eq!(error.to_string(), "filter around `title` is nested more than 1024 deep");
    });
}

#[test]
fn a_whole_number_at_the_end_of_the_text_keeps_its_digits() {
    // nom 8.0.0: `digit0` at the end of a `&str` returns a rest that starts before the digits.
    assert_eq!("a eq 10".parse::<Filter>().unwrap().to_string(), "a eq 10");
    assert_eq!("a eq -120".parse::<Filter>().unwrap().to_string(), "a eq -120");
}

#[test]
fn an_attribute_named_not_may_have_brackets() {
    for text in ["not[a pr]", "not [a pr]", "not pr and not[not (not pr)]"] {
        assert!(text.parse::<Filter>().is_ok(), "{text}");
    }
}

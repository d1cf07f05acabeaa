//! Filters, PATCH paths and sort keys.

use scim_core::message::SortOrder;
use scim_core::{AttrPath, AttributeRef, Profile, Resource, Tolerance, TypeSchema};
use scim_filter::{
    ElementPredicate, Filter, FilterLimits, Lower, ParseError, Predicate, Sort, Test, check, check_any, check_element,
    equal_values, lower, parse, parse_path, parse_with,
};

use crate::fixture::FIXTURE;

/// A filter prints as it parses, quirks and limits only widen and narrow, and errors point into the text.
pub fn filter_parse(text: &str) {
    let strict = parse(text, &FilterLimits::default());
    match &strict {
        Ok(filter) => {
            prints_as_it_parses(filter);
            let lenient = parse_with(text, &FilterLimits::default(), &mut Tolerance::compatible());
            assert_eq!(lenient.as_ref(), Ok(filter), "a quirk changes the meaning of a strict filter");
        }
        Err(error) => is_one_line_about(error, text),
    }
    let mut tolerance = Tolerance::compatible();
    if let Ok(filter) = parse_with(text, &FilterLimits::default(), &mut tolerance) {
        prints_as_it_parses(&filter);
        assert!(strict.is_ok() || !tolerance.used().is_empty(), "a quirk that was used is recorded");
    }
    let narrow = FilterLimits { text: 64, depth: 2, comparisons: 3 };
    if let Ok(filter) = parse(text, &narrow) {
        assert_eq!(Ok(filter), strict, "a limit only refuses");
    }
}

/// A PATCH path prints as it parses, and errors point into the text.
pub fn path_parse(text: &str) {
    match parse_path(text, &FilterLimits::default()) {
        Ok(path) => {
            let printed = path.to_string();
            // Escapes may print longer than they were written.
            let limits = FilterLimits { text: usize::MAX, ..FilterLimits::default() };
            assert_eq!(parse_path(&printed, &limits), Ok(path), "{printed}");
        }
        Err(error) => is_one_line_about(&error, text),
    }
    if let Ok(path) = text.parse::<AttrPath>() {
        assert_eq!(path.as_str(), text);
        let parts: String = [
            path.uri().unwrap_or_default(),
            if path.uri().is_some() && path.name().is_some() { ":" } else { "" },
            path.name().unwrap_or_default(),
            if path.sub().is_some() { "." } else { "" },
            path.sub().unwrap_or_default(),
        ]
        .concat();
        assert_eq!(parts, text, "the parts of a path are all of it");
        assert_eq!(parse_path(text, &FilterLimits::default()).map(|path| path.attribute), Ok(path));
    }
}

/// The first line is a filter, the second a sort key, the rest a resource as JSON, which need not fit its schema.
/// Both run over that resource and over the fixtures, of each type.
pub fn filter_check(text: &str) {
    let mut lines = text.splitn(3, '\n');
    let filter = lines.next().and_then(|line| line.parse().ok());
    let sort_by = lines.next().and_then(|line| line.parse().ok());
    let resource = lines.next().and_then(|line| serde_json::from_str(line).ok());
    for (schema, resources) in &FIXTURE.types {
        let mut resources = resources.clone();
        resources.extend(resource.clone());
        for profile in [Profile::rfc(), Profile::compatible()] {
            if let Some(filter) = &filter {
                check_and_match(filter, schema, &profile, &resources);
            }
        }
        if let Some(path) = &sort_by {
            sort(path, schema, &Profile::compatible(), &resources);
        }
    }
}

fn prints_as_it_parses(filter: &Filter) {
    let printed = filter.to_string();
    let limits = FilterLimits { text: usize::MAX, ..FilterLimits::default() };
    assert_eq!(parse(&printed, &limits).as_ref(), Ok(filter), "{printed}");
}

fn is_one_line_about(error: &ParseError, text: &str) {
    assert!(text.is_char_boundary(error.offset()) || error.expected().is_none(), "{error}");
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    assert_eq!(error.caret().to_string().lines().count(), 2);
}

/// Whatever fits a type runs over its resources: alone, negated, and split between a database and the rest.
pub fn check_and_match(filter: &Filter, schema: &TypeSchema, profile: &Profile, resources: &[Resource]) {
    for attribute in schema.base().attributes() {
        let reference = AttributeRef::new(None, attribute);
        if let Ok(element) = check_element(filter, &reference, &mut Tolerance::new(profile)) {
            let values = resources.iter().filter_map(|resource| resource.get(attribute.name()));
            for value in values {
                element.matches_element(value);
                assert!(equal_values(attribute, value, value));
            }
            element.eq_terms();
        }
    }
    let predicate = match check(filter, schema, &mut Tolerance::new(profile)) {
        Ok(predicate) => predicate,
        Err(error) => {
            assert_eq!(error.to_string().lines().count(), 1, "{error}");
            match check_any(filter, schema, &mut Tolerance::new(profile)) {
                Ok(predicate) => {
                    assert!(error.is_unknown_attribute());
                    predicate
                }
                Err(_) => return,
            }
        }
    };
    let not = Filter::Not(Box::new(filter.clone()));
    let not = check_any(&not, schema, &mut Tolerance::new(profile));
    let lowered = lower(&predicate, &Taker);
    for resource in resources {
        let matches = predicate.matches(resource);
        assert_eq!(not.as_ref().map(|not| not.matches(resource)), Ok(!matches), "`not` negates");
        let split = lowered.residual.as_ref().is_none_or(|residual: &Predicate| residual.matches(resource));
        assert!(split || !matches, "a part of a conjunction refuses what the whole takes");
    }
}

/// The comparator is a total order, or sorting would panic.
pub fn sort(path: &AttrPath, schema: &TypeSchema, profile: &Profile, resources: &[Resource]) {
    let check = |order| Sort::check(path, order, schema, &mut Tolerance::new(profile));
    let Ok(up) = check(SortOrder::Ascending) else { return };
    let down = check(SortOrder::Descending).expect("the order makes no difference");
    let mut sorted: Vec<&Resource> = resources.iter().collect();
    sorted.sort_by(|a, b| up.compare(a, b));
    for (index, a) in sorted.iter().enumerate() {
        assert!(up.compare(a, a).is_eq());
        for b in sorted.iter().skip(index) {
            assert!(up.compare(a, b).is_le(), "the order is not transitive");
            assert!(up.compare(b, a).is_ge() && down.compare(a, b).is_ge());
        }
    }
}

/// Takes some of the leaves, without evaluating them.
struct Taker;

impl Lower for Taker {
    type Output = ();

    fn compare(&self, test: &Test) -> Option<()> {
        test.case_exact().then_some(())
    }

    fn present(&self, path: &AttributeRef) -> Option<()> {
        path.sub().is_some().then_some(())
    }

    fn value_path(&self, _: &AttributeRef, _: &ElementPredicate) -> Option<()> {
        None
    }

    fn and(&self, _: Vec<()>) {}

    fn or(&self, _: Vec<()>) {}

    fn not(&self, (): ()) {}
}

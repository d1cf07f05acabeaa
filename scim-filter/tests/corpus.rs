//! Runs the cases of `tests/data` through parser, check and evaluator.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests may fail loudly")]

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use scim_core::message::SortOrder;
use scim_core::schema::{ResourceType, Schema};
use scim_core::{AttrPath, Profile, Resource, ResourceTypeName, SchemaSet, Tolerance, TypeSchema};
use scim_filter::{Filter, FilterLimits, Sort, check, check_any, parse_path, parse_with};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterCase {
    rule: String,
    filter: String,
    #[serde(default = "user")]
    of: String,
    profile: Option<String>,
    matches: Option<Vec<String>>,
    error: Option<String>,
    detail: Option<String>,
    prints: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PathCase {
    rule: String,
    path: String,
    error: Option<String>,
    prints: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SortCase {
    rule: String,
    #[serde(default = "user")]
    of: String,
    by: String,
    order: Option<String>,
    sorted: Option<Vec<String>>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thing {
    schemas: Vec<Schema>,
    resource_types: Vec<ResourceType>,
}

const FILTER_FILES: [&str; 5] = ["rfc7644", "syntax", "users", "groups", "things"];

fn filter_file(name: &str) -> PathBuf {
    Path::new("filters").join(name).with_extension("json")
}

fn user() -> String {
    "User".to_owned()
}

fn read<T: DeserializeOwned>(file: &Path) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The resource types and resources that the cases run over.
struct Fixture {
    schemas: SchemaSet,
    resources: Vec<(ResourceTypeName, Vec<Resource>)>,
}

impl Fixture {
    fn load() -> Self {
        let thing: Thing = read(Path::new("thing.json"));
        let schemas = SchemaSet::builtin()
            .with(thing.schemas.into_iter().map(Into::into), thing.resource_types)
            .expect("the fixture type registers");
        let mut by_type: serde_json::Map<String, serde_json::Value> = read(Path::new("resources.json"));
        let resources = schemas
            .types()
            .map(|schema| {
                let name = schema.resource_type().name().clone();
                let resources = by_type.remove(name.as_str()).expect("resources of each type");
                (name, serde_json::from_value(resources).expect("resources"))
            })
            .collect();
        Self { schemas, resources }
    }

    fn of<'a>(&'a self, of: &'a str) -> impl Iterator<Item = (&'a TypeSchema, &'a [Resource])> {
        let wanted = move |name: &ResourceTypeName| of == "*" || name.as_str() == of;
        let found = self.resources.iter().filter(move |(name, _)| wanted(name));
        found.map(|(name, resources)| (&**self.schemas.of(name).expect("a registered type"), resources.as_slice()))
    }
}

/// What became of a case: the ids selected, or the `scimType` and message of the refusal.
type Outcome = Result<Vec<String>, (&'static str, String)>;

fn run(case: &FilterCase, fixture: &Fixture) -> Outcome {
    let profile = match case.profile.as_deref() {
        None => Profile::rfc(),
        Some("compatible") => Profile::compatible(),
        Some(other) => panic!("unknown profile {other}"),
    };
    let mut tolerance = Tolerance::new(&profile);
    let filter = parse_with(&case.filter, &FilterLimits::default(), &mut tolerance)
        .map_err(|error| (error.scim_type().as_str(), error.to_string()))?;

    let printed = filter.to_string();
    assert_eq!(printed.parse::<Filter>().as_ref(), Ok(&filter), "{printed} prints as it parses");
    if let Some(prints) = &case.prints {
        assert_eq!(&printed, prints);
        return Ok(Vec::new());
    }

    let mut found = Vec::new();
    for (schema, resources) in fixture.of(&case.of) {
        let checked = if case.of == "*" {
            check_any(&filter, schema, &mut tolerance)
        } else {
            check(&filter, schema, &mut tolerance)
        };
        let predicate = checked.map_err(|error| (error.scim_type().as_str(), error.to_string()))?;
        let selected = resources.iter().filter(|resource| {
            let selected = predicate.matches(resource);
            let mut compact = (*resource).clone();
            compact.compact();
            assert_eq!(predicate.matches(&compact), selected, "{printed} on {resource:?}, in both forms");
            selected
        });
        found.extend(selected.map(|resource| resource.id().expect("an id").into_owned()));
    }
    Ok(found)
}

/// Runs every case and reports all that fail.
fn run_all<C: Debug>(name: &str, cases: &[C], test: impl Fn(&C) -> Result<(), String>) {
    let failed: Vec<String> =
        cases.iter().filter_map(|case| test(case).err().map(|error| format!("{case:?}\n    {error}"))).collect();
    println!("{name}: {} cases", cases.len());
    assert!(failed.is_empty(), "{} of {} cases fail:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

#[test]
fn filters_select_what_the_corpus_says() {
    let fixture = Fixture::load();
    let mut cases: Vec<FilterCase> = Vec::new();
    for file in FILTER_FILES {
        cases.extend(read::<Vec<FilterCase>>(&filter_file(file)));
    }
    run_all("filters", &cases, |case| {
        let outcome = run(case, &fixture);
        match (&outcome, &case.matches, &case.error, &case.prints) {
            (Ok(found), Some(matches), None, None) if found == matches => Ok(()),
            (Ok(_), None, None, Some(_)) => Ok(()),
            (Err((scim_type, message)), None, Some(error), None)
                if scim_type == error
                    && case.detail.as_ref().is_none_or(|detail| message.contains(detail))
                    && message.lines().count() == 1 =>
            {
                Ok(())
            }
            _ => Err(format!("{outcome:?}")),
        }
    });
}

/// Rules of the filter language, R060 to R100, and of sorting, R125 to R129, of which some case must say that it pins them.
#[test]
fn every_rule_of_filters_and_sorting_has_a_case() {
    // Whether a filter may stand in a URL is for a service to say; its stories pin that.
    let elsewhere = [98];
    let mut rules: Vec<String> = Vec::new();
    for file in FILTER_FILES {
        rules.extend(read::<Vec<FilterCase>>(&filter_file(file)).into_iter().map(|case| case.rule));
    }
    rules.extend(read::<Vec<PathCase>>(Path::new("paths.json")).into_iter().map(|case| case.rule));
    rules.extend(read::<Vec<SortCase>>(Path::new("sorts.json")).into_iter().map(|case| case.rule));
    let wanted = (60..=100).chain(125..=129).filter(|id| !elsewhere.contains(id)).map(|id| format!("R{id:03}"));
    let missing: Vec<String> = wanted.filter(|id| !rules.iter().any(|rule| rule.contains(id.as_str()))).collect();
    assert!(missing.is_empty(), "rules without a case: {missing:?}");
    println!("{} cases", rules.len());
    assert!(rules.len() >= 300);
}

#[test]
fn patch_paths_parse_as_the_corpus_says() {
    let cases: Vec<PathCase> = read(Path::new("paths.json"));
    run_all("paths", &cases, |case| {
        let outcome = parse_path(&case.path, &FilterLimits::default());
        match (&outcome, &case.error) {
            (Ok(path), None) if path.to_string() == *case.prints.as_ref().unwrap_or(&case.path) => Ok(()),
            (Err(error), Some(expected)) if error.scim_type().as_str() == expected => Ok(()),
            _ => Err(format!("{outcome:?}")),
        }
    });
}

#[test]
fn sorts_order_as_the_corpus_says() {
    let fixture = Fixture::load();
    let cases: Vec<SortCase> = read(Path::new("sorts.json"));
    run_all("sorts", &cases, |case| {
        let (schema, resources) = fixture.of(&case.of).next().expect("a type");
        let order = match case.order.as_deref() {
            None => SortOrder::Ascending,
            Some(order) => SortOrder::from_word(order).expect("an order"),
        };
        let path: AttrPath = case.by.parse().expect("a path");
        let sort = match Sort::check(&path, order, schema, &mut Tolerance::rfc()) {
            Ok(sort) => sort,
            Err(error) if case.error.as_deref() == Some(error.scim_type().as_str()) => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        let mut sorted: Vec<&Resource> = resources.iter().collect();
        sorted.sort_by(|a, b| {
            let [mut x, mut y] = [(*a).clone(), (*b).clone()];
            x.compact();
            y.compact();
            assert_eq!(sort.compare(&x, &y), sort.compare(a, b), "{x:?} and {y:?}, in both forms");
            sort.compare(a, b)
        });
        let ids: Vec<_> = sorted.iter().filter_map(|resource| resource.id()).collect();
        if case.sorted.as_ref().is_some_and(|expected| *expected == ids) { Ok(()) } else { Err(format!("{ids:?}")) }
    });
}

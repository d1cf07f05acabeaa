//! Properties that hold for every filter and every text.

#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

use proptest::prelude::*;
use scim_core::{AttrName, AttrPath, AttributeRef, Profile, Resource, SchemaSet, Tolerance};
use scim_filter::{
    Comparison, ElementPredicate, Filter, FilterLimits, Literal, Lower, Operand, Operator, Predicate, Test, check,
    equal_values, fold, lower, lower_element, parse, parse_path, parse_with,
};
use serde_json::{Value, json};

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z][a-zA-Z0-9_$-]{0,8}",
        prop::sample::select(vec!["not", "and", "or", "pr", "eq", "$ref", "true", "null"]).prop_map(str::to_owned),
    ]
}

fn path() -> impl Strategy<Value = AttrPath> {
    let uri = prop::option::of(prop::sample::select(vec![
        "urn:ietf:params:scim:schemas:core:2.0:User:",
        "http://example.com/schemas/v1:",
    ]));
    (uri, name(), prop::option::of(name())).prop_map(|(uri, name, sub)| {
        let sub = sub.map(|sub| format!(".{sub}")).unwrap_or_default();
        format!("{}{name}{sub}", uri.unwrap_or_default()).parse().expect("a path")
    })
}

fn plain_path() -> impl Strategy<Value = AttrPath> {
    name().prop_map(|name| AttrPath::from_name(&name.parse::<AttrName>().expect("a name")))
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(|number| Literal::Number(number.into())),
        any::<u64>().prop_map(|number| Literal::Number(number.into())),
        any::<f64>().prop_filter_map("finite", |number| serde_json::Number::from_f64(number).map(Literal::Number)),
        any::<String>().prop_map(Literal::String),
    ]
}

fn filter_over(path: BoxedStrategy<AttrPath>) -> BoxedStrategy<Filter> {
    let operator = prop::sample::select(Operator::ALL.to_vec());
    let comparison = (path.clone(), operator, literal())
        .prop_map(|(path, operator, value)| Filter::Compare(Comparison { path, operator, value }));
    let leaf = prop_oneof![comparison, path.prop_map(Filter::Present)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|inner| Filter::Not(Box::new(inner))),
        ]
    })
    .boxed()
}

fn filter() -> impl Strategy<Value = Filter> {
    let resource = filter_over(path().boxed());
    let value_path = (path(), filter_over(plain_path().boxed()))
        .prop_map(|(path, filter)| Filter::ValuePath { path, filter: Box::new(filter) });
    let term = prop_oneof![resource, value_path];
    prop_oneof![
        3 => term.clone(),
        1 => prop::collection::vec(term.clone(), 2..4).prop_map(Filter::And),
        1 => prop::collection::vec(term, 2..4).prop_map(Filter::Or),
    ]
}

/// Text made of the pieces of filters, which reaches deeper than random text.
fn nearly_a_filter() -> impl Strategy<Value = String> {
    let pieces = vec![
        "userName", "emails", "emails[", "]", "].", "value", "(", ")", "not", "not (", " ", "  ", " and ", " or ",
        " pr", " eq ", " co ", "\"x\"", "\"", "\\", "\\u00e9", "\\ud83d", "1", "-", "1.5e3", "true", "null",
        "urn:a:b:", ".", ":", "é", "\t",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    // A failing case becomes a line in `regressions.rs`.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_filter_parses_to_itself(filter in filter()) {
        let text = filter.to_string();
        let limits = FilterLimits { text: usize::MAX, ..FilterLimits::default() };
        prop_assert_eq!(parse(&text, &limits), Ok(filter), "{}", text);
    }

    #[test]
    fn parsing_never_panics_and_errors_stay_inside_the_text(text in prop_oneof![any::<String>(), nearly_a_filter()]) {
        let profile = Profile::compatible();
        for result in [
            parse(&text, &FilterLimits::default()).map(|filter| filter.to_string()),
            parse_with(&text, &FilterLimits::default(), &mut Tolerance::new(&profile)).map(|filter| filter.to_string()),
            parse_path(&text, &FilterLimits::default()).map(|path| path.to_string()),
        ] {
            match result {
                Ok(printed) => prop_assert!(parse(&printed, &FilterLimits::default()).is_ok()
                    || parse_path(&printed, &FilterLimits::default()).is_ok()),
                Err(error) => {
                    prop_assert!(text.is_char_boundary(error.offset()));
                    prop_assert_eq!(error.to_string().lines().count(), 1);
                    prop_assert_eq!(error.caret().to_string().lines().count(), 2);
                }
            }
        }
    }

    #[test]
    fn a_parsed_text_prints_stably(text in nearly_a_filter()) {
        if let Ok(filter) = text.parse::<Filter>() {
            prop_assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter));
        }
    }

    #[test]
    fn strings_decode_as_serde_json_decodes_them(body in "([ -~]|\\\\[\"\\\\/bfnrtux]|\\\\u[0-9a-fA-F]{4}|\\\\ud83d\\\\ude00|é|\u{1}){0,12}") {
        let json = format!("\"{body}\"");
        let expected = serde_json::from_str::<String>(&json).ok();
        let found = match format!("a eq {json}").parse() {
            Ok(Filter::Compare(Comparison { value: Literal::String(text), .. })) => Some(text),
            _ => None,
        };
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn folding_is_idempotent_and_caseless(text in any::<String>()) {
        let folded = fold(&text).into_owned();
        prop_assert_eq!(fold(&folded), folded.as_str());
        if text.is_ascii() {
            let upper = text.to_ascii_uppercase();
            prop_assert_eq!(fold(&upper), folded.as_str());
        }
    }

    #[test]
    fn pushing_down_changes_nothing(filter in user_filter(), resources in prop::collection::vec(resource(), 1..6), pushes in any::<u8>()) {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().expect("users");
        if let Ok(predicate) = check(&filter, user, &mut Tolerance::rfc()) {
            let lowered = lower(&predicate, &Interpreter { pushes, in_element: false });
            for resource in &resources {
                let pushed = lowered.pushed.as_ref().is_none_or(|condition| condition(&json!(resource)));
                let residual = lowered.residual.as_ref().is_none_or(|residual| residual.matches(resource));
                prop_assert_eq!(pushed && residual, predicate.matches(resource));
                let mut compact = resource.clone();
                compact.compact();
                prop_assert_eq!(&compact, resource);
                prop_assert_eq!(predicate.matches(&compact), predicate.matches(resource), "in both forms");
            }
        }
    }

    #[test]
    fn equal_values_is_reflexive_and_symmetric(a in resource(), b in resource()) {
        let schemas = SchemaSet::builtin();
        let user = schemas.user().expect("users");
        for name in ["userName", "emails", "name", "active"] {
            let attribute = user.top_level(name).expect("an attribute");
            if let (Some(a), Some(b)) = (a.get(name), b.get(name)) {
                prop_assert!(equal_values(attribute, a, a));
                prop_assert_eq!(equal_values(attribute, a, b), equal_values(attribute, b, a));
            }
        }
    }

    #[test]
    fn eq_equals_not_ne_on_single_values(text in "[a-cA-C]{0,2}", resource in resource()) {
        let holds = |operator: &str| matches(&format!("userName {operator} \"{text}\""), &resource);
        prop_assert_ne!(holds("eq"), holds("ne"));
        prop_assert_eq!(holds("ge"), holds("gt") || holds("eq"));
        prop_assert_eq!(holds("le"), holds("lt") || holds("eq"));
        prop_assert!(!holds("eq") || (holds("co") && holds("sw") && holds("ew")));
    }
}

fn matches(text: &str, resource: &Resource) -> bool {
    let schemas = SchemaSet::builtin();
    let user = schemas.user().expect("users");
    let filter = text.parse().expect("a filter");
    let predicate: Predicate = check(&filter, user, &mut Tolerance::rfc()).expect("a fit");
    predicate.matches(resource)
}

/// A filter that fits users more often than not.
fn user_filter() -> impl Strategy<Value = Filter> {
    let terms = vec![
        "userName eq \"a\"",
        "userName ne \"B\"",
        "userName co \"c\"",
        "userName gt \"b\"",
        "active eq true",
        "active ne true",
        "title pr",
        "title eq null",
        "emails pr",
        "emails co \"a\"",
        "emails ne \"a\"",
        "emails.type eq \"work\"",
        "emails[type eq \"work\" and value sw \"b\"]",
        "emails[not (primary eq true)]",
        "name.givenName pr",
        "name pr",
    ];
    let leaf = prop::sample::select(terms).prop_map(|text| text.parse().expect("a filter"));
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|inner: Filter| Filter::Not(Box::new(inner))),
        ]
    })
}

fn resource() -> impl Strategy<Value = Resource> {
    let text = || "[a-cA-C]{0,2}";
    let email = (text(), prop::option::of(prop::sample::select(vec!["work", "home"])), prop::option::of(any::<bool>()))
        .prop_map(|(value, kind, primary)| without_nulls(json!({"value": value, "type": kind, "primary": primary})));
    let emails = prop::option::of(prop::collection::vec(email, 1..3));
    (text(), prop::option::of(any::<bool>()), prop::option::of(text()), emails, prop::option::of(text())).prop_map(
        |(user_name, active, title, emails, given)| {
            let name = given.map(|given| json!({"givenName": given}));
            let attributes = without_nulls(
                json!({"userName": user_name, "active": active, "title": title, "emails": emails, "name": name}),
            );
            serde_json::from_value(attributes).expect("a resource")
        },
    )
}

fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.retain(|_, member| !member.is_null());
    }
    value
}

/// A naive second evaluator in the role of a database. Bits of `pushes` decide what it can express.
struct Interpreter {
    pushes: u8,
    /// Whether it looks at one element of an attribute.
    in_element: bool,
}

type Condition = Box<dyn Fn(&Value) -> bool>;

/// The values of a path; an element without the sub-attribute gives `None`.
fn values(path: &AttributeRef, object: &Value, in_element: bool) -> Vec<Option<Value>> {
    if in_element {
        return vec![object.get(path.sub().expect("elements are complex here")).cloned()];
    }
    let elements = match object.get(path.name()) {
        Some(Value::Array(elements)) => elements.clone(),
        Some(value) => vec![value.clone()],
        None if path.attribute().multi_valued() => Vec::new(),
        None => return vec![None],
    };
    elements.iter().map(|element| path.sub().map_or(Some(element), |sub| element.get(sub)).cloned()).collect()
}

impl Lower for Interpreter {
    type Output = Condition;

    fn compare(&self, test: &Test) -> Option<Condition> {
        if self.pushes & 1 == 0 {
            return None;
        }
        let (test, in_element) = (test.clone(), self.in_element);
        Some(Box::new(move |object| {
            let values = values(test.path(), object, in_element);
            let one = |value: &Option<Value>| match (test.operand(), value) {
                (Operand::Text(operand), Some(Value::String(value))) => {
                    let folded = fold(value);
                    match test.operator() {
                        Operator::Eq => *folded == **operand,
                        Operator::Ne => *folded != **operand,
                        Operator::Co => folded.contains(&**operand),
                        Operator::Sw => folded.starts_with(&**operand),
                        Operator::Gt => *folded > **operand,
                        other => unreachable!("{other}"),
                    }
                }
                (Operand::Bool(operand), Some(Value::Bool(value))) => {
                    (value == operand) == (test.operator() == Operator::Eq)
                }
                (Operand::Bool(operand), None) if test.missing_is_false() => {
                    *operand != (test.operator() == Operator::Eq)
                }
                _ => test.operator() == Operator::Ne,
            };
            match test.operand() {
                Operand::Null => values.iter().any(Option::is_some) == (test.operator() == Operator::Ne),
                _ => values.iter().any(one),
            }
        }))
    }

    fn present(&self, path: &AttributeRef) -> Option<Condition> {
        let (path, in_element) = (path.clone(), self.in_element);
        let empty = |value: &Value| match value {
            Value::String(text) => text.is_empty(),
            Value::Object(members) => members.values().all(|member| member == ""),
            _ => false,
        };
        (self.pushes & 2 != 0).then(|| -> Condition {
            Box::new(move |object| values(&path, object, in_element).iter().flatten().any(|value| !empty(value)))
        })
    }

    fn value_path(&self, path: &AttributeRef, filter: &ElementPredicate) -> Option<Condition> {
        let path = path.clone();
        let inner = lower_element(filter, &Interpreter { in_element: true, ..*self })?;
        (self.pushes & 4 != 0)
            .then(|| -> Condition { Box::new(move |object| values(&path, object, false).iter().flatten().any(&inner)) })
    }

    fn and(&self, parts: Vec<Condition>) -> Condition {
        Box::new(move |object| parts.iter().all(|part| part(object)))
    }

    fn or(&self, parts: Vec<Condition>) -> Condition {
        Box::new(move |object| parts.iter().any(|part| part(object)))
    }

    fn not(&self, part: Condition) -> Condition {
        Box::new(move |object| !part(object))
    }
}
